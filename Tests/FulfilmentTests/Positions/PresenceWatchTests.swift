import DispatchCore
import Fulfilment
import Geo
import Synchronization
import Testing

@Suite struct PresenceWatchTests {
    let driver = DriverID(7)
    let restaurant = RestaurantID(3)
    let kitchen = GeoPoint(latitude: 12.9352, longitude: 77.6245)

    /// So many metres east of the kitchen.
    private func east(_ metres: Double) throws -> GeoPoint {
        try #require(GeoPoint(latitude: 12.9352, longitude: 77.6245 + metres / 108_374))
    }

    private func second(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    private func order(_ id: Int64, _ state: OrderState, readyAt: Int64? = nil, pickedUpAt: Int64? = nil) -> OpenOrder {
        var order = OpenOrder(
            id: OrderID(id), version: 1, state: state, createdAt: second(0), pooledAt: second(0))
        order.restaurantID = restaurant
        order.driverID = driver
        order.pickup = kitchen
        order.dropoff = GeoPoint(latitude: 12.9352, longitude: 77.6545)
        order.readyAt = readyAt.map(second)
        order.pickedUpAt = pickedUpAt.map(second)
        return order
    }

    private func events(_ watch: PresenceWatch) async throws -> [PresenceEvent] {
        let log = KeptPresence()
        try await watch.flush(to: log)
        return log.events
    }

    private func report(_ watch: PresenceWatch, _ metres: Double, at seconds: Int64) throws {
        watch.seen([Fix(driverID: driver, point: try east(metres), receivedAt: second(seconds))])
    }

    @Test func aStayAtARestaurantIsAWaitBeyondTheReadyTime() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .accepted, readyAt: 200)], at: second(0))
        try report(watch, 2000, at: 50)
        try report(watch, 20, at: 100)
        try report(watch, 10, at: 120)
        #expect(try await events(watch).isEmpty)
        try report(watch, 15, at: 140)
        let came = PresenceEvent(driver: driver, spot: .restaurant(restaurant), beganAt: second(100))
        #expect(try await events(watch) == [came])
        // The food was promised for 200 and was there at 500.
        watch.expect([order(1, .pickedUp, readyAt: 200, pickedUpAt: 500)], at: second(503))
        var went = came
        went.endedAt = second(500)
        went.waited = 300_000
        went.beyondWord = 300_000
        #expect(try await events(watch) == [went])
        // One stay counts for a fifth against four of nothing.
        #expect(watch.readyDeviation() == [restaurant: Seconds(60)])
    }

    @Test func onlyAPickupIsAWait() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .accepted, readyAt: 200)], at: second(0))
        for time in [Int64(100), 140] { try report(watch, 10, at: time) }
        // Given to somebody else, or cancelled, after ten minutes.
        watch.expect([], at: second(700))
        watch.expect([order(2, .accepted)], at: second(701))
        for time in [Int64(800), 840] { try report(watch, 10, at: time) }
        // He leaves without the food.
        try report(watch, 900, at: 1000)
        watch.expect([order(2, .accepted)], at: second(1001))
        let ends = try await events(watch).filter { $0.endedAt != nil }
        #expect(ends.map(\.endedAt) == [second(700), second(1000)])
        #expect(ends.allSatisfy { $0.waited == nil && $0.preparation == nil })
        #expect(watch.waitingTimes().isEmpty && watch.readyDeviation().isEmpty && watch.preparation().isEmpty)
    }

    @Test func whoLeavesWithTheFoodBeforeTheOrdersAreLookedAtHasWaited() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .accepted, readyAt: 200)], at: second(0))
        for time in [Int64(100), 140] { try report(watch, 10, at: time) }
        try report(watch, 900, at: 504)
        #expect(watch.stays(of: driver).isEmpty)
        watch.expect([order(1, .pickedUp, readyAt: 200, pickedUpAt: 500)], at: second(505))
        let last = try #require(try await events(watch).last)
        #expect(last.endedAt == second(500) && last.waited == 300_000 && last.beyondWord == 300_000)
    }

    @Test func aWaitThatBeganAfterTheWordCountsFromTheWord() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .accepted, readyAt: 200)], at: second(0))
        for time in [Int64(400), 440] { try report(watch, 10, at: time) }
        watch.expect([order(1, .pickedUp, readyAt: 200, pickedUpAt: 700)], at: second(703))
        let last = try #require(try await events(watch).last)
        #expect(last.waited == 300_000 && last.beyondWord == 500_000)
        #expect(watch.readyDeviation() == [restaurant: Seconds(100)])
    }

    /// Late drivers find the food ready, whenever it was: they neither make the kitchen slow nor punctual.
    @Test func driversWhoComeLateSayOnlyThatItTookNoLonger() {
        let late = KitchenStay(waited: 5000, beyondWord: 900_000)
        let seen = KitchenStay(waited: 100_000, beyondWord: 300_000)
        let soon = KitchenStay(waited: 5000, beyondWord: 20_000)
        func deviation(_ stays: [KitchenStay]) -> Seconds? {
            let watch = PresenceWatch(atlas: Atlas())
            watch.load([restaurant: stays])
            return watch.readyDeviation()[restaurant]
        }
        func many(_ stay: KitchenStay, _ count: Int) -> [KitchenStay] { Array(repeating: stay, count: count) }
        #expect(deviation(many(late, 40)) == nil)
        #expect(deviation(many(seen, 20)) == Seconds(250))
        #expect(deviation(many(seen, 20) + many(late, 40)) == Seconds(250), "bounds above say nothing")
        #expect(deviation(many(seen, 20) + many(soon, 40)) == .zero, "most of its food is there at once")
        #expect(deviation(many(seen, 40) + many(soon, 20)) == Seconds(281))
    }

    @Test func aKitchenThatSaysNothingIsKnownByItsPickups() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .accepted)], at: second(0))
        for time in [Int64(100), 140] { try report(watch, 10, at: time) }
        watch.expect([order(1, .pickedUp, pickedUpAt: 900)], at: second(903))
        let last = try #require(try await events(watch).last)
        // Placed at 0, there at 100, taken at 900.
        #expect(last.waited == 800_000 && last.preparation == 900_000)
        #expect(watch.preparation() == [restaurant: Seconds(180)])
        #expect(watch.readyDeviation().isEmpty)
        #expect(watch.waitingTimes()[restaurant]?.count == 1)
        // Food that was there before the driver says only that the kitchen is no slower than that.
        let quick = PresenceWatch(atlas: Atlas())
        quick.load([restaurant: Array(repeating: KitchenStay(waited: 5000, preparation: 2_400_000), count: 30)])
        #expect(quick.preparation().isEmpty)
    }

    @Test func zonesThatOverlapAreEachEnteredAndLeft() async throws {
        let atlas = Atlas()
        let borders = [ZoneID(1): 100.0, ZoneID(2): 1000.0]
        // Each zone reaches so many metres to the east of the kitchen.
        @Sendable func depth(_ point: GeoPoint, _ zone: ZoneID) -> Double {
            (borders[zone] ?? 0) - (point.longitude - 77.6245) * 108_374
        }
        atlas.replace(hasZones: true, depth: { Metres(depth($0, $1)) }) { point in
            borders.keys.sorted().filter { depth(point, $0) >= 0 }
        }
        let watch = PresenceWatch(atlas: atlas)
        for (time, metres) in [0.0, 500, 2000].enumerated() { try report(watch, metres, at: Int64(time)) }
        let spots = try await events(watch).map { "\($0.spot) \($0.endedAt?.milliseconds ?? -1)" }
        #expect(
            spots == [
                "\(Spot.zone(ZoneID(1))) -1", "\(Spot.zone(ZoneID(2))) -1", "\(Spot.zone(ZoneID(1))) 1000",
                "\(Spot.zone(ZoneID(2))) 2000",
            ])
    }

    @Test func aServerThatStartsAnewGoesOnWithTheStaysThatWereOpen() async throws {
        let atlas = Atlas()
        let zone = ZoneID(4)
        atlas.replace(hasZones: true, depth: { _, _ in Metres(500) }, { _ in [zone] })
        let watch = PresenceWatch(atlas: atlas)
        watch.resume([
            PresenceEvent(driver: driver, spot: .zone(zone), beganAt: second(10)),
            PresenceEvent(driver: driver, spot: .restaurant(restaurant), beganAt: second(100)),
            PresenceEvent(driver: DriverID(8), spot: .customer(OrderID(5)), beganAt: second(90)),
        ])
        #expect(watch.stays(of: driver).map(\.beganAt) == [second(10), second(100)])
        try report(watch, 10, at: 200)
        watch.expect([order(1, .accepted, readyAt: 150)], at: second(201))
        try report(watch, 10, at: 260)
        // Nobody is seen to come again; whoever had nothing left to do there has left.
        var gone = PresenceEvent(driver: DriverID(8), spot: .customer(OrderID(5)), beganAt: second(90))
        gone.endedAt = second(201)
        #expect(try await events(watch) == [gone])
        watch.expect([order(1, .pickedUp, readyAt: 150, pickedUpAt: 300)], at: second(302))
        let last = try #require(try await events(watch).last)
        #expect(last.beganAt == second(100) && last.waited == 150_000)
    }

    @Test func drivingPastIsNoArrival() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .assigned)], at: second(0))
        try report(watch, 20, at: 100)
        try report(watch, 400, at: 110)
        watch.expect([order(1, .assigned)], at: second(200))
        #expect(try await events(watch).isEmpty)
    }

    @Test func aDriverWhoStandsStillWithoutAWordArrivesByTheClock() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .assigned)], at: second(0))
        try report(watch, 20, at: 100)
        watch.expect([order(1, .assigned)], at: second(129))
        #expect(try await events(watch).isEmpty)
        watch.expect([order(1, .assigned)], at: second(130))
        #expect(try await events(watch).map(\.beganAt) == [second(100)])
    }

    @Test func theCustomerIsWatchedWhileHisFoodIsOnBoard() async throws {
        let watch = PresenceWatch(atlas: Atlas())
        watch.expect([order(1, .inTransit)], at: second(0))
        let door = try #require(GeoPoint(latitude: 12.9352, longitude: 77.6545))
        for time in [Int64(300), 330] { watch.seen([Fix(driverID: driver, point: door, receivedAt: second(time))]) }
        watch.expect([], at: second(360))
        let came = PresenceEvent(driver: driver, spot: .customer(OrderID(1)), beganAt: second(300))
        var went = came
        went.endedAt = second(360)
        #expect(try await events(watch) == [came, went])
        #expect(watch.readyDeviation().isEmpty)
    }

    @Test func aPhoneThatWaversOnTheBorderOfAZoneMakesNoStreamOfEvents() async throws {
        let atlas = Atlas()
        let area = try #require(
            GeoPolygon(rings: [
                [(12.9, 77.5), (12.9, 77.6245), (13, 77.6245), (13, 77.5)].map {
                    GeoPolygon.Vertex(latitude: $0.0, longitude: $0.1)
                }
            ]))
        let zone = ZoneID(5)
        atlas.replace(
            hasZones: true, depth: { point, _ in Geofence.area(area).depth(of: point) },
            { area.contains($0) ? [zone] : [] })
        let watch = PresenceWatch(atlas: atlas)
        for (time, metres) in [-200.0, 10, -10, 20, -5, 25].enumerated() { try report(watch, metres, at: Int64(time)) }
        #expect(
            try await events(watch) == [PresenceEvent(driver: driver, spot: .zone(zone), beganAt: second(0))])
        try report(watch, 60, at: 9)
        #expect(
            try await events(watch) == [
                PresenceEvent(driver: driver, spot: .zone(zone), beganAt: second(0), endedAt: second(9))
            ])
    }

    @Test func whatTheDatabaseRefusesWaitsOnAndTheOldestGoesFirst() async throws {
        let atlas = Atlas()
        atlas.replace(hasZones: true, depth: { _, _ in Metres(-1000) }, { _ in [ZoneID(1)] })
        let watch = PresenceWatch(atlas: atlas, limit: 3)
        for time in 0..<2 { try report(watch, 0, at: Int64(time)) }
        let log = KeptPresence(isDown: true)
        await #expect(throws: KeptPresence.Down.self) { try await watch.flush(to: log) }
        try report(watch, 0, at: 2)
        let kept = try await events(watch)
        // Three of five: in, out and in, out and in again.
        #expect(kept.count == 3)
        #expect(kept.last == PresenceEvent(driver: driver, spot: .zone(ZoneID(1)), beganAt: second(2)))
        #expect(try await events(watch).isEmpty)
    }

    @Test func statisticsBeginWithWhatIsKnown() {
        let watch = PresenceWatch(atlas: Atlas())
        watch.load([restaurant: Array(repeating: KitchenStay(waited: 120_000), count: 60)])
        #expect(watch.readyDeviation() == [restaurant: Seconds(112)])
    }
}

/// Keeps what it is given, or is away.
private final class KeptPresence: PresenceLog {
    struct Down: Error {}

    private let kept = Mutex<[PresenceEvent]>([])
    private let isDown: Bool

    init(isDown: Bool = false) {
        self.isDown = isDown
    }

    var events: [PresenceEvent] { kept.withLock { $0 } }

    func crossings(matching query: CrossingQuery) async throws -> [RecordedPresence] { [] }

    func append(_ events: [PresenceEvent]) async throws {
        if isDown { throw Down() }
        kept.withLock { $0 += events }
    }

    func presence(of driver: DriverID, limit: Int) async throws -> [PresenceEvent] { [] }
    func kitchenStays(limit: Int) async throws -> [RestaurantID: [KitchenStay]] { [:] }
    func openStays() async throws -> [PresenceEvent] { [] }
}
