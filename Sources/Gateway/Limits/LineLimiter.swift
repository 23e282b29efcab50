import Synchronization

/// Keeps a flood from becoming a flood of log lines: a few at once, then one a second.
///
/// Owner of its state: one `Mutex`, held for one look-up.
package final class LineLimiter: Sendable {
    private struct State {
        var bucket: TokenBucket
        var unlogged = 0
    }

    private let state = Mutex(State(bucket: TokenBucket(capacity: 5, rate: 1, at: 0)))

    package init() {}

    /// Whether a line may be written now: nil when not, else how many were not written since the last one.
    package func admits(at uptime: Int64) -> Int? {
        state.withLock { state in
            guard state.bucket.take(at: uptime) else {
                state.unlogged += 1
                return nil
            }
            defer { state.unlogged = 0 }
            return state.unlogged
        }
    }
}
