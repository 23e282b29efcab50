import DispatchCore
import Fulfilment
import Geo
import Logging
import Simulation
import Synchronization
import Testing

/// What reaches the engine from the road network and from the statistics of the kitchens.
@Suite struct TickInputsTests {
    let city = VirtualHouse()

    private func point(_ east: Double) -> GeoPoint? {
        GeoPoint(latitude: 12.9352, longitude: 77.6245 + east / 108_374)
    }

    /// The snapshots of one tick.
    private func snapshots(
        of house: House, _ policy: DispatchPolicy = DispatchPolicy()
    ) async throws -> (DispatchSnapshot, TickSummary) {
        let box = SnapshotBox()
        let dispatcher = Dispatcher(
            house, policy: { policy }, holder: "a", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 },
            solve: { snapshot, previous, seed in
                box.keep(snapshot)
                return DispatchEngine.plan(snapshot, previous: previous, seed: seed)
            })
        let summary = try #require(try await dispatcher.tick())
        return (try #require(box.snapshot), summary)
    }

    @Test func waysComeFromTheRoadNetworkAndSayWhereTheyAreGuessed() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        _ = try await city.addDriver("asha", at: point(100))
        _ = try await city.placeOrder(from: point(500), to: point(2500))
        _ = try await city.placeOrder(from: point(500), to: point(3000))
        var house = city.house
        house.travelTimes = Roads()
        let (snapshot, summary) = try await snapshots(of: house)
        guard case .matrix(let ways) = snapshot.travel else {
            Issue.record("no matrix")
            return
        }
        // Four ends of orders, then two drivers, to whom nobody drives.
        #expect(ways.rows == 6 && ways.columns == 4)
        #expect(ways.seconds.allSatisfy { $0 == 77 })
        // The kitchen that both orders share is asked for once: 5 × 3 ways, of which those from one place are guessed.
        #expect(summary.estimatedWays == 3 && summary.routedWays == 12)
    }

    @Test func withoutARoadNetworkTheEstimatorAnswers() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        _ = try await city.placeOrder(from: point(500), to: point(2500))
        let (snapshot, summary) = try await snapshots(of: city.house)
        guard case .estimate = snapshot.travel else {
            Issue.record("no estimate")
            return
        }
        #expect(summary.estimatedWays == 0 && summary.routedWays == 0)
    }

    @Test func aKitchenThatLetsDriversWaitIsKnownToTheEngine() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        let slow = try await city.store.createRestaurant(RestaurantDraft(name: "Slow", address: "Here")).id
        let other = try await city.store.createRestaurant(RestaurantDraft(name: "Other", address: "There")).id
        let ready = city.house.now()
        _ = try await city.placeOrder(from: point(500), to: point(2500), readyAt: ready) { $0.restaurantID = slow }
        _ = try await city.placeOrder(from: point(600), to: point(2600)) { $0.restaurantID = other }
        var house = city.house
        let presence = PresenceWatch(atlas: house.atlas)
        presence.load([slow: Array(repeating: KitchenStay(waited: 340_000), count: 64)])
        house.presence = presence
        let (snapshot, _) = try await snapshots(of: house)
        let deviations = snapshot.orders.map { ($0.restaurant, $0.readyDeviation) }
        #expect(deviations.first { $0.0 == slow }?.1 == Seconds(320))
        #expect(deviations.first { $0.0 == other }?.1 == .zero)
    }

    @Test func aKitchenThatSaysNothingIsExpectedToTakeAsLongAsItDoes() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        let slow = try await city.store.createRestaurant(RestaurantDraft(name: "Slow", address: "Here")).id
        let order = try await city.placeOrder(from: point(500), to: point(2500)) { $0.restaurantID = slow }
        var house = city.house
        let presence = PresenceWatch(atlas: house.atlas)
        presence.load([slow: Array(repeating: KitchenStay(waited: 900_000, preparation: 1_700_000), count: 64)])
        house.presence = presence
        var policy = DispatchPolicy()
        policy.readyDeviation = .one
        func planned(_ house: House) async throws -> (driver: DriverID?, hold: HoldReason?) {
            let (snapshot, _) = try await snapshots(of: house, policy)
            let plan = DispatchEngine.plan(snapshot, previous: nil, seed: 1)
            let batch = plan.commits.first { $0.orders.contains(order.id) }
            return (batch?.driver, plan.waiting.first { $0.order == order.id }?.reason)
        }
        // The food is expected 26 minutes after the order was placed: nobody need leave yet.
        #expect(try await planned(house).hold == .waitingForReadyTime)
        house.presence = nil
        #expect(try await planned(house).driver != nil)
    }

    @Test func aZoneWhereWaysTakeLongerMakesThemLonger() async throws {
        _ = try await city.addDriver("ravi", at: point(0))
        _ = try await city.placeOrder(from: point(500), to: point(2500))
        let box = try #require(
            GeoPolygon(rings: [
                [(12.9, 77.6), (12.9, 77.7), (13, 77.7), (13, 77.6)].map {
                    GeoPolygon.Vertex(latitude: $0.0, longitude: $0.1)
                }
            ]))
        city.house.atlas.replace(hasZones: true, slowZones: [.init(area: box, factor: 2)]) { _ in [] }
        let (snapshot, summary) = try await snapshots(of: city.house)
        guard case .matrix(let ways) = snapshot.travel else {
            Issue.record("no matrix")
            return
        }
        let plain = city.house.settings.leg(try #require(point(500)), try #require(point(2500)), at: snapshot.now)
        // From the kitchen to the customer, at the pace of a motorbike.
        let pace = Int64(ways.paces[Int(VehicleClass.motorcycle.rawValue)])
        let seconds = Int64(ways.seconds[1]) * pace / 1024
        #expect(abs(seconds - 2 * plain.milliseconds / 1000) <= 2)
        #expect(ways.paces.contains { $0 > 1024 })
        #expect(summary.estimatedWays == 0)
    }
}

private final class SnapshotBox: Sendable {
    private let kept = Mutex<DispatchSnapshot?>(nil)
    var snapshot: DispatchSnapshot? { kept.withLock { $0 } }

    func keep(_ snapshot: DispatchSnapshot) {
        kept.withLock { $0 = snapshot }
    }
}

/// Every way takes 77 seconds; those from the first place are guessed.
private struct Roads: TravelTimes {
    func matrix(
        from origins: [GeoPoint], to destinations: [GeoPoint], under conditions: TravelConditions
    ) async -> TravelMatrix {
        TravelMatrix(origins: origins.count, destinations: destinations.count) { origin, _ in
            TravelLeg(milliseconds: 76_500, metres: 400, source: origin == 0 ? .estimate : .route)
        }
    }
}
