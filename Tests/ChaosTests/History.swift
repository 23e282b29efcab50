import Synchronization

/// What one client asked for and what it was told, as the client saw it.
struct Operation: Sendable, Hashable {
    enum Outcome: String, Sendable {
        /// The server said that it is done.
        case ok
        /// The server said that it is not done.
        case fail
        /// No answer, or one that leaves it open.
        case unknown
    }

    enum Wish: Sendable, Hashable {
        /// A new order with this external id.
        case place(external: String)
        /// The driver takes the order to the state.
        case step(order: Int64, state: String, driver: Int64)
        /// An admin gives the order to the driver.
        case force(order: Int64, driver: Int64)
        /// An admin cancels the order.
        case cancel(order: Int64)
    }

    var wish: Wish
    var outcome: Outcome
    /// Wall clock in milliseconds, before the call and after its answer.
    var time: ClosedRange<Int64>
    var took: Int64 { time.upperBound - time.lowerBound }
    /// The status of HTTP and the code of the problem, for the report.
    var answer: String
}

/// An event as it came to a phone.
struct Arrival: Sendable, Hashable {
    var driver: Int64
    /// Counts the connections of the driver.
    var connection: Int
    var kind: String
    var order: Int64
    var seq: Int64
    /// Milliseconds of the test's clock.
    var at: Int64 = 0
}

/// An event of which a phone knows that the server knows that it has come: the server's ping behind it was answered,
/// and the server answered something that was sent later still.
struct Confirmation: Sendable, Hashable {
    var driver: Int64
    var connection: Int
    var seq: Int64
    /// When the event came, and when that answer did; milliseconds of the test's clock.
    var time: ClosedRange<Int64>
}

/// A position as a phone sent it.
struct SentPosition: Sendable, Hashable {
    var driver: Int64
    /// Unique for the driver: the device's time in milliseconds.
    var recordedAt: Int64
    /// Whether the server answered a ping that was sent later on the same connection: it has read the position.
    var wasRead = false
    /// Milliseconds of the test's clock.
    var sentAt: Int64
    /// When the answer to that ping came: the server read the position no later.
    var readAt: Int64 = 0
}

/// An end without a farewell, of the server or of PostgreSQL.
struct Kill: Sendable, Hashable {
    /// Milliseconds of the test's clock.
    var at: Int64
    /// PostgreSQL crashed: commits of positions do not wait for the disk, so the last ones may be taken back.
    var isOfDatabase: Bool
}

/// Everything that the clients of a run saw. Owner of its state: one `Mutex`.
final class History: Sendable {
    struct Record: Sendable {
        var operations: [Operation] = []
        var arrivals: [Arrival] = []
        var confirmations: [Confirmation] = []
        var positions: [SentPosition] = []
        /// Round trips of the app's ping, milliseconds.
        var pongs: [Int64] = []
        var connections = 0
        var refusedConnections = 0
        /// Codes of closes; 1006 for none.
        var closes: [UInt16: Int] = [:]
        /// Either kind may cost the last positions.
        var kills: [Kill] = []
        /// When PostgreSQL could not be written to, in milliseconds: positions wait in the server meanwhile.
        var troubles: [ClosedRange<Int64>] = []
        /// By how much the server's clock was set in the run, in milliseconds.
        var clockSteps: [Int64] = []
    }

    private let record = Mutex(Record())

    var snapshot: Record { record.withLock { $0 } }

    func note(_ operation: Operation) { record.withLock { $0.operations.append(operation) } }
    func note(_ arrival: Arrival) { record.withLock { $0.arrivals.append(arrival) } }
    func note(_ confirmations: [Confirmation]) { record.withLock { $0.confirmations += confirmations } }
    func note(clockStep: Int64) { record.withLock { $0.clockSteps.append(clockStep) } }
    func note(_ positions: [SentPosition]) { record.withLock { $0.positions += positions } }
    func note(pong: Int64) { record.withLock { $0.pongs.append(pong) } }
    func note(_ kill: Kill) { record.withLock { $0.kills.append(kill) } }
    func note(trouble: ClosedRange<Int64>) { record.withLock { $0.troubles.append(trouble) } }

    func noteConnection(isRefused: Bool) {
        record.withLock { record in
            if isRefused { record.refusedConnections += 1 } else { record.connections += 1 }
        }
    }

    func note(close code: UInt16?) { record.withLock { $0.closes[code ?? 1006, default: 0] += 1 } }
}

extension History.Record {
    func counted(_ outcome: Operation.Outcome) -> Int { operations.count { $0.outcome == outcome } }

    /// The value below which the share of the round trips lies; 0 without any.
    func pong(_ share: Double) -> Int64 {
        let sorted = pongs.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    var summary: String {
        """
        operations \(operations.count): ok \(counted(.ok)), fail \(counted(.fail)), unknown \(counted(.unknown)), \
        slowest \(operations.map(\.took).max() ?? 0) ms; connections \(connections) (refused \(refusedConnections)); \
        closes \(closes.sorted { $0.key < $1.key }.map { "\($0.key)×\($0.value)" }.joined(separator: " ")); \
        events \(arrivals.count); positions \(positions.count); pong p50 \(pong(0.5)) p99 \(pong(0.99)) ms
        """
    }
}
