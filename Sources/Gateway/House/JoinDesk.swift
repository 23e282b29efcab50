package import DispatchCore
import Metrics
import Synchronization

/// Answers new sessions with what the store knows of their drivers, so many at a time.
///
/// The newest question of a driver takes the place of the one that waits, and whoever is gone when his turn comes is
/// passed over, so a storm of reconnections costs one answer for each driver who is there. When the queue is full a
/// question is not taken and counted: that session begins with what memory knows, and the sweep replays.
///
/// Owner of its state: one `Mutex`, held for one entry.
package final class JoinDesk: Sendable {
    /// Questions to the store at once: enough to keep its connections busy, few enough to leave others their turn.
    private static let atOnce = 32

    /// Whose question it is.
    package enum Asker: Hashable, Sendable {
        case driver(DriverID)
        /// One open console, by a number of its own.
        case console(UInt64)
    }

    private struct Join: Sendable {
        var isWanted: @Sendable () -> Bool
        var answer: @Sendable () async -> Void
    }

    private let limit: Int
    private let waiting = Mutex<[Asker: Join]>([:])
    private let turns: AsyncStream<Asker>
    private let queue: AsyncStream<Asker>.Continuation
    private let refused = Counter(label: "ws_joins_refused_total")

    /// - Parameter limit: Questions that may wait.
    package init(limit: Int = 65_536) {
        self.limit = limit
        (turns, queue) = AsyncStream.makeStream(of: Asker.self)
    }

    /// Takes a question; the same asker's earlier one is forgotten and its turn kept.
    ///
    /// - Parameter isWanted: Asked when the turn has come.
    package func ask(
        _ asker: Asker, while isWanted: @escaping @Sendable () -> Bool, _ answer: @escaping @Sendable () async -> Void
    ) {
        let isNew = waiting.withLock { waiting -> Bool? in
            if waiting[asker] == nil, waiting.count >= limit { return nil }
            return waiting.updateValue(Join(isWanted: isWanted, answer: answer), forKey: asker) == nil
        }
        switch isNew {
        case true?: queue.yield(asker)
        case false?: break
        case nil: refused.increment()
        }
    }

    /// Serves until cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await asker in turns {
                guard let join = waiting.withLock({ $0.removeValue(forKey: asker) }), join.isWanted() else { continue }
                if running >= Self.atOnce { await group.next() } else { running += 1 }
                group.addTask { await join.answer() }
            }
        }
    }
}
