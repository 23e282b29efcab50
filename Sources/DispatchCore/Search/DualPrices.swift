/// What serving each order is worth, and what each vehicle earns at these prices: the Lagrangian relaxation of
/// "every order is served exactly once".
struct DualPrices: Sendable {
    /// By order; the last one belongs to no order and is 0.
    var orders: [Double]
    /// By vehicle, never above 0: the least reduced cost of its columns.
    var vehicles: [Double]
    /// Lower bound on the cost of every plan made of the pool's columns.
    var bound: Double

    /// Reduced cost of a column, at least 0 for columns of the pool that the prices were made with.
    @inline(__always)
    func reduced(_ entry: ColumnPool.Entry, of vehicle: Int) -> Double {
        Double(entry.cost) - orders[Int(entry.first)] - orders[Int(entry.second)] - orders[Int(entry.third)]
            - vehicles[vehicle]
    }
}

/// Raises the bound by moving prices along the (averaged) violations, with Polyak's step towards the best known plan
/// (Held, Wolfe and Crowder 1974; the averaging is that of the volume algorithm, Barahona and Anbil 2000).
struct DualAscent {
    let unserved: [Double]
    private(set) var best: DualPrices
    private var prices: [Double]
    private var direction: [Double]
    /// Work done, in steps of the search.
    private(set) var steps = 0

    init(problem: SearchProblem, start: [Double]) {
        unserved = problem.orders.prefix(problem.orderCount).map { Double($0.unserved) }
        prices = start + [0]
        direction = Array(repeating: 0, count: start.count)
        best = DualPrices(
            orders: prices, vehicles: Array(repeating: 0, count: problem.vehicles.count), bound: -.infinity)
    }

    mutating func run(_ pool: ColumnPool, upper: Double, iterations: Int) {
        var theta = 1.0
        var sinceBetter = 0
        best.bound = -.infinity
        prices = best.orders
        for _ in 0..<iterations {
            let (bound, vehicles, covers) = relax(pool)
            steps += pool.count / 4
            if bound > best.bound {
                if bound > best.bound + abs(upper) * 1e-5 { sinceBetter = 0 }
                best = DualPrices(orders: prices, vehicles: vehicles, bound: bound)
            } else {
                sinceBetter += 1
            }
            if sinceBetter >= 8 {
                theta *= 0.6
                sinceBetter = 0
                prices = best.orders
                if theta < 0.002 { break }
            }
            var norm = 0.0
            for order in direction.indices {
                direction[order] = 0.6 * direction[order] + 0.4 * (1 - covers[order])
                norm += direction[order] * direction[order]
            }
            if norm < 1e-9 || upper - bound < 1 { break }
            let step = theta * (upper * 1.002 - bound) / norm
            for order in direction.indices {
                prices[order] = min(prices[order] + step * direction[order], unserved[order])
            }
        }
    }

    /// The best column of each vehicle at the present prices.
    private func relax(_ pool: ColumnPool) -> (bound: Double, vehicles: [Double], covers: [Double]) {
        var covers = [Double](repeating: 0, count: prices.count)
        var vehicles = [Double](repeating: 0, count: pool.columns.count)
        var bound = prices.reduce(0, +)
        prices.withUnsafeBufferPointer { prices in
            for vehicle in pool.columns.indices {
                var least = 0.0
                var chosen = -1
                pool.columns[vehicle].withUnsafeBufferPointer { entries in
                    for index in entries.indices {
                        let entry = entries[index]
                        let reduced =
                            Double(entry.cost) - prices[Int(entry.first)] - prices[Int(entry.second)]
                            - prices[Int(entry.third)]
                        if reduced < least { (least, chosen) = (reduced, index) }
                    }
                }
                guard chosen >= 0 else { continue }
                let entry = pool.columns[vehicle][chosen]
                bound += least
                vehicles[vehicle] = least
                for order in [entry.first, entry.second, entry.third] { covers[Int(order)] += 1 }
            }
        }
        // An order whose price is what leaving it costs may as well be left.
        for order in unserved.indices where covers[order] == 0 && prices[order] >= unserved[order] { covers[order] = 1 }
        covers.removeLast()
        return (bound, vehicles, covers)
    }
}
