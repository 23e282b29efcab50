/// Recombines the batches that annealing has met, and those that prices ask for, into a better plan, and bounds how
/// much better any plan could be.
struct Polish: Sendable {
    let problem: SearchProblem
    let seed: UInt64
    let budget: Int

    func run(from start: Solution, found: [[FoundColumn]], runner: some LaneRunner) -> Solution {
        var pool = ColumnPool(problem)
        var prices = firstPrices(start)
        // At first prices, what is much dearer than its orders are worth is left out.
        let scale = problem.rules.scale
        let slack = min(Double(start.total) * 0.03 + 200_000 * scale, 1_500_000 * scale)
        addSingles(to: &pool, prices: prices, slack: slack)
        for route in start.routes { add(route, to: &pool) }
        for list in found {
            for column in list where reduced(column, prices) <= slack { pool.add(key: column.key, cost: column.cost) }
        }
        var ascent = DualAscent(problem: problem, start: prices)
        var best = start
        ascent.run(pool, upper: Double(best.total), iterations: 150)
        var steps = ascent.steps
        var round = 0
        var isComplete = false
        while steps < budget * 2 / 5, round < 8, !isComplete {
            let gap = max(Double(best.total) - ascent.best.bound, 0)
            let threshold = Int(min(gap / 4, 40_000 * scale) / Double(1 + round))
            let priced = price(ascent.best, threshold: threshold, runner: runner)
            steps += priced.steps
            let before = pool.count
            for column in priced.columns { pool.add(key: column.key, cost: column.cost) }
            isComplete = pool.count == before
            let limit = gap + 1
            let current = ascent.best
            if pool.count > 60_000 { pool.filter { vehicle, entry in current.reduced(entry, of: vehicle) <= limit } }
            for route in best.routes { add(route, to: &pool) }
            let used = ascent.steps
            ascent.run(pool, upper: Double(best.total), iterations: 80)
            steps += ascent.steps - used
            round += 1
        }
        prices = ascent.best.orders
        best = search(best, pool: pool, prices: ascent.best, limit: max(budget - steps, 0), runner: runner)
        best.steps = start.steps + Int64(steps) + best.steps
        best.bound = min(best.total, Int(ascent.best.bound.rounded(.down)))
        return best
    }

    /// Two searches with seeds of their own; the better plan stays.
    private func search(
        _ start: Solution, pool: ColumnPool, prices: DualPrices, limit: Int, runner: some LaneRunner
    ) -> Solution {
        var current = start
        let results = runner.map(Solver.laneCount) { number in
            var random = RandomSource(seed: seed).fork(UInt64(100 + number))
            var search = PartitionSearch(problem, pool: pool, prices: prices, routes: start.routes)
            search.improve(random: &random, limit: limit)
            return (search.routes, search.total, search.steps)
        }
        var steps = 0
        for (routes, total, used) in results {
            steps += used
            if Int(total) < current.total { (current.routes, current.total) = (routes, Int(total)) }
        }
        current.steps = Int64(steps)
        return current
    }

    private func price(
        _ prices: DualPrices, threshold: Int, runner: some LaneRunner
    ) -> (columns: [FoundColumn], steps: Int) {
        let results = runner.map(Solver.laneCount) { number in
            problem.withTables { tables in
                var lane = Lane(tables, seed: RandomSource(seed: seed), memoryBits: 16)
                let pricing = Pricing(tables, prices: prices, limit: budget)
                var found: [FoundColumn] = []
                for vehicle in stride(from: number, to: problem.vehicles.count, by: Solver.laneCount) {
                    pricing.columns(of: vehicle, threshold: threshold, lane: &lane, into: &found)
                }
                return (found, lane.stops.steps)
            }
        }
        return (results.flatMap(\.0), results.map(\.1).max() ?? 0)
    }

    /// An order is worth its share of what its driver's way costs, at first.
    private func firstPrices(_ start: Solution) -> [Double] {
        var prices = problem.orders.prefix(problem.orderCount).map { Double($0.unserved) }
        problem.withTables { tables in
            var lane = Lane(tables, seed: RandomSource(seed: seed), memoryBits: 8)
            lane.load(start)
            for route in start.routes {
                guard let rows = route.batches.first else { continue }
                let cost = lane.costs[Int(route.vehicle)]
                for row in rows { prices[Int(row)] = Double(cost) / Double(rows.count) }
            }
        }
        return prices
    }

    private func reduced(_ column: FoundColumn, _ prices: [Double]) -> Double {
        var reduced = Double(column.cost)
        for shift in [UInt64(32), 16, 0] {
            let order = Int(column.key >> shift & 0xFFFF)
            if order != 0xFFFF { reduced -= prices[order] }
        }
        return reduced
    }

    private func addSingles(to pool: inout ColumnPool, prices: [Double], slack: Double) {
        for order in 0..<problem.orderCount {
            for index in problem.candidateFirst[order]..<problem.candidateFirst[order + 1] {
                let candidate = problem.candidates[Int(index)]
                if Int(candidate.single) >= problem.orders[order].unserved { continue }
                if Double(candidate.single) - prices[order] > slack { continue }
                let key = UInt64(candidate.vehicle) << 48 | UInt64(order) << 32 | 0xFFFF_FFFF
                pool.add(key: key, cost: candidate.single)
            }
        }
    }

    private func add(_ route: Solution.Route, to pool: inout ColumnPool) {
        problem.withTables { tables in
            guard let rows = route.batches.first, rows.count <= 3 else { return }
            var lane = Lane(tables, seed: RandomSource(seed: seed), memoryBits: 4)
            let cost = lane.cost(
                Int(route.vehicle), rows.map(Int.init), extra: 0, limit: StopSearch.infinity / 2)
            let key = rows.withUnsafeBufferPointer { list in
                list.baseAddress.map { BatchMemory.key(vehicle: Int(route.vehicle), orders: $0, count: list.count) }
            }
            if let key, cost < Int(Int32.max) / 4 { pool.add(key: key, cost: Int32(cost)) }
        }
    }
}
