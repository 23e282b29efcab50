import Synchronization

/// How many log lines refused sockets may fill: a handful at once, then ten a second. The rest is counted and told with
/// the next line.
///
/// Owner of its state: one `Mutex`, held for one look-up.
package final class RefusalLog: Sendable {
    private struct State {
        var bucket: TokenBucket?
        var unsaid = 0
    }

    private static let burst = 100.0
    private static let rate = 10.0

    private let state = Mutex(State())

    package init() {}

    /// Nil when this refusal goes unsaid; otherwise how many did so since the last line.
    package func speaks(at uptime: Int64) -> Int? {
        state.withLock { state in
            var bucket = state.bucket ?? TokenBucket(capacity: Self.burst, rate: Self.rate, at: uptime)
            defer { state.bucket = bucket }
            guard bucket.take(at: uptime) else {
                state.unsaid += 1
                return nil
            }
            defer { state.unsaid = 0 }
            return state.unsaid
        }
    }
}
