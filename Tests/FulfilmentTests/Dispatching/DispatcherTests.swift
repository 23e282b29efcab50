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
        holder: String = "a", of house: House? = nil, policy: DispatchPolicy = DispatchPolicy(),
        solve: @escaping Dispatcher.Solver = { DispatchEngine.plan($0, previous: $1, seed: $2) }
    ) -> Dispatcher {
        Dispatcher(
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

    @Test func ordersOfAnExternalPoolAreTheEnginesOnlyAfterADriverGaveThemBack() async throws {
        let first = try await city.addDriver("ravi", at: point(0))
        let second = try await city.addDriver("meera", at: point(100))
        let pool = PoolID(5)
        let order = try await city.placeOrder(from: point(500), to: point(2500)) { $0.externalPoolID = pool }
        let everybody = [(first.id, point(0)), (second.id, point(100))]
        let dispatcher = dispatcher()
        try await ticks(4, dispatcher, drivers: everybody)
        #expect(try await states() == [.pending])
        func give() async throws {
            _ = try await AssignOrders(city.house)(
                AssignOrders.Request(orderIDs: [order.id], driverID: first.id), by: admin)
        }
        try await give()
        _ = try await ChangeOrder(city.house)(.unassign(reason: "mine"), order: order.id, by: .admin(admin))
        try await ticks(4, dispatcher, drivers: everybody)
        #expect(try await states() == [.pending], "what an admin takes back he keeps")
        try await give()
        _ = try await ChangeOrder(city.house)(.reject(reason: nil), order: order.id, by: .driver(first.id))
        try await ticks(4, dispatcher, drivers: everybody)
        #expect(try await city.store.order(order.id)?.holder == second.id)
    }

    @Test func aSecondOfferWaitsForTheGap() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        var policy = DispatchPolicy()
        policy.offerGap = Seconds(35)
        policy.commitment = .immediate
        let dispatcher = dispatcher(policy: policy)
        _ = try await city.placeOrder(from: point(500), to: point(2500))
        try await ticks(1, dispatcher, drivers: [(driver.id, point(0))])
        #expect(try await states() == [.assigned])
        _ = try await city.placeOrder(from: point(500), to: point(2500))
        try await ticks(3, dispatcher, drivers: [(driver.id, point(0))])
        #expect(try await states() == [.assigned, .pending])
        try await ticks(2, dispatcher, drivers: [(driver.id, point(0))])
        #expect(try await states() == [.assigned, .assigned])
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

    @Test func theSummaryOfATickSaysHowGoodItsPlanIs() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        _ = try await city.placeOrder(from: point(500), to: point(2500))
        let dispatcher = dispatcher { snapshot, previous, seed in
            var plan = DispatchEngine.plan(snapshot, previous: previous, seed: seed)
            plan.cost = Cost(1100)
            plan.bound = Cost(1000)
            plan.isDegraded = true
            return plan
        }
        let summary = try #require(try await dispatcher.tick())
        #expect(summary.isDegraded)
        #expect(summary.cost == Cost(1100) && summary.bound == Cost(1000) && summary.gapPerMille == 100)
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

    private static let eager: Dispatcher.Solver = { snapshot, previous, seed in
        var eager = snapshot
        eager.policy.commitment = .immediate
        return DispatchEngine.plan(eager, previous: previous, seed: seed)
    }

    @Test func withAutomaticDispatchOffOnlyARoundThatAnAdminAskedForGivesOrders() async throws {
        var settings = HouseSettings()
        settings.isAutomatic = false
        let city = VirtualHouse(settings: settings)
        let policy = DispatchPolicy()
        let dispatcher = Dispatcher(
            city.house, policy: { policy }, holder: "a", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 }, solve: Self.eager)
        let driver = try await city.addDriver("ravi", at: point(0))
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        #expect(try await dispatcher.tick() == nil)
        #expect(try await city.store.order(order.id)?.state == .pending)
        #expect(try await dispatcher.tick(byHand: true)?.orders == 1)
        #expect(try await city.store.order(order.id)?.holder == driver.id)
        // Who is lost is judged all the same.
        for _ in 0..<62 {
            city.time.advance(seconds: 10)
            _ = try await dispatcher.tick()
        }
        #expect(try await city.store.order(order.id)?.state == .pending)
    }

    @Test func aServerThatStandsBySaysSo() async throws {
        let (first, second) = (dispatcher(holder: "a"), dispatcher(holder: "b"))
        _ = try await first.tick()
        #expect(!city.house.rounds.isStandingBy)
        _ = try await second.tick()
        #expect(city.house.rounds.isStandingBy)
        // Who does not have the lease does not renew it; who lost it learns of that by renewing.
        await second.renewLease()
        #expect(city.house.rounds.isStandingBy)
        await first.renewLease()
        #expect(!city.house.rounds.isStandingBy)
        city.store.takeOverLease(by: "b")
        await first.renewLease()
        #expect(city.house.rounds.isStandingBy)
    }

    @Test func aServerThatStopsWhileItPlansCarriesNothingOut() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        let dispatcher = dispatcher { snapshot, previous, seed in
            withUnsafeCurrentTask { $0?.cancel() }
            return try await Self.eager(snapshot, previous, seed)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { _ = try await dispatcher.tick() }
            }
        }
        #expect(try await states() == [.pending])
        #expect(try await city.store.newestDecision(about: order.id) == nil)
    }

    @Test func aConflictThatRepeatsAsksForOneRoundAndReadsTheDriverAnew() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        // Another server has heard that he is offline; this one's memory has not.
        var patch = DriverPatch()
        patch.availability = .offline
        _ = try await city.store.updateDriver(driver.id, patch)
        let (fleet, account) = (city.house.fleet, driver)
        let dispatcher = dispatcher { snapshot, previous, seed in
            fleet.update(account)
            return try await Self.eager(snapshot, previous, seed)
        }
        _ = city.house.rounds.take()
        _ = try await dispatcher.tick()
        #expect(city.house.rounds.take() == .atOnce)
        #expect(fleet.member(driver.id)?.account.availability == .offline)
        fleet.update(account)
        _ = try await dispatcher.tick()
        #expect(city.house.rounds.take() == nil)
        #expect(try await city.store.order(order.id)?.state == .pending)
    }

    @Test func statedDistanceAndPayGoIntoAnEnginesOffer() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        _ = try await city.placeOrder(from: point(100), to: point(2000)) { $0.statedDistance = 12_000 }
        _ = try await dispatcher(solve: Self.eager).tick()
        guard case .orderAssigned(let told)? = city.push.events.first?.body else {
            Issue.record("no offer was told")
            return
        }
        #expect(told.distance == 12_000)
        #expect(
            told.earnings
                == city.house.settings.earnings.quote(
                    stated: nil, distance: 12_000, batchSize: 1, hour: 0
                ).total)
        _ = try await city.addDriver("meera", at: point(0))
        _ = try await city.placeOrder(from: point(100), to: point(2000)) { $0.statedEarnings = Paise(7777) }
        _ = try await dispatcher(solve: Self.eager).tick()
        guard case .orderAssigned(let other)? = city.push.events.last?.body else { return }
        #expect(other.earnings == Paise(7777))
    }

    @Test func aDriverIsShownAsDeliveringWhileHeHoldsAnOrder() async throws {
        let driver = try await city.addDriver("ravi", at: point(0))
        func isDelivering() -> Bool? { city.house.fleet.member(driver.id)?.isDelivering }
        let change = ChangeOrder(city.house)
        #expect(isDelivering() == false)
        let endings: [(OrderCommand, Principal)] = [
            (.reject(reason: nil), .driver(driver.id)), (.cancel(by: .customer, reason: "x"), .admin(admin)),
            (.unassign(reason: "x"), .admin(admin)), (.deliverByHand, .admin(admin)),
        ]
        for (command, principal) in endings {
            let order = try await city.placeOrder(from: point(100), to: point(2000))
            let request = AssignOrders.Request(orderIDs: [order.id], driverID: driver.id)
            _ = try await AssignOrders(city.house)(request, by: admin)
            #expect(isDelivering() == true)
            _ = try await change(command, order: order.id, by: principal)
            #expect(isDelivering() == false)
        }
        // What another server did is read from the open orders.
        let order = try await city.placeOrder(from: point(100), to: point(2000))
        let request = AssignOrders.Request(orderIDs: [order.id], driverID: driver.id)
        _ = try await AssignOrders(city.house)(request, by: admin)
        city.house.fleet.noteHolders(of: [])
        #expect(isDelivering() == false)
        city.house.fleet.noteHolders(of: try await city.store.openOrders())
        #expect(isDelivering() == true)
    }
}
