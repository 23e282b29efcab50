/// How long drivers wait at one restaurant: the last 64 stays, newest last. A bounded, pure value.
package struct WaitingTimes: Hashable, Sendable {
    package static let capacity = 64
    /// A stay beyond this is a break or a lost phone, not the kitchen.
    package static let longest: Int64 = 3 * 3600 * 1000

    private var stays: [Int64] = []
    /// The place of the oldest stay once the list is full.
    private var oldest = 0

    package init() {}

    /// How many stays are remembered.
    package var count: Int { stays.count }

    /// Takes a stay in milliseconds; negative ones and those beyond `longest` are refused.
    @discardableResult
    package mutating func record(milliseconds: Int64) -> Bool {
        guard milliseconds >= 0, milliseconds <= WaitingTimes.longest else { return false }
        if stays.count < WaitingTimes.capacity {
            stays.append(milliseconds)
        } else {
            stays[oldest] = milliseconds
            oldest = (oldest + 1) % WaitingTimes.capacity
        }
        return true
    }

    /// The stay that `percent` of 100 stays do not exceed (nearest rank); nil without stays.
    package func percentile(_ percent: Int) -> Int64? {
        guard !stays.isEmpty else { return nil }
        let rank = (min(max(percent, 0), 100) * stays.count + 99) / 100
        return stays.sorted()[max(0, rank - 1)]
    }

    /// What to expect, in milliseconds: the median of the stays, drawn towards `prior` as if there had been four stays
    /// of that length, so that two odd evenings do not make a slow kitchen.
    package func expected(prior: Int64) -> Int64 {
        guard let median = percentile(50) else { return prior }
        let weight: Int64 = 4
        let held = min(max(prior, 0), WaitingTimes.longest)
        return (median * Int64(stays.count) + held * weight) / (Int64(stays.count) + weight)
    }
}
