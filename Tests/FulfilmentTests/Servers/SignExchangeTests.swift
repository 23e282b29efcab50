import DispatchCore
import Fulfilment
import Geo
import Logging
import Simulation
import Synchronization
import Testing

/// Two servers on one database: what each knows of the other's drivers.
@Suite struct SignExchangeTests {
    let dispatching = VirtualHouse()
    let roll = MockServerRoll()
    let here = GeoPoint(latitude: 12.9352, longitude: 77.6245)

    /// A server whose accounts and orders are those of the one that dispatches, with a memory of its own.
    private struct OtherServer {
        let house: House
        let sessions = MockSessions()
        let exchange: SignExchange

        init(_ city: VirtualHouse, roll: MockServerRoll) {
            var house = city.house
            house.fleet = Fleet()
            self.house = house
            exchange = SignExchange(house, roll: roll, sessions: sessions, server: "b")
        }
    }

    private func exchange(_ sessions: MockSessions = MockSessions()) -> SignExchange {
        SignExchange(dispatching.house, roll: roll, sessions: sessions, server: "a")
    }

    @Test func aServerAloneTellsNothing() async throws {
        let driver = try await dispatching.addDriver("ravi", at: here)
        let own = exchange()
        try await own.turn()
        #expect(roll.told(by: "a").isEmpty)
        // Another comes: it learns what was heard before.
        let other = OtherServer(dispatching, roll: roll)
        other.house.fleet.update(driver)
        try await other.exchange.turn()
        try await own.turn()
        try await other.exchange.turn()
        #expect(other.house.fleet.member(driver.id)?.lastFix?.point == here)
    }

    @Test func whatOneServerHearsTheOtherKnowsAndNobodyHearsHimselfAgain() async throws {
        let driver = try await dispatching.addDriver("ravi", at: here)
        let (own, other) = (exchange(), OtherServer(dispatching, roll: roll))
        other.house.fleet.update(driver)
        try await own.turn()
        try await other.exchange.turn()
        try await own.turn()
        dispatching.time.advance(seconds: 30)
        let there = try #require(GeoPoint(latitude: 12.94, longitude: 77.63))
        _ = other.house.fleet.accept([Fix(driverID: driver.id, point: there, receivedAt: dispatching.time.now)])
        try await other.exchange.turn()
        let before = roll.told(by: "a")
        try await own.turn()
        let member = try #require(dispatching.house.fleet.member(driver.id))
        #expect(member.lastFix?.point == there && member.lastSeen == dispatching.time.now)
        let nearest = dispatching.house.fleet.nearest(
            1, to: there, within: Metres(100), matching: DriverFilter(), at: dispatching.time.now)
        #expect(nearest.map(\.member.account.id) == [driver.id])
        try await own.turn()
        #expect(roll.told(by: "a") == before, "what was learned is not told on")
    }

    @Test func aDriverWithASilentSocketElsewhereIsNotLost() async throws {
        let driver = try await dispatching.addDriver("ravi", at: here)
        let (own, other) = (exchange(), OtherServer(dispatching, roll: roll))
        other.house.fleet.update(driver)
        let policy = DispatchPolicy()
        let dispatcher = Dispatcher(
            dispatching.house, policy: { policy }, holder: "a",
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, microseconds: { 0 },
            solve: { DispatchEngine.plan($0, previous: $1, seed: $2) })
        let order = try await dispatching.placeOrder(from: here, to: GeoPoint(latitude: 12.95, longitude: 77.62))
        func pass(seconds: Int) async throws {
            for _ in 0..<(seconds / 10) {
                try await other.exchange.turn()
                try await own.turn()
                _ = try await dispatcher.tick()
                dispatching.time.advance(seconds: 10)
            }
        }
        try await pass(seconds: 40)
        #expect(try await dispatching.store.order(order.id)?.holder == driver.id)
        other.sessions.open(driver.id, number: 1, at: dispatching.time.now)
        try await pass(seconds: 1200)
        #expect(try await dispatching.store.order(order.id)?.holder == driver.id)
        other.sessions.close(driver.id)
        try await pass(seconds: 700)
        #expect(try await dispatching.store.order(order.id)?.state == .pending)
    }

    @Test func theOlderSocketGoesWhicheverServerHasIt() async throws {
        let driver = DriverID(7)
        let sessions = MockSessions()
        let (own, other) = (exchange(sessions), OtherServer(dispatching, roll: roll))
        try await own.turn()
        sessions.open(driver, number: 1, at: dispatching.time.now)
        dispatching.time.advance(seconds: 1)
        other.sessions.open(driver, number: 1, at: dispatching.time.now)
        // The newer one is told first.
        try await other.exchange.turn()
        try await own.turn()
        try await other.exchange.turn()
        #expect(sessions.takenOver == [driver] && other.sessions.takenOver.isEmpty)
        // He comes back to the first server: the newest lives again.
        dispatching.time.advance(seconds: 1)
        sessions.open(driver, number: 2, at: dispatching.time.now)
        try await own.turn()
        try await other.exchange.turn()
        try await own.turn()
        #expect(sessions.takenOver == [driver] && other.sessions.takenOver == [driver])
    }

