import DispatchCore
import Testing

/// Where every driver takes one order, a plan is an assignment: the engine's against the best of all, however little
/// work it may do.
@Suite struct ReassignmentTests {
    @Test(arguments: [0, 14], [UInt64(1), 2, 3])
    func loadsGoToTheDriversWhoCarryThemBestTogether(running: Int, seed: UInt64) {
        var plane = BoundTests.Plane(orders: 13, drivers: 14, running: running, maxBatch: 1, seed: seed)
        plane.snapshot.policy.limits.queuedBatches = running > 0 ? 2 : 1
        let plan = DispatchEngine.plan(plane.snapshot, budget: WorkBudget(steps: 4000))
        checkRules(plan, for: plane.snapshot)
        #expect(plan.cost.value == Self.optimum(plane.snapshot))
    }

    /// The least cost over all choices of one order or none for each driver, by set of orders; what a pair costs is the
    /// engine's plan of just the two.
    private static func optimum(_ snapshot: DispatchSnapshot) -> Int64 {
        let count = snapshot.orders.count
        var best = [Int64](repeating: .max / 4, count: 1 << count)
        best[0] = 0
        for driver in snapshot.drivers {
            let idle = cost(snapshot, driver, [])
            let costs = snapshot.orders.map { cost(snapshot, driver, [$0]) }
            var next = best.map { $0 + idle }
            for set in best.indices where best[set] < .max / 4 {
                for order in 0..<count where set >> order & 1 == 0 {
                    next[set | 1 << order] = min(next[set | 1 << order], best[set] + costs[order])
                }
            }
            best = next
        }
        let left = snapshot.policy.weights.unserved.value * 1000
        return best.enumerated().map { $1 + left * Int64(count - $0.nonzeroBitCount) }.min() ?? 0
    }

    private static func cost(_ snapshot: DispatchSnapshot, _ driver: DriverState, _ orders: [WaitingOrder]) -> Int64 {
        var two = snapshot
        (two.drivers, two.orders) = ([driver], orders)
        return DispatchEngine.plan(two, budget: WorkBudget(steps: 1000)).cost.value
    }
}
