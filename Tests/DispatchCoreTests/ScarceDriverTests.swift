import DispatchCore
import Geo
import Testing

/// Cities in which there is too much to do, or in which the near drivers are the wrong ones.
@Suite struct ScarceDriverTests {
    @Test(arguments: [UInt64(1), 2])
    func noOrderHasTwoDriversWhereMostOrdersHaveNone(seed: UInt64) {
        var city = SmallCity()
        for id in Int64(0)..<340 {
            let (east, north) = (Double(id * 97 % 9000), Double(id * 53 % 7000))
            city.order(id + 1, from: (east, north), to: (Double(id * 71 % 9000), Double(id * 37 % 7000)), ready: 0)
        }
        for id in Int64(0)..<55 {
            city.driver(id + 1000, at: (Double(id * 163 % 9000), Double(id * 127 % 7000))) { $0.capacity = 1 }
        }
        let plan = DispatchEngine.plan(city.snapshot, seed: seed, budget: WorkBudget(steps: 2_500_000))
        checkRules(plan, for: city.snapshot)
        let drivers = plan.commits.map(\.driver)
        #expect(Set(drivers).count == drivers.count)
    }

    @Test func foodThatIsReadyAfterTheShiftIsStillFetchedByWhoWasTold() {
        var city = SmallCity()
        for id in Int64(1)...12 {
            let (kitchen, door) = (city.place(Double(id) * 100, 0), city.place(Double(id) * 100, 900))
            city.driver(id, at: (Double(id) * 100, 50)) { driver in
                driver.shiftEndsAt = SmallCity.at(300)
                driver.capacity = 1
                var pickup = RunningStop(
                    kind: .pickup, order: OrderID(100 + id), place: kitchen, placedAt: SmallCity.noon)
                pickup.readyAt = SmallCity.at(1200)
                let dropoff = RunningStop(
                    kind: .dropoff, order: OrderID(100 + id), place: door, placedAt: SmallCity.noon)
                driver.running = [pickup, dropoff]
            }
        }
        city.order(1, from: (500, 0), to: (900, 0))
        city.driver(50, at: (3000, 0))
        let plan = city.plan()
        checkRules(plan, for: city.snapshot)
        #expect(plan.driver(of: 1) == DriverID(50))
    }

    @Test func busyDriversNextDoorDoNotHideAFreeOne() {
        var policy = DispatchPolicy()
        policy.limits.nearestDrivers = 8
        var city = SmallCity(policy: policy)
        city.order(1, from: (0, 0), to: (600, 0))
        for id in Int64(1)...20 {
            let door = city.place(4000, Double(id) * 10)
            city.driver(id, at: (Double(id), 0)) { driver in
                driver.capacity = 1
                driver.running = [
                    RunningStop(kind: .dropoff, order: OrderID(100 + id), place: door, placedAt: SmallCity.noon)
                ]
            }
        }
        city.driver(99, at: (900, 0))
        #expect(city.plan().driver(of: 1) == DriverID(99))
    }

    @Test func aCrowdOfOrdersAtOneDoorKnowsMoreDriversThanOneOfThem() {
        var policy = DispatchPolicy()
        policy.limits.nearestDrivers = 10
        policy.maxBatch = 1
        policy.limits.queuedBatches = 1
        policy.commitment = .immediate
        var city = SmallCity(policy: policy)
        for id in Int64(1)...60 { city.order(id, from: (0, 0), to: (Double(id * 10), 400), ready: 0) }
        for id in Int64(1)...60 { city.driver(100 + id, at: (Double(id * 20), 100)) }
        let plan = city.plan()
        checkRules(plan, for: city.snapshot)
        #expect(plan.commits.count >= 45)
    }

    @Test func whatTheLastPlanMeantDoesNotOutliveTheRoomForIt() {
        var city = SmallCity()
        for id in Int64(1)...3 { city.order(id, from: (0, 0), to: (Double(id) * 50, 1500), ready: 900) }
        city.driver(7, at: (200, 0))
        let before = city.plan()
        #expect(before.tentative.first?.orders.count == 3)
        city.snapshot.drivers[0].capacity = 1
        city.snapshot.policy.commitment = .immediate
        let after = city.plan(previous: before)
        #expect((after.commits + after.tentative).allSatisfy { $0.orders.count == 1 })
    }

    @Test func inALargeFleetTheForcedDriverIsFoundHoweverFar() {
        var city = SmallCity()
        for id in Int64(1)...3200 { city.driver(id, at: (Double(id % 60) * 40, Double(id / 60) * 40)) }
        let nowhere = city.place(-8_407_000, -1_442_000)
        city.driver(5000, at: (24_000, 0))
        city.driver(5001, at: (9000, 9000)) { $0.vehicle = .car }
        city.driver(6000, at: (0, 0)) { $0.place = nowhere }
        city.order(1, from: (0, 0), to: (600, 0)) { $0.pinned = DriverID(5000) }
        city.order(2, from: (0, 0), to: (600, 0)) { $0.vehicles = [.car] }
        let plan = city.plan()
        #expect((plan.commits + plan.tentative).first { $0.orders.contains(OrderID(1)) }?.driver == DriverID(5000))
        #expect((plan.commits + plan.tentative).first { $0.orders.contains(OrderID(2)) }?.driver == DriverID(5001))
    }
}
