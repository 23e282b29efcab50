import DispatchCore
import Fulfilment
import Geo
import Postgres
import Store
import TestSupport
import Testing

@Suite("What servers on one database let each other know")
struct ServerRollTests {
    /// The clock of one of the servers is two minutes ahead of the other's.
    private let now = Timestamp(milliseconds: 1_790_000_000_000)
    private let ahead = Timestamp(milliseconds: 1_790_000_120_000)

    private func sign(_ driver: Int64, seen: Timestamp, opened: Timestamp? = nil) throws -> DriverSign {
        var fix = Fix(
            driverID: DriverID(driver), point: try #require(GeoPoint(latitude: 12.9352, longitude: 77.6245)),
            receivedAt: seen)
        (fix.accuracy, fix.heading, fix.speed, fix.batteryLevel) = (5, 90, 7.5, 80)
        fix.recordedAt = Timestamp(milliseconds: 1_700_000_000_000)
        var sign = DriverSign(driverID: DriverID(driver), availability: .online, seenAt: seen)
        sign.fix = fix
        sign.openedAt = opened
        return sign
    }

    @Test func serversSeeEachOtherUntilTheyLeaveOrAreForgotten() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            #expect(try await store.callIn("a") == RollCall(hasOthers: false, isNew: true))
            #expect(try await store.callIn("b") == RollCall(hasOthers: true, isNew: true))
            #expect(try await store.callIn("a") == RollCall(hasOthers: true, isNew: false))
            try await store.leave("b")
            #expect(try await store.callIn("a") == RollCall(hasOthers: false, isNew: false))
            _ = try await store.callIn("b")
            try await store.tell([try sign(1, seen: now)], as: "b", at: now)
            _ = try await database.pool.query(
                "UPDATE servers SET called_at = called_at - interval '2 minutes' WHERE name = 'b'")
            #expect(try await store.callIn("a").hasOthers == false)
            #expect(try await store.signs(forServer: "a", since: nil, at: now).signs.isEmpty)
        }
    }

    @Test func aSignComesWholeAndInTheTimeOfWhoeverReadsIt() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let seen = now.advanced(bySeconds: -10)
            try await store.tell([try sign(1, seen: seen)], as: "b", at: now)
            #expect(try await store.signs(forServer: "b", since: nil, at: now).signs.isEmpty, "never one's own")
            let read = try #require(try await store.signs(forServer: "a", since: nil, at: ahead).signs.first)
            let fix = try #require(read.fix)
            var told = try #require(try sign(1, seen: seen).fix)
            // Ten seconds ago by its own clock, whatever that shows; the way to the database and back is in it.
            let age = ahead.millisecondsSince(fix.receivedAt)
            #expect((10_000..<20_000).contains(age) && read.seenAt == fix.receivedAt)
            told.receivedAt = fix.receivedAt
            #expect(fix == told && read.availability == .online)
        }
    }

    @Test func whatWasToldLongBeforeTheMarkDoesNotComeAgain() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            try await store.tell([try sign(1, seen: now), try sign(2, seen: now)], as: "b", at: now)
            _ = try await database.pool.query(
                "UPDATE driver_signs SET written_at = written_at - interval '1 minute' WHERE driver_id = 1")
            let first = try await store.signs(forServer: "a", since: nil, at: now)
            #expect(Set(first.signs.map(\.driverID)) == [DriverID(1), DriverID(2)])
            let next = try await store.signs(forServer: "a", since: first.mark, at: now)
            #expect(next.signs.map(\.driverID) == [DriverID(2)])
        }
    }

    @Test func theServerWithTheOlderSocketLearnsIt() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let opened = now.advanced(bySeconds: -5)
            try await store.tell([try sign(1, seen: now, opened: opened)], as: "a", at: now)
            // A later sign without a socket's opening changes nothing about the one that was told.
            try await store.tell([try sign(1, seen: now)], as: "a", at: now)
            try await store.tell([try sign(1, seen: ahead, opened: ahead)], as: "b", at: ahead)
            #expect(try await store.signs(forServer: "a", since: nil, at: now).movedAway == [DriverID(1)])
            #expect(try await store.signs(forServer: "b", since: nil, at: ahead).movedAway.isEmpty)
        }
    }

    @Test(arguments: [
        ServerHint.events([]), .events([DriverID(1), DriverID(22)]), .round(.byHand), .round(.whenComplete), .zones,
    ])
    func aHintIsHeardAsItWasSaid(hint: ServerHint) {
        #expect(Store.hint(heard: Store.text(of: hint)) == hint)
        #expect(Store.hint(heard: "something new") == nil)
    }
}
