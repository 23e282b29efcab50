import DispatchCore
import Geo
import Testing

@Suite struct EligibilityTests {
    private func city(_ change: (inout DriverState) -> Void) -> SmallCity {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0) { $0.restaurant = RestaurantID(5) }
        city.driver(7, at: (10, 0), change)
        city.driver(8, at: (3000, 0))
        return city
    }

    @Test func theNearestDriverIsTakenWhereNothingSpeaksAgainstHim() {
        #expect(city { _ in }.plan().driver(of: 1) == DriverID(7))
    }

    static let refusals: [(Refusal, @Sendable (inout DriverState) -> Void)] = [
        (.offline, { $0.isOnline = false }),
        (.staleFix, { $0.lastFixAt = SmallCity.at(-61) }),
        (.shiftEnds, { $0.shiftEndsAt = SmallCity.at(-1) }),
        (.full, { $0.capacity = 0 }),
        (.bagFull, { $0.bagUnits = 0 }),
        (.busyTooLong, { $0.freeAt = SmallCity.at(1801) }),
        (.restaurantForbidden, { $0.rules = [.init(restaurant: RestaurantID(5), kind: .forbid)] }),
        (.shiftEnds, { $0.shiftEndsAt = SmallCity.at(30) }),
        (.restaurantNotAllowed, { $0.rules = [.init(restaurant: RestaurantID(6), kind: .allow)] }),
    ]

    @Test(arguments: refusals.indices)
    func aDriverWhoMayNotIsNeverChosenAndTheReasonIsNamed(index: Int) {
        let (why, change) = Self.refusals[index]
        let plan = city(change).plan()
        #expect(plan.driver(of: 1) == DriverID(8))
        #expect(plan.commits.first?.reason.refused == [RefusedDriver(driver: DriverID(7), why: why)])
    }

    @Test(arguments: [(-34, 8), (-35, 7), (-36, 7)] as [(Int64, Int64)])
    func aDriverWhoHasNotAnsweredAnOfferGetsNoOtherWithinTheGap(offered: Int64, chosen: Int64) {
        var city = city { $0.offeredAt = SmallCity.at(offered) }
        city.snapshot.policy.offerGap = Seconds(35)
        let plan = city.plan()
        #expect(plan.driver(of: 1) == DriverID(chosen))
        if chosen == 8 {
            #expect(
                plan.commits.first?.reason.refused == [RefusedDriver(driver: DriverID(7), why: .offeredJustNow)])
        }
    }

    @Test func withoutAGapADriverMayGetSeveralOffers() {
        #expect(city { $0.offeredAt = SmallCity.at(-1) }.plan().driver(of: 1) == DriverID(7))
    }

    @Test func aFixOfExactlyTheLimitIsStillFresh() {
        #expect(city { $0.lastFixAt = SmallCity.at(-60) }.plan().driver(of: 1) == DriverID(7))
    }

    @Test func anExcludedDriverIsNeverChosen() {
        var city = city { _ in }
        city.snapshot.orders[0].excluded = [DriverID(7)]
        #expect(city.plan().driver(of: 1) == DriverID(8))
        city.snapshot.orders[0].excluded = [DriverID(7), DriverID(8)]
        let plan = city.plan()
        #expect(plan.commits.isEmpty)
        #expect(plan.hold(of: 1) == .excludedEverywhere)
        #expect(plan.waiting.first?.refusals == [RefusalCount(why: .excluded, drivers: 2)])
    }

    @Test func aPinnedOrderGoesToItsDriverOrToNobody() {
        var city = city { _ in }
        city.snapshot.orders[0].pinned = DriverID(8)
        #expect(city.plan().driver(of: 1) == DriverID(8))
        city.snapshot.orders[0].pinned = DriverID(99)
        #expect(city.plan().hold(of: 1) == .pinnedDriverUnavailable)
    }

    @Test func aPreferredDriverIsChosenWhereItMakesLittleDifference() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0) { $0.restaurant = RestaurantID(5) }
        city.driver(7, at: (10, 0))
        city.driver(8, at: (60, 0)) { $0.rules = [.init(restaurant: RestaurantID(5), kind: .prefer)] }
        #expect(city.plan().driver(of: 1) == DriverID(8))
    }

    @Test func withNobodyOnlineTheOrderSaysSo() {
        var city = city { $0.isOnline = false }
        city.snapshot.drivers[1].isOnline = false
        #expect(city.plan().hold(of: 1) == .noDriverOnline)
    }

    @Test func aShiftThatEndsBeforeThePickupRefusesTheOrder() {
        let plan = city { $0.shiftEndsAt = SmallCity.at(30) }.plan()
        #expect(plan.driver(of: 1) == DriverID(8))
    }

    @Test func aShiftThatEndsBeforeThePickupIsTheReasonWhereThereIsNobodyElse() {
        var city = city { $0.shiftEndsAt = SmallCity.at(30) }
        city.snapshot.drivers.removeLast()
        let plan = city.plan()
        #expect(plan.waiting.first?.refusals == [RefusalCount(why: .shiftEnds, drivers: 1)])
    }

    @Test func aPreferredRestaurantIsAnAllowedOne() {
        let rules = [
            DriverState.RestaurantRule(restaurant: RestaurantID(6), kind: .allow),
            DriverState.RestaurantRule(restaurant: RestaurantID(5), kind: .prefer),
        ]
        #expect(city { $0.rules = rules }.plan().driver(of: 1) == DriverID(7))
    }

    @Test func aVehicleThatCannotCarryTheOrderIsPassedOver() {
        var city = city { $0.vehicle = .bicycle }
        city.snapshot.orders[0].vehicles = [.motorcycle, .car]
        let plan = city.plan()
        #expect(plan.driver(of: 1) == DriverID(8))
        #expect(plan.commits.first?.reason.refused == [RefusedDriver(driver: DriverID(7), why: .wrongVehicle)])
    }
}
