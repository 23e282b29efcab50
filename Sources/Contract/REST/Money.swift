/// Splitting amounts of integer paise without losing one.
package enum Money {
    /// Splits an amount over weights by largest remainder, so that the parts add up to the amount exactly; equal remainders
    /// go to the earlier part. Weights that are all zero split evenly.
    ///
    /// - Precondition: No weight is negative.
    /// - Complexity: O(n log n).
    package static func split(_ amount: Int64, over weights: [Int64]) -> [Int64] {
        guard !weights.isEmpty else { return [] }
        precondition(weights.allSatisfy { $0 >= 0 }, "weights are shares, never debts")
        let total = weights.reduce(Int128(0)) { $0 + Int128($1) }
        let shares = weights.map { total == 0 ? Int128(1) : Int128($0) }
        let whole = total == 0 ? Int128(weights.count) : total
        let exact = shares.map { (Int128(amount.magnitude) * $0).quotientAndRemainder(dividingBy: whole) }
        var parts = exact.map { Int64($0.quotient) }
        let rest = Int(Int64(amount.magnitude) - parts.reduce(0, +))
        let order = exact.indices.sorted { left, right in
            (exact[right].remainder, left) < (exact[left].remainder, right)
        }
        for index in order.prefix(rest) { parts[index] += 1 }
        return amount < 0 ? parts.map { -$0 } : parts
    }
}