    @Test func aWordGivenElsewhereIsReadFromTheAccount() async throws {
        let driver = try await dispatching.addDriver("ravi", at: here, online: false)
        let (own, other) = (exchange(), OtherServer(dispatching, roll: roll))
        other.house.fleet.update(driver)
        try await own.turn()
        try await other.exchange.turn()
        _ = try await DriverDesk(other.house).setAvailability(true, of: driver.id)
        try await other.exchange.turn()
        #expect(dispatching.house.fleet.member(driver.id)?.isAvailable == false)
        try await own.turn()
        #expect(dispatching.house.fleet.member(driver.id)?.isAvailable == true)
    }

    @Test func aServerThatWasForgottenTellsEverythingAnew() async throws {
        let driver = try await dispatching.addDriver("ravi", at: here)
        let (own, other) = (exchange(), OtherServer(dispatching, roll: roll))
        try await other.exchange.turn()
        try await own.turn()
        #expect(roll.told(by: "a").map(\.driverID) == [driver.id])
        roll.forgetEverything()
        try await other.exchange.turn()
        try await own.turn()
        #expect(roll.told(by: "a").map(\.driverID) == [driver.id])
    }

    @Test func whatCouldNotBeToldIsToldWithTheNextTurn() async throws {
        let (own, other) = (exchange(), OtherServer(dispatching, roll: roll))
        try await other.exchange.turn()
        let driver = try await dispatching.addDriver("ravi", at: here)
        roll.isDown = true
        await #expect(throws: StoreError.self) { try await own.turn() }
        roll.isDown = false
        try await own.turn()
        #expect(roll.told(by: "a").map(\.driverID) == [driver.id])
    }
}

/// The roll in memory; its clock counts the pages.
final class MockServerRoll: ServerRoll {
    private struct State {
        var servers: Set<String> = []
        var signs: [String: [DriverID: (sign: DriverSign, written: Int64)]] = [:]
        var clock: Int64 = 1
        var isDown = false
    }

    private let state = Mutex(State())

    /// Whether telling fails.
    var isDown: Bool {
        get { state.withLock { $0.isDown } }
        set { state.withLock { $0.isDown = newValue } }
    }

    func told(by server: String) -> [DriverSign] {
        state.withLock { $0.signs[server, default: [:]].values.map(\.sign).sorted { $0.driverID < $1.driverID } }
    }

    /// As a crash of the database would.
    func forgetEverything() { state.withLock { ($0.servers, $0.signs) = ([], [:]) } }

    func callIn(_ server: String) async throws -> RollCall {
        state.withLock { state in
            let isNew = state.servers.insert(server).inserted
            return RollCall(hasOthers: state.servers.count > 1, isNew: isNew)
        }
    }

    func leave(_ server: String) async throws {
        state.withLock { state in
            state.servers.remove(server)
            state.signs[server] = nil
        }
    }

    func tell(_ signs: [DriverSign], as server: String, at now: Timestamp) async throws {
        try state.withLock { state in
            if state.isDown { throw StoreError(.unavailable, detail: "down") }
            state.clock += 1
            for var sign in signs {
                sign.openedAt = sign.openedAt ?? state.signs[server]?[sign.driverID]?.sign.openedAt
                state.signs[server, default: [:]][sign.driverID] = (sign, state.clock)
            }
        }
    }

    func signs(forServer server: String, since mark: Timestamp?, at now: Timestamp) async throws -> SignPage {
        state.withLock { state in
            let mine = state.signs[server, default: [:]]
            let told = state.signs.filter { $0.key != server }.flatMap(\.value.values)
                .filter { $0.written > mark?.milliseconds ?? 0 }.map(\.sign).sorted { $0.driverID < $1.driverID }
            let gone = told.filter { sign in
                guard let own = mine[sign.driverID]?.sign.openedAt, let other = sign.openedAt else { return false }
                return other > own
            }
            return SignPage(
                signs: told, movedAway: gone.map(\.driverID), mark: Timestamp(milliseconds: state.clock))
        }
    }

    func hint(_ hint: ServerHint) async throws {}
}

/// The sockets of a server, opened and closed by hand.
final class MockSessions: DriverSessions {
    private let live = Mutex<[DriverID: SessionOpening]>([:])
    private let taken = Mutex<[DriverID]>([])

    var takenOver: [DriverID] { taken.withLock { $0 } }

    func open(_ driver: DriverID, number: UInt64, at moment: Timestamp) {
        live.withLock { $0[driver] = SessionOpening(driverID: driver, number: number, openedAt: moment) }
    }

    func close(_ driver: DriverID) { live.withLock { $0[driver] = nil } }

    func openings(after number: UInt64) -> [SessionOpening] {
        live.withLock { $0.values.filter { $0.number > number } }
    }

    func connectedDrivers() -> [DriverID] { live.withLock { $0.keys.sorted() } }

    func takeOver(_ driver: DriverID, through number: UInt64) {
        let ended = live.withLock { live -> Bool in
            guard let session = live[driver], session.number <= number else { return false }
            live[driver] = nil
            return true
        }
        if ended { taken.withLock { $0.append(driver) } }
    }
}
