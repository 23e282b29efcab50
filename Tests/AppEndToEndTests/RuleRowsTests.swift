import Contract
import DriverClient
import TestSupport
import Testing

/// What admins rule about dispatch, over a real socket and a real database.
@Suite(.serialized) struct RuleRowsTests {
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

    private func kitchen(_ server: RunningServer) async throws -> Int64 {
        let made = try await server.post(
            "restaurants", as: server.admin,
            #"{"name":"K","address":"y","latitude":\#(RunningServer.centre.latitude),"#
                + #""longitude":\#(RunningServer.centre.longitude)}"#)
        #expect(made.status == 201)
        return try #require(made.json["id"]?.int64)
    }

    private func decision(_ server: RunningServer, about order: Int64) async throws -> JSON? {
        try await server.get("orders/\(order)/explain", as: server.admin).json["decision"]
    }

    @Test func aRuleMovesAnOrderToAnotherDriverAndAPolicyChangesTheNextDecision() async throws {
        try await RunningServer.with(settings: EngineRowsTests.engine) { server in
            let near = try await online(server, server.drivers[0])
            let far = try await online(server, server.drivers[1], east: 1500)
            let kitchen = try await kitchen(server)
            let rule = try await server.put(
                "drivers/\(near.person.id)/rules", as: server.admin, #"{"forbid":[\#(kitchen)]}"#)
            #expect(rule.status == 200, "\(rule.detail)")
            let order = try await server.placeOrder(extra: #","restaurant_id":\#(kitchen)"#)
            _ = try await far.hears("order_assigned", within: .seconds(10))
            #expect(near.heard("order_assigned").isEmpty)
            let first = try #require(try await decision(server, about: order))
            #expect(first["policy_version"]?.int64 == 1)
            let refused = first["refused"]?.elements?.first { $0["driver_id"]?.int64 == near.person.id }
            #expect(refused?["reason"]?.text == "forbidden at this restaurant")

            // Food that is ready in 50 minutes waits until a driver must leave; where no wait is allowed it does not.
            let placed = try #require(try await server.order(order)["created_at"]?.text.flatMap { WireTime.parse($0) })
            let ready = WireTime.format(milliseconds: placed + 3_000_000)
            let late = try await server.placeOrder(extra: #","ready_at":"\#(ready)""#)
            try await eventually(within: .seconds(10)) {
                report(near)
                return try await decision(server, about: late)?["held_by"]?.text == "waitingForReadyTime"
            }
            let policy = try await server.post(
                "dispatch/policies", as: server.admin, #"{"weights":{"max_wait_s":0},"note":"storm"}"#)
            #expect(policy.status == 201, "\(policy.detail)")
            let version = try #require(policy.json["version"]?.int64)
            try await eventually(within: .seconds(10)) {
                report(near)
                return !near.heard("order_assigned").isEmpty
            }
            let second = try #require(try await decision(server, about: late))
            #expect(second["trigger"]?.text == "waitBound")
            #expect(second["policy_version"]?.int64 == version)
        }
    }

    /// What another server wrote is read at the tick of the one that dispatches.
    @Test func aPolicyPostedToTheServerThatStandsByIsInForce() async throws {
        try await TestDatabase.with { database in
            try await RunningServer.with(database, drivers: 1, settings: EngineRowsTests.engine) { first in
                try await RunningServer.with(database, drivers: 0, settings: EngineRowsTests.engine) { second in
                    let posted = try await second.post(
                        "dispatch/policies", as: first.admin, #"{"weights":{"lateness":3}}"#)
                    #expect(posted.status == 201, "\(posted.detail)")
                    let phone = try await online(first, first.drivers[0])
                    let order = try await first.placeOrder()
                    _ = try await phone.hears("order_assigned", within: .seconds(10))
                    let decision = try await decision(first, about: order)
                    #expect(decision?["policy_version"]?.int64 == posted.json["version"]?.int64)
                }
            }
        }
    }
}
