import CLibPQ
import CoreMetrics
import Glibc
import Synchronization

/// The listener's thread: connect, listen, wait, deliver, and begin again when the link fails.
final class ListenerLoop: Sendable {
    private struct State {
        var isStopped = false
        var generator: any RandomNumberGenerator & Sendable
    }

    private static let probeInterval = Duration.seconds(1)
    private static let probeDeadline = Duration.seconds(2)

    private let target: ConnectionTarget
    private let channels: [String]
    private let continuation: AsyncStream<NotificationListener.Event>.Continuation
    private let state: Mutex<State>
    private let wake = WakeSignal()

    init(
        target: ConnectionTarget, channels: [String],
        continuation: AsyncStream<NotificationListener.Event>.Continuation,
        generator: any RandomNumberGenerator & Sendable
    ) {
        self.target = target
        self.channels = channels
        self.continuation = continuation
        state = Mutex(State(generator: generator))
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wake.raise()
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    func run() {
        var failures = 0
        while !isStopped {
            do throws(PostgresError) {
                var session = try Session.connected(to: target, until: MonotonicTime.read().advanced(by: .seconds(3)))
                let commands = channels.map { "LISTEN \"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ";")
                try session.script(commands, until: MonotonicTime.read().advanced(by: .seconds(3)))
                failures = 0
                continuation.yield(.connected)
                try listen(&session)
            } catch {
                Counter(label: "postgres_listener_failures_total").increment()
                failures += 1
                rest(failures)
            }
        }
        continuation.finish()
    }

    /// 50 to 100 ms after the first failure, doubling, at most 5 s.
    private func rest(_ failures: Int) {
        let jitter = state.withLock { Double.random(in: 0.5..<1, using: &$0.generator) }
        let longest = min(.seconds(5), .milliseconds(100) * (1 << min(failures - 1, 6)))
        if !isStopped { wake.wait(until: MonotonicTime.read().advanced(by: longest * jitter)) }
    }

    private func listen(_ session: inout Session) throws(PostgresError) {
        while !isStopped {
            let until = MonotonicTime.read().advanced(by: Self.probeInterval)
            var entries = [
                pollfd(fd: PQsocket(session.handle), events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            let ready = poll(&entries, 2, until.pollTimeout(from: .read()))
            if ready == 0 {
                try session.script("SELECT 1", until: MonotonicTime.read().advanced(by: Self.probeDeadline))
            } else if PQconsumeInput(session.handle) == 0 {
                throw session.lost()
            }
            deliver(session)
        }
    }

    private func deliver(_ session: borrowing Session) {
        while let notification = PQnotifies(session.handle) {
            let channel = notification.pointee.relname.map { String(cString: $0) } ?? ""
            let payload = notification.pointee.extra.map { String(cString: $0) } ?? ""
            PQfreemem(notification)
            let outcome = continuation.yield(.notification(channel: channel, payload: payload))
            if case .dropped = outcome { Counter(label: "postgres_notifications_dropped_total").increment() }
        }
    }
}
