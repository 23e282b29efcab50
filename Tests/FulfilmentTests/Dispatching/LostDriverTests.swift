import DispatchCore
import Fulfilment
import Geo
import Logging
import Simulation
import Testing

/// When orders of a driver without a sign of life return to the pool.
@Suite struct LostDriverTests {
    let city = VirtualHouse()

    private func dispatcher(_ holder: String) -> Dispatcher {
        let policy = DispatchPolicy()
        return Dispatcher(
            city.house, policy: { policy }, holder: holder,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, microseconds: { 0 },
            solve: { DispatchEngine.plan($0, previous: $1, seed: $2) })
    }

    /// An order that the engine has given to a driver who was there then.
    private func givenOrder(by dispatcher: Dispatcher) async throws -> OrderID {
        let here = GeoPoint(latitude: 12.9352, longitude: 77.6245)
        let driver = try await city.addDriver("ravi", at: here)
        let order = try await city.placeOrder(from: here, to: GeoPoint(latitude: 12.95, longitude: 77.62))
        for _ in 0..<4 {
            if let here { city.report(driver.id, at: here) }
            _ = try await dispatcher.tick()
            city.time.advance(seconds: 10)
        }
        #expect(try await state(of: order.id) == .assigned)
        return order.id
    }

    private func state(of order: OrderID) async throws -> OrderState? { try await city.store.order(order)?.state }

    private func tick(_ dispatcher: Dispatcher, seconds: Int64) async throws {
        for _ in 0..<(seconds / 10) {
            city.time.advance(seconds: 10)
            _ = try await dispatcher.tick()
        }
    }

    @Test func afterTenMinutesOfSilenceTheOrderReturns() async throws {
        let dispatcher = dispatcher("a")
        let order = try await givenOrder(by: dispatcher)
        try await tick(dispatcher, seconds: 550)
        #expect(try await state(of: order) == .assigned)
        try await tick(dispatcher, seconds: 70)
        #expect(try await state(of: order) == .pending)
    }

    @Test func aDriverWithALiveSocketIsNotLost() async throws {
        let dispatcher = dispatcher("a")
        let order = try await givenOrder(by: dispatcher)
        let driver = try #require(try await city.store.order(order)?.holder)
        city.push.setConnected(true, driver)
        try await tick(dispatcher, seconds: 1200)
        #expect(try await state(of: order) == .assigned)
        // The time counts from the end of the connection.
        city.house.fleet.seen(driver, at: city.time.now)
        city.push.setConnected(false, driver)
        try await tick(dispatcher, seconds: 590)
        #expect(try await state(of: order) == .assigned)
        try await tick(dispatcher, seconds: 30)
        #expect(try await state(of: order) == .pending)
    }

    @Test func whatOnlyAnAdminMayMoveIsAnAlarmUntilItIsOver() async throws {
        let here = GeoPoint(latitude: 12.9352, longitude: 77.6245)
        let driver = try await city.addDriver("ravi", at: here)
        let order = try await city.placeOrder(from: here, to: here)
        let request = AssignOrders.Request(orderIDs: [order.id], driverID: driver.id)
        _ = try await AssignOrders(city.house)(request, by: AdminID(900))
        let dispatcher = dispatcher("a")
        try await tick(dispatcher, seconds: 700)
        #expect(city.house.lostOrders.all.map(\.orderID) == [order.id])
        #expect(city.house.lostOrders.all.first?.driverID == driver.id)
        try await tick(dispatcher, seconds: 30)
        // The consoles are told once.
        #expect(city.feed.lostOrders.map(\.orderID) == [order.id])
        city.house.fleet.seen(driver.id, at: city.time.now)
        try await tick(dispatcher, seconds: 10)
        #expect(city.house.lostOrders.all.isEmpty)
    }

    @Test func whatIsNotAcceptedInTimeReturnsWhereThatIsSet() async throws {
        var settings = HouseSettings()
        settings.lapseAfterMilliseconds = 120_000
        let city = VirtualHouse(settings: settings)
        let here = GeoPoint(latitude: 12.9352, longitude: 77.6245)
        let driver = try await city.addDriver("ravi", at: here)
        let policy = DispatchPolicy()
        let dispatcher = Dispatcher(
            city.house, policy: { policy }, holder: "a", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 },
            solve: { snapshot, previous, seed in
                var eager = snapshot
                eager.policy.commitment = .immediate
                return DispatchEngine.plan(eager, previous: previous, seed: seed)
            })
        let orders = [
            try await city.placeOrder(from: here, to: here).id, try await city.placeOrder(from: here, to: here).id,
        ]
        _ = try await dispatcher.tick()
        _ = try await ChangeOrder(city.house)(.accept, order: orders[0], by: .driver(driver.id))
        let pinned = try await city.placeOrder(from: here, to: here).id
        let request = AssignOrders.Request(orderIDs: [pinned], driverID: driver.id)
        _ = try await AssignOrders(city.house)(request, by: AdminID(900))
        for _ in 0..<14 {
            city.time.advance(seconds: 10)
            if let here { city.report(driver.id, at: here) }
            _ = try await dispatcher.tick()
        }
        var states: [OrderState?] = []
        for order in orders + [pinned] { states.append(try await city.store.order(order)?.state) }
        #expect(states == [.accepted, .pending, .assigned])
        #expect(
            city.push.events.last?.body
                == .orderUnassigned(order: orders[1].rawValue, reason: "not accepted in time", code: "timeout"))
    }

    @Test func aStepOfTheClockIsNoSilence() async throws {
        let dispatcher = dispatcher("a")
        let order = try await givenOrder(by: dispatcher)
        city.time.advance(seconds: 3600)
        try await tick(dispatcher, seconds: 30)
        #expect(try await state(of: order) == .assigned)
        try await tick(dispatcher, seconds: 620)
        #expect(try await state(of: order) == .pending)
    }

    @Test func afterARestartEveryDriverHasTheWholeTimeToComeBack() async throws {
        let first = dispatcher("a")
        let order = try await givenOrder(by: first)
        city.time.advance(seconds: 700)
        await first.release()
        let second = dispatcher("b")
        try await tick(second, seconds: 500)
        #expect(try await state(of: order) == .assigned)
    }
}
