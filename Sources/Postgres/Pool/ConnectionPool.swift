/// A bounded set of connections to one database, each on a thread of its own.
///
/// A statement costs one hop to the connection's thread and one back. Closures given to the pool run in the caller's
/// task. Every call has a deadline that this process holds itself: when it passes, the server is asked to cancel, the
/// connection is thrown away and the caller hears `deadlineExceeded`, also when the server has stopped altogether.
/// Cancelling the calling task is noticed while it waits for a connection and between statements; a running statement
/// is bounded by its deadline.
///
///     let rows = try await pool.query("SELECT name FROM driver WHERE id = $1", [.int8(123)])
///     try await pool.transaction { connection in … }
package final class ConnectionPool: Sendable {
    /// The pool's limits. Durations are real time.
    package struct Configuration: Sendable {
        package var target: ConnectionTarget
        /// Connections, and threads, at most.
        package var connections: Int
        /// Callers that may wait for a connection; more are refused with `overloaded`.
        package var waiterLimit: Int
        /// The deadline of a call that names none.
        package var deadline: Duration
        package var connectTimeout: Duration

        package init(
            target: ConnectionTarget, connections: Int = 8, waiterLimit: Int = 1000, deadline: Duration = .seconds(3),
            connectTimeout: Duration = .seconds(3)
        ) {
            precondition(connections > 0 && waiterLimit >= 0, "a pool has connections")
            self.target = target
            self.connections = connections
            self.waiterLimit = waiterLimit
            self.deadline = deadline
            self.connectTimeout = connectTimeout
        }
    }

    /// The pool at one moment, for health pages and metrics.
    package struct Snapshot: Sendable {
        package let connections: Int
        package let idle: Int
        package let leased: Int
        package let waiting: Int
        /// Why the latest attempt to connect failed; `nil` after a success.
        package let lastConnectFailure: String?
    }

    let core: PoolCore
    package let configuration: Configuration

    /// Starts the threads. Connections are opened when they are first needed.
    ///
    /// - Parameter generator: draws the jitter of reconnects and retries.
    package init(
        configuration: Configuration, generator: any RandomNumberGenerator & Sendable
    ) throws(PostgresError) {
        self.configuration = configuration
        core = try PoolCore(configuration: configuration, generator: generator)
    }

    deinit { core.stop() }

    /// Refuses new calls, waits for those that are running (each is bounded by its deadline) and closes the
    /// connections.
    package func close() async {
        await core.close()
    }

    package var snapshot: Snapshot { core.snapshot }

    /// Asks the server for an answer.
    ///
    /// - Throws: what a query would throw now: the database is not usable within `deadline`.
    package func check(deadline: Duration = .seconds(2)) async throws {
        try await query("SELECT 1", deadline: deadline)
    }

    /// Runs one statement in a transaction of its own.
    @discardableResult
    package func query(
        _ sql: String, _ parameters: [Parameter] = [], deadline: Duration? = nil
    ) async throws -> Rows {
        let answers = try await query([Statement(sql, parameters)], deadline: deadline)
        return answers[0]
    }

    /// Runs statements in one round trip as one transaction: all or none take effect.
    @discardableResult
    package func query(_ statements: [Statement], deadline: Duration? = nil) async throws -> [Rows] {
        try await withConnection(deadline: deadline) { connection in
            try await connection.query(statements)
        }
    }

    /// Runs a script of commands separated by semicolons, without arguments, as one transaction unless it says
    /// otherwise.
    package func script(_ sql: String, deadline: Duration? = nil) async throws {
        try await withConnection(deadline: deadline) { connection in
            try await connection.script(sql)
        }
    }

    /// Bulk load by `COPY table (columns) FROM STDIN (FORMAT binary)`, all rows or none.
    ///
    /// - Returns: the number of rows copied.
    @discardableResult
    package func copy(_ sql: String, rows: CopyRows, deadline: Duration? = nil) async throws -> Int {
        try await withConnection(deadline: deadline) { connection in
            try await connection.copy(sql, rows: rows)
        }
    }

    /// Lends one connection for several statements, each a transaction of its own.
    ///
    /// When an idle connection turns out to be dead before anything was sent over it, another is tried until the
    /// deadline; `body` may therefore run from its start again, never after a statement of it took effect.
    package func withConnection<Value: Sendable>(
        deadline: Duration? = nil, _ body: (PostgresConnection) async throws -> sending Value
    ) async throws -> sending Value {
        let limit = MonotonicTime.read().advanced(by: deadline ?? configuration.deadline)
        while true {
            let connection = try await lend(until: limit, begin: nil)
            do {
                let value = try await body(connection)
                connection.end()
                return value
            } catch let error as PostgresError where error.nothingWasSent && !connection.hasSent {
                connection.end()
                if error.code != .connectionLost { throw error }
            } catch {
                connection.end()
                throw error
            }
        }
    }

    func lend(until limit: MonotonicTime, begin: String?) async throws -> PostgresConnection {
        try Task.checkCancellation()
        switch await core.lease(until: limit) {
        case .success(let slot):
            return PostgresConnection(core: core, slot: slot, deadline: limit, begin: begin)
        case .failure(let error):
            if error.code == .closed && Task.isCancelled { throw CancellationError() }
            throw error
        }
    }
}
