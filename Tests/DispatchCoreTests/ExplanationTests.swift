import DispatchCore
import Geo
import Testing

@Suite struct ExplanationTests {
    private let budget = WorkBudget(steps: 50_000)

    private func city() -> SmallCity {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.driver(7, at: (10, 0))
        city.driver(8, at: (1500, 0))
        city.driver(9, at: (3000, 0))
        return city
    }

    @Test func theNextBestDriversAreNamedWithTheDifferenceOfTheWholePlan() {
        let explanation = DispatchEngine.explain(OrderID(1), in: city().snapshot, budget: budget)
        #expect(explanation.batch?.driver == DriverID(7))
        #expect(explanation.isTold)
        #expect(explanation.alternatives.map(\.driver) == [DriverID(8), DriverID(9)])
        #expect(explanation.alternatives.allSatisfy { $0.difference > .zero && $0.isPossible })
    }

    @Test func forcingADriverAwayFromAnotherOrderCostsWhatThatOrderLoses() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.order(2, from: (9000, 0), to: (11_000, 0), ready: 0)
        city.driver(7, at: (10, 0))
        city.driver(8, at: (8990, 0))
        let explanation = DispatchEngine.explain(OrderID(1), in: city.snapshot, budget: budget)
        // Driver 8 for order 1 means driver 7 for order 2: both come late by the long way, some 2000 s together at
        // least.
        #expect(explanation.alternatives.first?.difference ?? .zero > Cost(2_000_000))
    }

    @Test(arguments: Explanation.Relaxation.allCases)
    func theRuleThatHoldsAnOrderIsFound(expected: Explanation.Relaxation) {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.driver(7, at: (10, 0))
        hold(by: expected, &city)
        let explanation = DispatchEngine.explain(OrderID(1), in: city.snapshot, budget: budget)
        #expect(explanation.heldBy == expected)
        #expect(!explanation.isTold)
    }

    private func hold(by rule: Explanation.Relaxation, _ city: inout SmallCity) {
        switch rule {
        case .readyTime: city.snapshot.orders[0].readyAt = SmallCity.at(900)
        case .window:
            city.snapshot.orders[0].readyAt = nil
            city.order(2, from: (9000, 0), to: (9500, 0))
        case .lateCommitment:
            // Driver 7 is at work for half an hour and cannot be told before he is nearly done.
            city.snapshot.policy.tellsBusyDrivers = false
            city.snapshot.drivers[0].freeAt = SmallCity.at(1500)
        case .exclusions: city.snapshot.orders[0].excluded = [DriverID(7)]
        case .restaurantRules:
            city.snapshot.orders[0].restaurant = RestaurantID(3)
            city.snapshot.drivers[0].rules = [.init(restaurant: RestaurantID(3), kind: .forbid)]
        case .pin: city.snapshot.orders[0].pinned = DriverID(99)
        case .vehicleClass: city.snapshot.orders[0].vehicles = [.car]
        case .staleFixes: city.snapshot.drivers[0].lastFixAt = SmallCity.at(-300)
        case .lookAhead: city.snapshot.drivers[0].freeAt = SmallCity.at(4000)
        case .shiftEnd: city.snapshot.drivers[0].shiftEndsAt = SmallCity.at(30)
        case .clickToDoor: city.snapshot.policy.limits.clickToDoor = Seconds(60)
        case .batchSize: city.snapshot.orders[0].bagUnits = 50
        case .unservedCost: city.snapshot.policy.weights.unserved = .zero
        case .offlineDrivers: city.snapshot.drivers[0].isOnline = false
        case .oneMoreDriver: city.snapshot.drivers = []
        case .moreDrivers:
            // Nobody is there, and whoever comes serves three heavier orders first.
            city.snapshot.drivers = []
            city.snapshot.policy.maxBatch = 1
            city.snapshot.policy.limits.queuedBatches = 1
            for id in Int64(2)...4 {
                city.order(id, from: (0, 0), to: (2000, 0), ready: 0) { $0.weight = Weight(perMille: 9000) }
            }
        case .orderGraph: joinOnTheWay(&city)
        case .nothing:
            city.snapshot.drivers = []
            city.snapshot.orders[0].placedAt = SmallCity.at(-20_000)
        }
    }

    /// The only driver has food for a far door in his bag, and the order is not on his way.
    private func joinOnTheWay(_ city: inout SmallCity) {
        city.snapshot.orders = []
        city.snapshot.policy.limits.queuedBatches = 1
        city.order(1, from: (0, 3000), to: (0, 5000), ready: 0)
        var stop = RunningStop(
            kind: .dropoff, order: OrderID(50), place: city.place(9000, 0), placedAt: SmallCity.noon)
        stop.promisedAt = SmallCity.noon
        city.snapshot.drivers[0].running = [stop]
    }

    @Test func whatIsSaidOfOneOrderOfABatchIsAboutThatOrder() throws {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.order(2, from: (0, 0), to: (2050, 0), ready: 0) { $0.excluded = [DriverID(8)] }
        city.driver(7, at: (10, 0))
        city.driver(8, at: (5, 0))
        city.driver(9, at: (700, 0))
        let first = DispatchEngine.explain(OrderID(1), in: city.snapshot, budget: budget)
        let second = DispatchEngine.explain(OrderID(2), in: city.snapshot, budget: budget)
        #expect(first.batch?.driver == DriverID(8) || first.alternatives.contains { $0.driver == DriverID(8) })
        #expect(!second.alternatives.contains { $0.driver == DriverID(8) })
        #expect(second.refused.contains(RefusedDriver(driver: DriverID(8), why: .excluded)))
    }

    @Test func theTermsOfABatchAddUpToItsCost() throws {
        let plan = city().plan()
        let batch = try #require(plan.commits.first)
        #expect(batch.reason.terms.total == plan.cost)
    }

    @Test func whereEveryDriverIsFullTheOthersAreStillNamedWithWhatForcingThemCosts() {
        var city = SmallCity()
        city.snapshot.policy.maxBatch = 1
        city.snapshot.policy.limits.queuedBatches = 1
        for id in Int64(1)...3 { city.order(id, from: (0, 0), to: (Double(id) * 600, 0), ready: 0) }
        for id in Int64(7)...8 { city.driver(id, at: (Double(id) * 30, 0)) }
        let plan = DispatchEngine.plan(city.snapshot, budget: budget)
        let waiting = plan.waiting.map(\.order)
        #expect(waiting.count == 1)
        for order in Int64(1)...3 {
            let explanation = DispatchEngine.explain(OrderID(order), in: city.snapshot, budget: budget)
            let isWaiting = waiting.contains(OrderID(order))
            #expect(explanation.alternatives.count == (isWaiting ? 2 : 1))
            #expect(explanation.alternatives.allSatisfy { $0.isPossible && $0.difference >= .zero })
            #expect(explanation.heldBy == (isWaiting ? .batchSize : nil))
        }
    }

    @Test func anOrderThatIsNotThereIsNotExplained() {
        let explanation = DispatchEngine.explain(OrderID(77), in: city().snapshot, budget: budget)
        #expect(explanation.batch == nil)
        #expect(explanation.waiting == nil)
    }
}
