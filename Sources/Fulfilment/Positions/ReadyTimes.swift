/// When a kitchen's food is really ready after a moment (its word, or the order's placing), as the last pickups have
/// taught. A bounded, pure value.
///
/// Only a driver who had to wait sees food become ready. One who comes later learns no more than that it took at most
/// so long: to take his arrival for the time it was ready would make a kitchen as slow as its drivers, and to leave him
/// out would make it as slow as its slowest orders. So the distribution is estimated from both kinds by the
/// product-limit method for observations that are bounded from above (Kaplan and Meier 1958, with time reversed), which
/// is the maximum of the likelihood. Whoever gave up before the food was there is not in it: his wait ends in another
/// driver's, which is.
struct ReadyTimes: Sendable {
    static let capacity = 64
    /// Beyond this a stay is a break or a lost phone, not the kitchen.
    static let longest: Int64 = 3 * 3600 * 1000
    /// As many pickups in which the kitchen kept its word are added to what was seen, so that two odd evenings do not
    /// make a slow kitchen.
    private static let prior: Int64 = 4

    private struct Pickup {
        var milliseconds: Int64
        /// Whether the driver saw the food become ready; otherwise it was no later than that.
        var isSeen: Bool
    }

    private var pickups: [Pickup] = []
    /// The place of the oldest once the list is full.
    private var oldest = 0

    /// Takes a pickup so many milliseconds after the moment; negative ones and those beyond `longest` are refused.
    mutating func record(milliseconds: Int64, isSeen: Bool) {
        guard (0...Self.longest).contains(milliseconds) else { return }
        let pickup = Pickup(milliseconds: milliseconds, isSeen: isSeen)
        if pickups.count < Self.capacity {
            pickups.append(pickup)
        } else {
            pickups[oldest] = pickup
            oldest = (oldest + 1) % Self.capacity
        }
    }

    /// What to expect, in milliseconds: the median, drawn towards nothing as if ``prior`` more orders had been ready at
    /// once. Nil where nobody ever saw food become ready: then there are only bounds, and the kitchen's word stands.
    ///
    /// - Complexity: O(n log n) for the at most 64 pickups.
    var expected: Int64? {
        guard let median else { return nil }
        // A bound above the median says nothing about it.
        let count = Int64(pickups.count { $0.isSeen || $0.milliseconds <= median })
        return median * count / (count + Self.prior)
    }

    /// The smallest time within which at least half of the orders are ready; nil without anything seen. Zero
    /// where bounds put more than half of them before everything that was seen.
    private var median: Int64? {
        guard pickups.contains(where: \.isSeen) else { return nil }
        let sorted = pickups.sorted { ($0.milliseconds, $0.isSeen ? 1 : 0) < ($1.milliseconds, $1.isSeen ? 1 : 0) }
        var share = 1.0
        // From the latest to the earliest: of those that could have been ready at this time or before, one was ready
        // just then.
        for index in sorted.indices.reversed() where sorted[index].isSeen {
            let below = share * (1 - 1 / Double(index + 1))
            if below < 0.5 { return sorted[index].milliseconds }
            share = below
        }
        return 0
    }
}
