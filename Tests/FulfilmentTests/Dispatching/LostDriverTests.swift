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
