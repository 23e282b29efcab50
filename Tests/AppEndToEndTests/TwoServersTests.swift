import Contract
import DriverClient
import Foundation
import Postgres
import TestSupport
import Testing

/// Two servers on one database: the first dispatches, the second stands by and serves everything else.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TwoServersTests {
    private struct Two: Sendable {
        let first: RunningServer
        let second: RunningServer
        let database: TestDatabase
    }

    /// Two servers that know of each other.
    private func with(
        drivers: Int, settings: [String: String], _ body: @Sendable @escaping (Two) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            try await RunningServer.with(database, drivers: drivers, settings: settings) { first in
                try await eventually(within: .seconds(10)) {
                    try await first.number("SELECT count(*) FROM dispatch_lease") == 1
                }
                try await RunningServer.with(database, drivers: 0, settings: settings) { second in
                    // Both have called in when both were there.
                    try await eventually(within: .seconds(10)) {
                        try await first.number("SELECT count(*) FROM servers") == 2
                    }
                    let met = try await first.number(Self.called("max"))
                    try await eventually(within: .seconds(10)) { try await first.number(Self.called("min")) > met }
                    try await body(Two(first: first, second: second, database: database))
                }
            }
        }
    }

    private static func called(_ which: String) -> String {
        "SELECT (extract(epoch FROM \(which)(called_at)) * 1000)::int8 FROM servers"
    }

    private func report(_ phone: Phone, east: Double = 0) {
        let longitude = RunningServer.centre.longitude + east / 108_374
        phone.send("location_update", #"{"lat":\#(RunningServer.centre.latitude),"lng":\#(longitude)}"#)
    }

    /// A phone at one of the servers, of a driver who is online in the middle of the city.
    private func online(
        _ server: RunningServer, _ person: RunningServer.Person, east: Double = 0
    ) async throws -> Phone {
        let phone = try await server.phone(person)
        report(phone, east: east)
        let word = try await server.put("driver/status", as: person.token, #"{"status":"online"}"#)
        #expect(word.status == 200)
        return phone
    }

    @Test func aDriverOfTheOtherServerGetsOrdersAndIsNotLost() async throws {
        let settings = EngineRowsTests.engine.merging(["dispatch.lostDriverAfter": "5"]) { $1 }
        try await with(drivers: 2, settings: settings) { two in
            let phone = try await online(two.second, two.first.drivers[0])
            let order = try await two.first.placeOrder()
            let offer = try await phone.hears("order_assigned", within: .seconds(20))
            #expect(offer["data"]?["order_id"]?.int64 == order)
            // What an admin gives at the one is said at once to the other, which has the phone.
            let listener = try NotificationListener(
                target: ConnectionTarget(connectionString: two.database.url, applicationName: "test"),
                channels: ["tiffin_hints"], generator: SeededGenerator(seed: 1))
            var hints = listener.events.makeAsyncIterator()
            #expect(await hints.next() == .connected)
            let forced = try await two.first.placeOrder(east: 20)
            try await two.first.force([forced], to: two.first.drivers[0])
            let said = "events \(two.first.drivers[0].id)"
            while let hint = await hints.next(), hint != .notification(channel: "tiffin_hints", payload: said) {}
            listener.stop()
            _ = try await phone.hears("order_assigned") { $0["order_id"]?.int64 == forced }
            // Somebody else is lost meanwhile: he shows that the time has passed.
            let gone = try await online(two.second, two.first.drivers[1])
            let left = try await two.second.placeOrder()
            try await two.first.force([left], to: two.first.drivers[1])
            gone.socket.drop()
            try await eventually(within: .seconds(40)) {
                let alarms = try await two.second.get("events/overdue", as: two.second.admin).json
                return alarms.elements?.contains { $0["order_id"]?.int64 == left && $0["type"]?.text == "driver_lost" }
                    == true
            }
            #expect(try await two.first.order(order)["driver_id"]?.int64 == two.first.drivers[0].id)
            #expect(!phone.heard("order_unassigned").contains { $0["data"]?["code"]?.text == "timeout" })
        }
    }

    @Test func theOlderSocketIsClosedWhicheverServerHasItAndABlockReachesBoth() async throws {
        try await with(drivers: 1, settings: ["dispatch.automatic": "false"]) { two in
            let driver = two.first.drivers[0]
            let older = try await two.first.phone(driver)
            let newer = try await two.second.phone(driver)
            #expect(try await older.inbox.close(within: .seconds(10))?.code == 4003)
            try await newer.settle()
            let newest = try await two.first.phone(driver)
            #expect(try await newer.inbox.close(within: .seconds(10))?.code == 4003)
            try await newest.settle()
            let block = try await two.second.client.call(
                .patch, "/api/v1/drivers/\(driver.id)/status", token: two.second.admin,
                body: Array(#"{"status":"BLOCKED"}"#.utf8))
            #expect(block.status == 200, "\(block.detail)")
            let close = try await newest.inbox.close(within: .seconds(10))
            #expect(close?.code == 4001 && close?.reason == "driver_blocked")
            try await eventually(within: .seconds(5)) {
                try await two.first.refusal(of: driver.token, driver: driver.id)?.reason == "driver_blocked"
            }
        }
    }

    /// The ticks are so far apart that what happens, happens because somebody asked for it.
    @Test func aRejectionAndZonesAtTheOtherServerReachTheOneThatDispatches() async throws {
        let settings = EngineRowsTests.engine.merging(["dispatch.tick": "300", "dispatch.maxHold": "0"]) { $1 }
        try await with(drivers: 2, settings: settings) { two in
            let near = try await online(two.second, two.first.drivers[0])
            let far = try await online(two.second, two.first.drivers[1], east: 1500)
            let run = try await two.second.post("dispatch/run", as: two.second.admin)
            #expect(run.status == 409 && run.json["code"]?.text == "standing_by", "\(run.json)")
            let zone = """
                {"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"City"},"geometry":
                {"type":"Polygon","coordinates":[[[77,12],[78,12],[78,13],[77,13],[77,12]]]}}]}
                """
            #expect(try await two.second.put("zones", as: two.second.admin, zone).status == 200)
            try await eventually(within: .seconds(10)) {
                let placed = try await two.first.placeOrder()
                let order = try await two.first.order(placed)
                _ = try await two.first.post("orders/\(placed)/cancel", as: two.first.admin, #"{"reason":"a try"}"#)
                return order["zone_id"]?.int64 != nil
            }
            let order = try await two.second.placeOrder()
            try await eventually(within: .seconds(20)) {
                report(near)
                report(far, east: 1500)
                _ = try await two.first.post("dispatch/run", as: two.first.admin)
                return !near.heard("order_assigned").isEmpty
            }
            let rejection = try await two.second.step(order, "REJECTED", as: near.person.token)
            #expect(rejection.status == 200)
            _ = try await far.hears("order_assigned", within: .seconds(10)) { $0["order_id"]?.int64 == order }
        }
    }

    /// The first is another process, so that it can be killed without a word.
    @Test func aServerThatIsKilledIsFollowedByTheOther() async throws {
        try await TestDatabase.with { database in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: Program.path)
            process.arguments =
                ["serve", "--http-host", "127.0.0.1", "--http-port", "0", "--dispatch-tick", "0.3"]
                + ["--dispatch-max-hold", "1"]
            process.environment = ["DATABASE_URL": database.url, "TIFFIN_AUTH_SECRET": RunningServer.secret]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            defer { kill(process.processIdentifier, SIGKILL) }
            try await eventually(within: .seconds(30)) {
                // The table comes with the first server's migrations.
                let rows = try? await database.pool.query("SELECT count(*)::int8 FROM dispatch_lease")
                return try rows?.first?.get(0, as: Int64.self) == 1
            }
            try await RunningServer.with(database, drivers: 1, settings: EngineRowsTests.engine) { server in
                let phone = try await online(server, server.drivers[0])
                func epoch(of order: Int64) async throws -> Int64 {
                    try await server.number(
                        "SELECT b.epoch FROM batches b JOIN holds h ON h.batch_id = b.id WHERE h.order_id = $1",
                        [.int8(order)])
                }
                func dispatched(_ order: Int64) async throws {
                    try await eventually(within: .seconds(30)) {
                        report(phone)
                        return phone.heard("order_assigned").contains { $0["data"]?["order_id"]?.int64 == order }
                    }
                }
                let before = try await server.placeOrder()
                try await dispatched(before)
                let first = try await epoch(of: before)
                kill(process.processIdentifier, SIGKILL)
                let after = try await server.placeOrder(east: 50)
                try await dispatched(after)
                #expect(try await epoch(of: after) > first)
            }
        }
    }
}
