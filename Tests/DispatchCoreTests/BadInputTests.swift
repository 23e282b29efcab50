import DispatchCore
import Geo
import Testing

@Suite struct BadInputTests {
    private func plan(_ city: SmallCity) -> DispatchPlan {
        let plan = city.plan()
        checkRules(plan, for: city.snapshot)
        return plan
    }

    @Test func anEmptyWorldGivesAnEmptyPlan() {
        let plan = plan(SmallCity())
        #expect(plan.commits.isEmpty && plan.waiting.isEmpty)
    }

    @Test func placesThatDoNotExistMakeAnOrderImpossible() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (10, 0), ready: 0) { $0.pickup = PlaceIndex(999) }
        city.order(2, from: (0, 0), to: (10, 0), ready: 0) { $0.dropoff = PlaceIndex(-1) }
        city.driver(7, at: (0, 0))
        city.driver(8, at: (0, 0)) { $0.place = PlaceIndex(-5) }
        let plan = plan(city)
        #expect(plan.hold(of: 1) == .impossible)
        #expect(plan.hold(of: 2) == .impossible)
    }

    @Test func absurdTimesAndWeightsDoNotStopATick() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (10, 0)) { order in
            order.readyAt = Timestamp(milliseconds: .max)
            order.placedAt = Timestamp(milliseconds: .min)
            order.pooledAt = Timestamp(milliseconds: .max)
            order.promisedAt = Timestamp(milliseconds: .min)
            order.weight = Weight(perMille: .max)
            order.readyDeviation = Seconds(.max)
        }
        city.order(2, from: (0, 0), to: (10, 0)) { order in
            order.readyAt = Timestamp(milliseconds: .min)
            order.bagUnits = .min
            order.weight = Weight(perMille: .min)
        }
        city.order(3, from: (0, 0), to: (10, 0), ready: -100_000)
        city.driver(7, at: (0, 0)) { driver in
            driver.capacity = .max
            driver.bagUnits = .max
            driver.shiftEndsAt = Timestamp(milliseconds: .max)
        }
        city.driver(8, at: (0, 0)) { $0.freeAt = Timestamp(milliseconds: .min) }
        city.snapshot.policy.weights.unserved = Seconds(.max)
        city.snapshot.policy.weights.driving = Weight(perMille: .max)
        city.snapshot.policy.limits.nearestDrivers = .min
        city.snapshot.policy.maxBatch = .max
        city.snapshot.policy.tick = Seconds(.min)
        _ = plan(city)
    }

    @Test func aMatrixThatIsTooShortMakesWaysUnreachable() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.driver(7, at: (0, 0))
        city.snapshot.travel = .matrix(TravelSeconds(rows: 3, columns: 2, seconds: [0, 100, 100, 0]))
        let plan = plan(city)
        #expect(plan.commits.isEmpty)
        #expect(plan.hold(of: 1) == .noDriverInRange)
    }

    @Test func aThousandOrdersAtOneDoorEndInTime() {
        var city = SmallCity()
        for id in 0..<1000 { city.order(Int64(id), from: (0, 0), to: (400, 0), ready: 0) }
        for id in 0..<20 { city.driver(Int64(id), at: (100, 0)) }
        let plan = plan(city)
        #expect(plan.commits.count == 20)
        #expect(plan.commits.allSatisfy { $0.orders.count == 3 }, "\(plan.commits.map(\.orders.count))")
    }

    /// Orders of one door know a part of each other: the tick's work does not grow with their number squared.
    @Test func thousandsOfOrdersAtOneDoorEndInTime() {
        var city = SmallCity()
        let (kitchen, door) = (city.place(0, 0), city.place(400, 0))
        for id in Int64(0)..<3000 {
            city.snapshot.orders.append(
                WaitingOrder(id: OrderID(id), pickup: kitchen, dropoff: door, placedAt: SmallCity.noon))
        }
        for id in Int64(0)..<5 { city.driver(id, at: (100, 0)) }
        let plan = DispatchEngine.plan(city.snapshot, budget: WorkBudget(steps: 20_000))
        #expect(plan.commits.count == 5)
        checkRules(plan, for: city.snapshot)
    }

    /// Where no order differs from another no bound rules a batch out: only the work counted ends the search.
    @Test func ordersThatAreAllAlikeDoNotMakeTheSearchLonger() {
        var policy = DispatchPolicy()
        policy.commitment = .immediate
        policy.limits.queuedBatches = 1
        policy.limits.usesOrderGraph = false
        var city = SmallCity(policy: policy)
        for id in Int64(1)...100 { city.order(id, from: (0, 0), to: (1500, 0), ready: 0) }
        for id in Int64(1)...50 { city.driver(200 + id, at: (Double(id) * 30, 0)) }
        let plan = DispatchEngine.plan(city.snapshot, budget: WorkBudget(steps: 400_000))
        checkRules(plan, for: city.snapshot)
        #expect(plan.commits.flatMap(\.orders).count == 100)
        #expect(plan.steps < 1_600_000)
    }

    @Test func aDriverWithoutRoomGetsNothing() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        for (id, capacity) in [(7, 0), (8, -4), (9, Int32.min)] {
            city.driver(Int64(id), at: (0, 0)) { $0.capacity = capacity }
        }
        city.driver(10, at: (0, 0)) { $0.bagUnits = 0 }
        let plan = plan(city)
        #expect(plan.commits.isEmpty)
        #expect(plan.waiting.first?.refusals.map(\.why) == [.full, .bagFull])
    }

    /// A source that answered for the first rows only: what it knows is used, the rest counts as no way.
    @Test func aTravelTimeSourceThatFailsHalfWayLeavesThePartItKnows() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.order(2, from: (9000, 0), to: (9500, 0), ready: 0)
        city.driver(7, at: (0, 0))
        city.driver(8, at: (9000, 0))
        // Rows: stops of both orders, then the drivers; only the first order and driver 7 were answered.
        var seconds = [Int32](repeating: -1, count: 6 * 4)
        for (row, column, time) in [(0, 1, 300), (1, 0, 300), (4, 0, 5), (4, 1, 310)] {
            seconds[row * 4 + column] = Int32(time)
        }
        city.snapshot.travel = .matrix(TravelSeconds(rows: 6, columns: 4, seconds: Array(seconds.prefix(20))))
        let plan = plan(city)
        #expect(plan.driver(of: 1) == DriverID(7))
        #expect(plan.hold(of: 2) == .impossible)
    }

    @Test func aFewOrdersThatNobodyCanTakeDoNotStopTheOthers() {
        var city = SmallCity()
        for id in 0..<30 { city.order(Int64(id), from: (Double(id) * 50, 0), to: (2000, 0), ready: 0) }
        for id in 0..<6 { city.driver(Int64(id), at: (Double(id) * 200, 0)) }
        city.snapshot.orders[3].excluded = (0..<6).map { DriverID($0) }
        city.snapshot.orders[4].bagUnits = 900
        city.snapshot.orders[5].placedAt = SmallCity.at(-1_000_000)
        city.snapshot.orders[6].pinned = DriverID(400)
        city.snapshot.orders[7].dropoff = PlaceIndex(.max)
        city.snapshot.orders[8].weight = Weight(perMille: .max)
        let plan = plan(city)
        for id in 3...7 { #expect(plan.driver(of: Int64(id)) == nil) }
        #expect(!plan.commits.isEmpty)
        #expect(plan.hold(of: 6) == .pinnedDriverUnavailable)
        #expect(plan.hold(of: 7) == .impossible)
    }

    @Test func onlyOrdersThatNobodyCanTakeEndTheTick() {
        var city = SmallCity()
        for id in 0..<200 {
            city.order(Int64(id), from: (Double(id) * 50, 0), to: (2000, 0), ready: 0) { $0.vehicles = [.car] }
        }
        for id in 0..<6 { city.driver(Int64(id), at: (Double(id) * 200, 0)) }
        let plan = plan(city)
        #expect(plan.commits.isEmpty)
        #expect(plan.waiting.count == 200)
        #expect(plan.waiting.allSatisfy { $0.reason == .excludedEverywhere })
    }

    /// Ages, weights and limits at their ends: sums of costs stay far from overflowing.
    @Test func costsAtTheirEndsDoNotOverflow() {
        var city = SmallCity()
        for id in 0..<300 {
            city.order(Int64(id), from: (Double(id), 0), to: (20_000, 0), ready: 0, placed: -80_000) {
                $0.weight = Weight(perMille: .max)
            }
        }
        for id in 0..<4 { city.driver(Int64(id), at: (0, 0)) }
        city.snapshot.policy.weights.unserved = Seconds(.max)
        city.snapshot.policy.weights.lateness = Weight(perMille: .max)
        city.snapshot.policy.weights.bagTime = Weight(perMille: .max)
        city.snapshot.policy.weights.completion = Weight(perMille: .max)
        city.snapshot.policy.limits.clickToDoor = Seconds(.max)
        let plan = plan(city)
        #expect(plan.cost > .zero)
        #expect(!plan.commits.isEmpty)
    }

    /// Found in the demo: without steps charged for rounds that look at nothing, such a tick never ended.
    @Test(arguments: [0, 3]) func ordersThatNobodyCanTakeEndInTime(staleDrivers: Int) {
        var city = SmallCity()
        for id in 0..<40 { city.order(Int64(id), from: (0, 0), to: (400, 0), ready: 0) }
        for id in 0..<staleDrivers {
            city.driver(Int64(id), at: (100, 0)) { $0.lastFixAt = $0.lastFixAt.advanced(byMilliseconds: -600_000) }
        }
        let plan = plan(city)
        #expect(plan.commits.isEmpty)
        #expect(plan.waiting.count == 40)
    }

    @Test func repeatedIdsCountOnce() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.driver(7, at: (0, 0))
        city.driver(7, at: (0, 0))
        #expect(city.plan().commits.map(\.orders) == [[OrderID(1)]])
    }

    @Test func withoutWorkTheTickDegradesToInsertionAndSaysSo() {
        let city = DeterminismTests.busyCity(seed: 9)
        let plan = DispatchEngine.plan(city.snapshot, budget: WorkBudget(steps: 0))
        #expect(plan.isDegraded)
        #expect(!plan.commits.isEmpty)
        checkRules(plan, for: city.snapshot)
    }

    @Test func runningStopsAtUnknownPlacesAreSteppedOver() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.driver(7, at: (0, 0))
        city.snapshot.drivers[0].running = [
            RunningStop(kind: .dropoff, order: OrderID(5), place: PlaceIndex(99), placedAt: SmallCity.noon)
        ]
        #expect(!plan(city).commits.isEmpty)
    }
}
