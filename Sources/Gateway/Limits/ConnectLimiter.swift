package import DispatchCore
import Synchronization

/// How often a driver may connect, counted by driver: one token bucket each, forgotten when it is full again.
///
/// Owner of its state: one `Mutex`, held for one look-up.
package final class ConnectLimiter: Sendable {
    /// Drivers remembered at most before full buckets are swept out.
    private static let sweepAbove = 4096

    private struct State {
        var buckets: [DriverID: TokenBucket] = [:]
        var sweepAt = sweepAbove
    }

    private let capacity: Double
    private let rate: Double
    private let state = Mutex(State())

    /// - Parameter rate: Connections a second once the first `capacity` are used up.
    package init(capacity: Double, rate: Double) {
        self.capacity = capacity
        self.rate = rate
    }

    /// Whether the driver may have a session for this connection.
    package func admits(_ driver: DriverID, at uptime: Int64) -> Bool {
        state.withLock { state in
            let admits =
                state.buckets[driver, default: TokenBucket(capacity: capacity, rate: rate, at: uptime)].take(at: uptime)
            if state.buckets.count > state.sweepAt {
                state.buckets = state.buckets.filter { entry in
                    var bucket = entry.value
                    return !bucket.isFull(at: uptime)
                }
                // Twice what is left, so that the sweep stays cheap however many drivers connect at once.
                state.sweepAt = max(Self.sweepAbove, state.buckets.count * 2)
            }
            return admits
        }
    }
}
