/// A token bucket on the monotonic clock. A rate of 0 or less means no limit.
package struct TokenBucket: Sendable, Equatable {
    private let capacity: Double
    private let perMillisecond: Double
    private var level: Double
    private var updatedAt: Int64

    /// - Parameters:
    ///   - rate: Tokens a second.
    ///   - uptime: The present in milliseconds.
    package init(capacity: Double, rate: Double, at uptime: Int64) {
        self.capacity = max(capacity, 1)
        perMillisecond = rate / 1000
        level = self.capacity
        updatedAt = uptime
    }

    package var isUnlimited: Bool { perMillisecond <= 0 }

    /// Takes one token if there is one.
    package mutating func take(at uptime: Int64) -> Bool {
        if isUnlimited { return true }
        refill(at: uptime)
        guard level >= 1 else { return false }
        level -= 1
        return true
    }

    /// Whether a token could be taken.
    package mutating func hasToken(at uptime: Int64) -> Bool {
        if isUnlimited { return true }
        refill(at: uptime)
        return level >= 1
    }

    /// Whether the bucket has filled up again, so that forgetting it changes nothing.
    package mutating func isFull(at uptime: Int64) -> Bool {
        refill(at: uptime)
        return isUnlimited || level >= capacity
    }

    private mutating func refill(at uptime: Int64) {
        guard uptime > updatedAt else { return }
        level = min(capacity, level + Double(uptime - updatedAt) * perMillisecond)
        updatedAt = uptime
    }
}
