import Contract
import DriverClient
import TestSupport
import Testing

/// Section 2 of the contract: what the engine does of itself, and what it leaves alone.
@Suite(.serialized) struct EngineRowsTests {
    static let engine = ["dispatch.automatic": "true", "dispatch.tick": "0.3", "dispatch.maxHold": "1"]

    /// A phone of a driver who is online in the middle of the city.
    private func online(_ server: RunningServer, _ person: RunningServer.Person, east: Double = 0) async throws -> Phone
    {
        let phone = try await server.phone(person)
        report(phone, east: east)
        _ = try await server.put("driver/status", as: person.token, #"{"status":"online"}"#)
        return phone
    }

    private func report(_ phone: Phone, east: Double = 0) {
        let longitude = RunningServer.centre.longitude + east / 108_374
        phone.send("location_update", #"{"lat":\#(RunningServer.centre.latitude),"lng":\#(longitude)}"#)
    }

    @Test func aRoundThatIsAskedForGivesOrdersByTheirStatedDistanceThoughAutomaticIsOff() async throws {
        let settings = Self.engine.merging(["dispatch.automatic": "false", "dispatch.maxHold": "0"]) { $1 }
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let phone = try await online(server, server.drivers[0])
            let placed = try await server.post(
                "orders", as: server.admin,
                #"{"customer_name":"A","delivery_address":"x","restaurant_name":"B","pickup_address":"y","#
                    + #""pickup_latitude":12.9352,"pickup_longitude":77.6245,"latitude":12.95,"longitude":77.63,"#
                    + #""distance_km":12.5}"#)
            #expect(placed.status == 201)
            try await eventually(within: .seconds(10)) {
                report(phone)
                let answer = try await server.post("dispatch/run", as: server.admin)
                return answer.status == 202 && !phone.heard("order_assigned").isEmpty
            }
            let offer = try #require(phone.heard("order_assigned").first?["data"])
            #expect(offer["source"]?.text == "engine")
            #expect(offer["distance_km"]?.double == 12.5)
            // 25 rupees and 8 for each kilometre.
            #expect(offer["earnings"]?.double == 125)
        }
    }

    @Test func aRejectionGoesToTheNextDriverAtOnceAndNeverBack() async throws {
        try await RunningServer.with(settings: Self.engine) { server in
            let near = try await online(server, server.drivers[0])
            let far = try await online(server, server.drivers[1], east: 1500)
            let order = try await server.placeOrder()
            let first = try await near.hears("order_assigned", within: .seconds(10))
            #expect(first["data"]?["source"]?.text == "engine")
            _ = try await server.step(order, "REJECTED", as: near.person.token)
            _ = try await far.hears("order_assigned", within: .seconds(10))
            _ = try await server.step(order, "REJECTED", as: far.person.token)
            for _ in 0..<5 {
                report(near)
                _ = try await server.post("dispatch/run", as: server.admin)
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(try await server.order(order)["status"]?.text == "PENDING")
            #expect(near.heard("order_assigned").count == 1 && far.heard("order_assigned").count == 1)
        }
    }

    @Test func whatAnAdminGaveStaysAndAnOrderWithoutCoordinatesWaitsForAHand() async throws {
        try await RunningServer.with(settings: Self.engine) { server in
            let idle = try await online(server, server.drivers[0])
            let order = try await server.placeOrder()
            try await server.force([order], to: server.drivers[1])
            let bare = try await server.post(
                "orders", as: server.admin,
                #"{"customer_name":"A","delivery_address":"x","restaurant_name":"B","pickup_address":"y"}"#)
            let other = try await server.placeOrder(east: 100)
            _ = try await idle.hears("order_assigned", within: .seconds(10)) { $0["order_id"]?.int64 == other }
            for _ in 0..<3 {
                _ = try await server.post("dispatch/run", as: server.admin)
                try await Task.sleep(for: .milliseconds(200))
            }
            #expect(try await server.order(order)["driver_id"]?.int64 == server.drivers[1].id)
            let waiting = try await server.order(try #require(bare.json["id"]?.int64))
            #expect(waiting["status"]?.text == "PENDING")
            // The force overrides what the engine has given, too.
            try await server.force([other], to: server.drivers[1])
            #expect(try await idle.hears("order_unassigned")["data"]?["code"]?.text == "reassigned")
        }
    }

    @Test func aDriverWhoGoesOfflineKeepsWhatHeHasAndGetsNothingNew() async throws {
        try await RunningServer.with(drivers: 1, settings: Self.engine) { server in
            let phone = try await online(server, server.drivers[0])
            let first = try await server.placeOrder()
            _ = try await phone.hears("order_assigned", within: .seconds(10))
            _ = try await server.put("driver/status", as: phone.person.token, #"{"status":"offline"}"#)
            let second = try await server.placeOrder()
            for _ in 0..<6 {
                report(phone)
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(try await server.order(first)["driver_id"]?.int64 == phone.person.id)
            #expect(try await server.order(second)["status"]?.text == "PENDING")
            _ = try await server.put("driver/status", as: phone.person.token, #"{"is_online":true}"#)
            report(phone)
            try await eventually(within: .seconds(10)) { phone.heard("order_assigned").count == 2 }
        }
    }

    @Test func ordersOfALostDriverReturnUnlessAnAdminGaveThem() async throws {
        let settings = Self.engine.merging(["dispatch.lostDriverAfter": "2"]) { $1 }
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let phone = try await online(server, server.drivers[0])
            let given = try await server.placeOrder()
            _ = try await phone.hears("order_assigned", within: .seconds(10))
            let forced = try await server.placeOrder()
            try await server.force([forced], to: phone.person)
            phone.socket.drop()
            try await eventually(within: .seconds(15)) {
                try await server.order(given)["status"]?.text == "PENDING"
            }
            #expect(try await server.order(forced)["status"]?.text == "ASSIGNED")
            try await eventually(within: .seconds(5)) {
                server.logs.all.contains { $0.contains("only an admin may move") }
            }
            // He comes back and hears what became of it.
            let again = try await server.phone(phone.person)
            let lost = try await again.hears("order_unassigned")
            #expect(lost["data"]?["order_id"]?.int64 == given)
            #expect(lost["data"]?["code"]?.text == "timeout")
        }
    }

    @Test func anOrderOutsideEveryZoneBelongsToTheCatchAllPool() async throws {
        try await RunningServer.with(drivers: 1, settings: Self.engine) { server in
            let zone = """
                {"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Far away"},"geometry":
                {"type":"Polygon","coordinates":[[[10,10],[10.1,10],[10.1,10.1],[10,10.1],[10,10]]]}}]}
                """
            #expect(try await server.put("zones", as: server.admin, zone).status == 200)
            let phone = try await online(server, server.drivers[0])
            let order = try await server.placeOrder()
            _ = try await phone.hears("order_assigned", within: .seconds(10))
            #expect(try await server.order(order)["zone_id"]?.isNull == true)
        }
    }

    /// Two servers on one database: the second serves and stands by, and dispatches as soon as the first has gone.
    @Test func aSecondServerStandsByAndTakesOver() async throws {
        try await TestDatabase.with { database in
            try await RunningServer.with(database, drivers: 1, settings: Self.engine) { first in
                try await RunningServer.with(database, drivers: 0, settings: Self.engine) { second in
                    let phone = try await online(second, first.drivers[0])
                    let byFirst = try await first.placeOrder()
                    _ = try await second.order(byFirst)
                    first.stop()
                    let bySecond = try await second.placeOrder(east: 50)
                    try await eventually(within: .seconds(20)) {
                        report(phone)
                        return phone.heard("order_assigned").count == 2
                    }
                    let heard = phone.heard("order_assigned").compactMap { $0["data"]?["order_id"]?.int64 }
                    #expect(Set(heard) == [byFirst, bySecond])
                }
            }
        }
    }
}
