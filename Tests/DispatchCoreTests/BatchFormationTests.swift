import DispatchCore
import Geo
import Testing

@Suite struct BatchFormationTests {
    @Test func twoOrdersOfOneKitchenGoTogetherWhereDriversAreScarce() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.order(2, from: (0, 0), to: (2100, 100), ready: 0)
        city.driver(7, at: (-300, 0))
        let plan = city.plan()
        #expect(plan.commits.count == 1)
        #expect(plan.commits.first?.orders.count == 2)
        #expect(plan.isProvenOptimal == false)
        checkRules(plan, for: city.snapshot)
    }

    @Test func threeOrdersOfNearKitchensGoTogether() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (3000, 0), ready: 0)
        city.order(2, from: (150, 50), to: (3100, 100), ready: 0)
        city.order(3, from: (80, -60), to: (3050, -120), ready: 0)
        city.driver(7, at: (-300, 0))
        let plan = city.plan()
        #expect(plan.commits.map(\.orders.count) == [3])
        checkRules(plan, for: city.snapshot)
    }

    @Test func ordersInOppositeDirectionsGoToTwoDrivers() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (4000, 0), ready: 0)
        city.order(2, from: (0, 0), to: (-4000, 0), ready: 0)
        city.driver(7, at: (50, 0))
        city.driver(8, at: (-50, 0))
        let plan = city.plan()
        #expect(plan.commits.count == 2)
        #expect(plan.commits.allSatisfy { $0.orders.count == 1 })
    }

    @Test func farKitchensDoNotShareABatch() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (3000, 0), ready: 0)
        city.order(2, from: (0, 2500), to: (3000, 100), ready: 0)
        city.driver(7, at: (0, 0))
        let plan = city.plan()
        #expect((plan.commits + plan.tentative).allSatisfy { $0.orders.count == 1 })
    }

    @Test(arguments: [Int32(1), 2, 3, 4])
    func noBatchIsLargerThanThePolicySays(most: Int32) {
        var city = SmallCity()
        city.snapshot.policy.maxBatch = most
        for id in 1...6 { city.order(Int64(id), from: (0, 0), to: (2000, Double(id) * 30), ready: 0) }
        city.driver(7, at: (0, 0)) { $0.capacity = 9 }
        let plan = city.plan()
        #expect(plan.commits.first?.orders.count == Int(most))
        checkRules(plan, for: city.snapshot)
    }

    @Test func bagUnitsBoundABatch() {
        var city = SmallCity()
        for id in 1...3 {
            city.order(Int64(id), from: (0, 0), to: (2000, Double(id) * 30), ready: 0) { $0.bagUnits = 3 }
        }
        city.driver(7, at: (0, 0)) { $0.bagUnits = 6 }
        let plan = city.plan()
        #expect(plan.commits.first?.orders.count == 2)
    }

    @Test func anOrderOnTheWayJoinsARunningRoute() {
        var city = SmallCity()
        city.driver(7, at: (0, 0))
        var dropoff = RunningStop(
            kind: .dropoff, order: OrderID(90), place: city.place(3000, 0), placedAt: SmallCity.at(-600))
        dropoff.bagUnits = 1
        city.snapshot.drivers[0].running = [dropoff]
        city.order(1, from: (600, 50), to: (3100, 100), ready: 0)
        let plan = city.plan()
        #expect(plan.commits.first?.orders == [OrderID(1)])
        #expect(plan.commits.first?.reason.trigger == .onTheWay)
        #expect(plan.commits.first?.stops.contains { $0.isRunning && $0.order == OrderID(90) } == true)
        checkRules(plan, for: city.snapshot)
    }

    @Test(arguments: [(Int64(-700), true), (-500, false)])
    func anOrderPlacedAfterARouteWasClosedIsNotMixedIntoIt(placed: Int64, joins: Bool) {
        var city = SmallCity()
        city.driver(7, at: (0, 0)) { $0.mixesPlacedUntil = SmallCity.at(-600) }
        city.snapshot.drivers[0].running = [
            RunningStop(kind: .dropoff, order: OrderID(90), place: city.place(3000, 0), placedAt: SmallCity.at(-900))
        ]
        city.order(1, from: (600, 50), to: (3100, 100), ready: 0, placed: placed)
        let plan = city.plan()
        #expect((plan.commits + plan.tentative).first?.stops.contains(where: \.isRunning) == joins)
        checkRules(plan, for: city.snapshot)
    }

    @Test func howFarAwaySomebodysLastFixIsDoesNotBendTheWaysOfOthers() throws {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (9000, 0), ready: 0)
        city.driver(7, at: (5000, 0))
        let plain = city.plan()
        let north = try #require(GeoPoint(latitude: 60, longitude: 77.59))
        var lost = DriverState(
            id: DriverID(8), place: city.snapshot.place(north), freeAt: SmallCity.noon, lastFixAt: SmallCity.at(-9000))
        lost.isOnline = false
        city.snapshot.drivers.append(lost)
        let plan = city.plan()
        #expect(plan.commits.map(\.stops) == plain.commits.map(\.stops))
        #expect(plan.commits.first?.stops.count == 2)
    }

    @Test func aSlowerVehicleTakesLongerAlsoByAMatrix() throws {
        func duration(_ vehicle: VehicleClass) throws -> Int64 {
            var city = SmallCity()
            city.order(1, from: (0, 0), to: (1000, 0), ready: 0)
            city.driver(7, at: (100, 0)) { $0.vehicle = vehicle }
            city.snapshot.travel = .matrix(
                TravelSeconds(
                    rows: 3, columns: 2, seconds: [0, 100, 100, 0, 50, 100], paces: [2048, 1024, 1024, 1024]))
            let copy = try DispatchSnapshot(bytes: city.snapshot.bytes)
            #expect(copy == city.snapshot)
            return try #require(city.plan().commits.first).duration.value
        }
        #expect(try duration(.bicycle) - duration(.car) == 150)
    }

    @Test func aFullDriverTakesNothingMoreBeforeHeIsDone() {
        var city = SmallCity()
        city.driver(7, at: (0, 0))
        city.snapshot.drivers[0].running = (90...92).map { id in
            RunningStop(kind: .dropoff, order: OrderID(id), place: city.place(3000, 0), placedAt: SmallCity.at(-600))
        }
        city.order(1, from: (600, 50), to: (3100, 100), ready: 0)
        let plan = city.plan()
        #expect(plan.commits.isEmpty)
        #expect(plan.hold(of: 1) == .driverBusy)
    }
}
