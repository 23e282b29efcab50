import DispatchCore
package import Fulfilment
import Metrics
import Synchronization

/// Collects what the sessions have sent and what was delivered, and writes it in bulk. Only the highest number of a
/// driver counts, so the memory is bounded by the number of drivers, however long the database is away. What a phone
/// has confirmed is remembered, because the event log goes on to offer it until the mark is written.
///
/// Owner of its state: one `Mutex`, held for one mark or one exchange.
package final class DeliveryRecorder: Sendable {
    private struct Marks {
        var sent: [DriverID: EventMark] = [:]
        var delivered: [DriverID: EventMark] = [:]
    }

    private struct State {
        var waiting = Marks()
        /// The highest number that each driver's phone has confirmed to this server.
        var confirmed: [DriverID: EventMark] = [:]
    }

    private let log: any EventLog
    private let state = Mutex(State())
    private let failures = Counter(label: "event_mark_failures_total")
    private let repeats = Counter(label: "event_marks_repeated_total")

    package init(log: any EventLog) {
        self.log = log
    }

    /// Notes that bytes up to this number are on their way.
    package func sent(_ mark: EventMark) {
        state.withLock { Self.keep(mark, in: &$0.waiting.sent) }
    }

    /// Notes that the phone has everything up to this number.
    package func delivered(_ mark: EventMark) {
        state.withLock { state in
            Self.keep(mark, in: &state.waiting.delivered)
            Self.keep(mark, in: &state.confirmed)
        }
    }

    /// Of events that the log calls undelivered those that no phone has confirmed. The marks of the others are written
    /// once more, if they do not wait already.
    package func unconfirmed(_ events: [DriverEvent]) -> [DriverEvent] {
        guard !events.isEmpty else { return events }
        let open = state.withLock { state in
            events.filter { event in
                guard let known = state.confirmed[event.driverID], known.seq >= event.seq else { return true }
                Self.keep(known, in: &state.waiting.delivered)
                return false
            }
        }
        if open.count < events.count { repeats.increment(by: events.count - open.count) }
        return open
    }

    /// Writes until cancelled, then once more.
    package func run(every milliseconds: Int64, clock: GatewayClock) async {
        while !Task.isCancelled {
            try? await clock.sleep(milliseconds)
            await flush()
        }
    }

    /// Writes all marks; what the database refuses is kept for the next time.
    package func flush() async {
        let taken = state.withLock { state -> Marks in
            let taken = state.waiting
            state.waiting = Marks()
            return taken
        }
        do {
            if !taken.sent.isEmpty { try await log.markSent(Self.ordered(taken.sent)) }
        } catch {
            failures.increment()
            for mark in taken.sent.values { sent(mark) }
        }
        do {
            if !taken.delivered.isEmpty { try await log.markDelivered(Self.ordered(taken.delivered)) }
        } catch {
            failures.increment()
            for mark in taken.delivered.values { delivered(mark) }
        }
    }

    /// Keeps the highest number, with the moment at which it was reached first.
    private static func keep(_ mark: EventMark, in marks: inout [DriverID: EventMark]) {
        if let present = marks[mark.driverID], present.seq >= mark.seq { return }
        marks[mark.driverID] = mark
    }

    private static func ordered(_ marks: [DriverID: EventMark]) -> [EventMark] {
        marks.values.sorted { $0.driverID < $1.driverID }
    }
}
