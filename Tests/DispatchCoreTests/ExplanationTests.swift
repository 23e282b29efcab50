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
        // Driver 8 for order 1 means driver 7 for order 2: both come late by the long way, some 2000 s together at least.
        #expect(explanation.alternatives.first?.difference ?? .zero > Cost(2_000_000))
    }

    @Test(arguments: [
        (Explanation.Relaxation.exclusions, 0), (.vehicleClass, 1), (.staleFixes, 2), (.lookAhead, 3),
        (.clickToDoor, 4),
        (.offlineDrivers, 5), (.pin, 6), (.lateCommitment, 7), (.nothing, 8),
    ])
    func theRuleThatHoldsAnOrderIsFound(expected: Explanation.Relaxation, kind: Int) {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: kind == 7 ? 900 : 0)
        city.driver(7, at: (10, 0))
        switch kind {
        case 0: city.snapshot.orders[0].excluded = [DriverID(7)]
        case 1: city.snapshot.orders[0].vehicles = [.car]
        case 2: city.snapshot.drivers[0].lastFixAt = SmallCity.at(-300)
        case 3: city.snapshot.drivers[0].freeAt = SmallCity.at(4000)
        case 4: city.snapshot.policy.limits.clickToDoor = Seconds(60)
        case 5: city.snapshot.drivers[0].isOnline = false
        case 6: city.snapshot.orders[0].pinned = DriverID(99)
        case 8: city.snapshot.drivers = []
        default: break
        }
        let explanation = DispatchEngine.explain(OrderID(1), in: city.snapshot, budget: budget)
        #expect(explanation.heldBy == expected)
        #expect(!explanation.isTold)
    }

    @Test func theTermsOfABatchAddUpToItsCost() throws {
        let plan = city().plan()
        let batch = try #require(plan.commits.first)
        #expect(batch.reason.terms.total == plan.cost)
    }

    @Test func anOrderThatIsNotThereIsNotExplained() {
        let explanation = DispatchEngine.explain(OrderID(77), in: city().snapshot, budget: budget)
        #expect(explanation.batch == nil)
        #expect(explanation.waiting == nil)
    }
}
