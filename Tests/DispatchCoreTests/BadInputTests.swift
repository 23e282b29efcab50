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
        let given = plan.commits.map(\.orders.count)
        #expect(given.allSatisfy { (1...3).contains($0) })
        #expect(given.reduce(0, +) >= 40, "\(given)")
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
