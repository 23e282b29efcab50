/// Improves a plan by solving parts of the set-partitioning problem exactly: a few vehicles near each other give their
/// orders back, and the best choice of columns for just these vehicles and orders is found by depth-first search.
///
/// With prices near the optimum every column has a reduced cost, never negative, and a plan costs the bound plus the
/// reduced costs that it pays. So a part of the plan has a small allowance, and few columns fit into it.
struct PartitionSearch {
    private struct Choice {
        var mask: UInt64
        var vehicle: Int32
        var column: Int32
        var penalty: Double
    }

    let pool: ColumnPool
    let prices: DualPrices
    let unserved: [Double]
    /// Column of each vehicle in the present plan, -1 for none.
    private(set) var plan: [Int32]
    private(set) var owner: [Int32]
    private(set) var steps = 0
    private var sharing: [[Int32]]

    private var choices: [Choice] = []
    private var lists: [[Int32]] = []
    private var present: [Int32] = []
    private var bestChoices: [Int32] = []
    private var bestPenalty = 0.0
    private var nodesLeft = 0
    private var dropped: [Double] = []
    private var idle: [Double] = []

    /// - Parameter routes: The present plan; batches that are no columns of the pool are given up.
    init(_ problem: SearchProblem, pool: ColumnPool, prices: DualPrices, routes: [Solution.Route]) {
        self.pool = pool
        self.prices = prices
        unserved = problem.orders.prefix(problem.orderCount).map { Double($0.unserved) }
        plan = Array(repeating: -1, count: pool.columns.count)
        owner = Array(repeating: -1, count: problem.orderCount)
        sharing = []
        for route in routes {
            guard let rows = route.batches.first else { continue }
            let vehicle = Int(route.vehicle)
            let wanted = rows + Array(repeating: Int32(problem.orderCount), count: max(0, 3 - rows.count))
            let column = pool.columns[vehicle].firstIndex {
                [$0.first, $0.second, $0.third] == wanted
            }
            guard let column else { continue }
            plan[vehicle] = Int32(column)
            for row in rows { owner[Int(row)] = route.vehicle }
        }
        sharing = Self.neighbours(pool: pool, prices: prices)
    }

    var total: Double {
        var sum = 0.0
        for (vehicle, column) in plan.enumerated() where column >= 0 {
            sum += Double(pool.columns[vehicle][Int(column)].cost)
        }
        for order in owner.indices where owner[order] < 0 { sum += unserved[order] }
        return sum
    }

    var routes: [Solution.Route] {
        plan.enumerated().compactMap { vehicle, column in
            guard column >= 0 else { return nil }
            return Solution.Route(vehicle: Int32(vehicle), batches: [orders(pool.columns[vehicle][Int(column)])])
        }
    }

    private func orders(_ entry: ColumnPool.Entry) -> [Int32] {
        [entry.first, entry.second, entry.third].filter { Int($0) < pool.orderCount }
    }

    /// For each order the vehicles with a cheap column for it, cheapest first.
    private static func neighbours(pool: ColumnPool, prices: DualPrices) -> [[Int32]] {
        var lists: [[(penalty: Double, vehicle: Int32)]] = Array(repeating: [], count: pool.orderCount)
        var least = [Double](repeating: .infinity, count: pool.orderCount)
        for vehicle in pool.columns.indices {
            var touched: [Int32] = []
            for entry in pool.columns[vehicle] {
                let penalty = prices.reduced(entry, of: vehicle)
                for order in [entry.first, entry.second, entry.third] where Int(order) < pool.orderCount {
                    if least[Int(order)] == .infinity { touched.append(order) }
                    least[Int(order)] = min(least[Int(order)], penalty)
                }
            }
            for order in touched {
                lists[Int(order)].append((least[Int(order)], Int32(vehicle)))
                least[Int(order)] = .infinity
            }
        }
        return lists.map { list in
            list.sorted { ($0.penalty, $0.vehicle) < ($1.penalty, $1.vehicle) }.prefix(24).map(\.vehicle)
        }
    }

    /// Frees parts until the steps are used up. Part sizes grow while nothing is found.
    mutating func improve(random: inout RandomSource, limit: Int) {
        guard pool.orderCount > 0 else { return }
        var size = 10
        var sinceBetter = 0
        while steps < limit {
            let before = steps
            if improvePart(around: random.below(pool.orderCount), size: size, random: &random) {
                sinceBetter = 0
            } else {
                sinceBetter += 1
            }
            if sinceBetter > 60 {
                size = size >= 22 ? 8 : size + 2
                sinceBetter = 0
            }
            steps = max(steps, before + 200)
        }
    }

    /// Solves the part around one order; says whether the plan became cheaper.
    private mutating func improvePart(around seed: Int, size: Int, random: inout RandomSource) -> Bool {
        var vehicles: [Int32] = owner[seed] >= 0 ? [owner[seed]] : []
        var queue = [Int32(seed)]
        var next = 0
        while vehicles.count < size, next < queue.count {
            for vehicle in sharing[Int(queue[next])] where vehicles.count < size && !vehicles.contains(vehicle) {
                if random.unit() < 0.3 { continue }
                vehicles.append(vehicle)
                if plan[Int(vehicle)] >= 0 { queue += orders(pool.columns[Int(vehicle)][Int(plan[Int(vehicle)])]) }
            }
            next += 1
        }
        var free: [Int32] = owner.indices.filter { owner[$0] < 0 }.prefix(4).map(Int32.init)
        for vehicle in vehicles where plan[Int(vehicle)] >= 0 {
            free += orders(pool.columns[Int(vehicle)][Int(plan[Int(vehicle)])])
        }
        guard free.count <= 60, !free.isEmpty else { return false }
        return solve(vehicles: vehicles.sorted(), orders: free.sorted())
    }

