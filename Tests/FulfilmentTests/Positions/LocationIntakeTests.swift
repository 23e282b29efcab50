import DispatchCore
import Fulfilment
import Geo
import Simulation
import Synchronization
import Testing

@Suite struct LocationIntakeTests {
    let city = VirtualHouse()

    func intake(waiting: Int) -> LocationIntake {
        var limits = LocationIntake.Limits()
        limits.waiting = waiting
        return LocationIntake(
            fleet: city.house.fleet, store: city.store, accounts: city.store, feed: city.feed, limits: limits)
    }

    func fix(_ driver: DriverID, _ number: Int64) throws -> Fix {
        let point = try #require(GeoPoint(latitude: 10, longitude: Double(number)))
        return Fix(driverID: driver, point: point, receivedAt: Timestamp(milliseconds: number))
    }

    @Test func everyFixReachesTheHistoryWithItsOwnTime() async throws {
        let driver = try await city.addDriver("ravi", at: nil)
        let intake = intake(waiting: 100)
        intake.accept([try fix(driver.id, 1), try fix(driver.id, 1), try fix(driver.id, 2)])
        #expect(await intake.flush())
        #expect(try await city.store.fixes(of: driver.id, limit: 10).map(\.fix.receivedAt.milliseconds) == [2, 1, 1])
    }

    @Test func whenFullTheOldestOfTheSameDriverGivesWay() async throws {
        let busy = try await city.addDriver("busy", at: nil)
        let quiet = try await city.addDriver("quiet", at: nil)
        let intake = intake(waiting: 3)
        intake.accept([try fix(quiet.id, 1), try fix(busy.id, 2), try fix(busy.id, 3), try fix(busy.id, 4)])
        #expect(intake.backlog == (waiting: 3, dropped: 1))
        #expect(await intake.flush())
        #expect(try await city.store.fixes(of: quiet.id, limit: 9).count == 1)
        #expect(try await city.store.fixes(of: busy.id, limit: 9).map(\.fix.receivedAt.milliseconds) == [4, 3])
    }

    @Test func aDatabaseThatIsAwayLosesNothingWithinTheBuffer() async throws {
        let driver = try await city.addDriver("ravi", at: nil)
        let intake = intake(waiting: 10)
        city.store.setDown(true)
        intake.accept([try fix(driver.id, 1)])
        #expect(await intake.flush() == false)
        intake.accept([try fix(driver.id, 2)])
        city.store.setDown(false)
        #expect(await intake.flush())
        #expect(try await city.store.fixes(of: driver.id, limit: 9).map(\.fix.receivedAt.milliseconds) == [2, 1])
    }

    @Test func aLargeBacklogIsWrittenOnce() async throws {
        let driver = try await city.addDriver("ravi", at: nil)
        var limits = LocationIntake.Limits()
        limits.batchRows = 3
        let intake = LocationIntake(
            fleet: city.house.fleet, store: city.store, accounts: city.store, feed: city.feed, limits: limits)
        city.store.setDown(true)
        intake.accept(try (1...100).map { try fix(driver.id, $0) })
        #expect(await intake.flush() == false)
        #expect(intake.backlog == (waiting: 100, dropped: 0))
        city.store.setDown(false)
        #expect(await intake.flush())
        let stored = try await city.store.fixes(of: driver.id, limit: 1000).map(\.fix.receivedAt.milliseconds)
        #expect(stored.sorted() == Array(1...100))
        #expect(intake.backlog == (waiting: 0, dropped: 0))
    }

    @Test func whoNeverSaidAnythingBecomesAvailableWithTheFirstStoredFix() async throws {
        let silent = try await DriverDesk(city.house).create(
            DriverDraft(name: "silent", phone: "+9100", email: nil, passwordHash: "-"))
        let offline = try await city.addDriver("offline", at: nil, online: false)
        let intake = intake(waiting: 10)
        intake.accept([try fix(silent.id, 1), try fix(offline.id, 2)])
        #expect(await intake.flush())
        #expect(city.house.fleet.member(silent.id)?.account.availability == .online)
        #expect(try await city.store.driver(silent.id)?.availability == .online)
        #expect(city.house.fleet.member(offline.id)?.account.availability == .offline)
    }

    @Test func oneBadFixIsDroppedAndKeepsNoOthersWaiting() async throws {
        let driver = try await city.addDriver("ravi", at: nil)
        let store = FussyLocationStore(city.store, refuses: 37)
        let intake = LocationIntake(
            fleet: city.house.fleet, store: store, accounts: city.store, feed: city.feed)
        intake.accept(try (1...100).map { try fix(driver.id, $0) })
        #expect(await intake.flush())
        let stored = try await city.store.fixes(of: driver.id, limit: 1000).map(\.fix.receivedAt.milliseconds)
        #expect(stored.sorted() == (1...100).filter { $0 != 37 })
        #expect(intake.backlog.waiting == 0)
    }

    @Test func aBatchThatWasRefusedComesAgainAsItWas() async throws {
        let driver = try await city.addDriver("ravi", at: nil)
        let store = FussyLocationStore(city.store, refuses: -1)
        let intake = LocationIntake(
            fleet: city.house.fleet, store: store, accounts: city.store, feed: city.feed)
        city.store.setDown(true)
        intake.accept(try (1...3).map { try fix(driver.id, $0) })
        #expect(await intake.flush() == false)
        intake.accept([try fix(driver.id, 4)])
        #expect(await intake.flush() == false)
        city.store.setDown(false)
        #expect(await intake.flush())
        #expect(store.batches == [[1, 2, 3], [1, 2, 3], [1, 2, 3], [4]])
    }
}

/// A store that refuses every batch with the fix of one moment in it.
private final class FussyLocationStore: LocationStore {
    private let store: InMemoryStore
    private let refused: Int64
    private let asked = Mutex<[[Int64]]>([])

    init(_ store: InMemoryStore, refuses refused: Int64) {
        self.store = store
        self.refused = refused
    }

    /// The moments of every batch that came.
    var batches: [[Int64]] { asked.withLock { $0 } }

    func append(_ fixes: [Fix]) async throws {
        let moments = fixes.map(\.receivedAt.milliseconds)
        asked.withLock { $0.append(moments) }
        guard !moments.contains(refused) else { throw StoreError(.constraint, detail: "check") }
        try await store.append(fixes)
    }

    func fixes(of driver: DriverID, limit: Int) async throws -> [StoredFix] {
        try await store.fixes(of: driver, limit: limit)
    }

    func newestFixes(since: Timestamp) async throws -> [Fix] { try await store.newestFixes(since: since) }
}
