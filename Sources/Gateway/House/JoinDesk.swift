import DispatchCore
import Logging
import Metrics

/// Answers new sessions with what the store knows of their drivers, so many at a time.
///
/// The queue holds at most one entry for each open socket.
final class JoinDesk: Sendable {
    /// Questions to the store at once: enough to keep its connections busy, few enough to leave others their turn.
    private static let atOnce = 32

    struct Join: Sendable {
        var answer: @Sendable () async -> Void
    }

    private let joins: AsyncStream<Join>
    private let queue: AsyncStream<Join>.Continuation

    init() {
        (joins, queue) = AsyncStream.makeStream(of: Join.self)
    }

    func ask(_ answer: @escaping @Sendable () async -> Void) {
        queue.yield(Join(answer: answer))
    }

    /// Serves until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await join in joins {
                if running >= Self.atOnce { await group.next() } else { running += 1 }
                group.addTask { await join.answer() }
            }
        }
    }
}
