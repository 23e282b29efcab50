/// Money in integer paise. Rupees exist only on the wire.
package struct Paise: Hashable, Comparable, Sendable, Codable {
    package var rawValue: Int64

    package init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    package static let zero = Paise(0)

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package static func + (left: Self, right: Self) -> Paise { Paise(left.rawValue + right.rawValue) }
    package static func - (left: Self, right: Self) -> Paise { Paise(left.rawValue - right.rawValue) }
    package static func += (left: inout Self, right: Self) { left.rawValue += right.rawValue }

    /// Divides the amount over `weights` so that the parts add up to it exactly: each part gets its floor, the
    /// remaining paise go to the largest remainders (Hamilton's method), ties to the earlier part. All weights zero
    /// means equal parts.
    ///
    /// - Complexity: O(n log n).
    package func split(by weights: [Int64]) -> [Paise] {
        guard !weights.isEmpty else { return [] }
        let positive = weights.map { max($0, 0) }
        let total = positive.reduce(0, +)
        let shares = total == 0 ? [Int64](repeating: 1, count: weights.count) : positive
        let sum = total == 0 ? Int64(weights.count) : total
        let sign: Int64 = rawValue < 0 ? -1 : 1
        let amount = rawValue.magnitude
        var parts: [Int64] = []
        var remainders: [(remainder: UInt64, index: Int)] = []
        for (index, share) in shares.enumerated() {
            let product = amount.multipliedFullWidth(by: UInt64(share))
            let (quotient, remainder) = UInt64(sum).dividingFullWidth(product)
            parts.append(Int64(quotient))
            remainders.append((remainder, index))
        }
        let missing = Int(Int64(amount) - parts.reduce(0, +))
        let order = remainders.sorted { ($1.remainder, $0.index) < ($0.remainder, $1.index) }
        for entry in order.prefix(missing) { parts[entry.index] += 1 }
        return parts.map { Paise($0 * sign) }
    }
}
