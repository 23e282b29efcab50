/// The one way into the engine. A snapshot goes in, a plan with its reasons comes out; nothing else happens.
package enum DispatchEngine {
    /// Plans one tick.
    ///
    /// The same snapshot, previous plan, seed and budget give the same plan, byte for byte, however many threads
    /// `lanes` uses. Bad data never stop it: what cannot be planned is named in `waiting`.
    ///
    /// - Parameters:
    ///   - previous: The plan of the last tick: its tentative pairs are the start, and leaving them costs a little.
    ///   - budget: Work for the search; nil means the policy's.
    ///   - lanes: Who runs the independent parts of the search.
    /// - Complexity: O(orders × drivers + budget), by grid where there are more than 3000 drivers.
    package static func plan(
        _ snapshot: borrowing DispatchSnapshot, previous: DispatchPlan? = nil, seed: UInt64 = 1,
        budget: WorkBudget? = nil,
        lanes: some LaneRunner = SerialLanes()
    ) -> DispatchPlan {
        let tick = TickCompiler(snapshot, previous: previous).compile(snapshot)
        let solver = Solver(
            problem: tick.problem, seed: seed, budget: Int((budget ?? tick.policy.budget).steps.held(0, 1 << 40)))
        var solution = tick.withoutExpected(solver.solve(start: tick.start(from: previous), runner: lanes))
        if solution.bound == nil {
            let bound = DeliveryBound(problem: tick.problem, orderCount: tick.orders.count).value()
            solution.bound = bound.map { min($0, solution.total) }
        }
        return PlanBuilder(tick: tick, solution: solution, seed: seed).plan()
    }
}

extension CompiledTick {
    /// What the last tick meant to do, in this tick's rows.
    func start(from previous: DispatchPlan?) -> Solution? {
        guard let previous, !previous.tentative.isEmpty else { return nil }
        var solution = Solution()
        for batch in previous.tentative {
            guard let vehicle = vehicle(of: batch.driver) else { continue }
            let rows = batch.orders.compactMap(row(of:)).sorted()
            if rows.isEmpty { continue }
            let fixed = problem.vehicles[Int(vehicle)]
            let running = (0..<fixed.runningCount).map { fixed.runningFirst + $0 }
            if let last = solution.routes.indices.last, solution.routes[last].vehicle == vehicle {
                solution.routes[last].batches.append(rows)
            } else if running.isEmpty || batch.stops.contains(where: \.isRunning) {
                solution.routes.append(Solution.Route(vehicle: vehicle, batches: [rows]))
            } else {
                solution.routes.append(Solution.Route(vehicle: vehicle, batches: [running, rows]))
            }
        }
        return solution
    }

    /// The plan of the orders that exist, at what it costs without those that are only likely to come.
    func withoutExpected(_ solution: Solution) -> Solution {
        if orders.count == problem.orderCount { return solution }
        var real = solution
        for index in real.routes.indices {
            for batch in real.routes[index].batches.indices {
                real.routes[index].batches[batch].removeAll { Int($0) >= orders.count && Int($0) < problem.orderCount }
            }
            real.routes[index].batches.removeAll(where: \.isEmpty)
        }
        real.routes.removeAll { route in route.batches.allSatisfy { $0.allSatisfy { Int($0) >= orders.count } } }
        real.bound = nil
        real.isProvenOptimal = false
        return problem.withTables { tables in
            var lane = Lane(tables, seed: RandomSource(seed: 0), memoryBits: 4)
            lane.load(real)
            var planned = lane.solution()
            planned.total -= problem.orders[orders.count..<problem.orderCount].reduce(0) { $0 + $1.unserved }
            planned.isDegraded = real.isDegraded
            planned.steps = real.steps
            return planned
        }
    }

    func vehicle(of driver: DriverID) -> Int32? {
        driverOfVehicle.position {
            drivers[Int($0)].id < driver
        } isEqual: {
            drivers[Int($0)].id == driver
        }
    }

    func row(of order: OrderID) -> Int32? {
        orders.position {
            $0.id < order
        } isEqual: {
            $0.id == order
        }
    }
}

extension Array {
    /// The index of the element that `isEqual`, in an array that is sorted so that `isBefore` holds for a prefix.
    func position(isBefore: (Element) -> Bool, isEqual: (Element) -> Bool) -> Int32? {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low < count && isEqual(self[low]) ? Int32(low) : nil
    }
}
