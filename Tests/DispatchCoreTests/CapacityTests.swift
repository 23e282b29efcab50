import DispatchCore
import Testing

/// What a driver may be told is counted as the commit counts it: all that he was told and has not delivered.
@Suite struct CapacityTests {
    /// A driver who hands his last order over within seconds, and a new order nearby that cannot be mixed into that.
    private func city(capacity: Int32, _ change: (inout DriverState) -> Void = { _ in }) -> SmallCity {
        var policy = DispatchPolicy()
        policy.dropoffApproach = .zero
        policy.dropoffHandover = .zero
        policy.stopRule = .oneRestaurant
        var city = SmallCity(policy: policy)
        city.order(1, from: (100, 0), to: (2000, 0), ready: 0)
        let door = city.place(20, 0)
        city.driver(7, at: (0, 0)) { driver in
            driver.capacity = capacity
            driver.running = [
                RunningStop(kind: .dropoff, order: OrderID(50), place: door, placedAt: SmallCity.at(-600))
            ]
            change(&driver)
        }
        return city
    }

    @Test func whoHasRoomIsToldBeforeHeIsFree() {
        #expect(city(capacity: 2).plan().driver(of: 1) == DriverID(7))
    }

    @Test func whoHasNoRoomIsToldWhenHeHasDelivered() {
        var city = city(capacity: 1)
        let plan = city.plan()
        #expect(plan.commits.isEmpty)
        #expect(plan.hold(of: 1) == .driverBusy)
        #expect(plan.tentative.first?.driver == DriverID(7))
        city.snapshot.drivers[0].running = []
        #expect(city.plan(previous: plan).driver(of: 1) == DriverID(7))
    }

    @Test func aBagThatIsStillFullWaitsToo() {
        #expect(city(capacity: 5) { $0.bagUnits = 1 }.plan().hold(of: 1) == .driverBusy)
    }

    @Test func ordersWithoutPlacesTakeUpRoom() {
        let one = city(capacity: 2) { $0.unplacedOrders = 1 }
        #expect(one.plan().hold(of: 1) == .driverBusy)
        let all = city(capacity: 1) { driver in
            driver.running = []
            driver.unplacedOrders = 1
        }
        #expect(all.plan().commits.isEmpty)
    }

    @Test func aDriverWhoseRoomIsGoneDoesNotStandBeforeAnIdleOne() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (600, 0), ready: 0)
        city.driver(7, at: (0, 0)) { $0.unplacedOrders = $0.capacity }
        city.driver(8, at: (2000, 0))
        #expect(city.plan().driver(of: 1) == DriverID(8))
    }

    @Test func aBagThatOrdersWithoutPlacesFillDoesNotEither() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (600, 0), ready: 0) { $0.bagUnits = 2 }
        city.driver(7, at: (0, 0)) { driver in
            driver.unplacedOrders = 1
            driver.unplacedUnits = driver.bagUnits - 1
            driver.rules = [.init(restaurant: RestaurantID(5), kind: .prefer)]
        }
        city.driver(8, at: (2000, 0))
        #expect(city.plan().driver(of: 1) == DriverID(8))
    }
}
