import DispatchCore
import Testing

/// Few drivers with queues of batches: what the search makes of them.
@Suite struct QueueSearchTests {
    /// A city of a known matrix in which `drivers` take `orders` one after the other.
    private func city(
        orders: Int, drivers: Int, seed: UInt64, _ change: (inout DispatchPolicy) -> Void = { _ in }
    )
        -> DispatchSnapshot
    {
        var policy = DispatchPolicy()
        policy.weights.driving = .none
        policy.weights.agePerMinute = .none
        policy.commitment = .immediate
        policy.limits.queuedBatches = 4
        policy.limits.usesOrderGraph = false
        policy.limits.bagTime = Seconds(86_400)
        policy.limits.clickToDoor = Seconds(86_400)
        policy.maxBatch = 1
        change(&policy)
        var random = RandomSource(seed: seed)
        var city = SmallCity(policy: policy)
        func somewhere() -> (Double, Double) {
            (Double(random.below(6000)) - 3000, Double(random.below(6000)) - 3000)
        }
        for order in 1...orders {
            let ready = Int64(random.below(1800))
            city.order(Int64(order), from: somewhere(), to: somewhere(), ready: ready) { $0.bagUnits = 1 }
        }
        for driver in 1...drivers {
            city.driver(Int64(driver), at: somewhere()) {
                $0.capacity = 100
                $0.bagUnits = 1000
            }
        }
        return city.snapshot
    }

    /// The cost that the search counts is that of the stops in the plan, wherever in a queue a batch stands.
    @Test(arguments: [(Int32(1), UInt64(1)), (1, 2), (3, 1), (3, 2), (4, 3)])
    func whatTheSearchCountsIsWhatTheStopsCost(batch: Int32, seed: UInt64) {
        let snapshot = city(orders: 14, drivers: 4, seed: seed) { policy in
            policy.maxBatch = batch
            policy.weights.driving = Weight(perMille: 250)
            policy.weights.bagTime = Weight(perMille: 100)
            policy.weights.completion = Weight(perMille: 20)
        }
        let plan = DispatchEngine.plan(snapshot, seed: seed, budget: WorkBudget(steps: 60_000))
        checkRules(plan, for: snapshot)
        let batches = plan.commits + plan.tentative
        #expect(Set(batches.flatMap(\.orders)).count == 14)
        #expect(batches.count >= 4)
        let terms = batches.reduce(Cost.zero) { $0 + $1.reason.terms.total }
        #expect(terms == plan.cost)
    }

    /// Whole plans of two queues, tried one by one.
    private struct Tried {
        let travel: TravelSeconds
        let ready: [Int]
        let policy: DispatchPolicy

        private func way(_ from: Int, _ to: Int) -> Int { Int(travel.seconds[from * travel.columns + to]) }

        /// The delay of orders that one driver brings one after the other.
        func delay(_ orders: some Sequence<Int>, by driver: Int) -> Int {
            let count = ready.count
            var (time, place, delay) = (0, 2 * count + driver, 0)
            for order in orders {
                let ride =
                    Int(policy.pickupHandover.value) + way(order, count + order) + Int(policy.dropoffApproach.value)
                let moment = max(time + way(place, order) + Int(policy.pickupApproach.value), ready[order])
                delay += moment + ride - (max(ready[order], 0) + ride)
                time = moment + ride + Int(policy.dropoffHandover.value)
                place = count + order
            }
            return delay
        }

        func least() -> Int {
            var least = Int.max
            func extend(_ list: inout [Int], _ left: Set<Int>) {
                if left.isEmpty {
                    for cut in list.count - 4...4 {
                        least = min(least, delay(list[..<cut], by: 0) + delay(list[cut...], by: 1))
                    }
                }
                for order in left.sorted() {
                    list.append(order)
                    extend(&list, left.subtracting([order]))
                    list.removeLast()
                }
            }
            var list: [Int] = []
            extend(&list, Set(ready.indices))
            return least
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5, 6])
    func twoQueuesAreTheBestThatTrialFinds(seed: UInt64) {
        var snapshot = city(orders: 6, drivers: 2, seed: seed)
        var random = RandomSource(seed: seed &+ 100)
        let points = (0..<14).map { _ in (random.below(1200), random.below(1200)) }
        let seconds = points.flatMap { from in
            points.map { to in Int32(max(abs(from.0 - to.0), abs(from.1 - to.1))) }
        }
        let travel = TravelSeconds(rows: 14, columns: 14, seconds: seconds)
        let ready = (0..<6).map { _ in random.below(1500) }
        for index in 0..<6 {
            snapshot.orders[index].pickup = PlaceIndex(Int32(index))
            snapshot.orders[index].dropoff = PlaceIndex(Int32(6 + index))
            snapshot.orders[index].readyAt = SmallCity.at(Int64(ready[index]))
        }
        for index in 0..<2 { snapshot.drivers[index].place = PlaceIndex(Int32(12 + index)) }
        snapshot.places = []
        snapshot.travel = .matrix(travel)
        let plan = DispatchEngine.plan(snapshot, seed: seed, budget: WorkBudget(steps: 20_000))
        let least = Tried(travel: travel, ready: ready, policy: snapshot.policy).least()
        #expect(plan.cost == Cost(Int64(least) * 1000))
    }

    /// What the plans of four cities of thirty orders and eight drivers cost together.
    private func cost(batch: Int32, steps: Int64) -> Double {
        (1...4).reduce(0) { sum, seed in
            let snapshot = city(orders: 30, drivers: 8, seed: UInt64(seed)) { $0.maxBatch = batch }
            let plan = DispatchEngine.plan(snapshot, seed: UInt64(seed), budget: WorkBudget(steps: steps))
            return sum + Double(plan.cost.value)
        }
    }

    /// The least that any search has found for those cities without batching.
    private static let bestKnown = 110_966_000.0

    /// Where every place of every queue is looked at, it is 15 % above after this work; where queues never exchange
    /// tails, 2.3 % above after twenty times as much; where batches behind the first are searched anew each time,
    /// batching saves 8 % instead of 10 %.
    @Test(arguments: [(Int32(1), Int64(20_000), 1.09), (1, 400_000, 1.012), (3, 60_000, 0.9)])
    func littleWorkIsEnoughForLongQueues(batch: Int32, steps: Int64, most: Double) {
        #expect(cost(batch: batch, steps: steps) <= Self.bestKnown * most)
    }
}
