import DispatchCore
import Fulfilment
import Logging
import Metrics

/// Assignments that their drivers do not know of after a minute: how many, each one once in the log, and a word to the
/// consoles when one joins or leaves them.
actor UndeliveredAlarm {
    private struct Key: Hashable {
        var driver: DriverID
        var seq: Int64
    }

    /// Looked at in one go; more than this is an outage, not a list.
    private static let limit = 1000
    /// Lines of one look.
    private static let told = 20

    private let events: any EventLog
    private let feed: any AdminFeed
    private let log: Logger
    private let gauge = Gauge(label: "assignments_undelivered")
    private var known: Set<Key> = []

    init(events: any EventLog, feed: any AdminFeed, log: Logger) {
        self.events = events
        self.feed = feed
        self.log = log
    }

    func look(at now: Timestamp) async throws {
        let before = now.advanced(bySeconds: -EventState.overdueAfterSeconds)
        let late = try await events.overdue(before: before, limit: Self.limit)
        gauge.record(late.count)
        let present = Set(late.map { Key(driver: $0.event.driverID, seq: $0.event.seq) })
        let fresh = late.filter { !known.contains(Key(driver: $0.event.driverID, seq: $0.event.seq)) }
        for state in fresh.prefix(Self.told) {
            log.warning(
                "assignment stays undelivered",
                metadata: ["driver_id": "\(state.event.driverID)", "seq": "\(state.event.seq)"])
        }
        if fresh.count > Self.told {
            log.warning("more assignments stay undelivered", metadata: ["count": "\(fresh.count - Self.told)"])
        }
        if known.isEmpty != present.isEmpty || !fresh.isEmpty { feed.assignmentsUndelivered(present.count) }
        if present.isEmpty, !known.isEmpty { log.info("every assignment is delivered again") }
        known = present
    }
}
