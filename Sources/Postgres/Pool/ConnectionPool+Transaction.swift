import CoreMetrics

/// How much a transaction is shielded from others, as in SQL.
package enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

extension ConnectionPool {
    /// Runs `body` in a transaction and commits it; a body that throws, or whose task is cancelled, leaves no trace.
    ///
    /// When the server asks for a repetition (`40001`, `40P01`), `body` runs again from its start, at most three more
    /// times, after a short jittered pause: it must have no effect outside the database. `BEGIN` travels with the first
    /// statement, so that n single statements cost n + 1 round trips.
    ///
    /// - Parameter deadline: for everything together, waiting and repetitions included.
    /// - Throws: `PostgresError`, `commitOutcomeUnknown` among its codes, or what `body` throws.
    package func transaction<Value: Sendable>(
        isolation: Isolation = .readCommitted, deadline: Duration? = nil,
        _ body: (PostgresConnection) async throws -> sending Value
    ) async throws -> sending Value {
        let limit = MonotonicTime.read().advanced(by: deadline ?? configuration.deadline)
        var repetitions = 0
        while true {
            let connection = try await lend(until: limit, begin: "BEGIN ISOLATION LEVEL \(isolation.rawValue)")
            do {
                let value = try await body(connection)
                try Task.checkCancellation()
                try await connection.commit()
                connection.end()
                return value
            } catch {
                await connection.rollback()
                connection.end()
                let cause = (error as? PostgresError) ?? connection.failure
                if let cause, cause.nothingWasSent, cause.code == .connectionLost, !connection.hasSent { continue }
                // A body may have dressed the server's request for a repetition in an error of its own.
                let asksAgain = cause?.isRetryable == true || connection.failure?.isRetryable == true
                guard asksAgain, repetitions < 3, !Task.isCancelled else { throw error }
                repetitions += 1
                Counter(label: "postgres_transaction_retries_total").increment()
                try await Task.sleep(for: core.retryPause(repetitions))
            }
        }
    }
}

extension PoolCore {
    /// 5 to 10 ms before the first repetition, doubling.
    func retryPause(_ repetition: Int) -> Duration {
        .milliseconds(5) * (1 << (repetition - 1)) * (1 + drawJitter())
    }
}
