import Synchronization

/// A transaction's name at the server, by which it is asked later what became of it.
///
/// Send ``statement`` with the transaction's first round trip and hand its row to ``learn(_:)``.
package final class TransactionName: Sendable {
    /// One row with one cell.
    package static let statement = Statement("SELECT pg_current_xact_id()::text")

    private let name = Mutex<String?>(nil)

    package init() {}

    /// Takes the name from the answer to ``statement``. A repeated attempt has a new name.
    package func learn(_ rows: Rows) throws(PostgresError) {
        let text: String = try rows.only().get(0)
        name.withLock { $0 = text }
    }

    var text: String? { name.withLock { $0 } }
}

extension ConnectionPool {
    /// Runs a transaction like ``transaction(isolation:deadline:_:)`` and, when its COMMIT was sent and never answered,
    /// asks the server what became of it: committed, and the value is returned as if it had been answered; or not, and
    /// the error says that nothing was written.
    ///
    /// - Parameter deadline: for everything together; the question afterwards has as much again.
    /// - Throws: `PostgresError` with `commitOutcomeUnknown` only when the server cannot be asked in that time.
    package func decidedTransaction<Value: Sendable>(
        deadline: Duration? = nil, _ body: (PostgresConnection, TransactionName) async throws -> Value
    ) async throws -> Value {
        let name = TransactionName()
        let attempt = Mutex<Value?>(nil)
        do {
            return try await transaction(deadline: deadline) { connection in
                let value = try await body(connection, name)
                attempt.withLock { $0 = value }
                return value
            }
        } catch let error as PostgresError where error.code == .commitOutcomeUnknown {
            guard let text = name.text, let value = attempt.withLock({ $0 }) else { throw error }
            let limit = MonotonicTime.read().advanced(by: deadline ?? configuration.deadline)
            switch await fate(of: text, until: limit) {
            case .committed: return value
            case .aborted: throw error.with(code: .connectionLost, mayHaveCommitted: false)
            case .unknown: throw error
            }
        }
    }

    private enum Fate {
        case committed
        case aborted
        case unknown
    }

    /// A transaction in progress is one whose end the server still works on, or whose client it has not yet missed.
    private func fate(of transaction: String, until limit: MonotonicTime) async -> Fate {
        while limit > .read(), !Task.isCancelled {
            do {
                let rows = try await query(
                    "SELECT pg_xact_status($1::text::xid8)", [.text(transaction)], deadline: .seconds(2))
                switch try rows.only().get(0, as: String?.self) {
                case "committed": return .committed
                case "aborted": return .aborted
                // So old that the server has forgotten it.
                case nil: return .unknown
                default: break
                }
            } catch let error as PostgresError where error.code == .closed || error.code == .misuse {
                return .unknown
            } catch {
                // Not there yet; ask again.
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return .unknown
    }
}
