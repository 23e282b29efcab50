/// Chooses how hard to search and puts the stages together: construction, annealing in lanes, polish.
struct Solver: Sendable {
    let problem: SearchProblem
    let seed: UInt64
    let budget: Int

    static let laneCount = 2

    func solve(start: Solution?, runner: some LaneRunner) -> Solution {
        if problem.orderCount == 0 { return Solution(total: runningCost()) }
        if let exact = ExactPartition(problem).solve() { return exact }
        let lanes = runner.map(Self.laneCount) { number in lane(number, start: start) }
        var best = lanes[0]
        for other in lanes.dropFirst() where other.total < best.total {
            best = other
        }
        best.steps = lanes.reduce(0) { $0 + $1.steps }
        return best
    }

    private func runningCost() -> Int {
        problem.withTables { tables in Lane(tables, seed: RandomSource(seed: seed), memoryBits: 4).total }
    }

    private func lane(_ number: Int, start: Solution?) -> Solution {
        problem.withTables { tables in
            var lane = Lane(tables, seed: RandomSource(seed: seed).fork(UInt64(number)), memoryBits: memoryBits)
            let isDegraded = lane.construct(start: start, limit: budget)
            if !isDegraded {
                var best = RouteSet(like: lane)
                lane.anneal(cooling, untilSteps: budget, into: &best)
            }
            var solution = lane.solution()
            solution.isDegraded = isDegraded
            return solution
        }
    }

    /// A slot for about every step of a hundred, between 4 thousand and a million.
    private var memoryBits: Int {
        var bits = 12
        while bits < 20, 1 << bits < budget / 100 { bits += 1 }
        return bits
    }

    private var cooling: Cooling {
        let many = problem.orderCount > 400
        // Where a second of driving weighs more than one of delay, everything is dearer by as much.
        let scale = max(1, Double(problem.rules.driving) / 1000)
        return Cooling(
            first: (many ? 20_000 : 60_000) * scale, last: (many ? 1000 : 2000) * scale, ruin: 6, blink: 0.01)
    }
}

extension Lane {
    /// The first plan: what the last tick meant to do, then every other order at its cheapest place, the most urgent
    /// first. Returns whether the steps ran out, in which case the rest was only appended where it fits at once.
    mutating func construct(start: Solution?, limit: Int) -> Bool {
        if let start { load(start) }
        begin()
        for order in 0..<tables.orderCount where owners[order] < 0 {
            sortKeys[removedCount] = Int(tables.orders[order].ideal)
            removed[removedCount] = Int32(order)
            removedCount += 1
        }
        sortByKey()
        for index in 0..<removedCount { place(Int(removed[index]), blink: 0) }
        return stops.steps > limit
    }

    private func sortByKey() {
        let pairs = (0..<removedCount).map { (key: sortKeys[$0], order: removed[$0]) }.sorted { $0 < $1 }
        for (index, pair) in pairs.enumerated() { removed[index] = pair.order }
    }
}
