/// Chooses how hard to search and puts the stages together: construction, annealing in lanes, polish.
struct Solver: Sendable {
    let problem: SearchProblem
    let seed: UInt64
    let budget: Int

    static let laneCount = 2
    /// Parts of the annealing of a plan that is not cut in halves.
    private static let epochs = 4

    func solve(start: Solution?, runner: some LaneRunner) -> Solution {
        if problem.orderCount == 0 { return Solution(total: runningCost()) }
        if let exact = ExactPartition(problem).solve() { return exact }
        let isPolished = canPolish
        let annealing = isPolished ? budget / 100 * annealShare : budget
        let lanes: [LaneResult]
        if Halves.areWorthwhile(problem) {
            lanes = Halves(problem: problem, seed: seed, budget: annealing, cooling: cooling).run(
                start: start, keepsColumns: isPolished, runner: runner)
        } else {
            lanes = runner.map(Self.laneCount) { number in
                lane(number, start: start, budget: annealing, keepsColumns: isPolished)
            }
        }
        var best = lanes[0].solution
        for other in lanes.dropFirst() where other.solution.total < best.total {
            best = other.solution
        }
        best.steps = lanes.reduce(0) { $0 + $1.solution.steps }
        guard isPolished, !best.isDegraded else { return best }
        return Polish(problem: problem, seed: seed, budget: budget - annealing).run(
            from: best, found: lanes.map(\.columns), runner: runner)
    }

    /// Part of the budget that is annealed before the columns found are recombined, in hundredths.
    private var annealShare: Int { problem.orderCount > 400 ? 85 : 50 }

    /// One batch a driver and nothing running: then a plan is a choice of columns.
    private var canPolish: Bool {
        problem.rules.queue == 1 && problem.rules.maxBatch <= 3 && problem.orderCount > 4 && problem.orderCount < 0xFFF0
            && problem.vehicles.count < 0xFFFF && budget > 200_000
            && problem.vehicles.allSatisfy { $0.runningCount == 0 } && problem.candidates.allSatisfy { $0.extra == 0 }
    }

    private func runningCost() -> Int {
        problem.withTables { tables in Lane(tables, seed: RandomSource(seed: seed), memoryBits: 4).total }
    }

    struct LaneResult: Sendable {
        var solution: Solution
        var columns: [FoundColumn]
    }

    private func lane(_ number: Int, start: Solution?, budget: Int, keepsColumns: Bool) -> LaneResult {
        problem.withTables { tables in
            var lane = Lane(
                tables, seed: RandomSource(seed: seed).fork(UInt64(number)), memoryBits: BatchMemory.bits(for: budget))
            let isDegraded = lane.construct(start: start, limit: budget)
            if !isDegraded { lane.search(cooling, untilSteps: budget, epochs: Self.epochs) }
            var solution = lane.solution()
            solution.isDegraded = isDegraded
            return LaneResult(solution: solution, columns: keepsColumns ? lane.foundColumns() : [])
        }
    }

    private var cooling: Cooling {
        let many = problem.orderCount > 400
        let scale = problem.rules.scale
        return Cooling(
            first: (many ? 20_000 : 60_000) * scale, last: (many ? 500 : 2000) * scale,
            // In queues of batches a change touches more of the plan: smaller ones succeed more often.
            ruin: many || problem.rules.queue > 1 ? 4 : 6, blink: 0.01)
    }
}

extension Lane {
    /// Anneals in epochs, and gives the loads to the drivers who carry them best before each and at last. Whole queues
    /// seldom change hands, so with them it is done once.
    fileprivate mutating func search(_ cooling: Cooling, untilSteps limit: Int, epochs most: Int) {
        let epochs = queue == 1 ? most : 1
        let first = stops.steps
        let share = max(0, limit - first) / epochs
        for epoch in 0..<epochs {
            if queue == 1 { _ = Reassignment.run(&self, limit: stops.steps + share / 2) }
            search(cooling.part(epoch, of: epochs), untilSteps: first + share * (epoch + 1))
        }
        _ = Reassignment.run(&self, limit: stops.steps + max(share / 8, Reassignment.least))
    }

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
        for index in 0..<removedCount {
            let order = Int(removed[index])
            if stops.steps <= limit { place(order, blink: 0) } else { placeAlone(order) }
        }
        return stops.steps > limit
    }

    /// Gives an order to the nearest driver who has nothing yet, without looking at what else could be done.
    private mutating func placeAlone(_ order: Int) {
        for index in Int(tables.candidateFirst[order])..<Int(tables.candidateFirst[order + 1]) {
            let candidate = tables.candidates[index]
            let vehicle = Int(candidate.vehicle)
            guard isEmpty(vehicle), fitsAlone(order, vehicle: vehicle) else { continue }
            guard Int(candidate.single) + Int(candidate.extra) < tables.orders[order].unserved else { return }
            insert(order, vehicle: vehicle, batch: 0, isNew: true, extra: candidate.extra)
            return
        }
    }

    private func sortByKey() {
        let pairs = (0..<removedCount).map { (key: sortKeys[$0], order: removed[$0]) }.sorted { $0 < $1 }
        for (index, pair) in pairs.enumerated() { removed[index] = pair.order }
    }
}
