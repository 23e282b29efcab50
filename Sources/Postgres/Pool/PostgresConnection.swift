import Synchronization

/// A connection on loan from the pool, valid inside the closure that received it.
///
/// Its statements run one after the other on the connection's thread, each within the loan's deadline.
package final class PostgresConnection: Sendable {
    private struct State {
        var isEnded = false
        /// `BEGIN …`, sent together with the first statement.
        var begin: String?
        var hasSent = false
        var failure: PostgresError?
    }

    private let core: PoolCore
    private let slot: Int
    private let deadline: MonotonicTime
    private let isTransaction: Bool
    private let state: Mutex<State>

    init(core: PoolCore, slot: Int, deadline: MonotonicTime, begin: String?) {
        self.core = core
        self.slot = slot
        self.deadline = deadline
        isTransaction = begin != nil
        state = Mutex(State(begin: begin))
    }

    /// Runs one statement.
    @discardableResult
    package func query(_ sql: String, _ parameters: [Parameter] = []) async throws -> Rows {
        let answers = try await query([Statement(sql, parameters)])
        return answers[0]
    }

    /// Runs statements in one round trip; outside a transaction, all or none take effect.
    @discardableResult
    package func query(_ statements: [Statement]) async throws -> [Rows] {
        let begin = state.withLock { $0.begin }
        return try await perform { session, deadline throws(PostgresError) in
            try session.run(statements, prefix: begin, until: deadline)
        }
    }

    /// Runs a script of commands separated by semicolons, without arguments.
    package func script(_ sql: String) async throws {
        let begin = state.withLock { $0.begin }
        try await perform { session, deadline throws(PostgresError) in
            if let begin { try session.script(begin, until: deadline) }
            try session.script(sql, until: deadline)
        }
    }

    /// Bulk load by `COPY … FROM STDIN (FORMAT binary)`. Returns the number of rows.
    @discardableResult
    package func copy(_ sql: String, rows: CopyRows) async throws -> Int {
        let begin = state.withLock { $0.begin }
        return try await perform { session, deadline throws(PostgresError) in
            if let begin { try session.script(begin, until: deadline) }
            return try session.copy(sql, rows: rows, until: deadline)
        }
    }

    /// Whether any operation of this loan reached the server.
    var hasSent: Bool { state.withLock { $0.hasSent } }
    /// The first failure of a statement of this loan.
    var failure: PostgresError? { state.withLock { $0.failure } }

    /// Gives the connection back. Idempotent.
    func end() {
        let isFirst = state.withLock { state in
            defer { state.isEnded = true }
            return !state.isEnded
        }
        if isFirst { core.giveBack(slot) }
    }

    private func perform<Value: Sendable>(
        _ work: @escaping @Sendable (inout Session, MonotonicTime) throws(PostgresError) -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        if state.withLock({ $0.isEnded }) { throw PostgresError(.closed, "the connection was given back already") }
        let outcome = await operate(isFirst: !hasSent, until: deadline, work)
        state.withLock { state in
            switch outcome {
            case .success:
                state.hasSent = true
                state.begin = nil
            case .failure(let error):
                if !error.nothingWasSent {
                    state.hasSent = true
                    state.begin = nil
                }
                if state.failure == nil { state.failure = error }
            }
        }
        return try outcome.get()
    }

    /// Ends the transaction. Nothing is sent when nothing was begun.
    ///
    /// - Throws: `commitOutcomeUnknown` when COMMIT was sent and not answered.
    func commit() async throws(PostgresError) {
        guard hasSent else { return }
        let outcome = await operate(isFirst: false, until: deadline) { session, deadline throws(PostgresError) in
            try session.simple("COMMIT", until: deadline)
        }
        switch outcome {
        case .success("COMMIT"): return
        case .success:
            throw failure
                ?? PostgresError(.transactionAborted, "a statement of the transaction had failed before COMMIT")
        case .failure(let error) where error.breaksSession && !error.nothingWasSent:
            throw error.with(code: .commitOutcomeUnknown, mayHaveCommitted: true)
        case .failure(let error): throw error
        }
    }

    /// Undoes the transaction, even after the deadline or in a cancelled task; a connection that cannot is thrown away.
    func rollback() async {
        guard hasSent, core.threads[slot].isConnected.load(ordering: .acquiring) else { return }
        let limit = max(deadline, MonotonicTime.read().advanced(by: .seconds(1)))
        _ = await operate(isFirst: false, until: limit) { session, deadline throws(PostgresError) in
            try session.script("ROLLBACK", until: deadline)
        }
    }

    /// Runs `work` on the connection's thread and throws the session away when its state is unknown afterwards.
    private func operate<Value: Sendable>(
        isFirst: Bool, until limit: MonotonicTime,
        _ work: @escaping @Sendable (inout Session, MonotonicTime) throws(PostgresError) -> Value
    ) async -> Result<Value, PostgresError> {
        let thread = core.threads[slot]
        let canceller = core.canceller
        let isTransaction = isTransaction
        return await withCheckedContinuation { continuation in
            let isQueued = thread.submit { session in
                let outcome = SessionOperation.run(
                    &session, checksQuiet: isFirst, mayStayOpen: isTransaction, until: limit, canceller, work)
                thread.isConnected.store(session != nil, ordering: .releasing)
                continuation.resume(returning: outcome)
            }
            if !isQueued {
                continuation.resume(
                    returning: .failure(PostgresError(.closed, "the pool is closed", nothingWasSent: true)))
            }
        }
    }
}

/// One operation on the connection's own thread.
private enum SessionOperation {
    static func run<Value>(
        _ session: inout Session?, checksQuiet: Bool, mayStayOpen: Bool, until limit: MonotonicTime,
        _ canceller: Canceller, _ work: (inout Session, MonotonicTime) throws(PostgresError) -> Value
    ) -> Result<Value, PostgresError> {
        guard var live = session.take() else {
            return .failure(
                PostgresError(.connectionLost, "the connection was lost earlier", nothingWasSent: !mayStayOpen))
        }
        if checksQuiet && !live.isQuiet() {
            return .failure(
                PostgresError(.connectionLost, "the server had closed the connection", nothingWasSent: true))
        }
        do throws(PostgresError) {
            if limit <= .read() {
                throw PostgresError(.deadlineExceeded, "the deadline has passed", nothingWasSent: true)
            }
            let value = try work(&live, limit)
            if mayStayOpen || !live.isInTransaction { session = consume live }
            return .success(value)
        } catch {
            if error.code == .deadlineExceeded && !error.nothingWasSent, let cancellation = live.cancellation() {
                canceller.cancel(cancellation)
            }
            let isUsable = !live.isBroken && (mayStayOpen || !live.isInTransaction)
            if isUsable { session = consume live }
            let isUnknown = !mayStayOpen && error.breaksSession && !error.nothingWasSent
            return .failure(error.with(mayHaveCommitted: isUnknown))
        }
    }
}
