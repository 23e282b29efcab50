import DispatchCore
import Fulfilment
import Geo
import Logging
import Simulation
import Synchronization
import Testing

/// What admins rule reaches the engine with the next tick, and the record says under what was decided.
@Suite struct RulesInTicksTests {
    let city = VirtualHouse()
    private let seen = Seen()

    private func point(_ east: Double) -> GeoPoint? {
        GeoPoint(latitude: 12.9352, longitude: 77.6245 + east / 108_374)
    }

    private func dispatcher(lanes: ThreadLanes = ThreadLanes(threads: 1)) -> Dispatcher {
        var settings = DispatchPolicy()
        settings.commitment = .immediate
        settings.budget = WorkBudget(steps: 20_000)
        let policy = settings
        return Dispatcher(
            city.house, policy: { policy }, holder: "a", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 },
            solve: { [seen] snapshot, previous, seed in
                seen.keep(snapshot)
                return DispatchEngine.plan(snapshot, previous: previous, seed: seed, lanes: lanes)
            })
    }

    private func restaurant() async throws -> RestaurantID {
        try await city.store.createRestaurant(RestaurantDraft(name: "Kitchen", address: "Here")).id
    }

    private func add(_ values: [String: Int64], zone: ZoneID? = nil) async throws -> Int64 {
        try await city.store.addPolicy(
            PolicyDraft(zone: zone, values: PolicyValues(kept: values), note: nil, createdBy: AdminID(1)),
            at: city.time.now, idempotency: nil
        ).version
    }

    @Test func aForbiddenDriverIsPassedOverAndTheReasonIsKept() async throws {
        let near = try await city.addDriver("near", at: point(0))
        let far = try await city.addDriver("far", at: point(2000))
        let kitchen = try await restaurant()
        try await city.store.replaceRules(
            of: near.id, with: [DriverRule(driver: near.id, restaurant: kitchen, kind: .forbid)], by: AdminID(1),
            at: city.time.now)
        let order = try await city.placeOrder(from: point(100), to: point(1500)) { $0.restaurantID = kitchen }
        _ = try await dispatcher().tick()
        #expect(try await city.store.order(order.id)?.holder == far.id)
        let refused = try #require(try await city.store.newestDecision(about: order.id)).decision.refused
        #expect(refused.map(\.driver) == [near.id.rawValue])
        #expect(refused.map(\.words) == ["forbidden at this restaurant"])
    }

    @Test func aPolicyIsInForceWithTheNextTickAndItsVersionIsKept() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        let dispatcher = dispatcher()
        let first = try await city.placeOrder(from: point(100), to: point(1500))
        _ = try await dispatcher.tick()
        #expect(try await city.store.newestDecision(about: first.id)?.tick.policyVersion == 1)
        let version = try await add(["lateness": 4000])
        let second = try await city.placeOrder(from: point(100), to: point(1500))
        _ = try await dispatcher.tick()
        let newest = try #require(try await city.store.newestDecision(about: second.id))
        #expect(newest.tick.policyVersion == version && newest.decision.zonePolicyVersion == nil)
        #expect(seen.snapshot?.policy.weights.lateness == Weight(perMille: 4000))
    }

    @Test func aZonesOwnVersionIsKeptWithItsOrders() async throws {
        let zone = try #require(
            try await city.store.replaceZones([ZoneDraft(name: "Koramangala", geometry: "{}")]).first)
        let version = try await add(["delay": 2000], zone: zone.id)
        city.house.atlas.replace(hasZones: true, slowZones: []) { _ in [zone.id] }
        _ = try await city.addDriver("ravi", at: point(0))
        let order = try await city.placeOrder(from: point(100), to: point(1500))
        #expect(order.zoneID == zone.id)
        _ = try await dispatcher().tick()
        let newest = try #require(try await city.store.newestDecision(about: order.id))
        #expect(newest.tick.policyVersion == version)
        #expect(newest.decision.zone == zone.id.rawValue && newest.decision.zonePolicyVersion == version)
        let snapshot = try #require(seen.snapshot)
        #expect(snapshot.orders[0].zone == zone.id)
        #expect(snapshot.zonePolicies.map(\.policy.weights.delay) == [Weight(perMille: 2000)])
    }

    @Test func whatAnOrderNeedsAndWhatADriverHasReachTheEngine() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        var patch = DriverPatch()
        patch.vehicleType = .bicycle
        patch.bagUnits = 4
        patch.shiftEndsAt = city.time.now.advanced(bySeconds: 7200)
        _ = try await DriverDesk(city.house).update(driver.id, patch)
        let held = try await city.placeOrder(from: point(100), to: nil) { $0.bagUnits = 2 }
        _ = try await AssignOrders(city.house)(
            AssignOrders.Request(orderIDs: [held.id], driverID: driver.id), by: AdminID(1))
        _ = try await city.placeOrder(from: point(100), to: point(1500)) { content in
            content.bagUnits = 2
            content.vehicles = [.car, .motorbike]
            content.delayWeight = 2500
        }
        _ = try await dispatcher().tick()
        let snapshot = try #require(seen.snapshot)
        let order = try #require(snapshot.orders.first)
        #expect(order.vehicles == [.car, .motorcycle] && order.bagUnits == 2 && order.weight == Weight(perMille: 2500))
        let state = try #require(snapshot.drivers.first)
        #expect(state.vehicle == .bicycle && state.bagUnits == 4 && state.shiftEndsAt == patch.shiftEndsAt)
        // The order without a place is in his hands all the same.
        #expect(state.running.isEmpty && state.unplacedOrders == 1 && state.unplacedUnits == 2)
    }

    @Test func oneThreadAndTwoKeepTheSameTick() async throws {
        func tick(_ threads: Int) async throws -> TickRecord {
            let other = RulesInTicksTests()
            for number in 0..<6 { _ = try await other.city.addDriver("d\(number)", at: point(Double(number) * 700)) }
            for number in 0..<14 {
                _ = try await other.city.placeOrder(
                    from: point(Double(number) * 300), to: point(Double(number) * 250 + 1800))
            }
            _ = try await other.dispatcher(lanes: ThreadLanes(threads: threads)).tick()
            let order = try #require(try await other.city.store.openOrders().first)
            return try #require(try await other.city.store.newestDecision(about: order.id)).tick
        }
        let (one, two) = (try await tick(1), try await tick(2))
        #expect(one == two)
        #expect(one.figures?.orders ?? 0 > 0)
    }

    @Test(arguments: [OrderCommand.pickUp, .deliver(.otp(nil))])
    func aStopThatIsMadeAsksForARoundInPassing(command: OrderCommand) async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        let order = try await city.placeOrder(from: point(100), to: point(1500))
        _ = try await AssignOrders(city.house)(
            AssignOrders.Request(orderIDs: [order.id], driverID: driver.id), by: AdminID(1))
        let change = ChangeOrder(city.house)
        _ = try await change(.accept, order: order.id, by: .driver(driver.id))
        if command != .pickUp { _ = try await change(.pickUp, order: order.id, by: .driver(driver.id)) }
        _ = city.house.rounds.take()
        _ = try await change(command, order: order.id, by: .driver(driver.id))
        #expect(city.house.rounds.take() == .inPassing)
        _ = try await change(command, order: order.id, by: .driver(driver.id))
        #expect(city.house.rounds.take() == nil, "a repetition changes nothing")
    }

    @Test func aForceAgainstTheRulesWarns() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        let (kitchen, other) = (try await restaurant(), try await restaurant())
        try await city.store.replaceRules(
            of: driver.id, with: [DriverRule(driver: driver.id, restaurant: other, kind: .allow)], by: AdminID(1),
            at: city.time.now)
        let order = try await city.placeOrder(from: point(100), to: point(1500)) { content in
            content.restaurantID = kitchen
            content.vehicles = [.car]
        }
        let outcome = try await AssignOrders(city.house)(
            AssignOrders.Request(orderIDs: [order.id], driverID: driver.id), by: AdminID(1))
        #expect(outcome.warnings == [.restaurantForbidden, .wrongVehicle])
        #expect(outcome.orders.first?.holder == driver.id)
    }
}

/// The snapshot of the last tick.
private final class Seen: Sendable {
    private let kept = Mutex<DispatchSnapshot?>(nil)
    var snapshot: DispatchSnapshot? { kept.withLock { $0 } }

    func keep(_ snapshot: DispatchSnapshot) {
        kept.withLock { $0 = snapshot }
    }
}
