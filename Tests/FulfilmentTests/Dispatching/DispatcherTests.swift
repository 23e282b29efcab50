import DispatchCore
import Fulfilment
import Geo
import Logging
import Simulation
import Testing

@Suite struct DispatcherTests {
    let city = VirtualHouse()
    let admin = AdminID(900)

    /// A point so many metres east and north of the city's centre.
    func point(_ east: Double, _ north: Double = 0) -> GeoPoint? {
        GeoPoint(latitude: 12.9352 + north / 111_195, longitude: 77.6245 + east / 108_374)
    }

    func dispatcher(
        holder: String = "a", of house: House? = nil,
        solve: @escaping Dispatcher.Solver = { DispatchEngine.plan($0, previous: $1, seed: $2) }
    ) -> Dispatcher {
        let policy = DispatchPolicy()
        return Dispatcher(
            house ?? city.house, policy: { policy }, holder: holder,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 }, solve: solve)
    }

    /// Ticks every ten seconds, with drivers who stand still but report.
    func ticks(_ count: Int, _ dispatcher: Dispatcher, drivers: [(DriverID, GeoPoint?)]) async throws {
        for _ in 0..<count {
            for (driver, place) in drivers { if let place { city.report(driver, at: place) } }
            _ = try await dispatcher.tick()
            city.time.advance(seconds: 10)
        }
    }

    func states() async throws -> [OrderState] {
        try await city.store.orders(matching: OrderQuery()).sorted { $0.id < $1.id }.map(\.state)
    }

    @Test func aColdOrderIsGivenWithinTheHold() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        _ = try await city.placeOrder(from: point(500), to: point(2500))
        try await ticks(3, dispatcher(), drivers: [(driver.id, point(0))])
        #expect(try await states() == [.assigned])
        #expect(city.push.events.count == 1)
    }

    @Test func aBatchThatTheDatabaseRefusesStopsNoOther() async throws {
        let near = try await city.addDriver("near", at: point(0))
        let far = try await city.addDriver("far", at: point(20_000))
        let bad = try await city.placeOrder(from: point(500), to: point(2500))
        let good = try await city.placeOrder(from: point(20_500), to: point(22_500))
        var house = city.house
        house.orders = HookedOrderStore(
            city.store,
            before: { scope in
                guard scope?.by == .engine, scope?.orderIDs.contains(bad.id) == true else { return }
                throw StoreError(.constraint, detail: "check")
            })
        let drivers = [(near.id, point(0)), (far.id, point(20_000))]
        try await ticks(4, dispatcher(of: house), drivers: drivers)
        #expect(try await city.store.order(bad.id)?.state == .pending)
        #expect(try await city.store.order(good.id)?.state == .assigned)
    }

    @Test func ordersOfOneRestaurantFormABatchForOneDriver() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        for north in [0.0, 60, 120] {
            _ = try await city.placeOrder(from: point(400), to: point(2500, north))
        }
        try await ticks(4, dispatcher(), drivers: [(driver.id, point(0))])
        let batches = try await city.store.batches(limit: 10, before: nil)
        #expect(batches.map(\.orders.count) == [3])
        let told = city.push.events.compactMap { event -> AssignedOrder? in
            if case .orderAssigned(let told) = event.body { told } else { nil }
        }
        #expect(told.map(\.sequence) == [1, 2, 3])
        #expect(told.allSatisfy { $0.batch.source == .engine && $0.earnings > .zero && $0.distance > 0 })
    }

    @Test func offlineStaleBlockedAndFullDriversGetNothing() async throws {
        let offline = try await city.addDriver("offline", at: point(0), online: false)
        let blocked = try await city.addDriver("blocked", at: point(0))
        _ = try await DriverDesk(city.house).setStanding(.blocked, of: blocked.id, by: admin)
        _ = try await city.addDriver("stale", at: point(0))
        let full = try await city.addDriver("full", at: point(0))
        var ids: [OrderID] = []
        for _ in 0..<3 { ids.append(try await city.placeOrder(from: point(100), to: point(2000)).id) }
        _ = try await AssignOrders(city.house)(AssignOrders.Request(orderIDs: ids, driverID: full.id), by: admin)
        city.time.advance(seconds: 120)
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        let drivers = [(offline.id, point(0)), (blocked.id, point(0)), (full.id, point(0))]
        try await ticks(4, dispatcher(), drivers: drivers)
        #expect(try await city.store.order(order.id)?.state == .pending)
        let decision = try await city.store.newestDecision(about: order.id)?.decision
        #expect(decision?.outcome == "waiting")
        #expect(decision?.heldBy.isEmpty == false)
    }

    @Test func aDriverWhoRefusedNeverGetsTheOrderAgain() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        let dispatcher = dispatcher()
        try await ticks(3, dispatcher, drivers: [(driver.id, point(0))])
        _ = try await ChangeOrder(city.house)(.reject(reason: nil), order: order.id, by: .driver(driver.id))
        try await ticks(6, dispatcher, drivers: [(driver.id, point(0))])
        #expect(try await city.store.order(order.id)?.state == .pending)
        let other = try await city.addDriver("meera", at: point(50))
        try await ticks(3, dispatcher, drivers: [(driver.id, point(0)), (other.id, point(50))])
        #expect(try await city.store.order(order.id)?.holder == other.id)
    }

    @Test func whatChangedWhileThePlanWasMadeReturnsToThePool() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        let other = try await city.addDriver("meera", at: point(3000))
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        let city = city
        let admin = admin
        // The admin's force commits while the engine thinks: the force wins, the plan's batch is a conflict.
        let dispatcher = dispatcher { snapshot, previous, seed in
            _ = try? await AssignOrders(city.house)(
                AssignOrders.Request(orderIDs: [order.id], driverID: other.id), by: admin)
            var eager = snapshot
            eager.policy.commitment = .immediate
            return DispatchEngine.plan(eager, previous: previous, seed: seed)
        }
        _ = try await dispatcher.tick()
        #expect(try await city.store.order(order.id)?.holder == other.id)
        #expect(city.push.events.map(\.driverID) == [other.id])
        #expect(try await city.store.newestDecision(about: order.id)?.decision.outcome == "conflict")
        _ = driver
    }

    @Test func aStaleDispatcherCommitsNothing() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        let store = city.store
        let dispatcher = dispatcher(holder: "old") { snapshot, previous, seed in
            store.takeOverLease(by: "new")
            var eager = snapshot
            eager.policy.commitment = .immediate
            return DispatchEngine.plan(eager, previous: previous, seed: seed)
        }
        await #expect(throws: StoreError.self) { try await dispatcher.tick() }
        #expect(try await city.store.order(order.id)?.state == .pending)
        #expect(city.push.events.isEmpty)
        #expect(try await dispatcher.tick() == nil)
        _ = driver
    }

    @Test func ordersOfALostDriverReturnUnlessForced() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        let free = try await city.placeOrder(from: point(100), to: point(2000))
        let dispatcher = dispatcher()
        try await ticks(3, dispatcher, drivers: [(driver.id, point(0))])
        let pinned = try await city.placeOrder(from: point(100), to: point(2000))
        _ = try await AssignOrders(city.house)(
            AssignOrders.Request(orderIDs: [pinned.id], driverID: driver.id), by: admin)
        // He is silent, and the dispatcher looks on all the time.
        for _ in 0..<61 {
            city.time.advance(seconds: 10)
            _ = try await dispatcher.tick()
        }
        #expect(try await city.store.order(free.id)?.state == .pending)
        #expect(try await city.store.order(pinned.id)?.state == .assigned)
        #expect(city.push.events.last?.body.orderID == free.id.rawValue)
    }
}
