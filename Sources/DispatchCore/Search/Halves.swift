/// Anneals a large plan in two halves of the city at the same time. The cut moves from epoch to epoch, so that no
/// pair of neighbours stays apart, and the temperature falls over all epochs together.
struct Halves: Sendable {
    let problem: SearchProblem
    let seed: UInt64
    let budget: Int
    let cooling: Cooling

    /// Below this many orders two independent searches are better than two halves.
    static func areWorthwhile(_ problem: SearchProblem) -> Bool {
        problem.orderCount > 300 && problem.vehicles.count > 50
    }

    func run(start: Solution?, keepsColumns: Bool, runner: some LaneRunner) -> [Solver.LaneResult] {
        var (current, used) = construct(start)
        if current.isDegraded { return [Solver.LaneResult(solution: current, columns: [])] }
        let epochs = max(2, min(8, (budget - used) / 1_000_000))
        var columns: [[FoundColumn]] = []
        let share = max(0, budget - used) / epochs
        for epoch in 0..<epochs {
            let sides = sides(of: current, epoch: epoch)
            let isLast = epoch == epochs - 1
            let part = cooling.part(epoch, of: epochs)
            let before = current
            let results = runner.map(2) { side in
                anneal(
                    before, side: side, sides: sides, cooling: part, steps: share, number: epoch * 2 + side,
                    keepsColumns: keepsColumns && isLast)
            }
            current = merge(before, results.map(\.solution), sides: sides, isLast: isLast)
            if isLast { columns = results.map(\.columns) }
        }
        return columns.isEmpty
            ? [Solver.LaneResult(solution: current, columns: [])]
            : columns.enumerated().map { Solver.LaneResult(solution: current, columns: $1).counted($0 == 0) }
    }

    private func construct(_ start: Solution?) -> (Solution, steps: Int) {
        problem.withTables { tables in
            var lane = Lane(tables, seed: RandomSource(seed: seed), memoryBits: BatchMemory.bits(for: budget))
            let isDegraded = lane.construct(start: start, limit: budget)
            var solution = lane.solution()
            solution.isDegraded = isDegraded
            return (solution, lane.stops.steps)
        }
    }

    /// The side, 0 or 1, of each vehicle: by where its way begins, cut at the median along a direction that turns.
    private func sides(of solution: Solution, epoch: Int) -> [UInt8] {
        let anchor = Int32(problem.orders[(epoch * 7919) % problem.orderCount].pickup)
        var keys = [Int64](repeating: 0, count: problem.vehicles.count)
        let far = farthest(from: anchor)
        for (vehicle, row) in problem.vehicles.enumerated() { keys[vehicle] = slant(row.place, anchor, far) }
        for route in solution.routes {
            guard let row = route.batches.first?.first else { continue }
            keys[Int(route.vehicle)] = slant(problem.orders[Int(row)].pickup, anchor, far)
        }
        let sorted = solution.routes.map { keys[Int($0.vehicle)] }.sorted()
        let cut = sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        return keys.map { $0 < cut ? 0 : 1 }
    }

    /// The pickup farthest from an anchor: the two span the direction of the cut.
    private func farthest(from anchor: Int32) -> Int32 {
        var best: (way: Int, place: Int32) = (-1, anchor)
        problem.withTables { tables in
            for order in 0..<problem.orderCount {
                let place = problem.orders[order].pickup
                let way = tables.travel(anchor, place, 1024)
                if way > best.way { best = (way, place) }
            }
        }
        return best.place
    }

    private func slant(_ place: Int32, _ anchor: Int32, _ far: Int32) -> Int64 {
        problem.withTables { Int64($0.travel(place, anchor, 1024)) - Int64($0.travel(place, far, 1024)) }
    }

    private func anneal(
        _ start: Solution, side: Int, sides: [UInt8], cooling: Cooling, steps: Int, number: Int, keepsColumns: Bool
    ) -> Solver.LaneResult {
        problem.withTables { tables in
            var lane = Lane(
                tables, seed: RandomSource(seed: seed).fork(UInt64(number)),
                memoryBits: BatchMemory.bits(for: steps * 2))
            lane.load(start)
            lane.activeOrderCount = 0
            for vehicle in sides.indices { lane.isActive[vehicle] = sides[vehicle] == UInt8(side) }
            for order in 0..<tables.orderCount {
                let vehicle = Int(lane.owners[order])
                // Orders without a vehicle are tried on both sides in turn.
                let isOurs = vehicle >= 0 ? lane.isActive[vehicle] : (number / 2 + side) % 2 == 0
                lane.mayPlace[order] = isOurs
                if isOurs {
                    lane.activeOrders[lane.activeOrderCount] = Int32(order)
                    lane.activeOrderCount += 1
                }
            }
            let end = lane.stops.steps + steps
            if lane.queue == 1 { _ = Reassignment.run(&lane, limit: end - steps / 2) }
            lane.search(cooling, untilSteps: end)
            return Solver.LaneResult(solution: lane.solution(), columns: keepsColumns ? lane.foundColumns() : [])
        }
    }

    /// Each side's own vehicles; at last the loads go to whoever in the whole city carries them best.
    private func merge(_ before: Solution, _ parts: [Solution], sides: [UInt8], isLast: Bool) -> Solution {
        var merged = Solution()
        merged.isDegraded = before.isDegraded
        for (side, part) in parts.enumerated() {
            merged.routes += part.routes.filter { sides[Int($0.vehicle)] == UInt8(side) }
            merged.steps += part.steps
        }
        merged.steps += before.steps
        merged.routes.sort { $0.vehicle < $1.vehicle }
        return problem.withTables { tables in
            var lane = Lane(tables, seed: RandomSource(seed: seed), memoryBits: isLast ? 14 : 4)
            lane.load(merged)
            if isLast { _ = Reassignment.run(&lane, limit: lane.stops.steps + budget / 8) }
            var solution = lane.solution()
            solution.isDegraded = merged.isDegraded
            solution.steps = merged.steps + (isLast ? Int64(lane.stops.steps) : 0)
            return solution
        }
    }
}

extension Solver.LaneResult {
    /// The same result, its work counted or not, where several results tell of one search.
    fileprivate func counted(_ isCounted: Bool) -> Solver.LaneResult {
        var result = self
        if !isCounted { result.solution.steps = 0 }
        return result
    }
}