    private mutating func solve(vehicles: [Int32], orders free: [Int32]) -> Bool {
        var bit = [UInt64](repeating: 1 << 63, count: pool.orderCount + 1)
        bit[pool.orderCount] = 0
        for (index, order) in free.enumerated() { bit[Int(order)] = 1 << UInt64(index) }
        idle = vehicles.map { -prices.vehicles[Int($0)] }
        dropped = free.map { unserved[Int($0)] - prices.orders[Int($0)] }
        var allowance = 0.0
        for (index, vehicle) in vehicles.enumerated() {
            let column = plan[Int(vehicle)]
            allowance +=
                column < 0 ? idle[index] : prices.reduced(pool.columns[Int(vehicle)][Int(column)], of: Int(vehicle))
        }
        for (index, order) in free.enumerated() where owner[Int(order)] < 0 { allowance += dropped[index] }
        allowance -= 0.5
        guard allowance > 0 else { return false }
        collect(vehicles, bit: bit, allowance: allowance, count: free.count)
        bestPenalty = allowance
        bestChoices = []
        present = []
        nodesLeft = 3000
        descend(covered: 0, all: (UInt64(1) << UInt64(free.count)) - 1, used: 0, penalty: 0)
        guard !bestChoices.isEmpty else { return false }
        apply(vehicles, free)
        return true
    }

    private mutating func collect(_ vehicles: [Int32], bit: [UInt64], allowance: Double, count: Int) {
        choices.removeAll(keepingCapacity: true)
        for (index, vehicle) in vehicles.enumerated() {
            pool.columns[Int(vehicle)].withUnsafeBufferPointer { entries in
                for column in entries.indices {
                    let entry = entries[column]
                    let mask = bit[Int(entry.first)] | bit[Int(entry.second)] | bit[Int(entry.third)]
                    if mask >> 63 != 0 { continue }
                    let penalty = prices.reduced(entry, of: Int(vehicle))
                    if penalty > allowance { continue }
                    choices.append(Choice(mask: mask, vehicle: Int32(index), column: Int32(column), penalty: penalty))
                }
            }
            steps += pool.columns[Int(vehicle)].count / 2
        }
        choices.sort { ($0.penalty, $0.vehicle, $0.column) < ($1.penalty, $1.vehicle, $1.column) }
        lists = Array(repeating: [], count: count)
        for (number, choice) in choices.enumerated() {
            var rest = choice.mask
            while rest != 0 {
                lists[rest.trailingZeroBitCount].append(Int32(number))
                rest &= rest - 1
            }
        }
    }

    /// `penalty` is what the choices so far pay; vehicles that stay unused pay at the end.
    private mutating func descend(covered: UInt64, all: UInt64, used: UInt64, penalty: Double) {
        if covered == all {
            var total = penalty
            for vehicle in idle.indices where used >> UInt64(vehicle) & 1 == 0 { total += idle[vehicle] }
            if total < bestPenalty {
                bestPenalty = total
                bestChoices = present + [-1]
            }
            return
        }
        if nodesLeft <= 0 { return }
        nodesLeft -= 1
        // The uncovered order with the fewest columns has the least to try.
        var order = 0
        var fewest = Int.max
        var left = all & ~covered
        while left != 0 {
            let index = left.trailingZeroBitCount
            left &= left - 1
            var count = 0
            for number in lists[index] {
                let choice = choices[Int(number)]
                if penalty + choice.penalty >= bestPenalty { break }
                if choice.mask & covered == 0, used >> UInt64(choice.vehicle) & 1 == 0 { count += 1 }
                if count >= fewest { break }
            }
            if count < fewest { (order, fewest) = (index, count) }
            if fewest == 0 { break }
        }
        steps += 40
        for number in lists[order] {
            let choice = choices[Int(number)]
            let grown = penalty + choice.penalty
            if grown >= bestPenalty { break }
            if choice.mask & covered != 0 || used >> UInt64(choice.vehicle) & 1 != 0 { continue }
            present.append(number)
            descend(covered: covered | choice.mask, all: all, used: used | 1 << UInt64(choice.vehicle), penalty: grown)
            present.removeLast()
        }
        if penalty + dropped[order] < bestPenalty {
            descend(covered: covered | 1 << UInt64(order), all: all, used: used, penalty: penalty + dropped[order])
        }
    }

    private mutating func apply(_ vehicles: [Int32], _ free: [Int32]) {
        for vehicle in vehicles { plan[Int(vehicle)] = -1 }
        for order in free { owner[Int(order)] = -1 }
        for number in bestChoices where number >= 0 {
            let choice = choices[Int(number)]
            let vehicle = vehicles[Int(choice.vehicle)]
            plan[Int(vehicle)] = choice.column
            for order in orders(pool.columns[Int(vehicle)][Int(choice.column)]) { owner[Int(order)] = vehicle }
        }
    }
}
