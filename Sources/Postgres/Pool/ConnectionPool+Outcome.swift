import Synchronization

/// A transaction's name at the server, by which it is asked later what became of it.
///
/// Send ``statement`` with the transaction's first round trip and hand its row to ``learn(_:)``. A server that crashes
/// forgets the numbers that it had not yet written down, and gives them out again: that a number is committed says
/// nothing then. A transaction that changes something therefore says by ``leaves(_:)`` what to look for.
package final class TransactionName: Sendable {
    /// One row with one cell.
    package static let statement = Statement("SELECT pg_current_xact_id()::text")

    private struct State {
        var name: String?
        var trace: Statement?
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes the name from the answer to ``statement``. A repeated attempt has a new name.
    package func learn(_ rows: Rows) throws(PostgresError) {
        let text: String = try rows.only().get(0)
        state.withLock { $0 = State(name: text) }
    }

    /// Takes a query of one row with one boolean: whether what the transaction writes is there. `makeQuery` gets the
    /// name; a row that the transaction has written has `xmin = name::xid8::xid`. Without a name nothing is kept.
    package func leaves(_ makeQuery: (String) -> Statement) {
        state.withLock { state in state.trace = state.name.map(makeQuery) }
    }

    var text: String? { state.withLock { $0.name } }
    var trace: Statement? { state.withLock { $0.trace } }
}

extension ConnectionPool {
    /// Runs a transaction like ``transaction(isolation:deadline:_:)`` and, when its COMMIT was sent and never answered,
    /// asks the server what became of it: committed, and the value is returned as if it had been answered; or not, and
    /// the error says that nothing was written.
    ///
    /// - Parameters:
    ///   - name: for a caller who wants to ask again later, by ``hasCommitted(_:deadline:)``.
    ///   - deadline: for everything together; the question afterwards has as much again.
    /// - Throws: `PostgresError` with `commitOutcomeUnknown` only when the server cannot be asked in that time.
    package func decidedTransaction<Value: Sendable>(
        as name: TransactionName = TransactionName(), deadline: Duration? = nil,
        _ body: (PostgresConnection, TransactionName) async throws -> Value
    ) async throws -> Value {
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
            switch await fate(of: text, leaving: name.trace, until: limit) {
            case .committed: return value
            case .aborted: throw error.with(code: .connectionLost, mayHaveCommitted: false)
            case .unknown: throw error
            }
        }
    }

    /// Asks the server what became of a transaction whose outcome nobody could tell.
    ///
    /// - Throws: `PostgresError` with `commitOutcomeUnknown` when the server cannot be asked in time, or has forgotten.
    package func hasCommitted(_ name: TransactionName, deadline: Duration? = nil) async throws -> Bool {
        let limit = MonotonicTime.read().advanced(by: deadline ?? configuration.deadline)
        // A transaction that never learned its name sent nothing after its first round trip.
        guard let text = name.text else { return false }
        switch await fate(of: text, leaving: name.trace, until: limit) {
        case .committed: return true
        case .aborted: return false
        case .unknown:
            throw PostgresError(
                .commitOutcomeUnknown, "the outcome of a transaction is still not known", mayHaveCommitted: true)
        }
    }

    private enum Fate {
        case committed
        case aborted
        case unknown
    }

    /// A transaction in progress is one whose end the server still works on, or whose client it has not yet missed.
    private func fate(of transaction: String, leaving trace: Statement?, until limit: MonotonicTime) async -> Fate {
        while limit > .read(), !Task.isCancelled {
            do {
                let rows = try await query(
                    "SELECT pg_xact_status($1::text::xid8)", [.text(transaction)], deadline: .seconds(2))
                switch try rows.only().get(0, as: String?.self) {
                case "committed":
                    guard let trace else { return .committed }
                    return try await isThere(trace) ? .committed : .aborted
                case "aborted": return .aborted
                // So old that the server has forgotten it; what it wrote is still there to be found.
                case nil:
                    guard let trace else { return .unknown }
                    return try await isThere(trace) ? .committed : .aborted
                default: break
                }
            } catch let error as PostgresError where error.code == .closed || error.code == .misuse {
                return .unknown
            } catch let error as PostgresError where error.code == .invalidParameterValue {
                // A number yet to come: the server crashed before it wrote down that it had given it out.
                return .aborted
            } catch {
                // Not there yet; ask again.
            }
            try? await Task.sleep(for: .milliseconds(50))
        }
        return .unknown
    }

    private func isThere(_ trace: Statement) async throws -> Bool {
        try await query([trace], deadline: .seconds(2))[0].only().get(0)
    }
}
