import Contract
import DriverClient
import TestSupport
import Testing

/// The drivers' checklist over real sockets and a real PostgreSQL.
@Suite(.serialized) struct SeedChecklistTests {
    @Test func badTokensAreToldAfterTheUpgrade() async throws {
        try await RunningServer.with { server in
            let (first, second) = (server.drivers[0], server.drivers[1])
            let attempts = [
                (nil, "token_missing"), ("nonsense", "token_invalid"), (first.token + "x", "token_invalid"),
                (second.token, "driver_mismatch"), (server.admin, "wrong_role"),
            ]
            for (token, reason) in attempts {
                let inbox = Inbox()
                let socket = try await server.client.openSocket(driver: "\(first.id)", token: token) {
                    inbox.receive($0)
                }
                let close = try await inbox.close(within: .seconds(5))
                #expect(close?.code == 4001, "\(reason)")
                #expect(close?.reason == reason)
                socket.drop()
            }
        }
    }

    @Test func aPositionIsSavedTwiceWhenItIsSentTwiceAndThePingIsAnswered() async throws {
        try await RunningServer.with { server in
            let phone = try await server.connect(server.drivers[0])
            let fix =
                #"{"type":"location_update","data":{"latitude":28.7041,"longitude":77.1025,"accuracy":10.5,"#
                + #""heading":180.0,"speed":25.5,"battery_level":75,"timestamp":"2025-11-19T10:30:00Z"}}"#
            phone.socket.send(fix)
            phone.socket.send(fix)
            phone.socket.send(#"{"type":"ping"}"#)
            try await eventually(within: .seconds(5)) { phone.inbox.texts.contains(#"{"type":"pong"}"#) }
            let id = server.drivers[0].id
            try await eventually(within: .seconds(4)) {
                try await server.get("drivers/\(id)/locations?limit=9", as: server.admin).json.elements?.count == 2
            }
            let rows = try await server.get("drivers/\(id)/locations?limit=9", as: server.admin).json.elements ?? []
            #expect(rows.allSatisfy { $0["latitude"]?.double == 28.7041 && $0["battery_level"]?.int64 == 75 })
            phone.socket.close()
        }
    }

    @Test func aForcedOrderIsOnThePhoneOfItsDriverAlone() async throws {
        try await RunningServer.with { server in
            let (first, second) = (
                try await server.connect(server.drivers[0]), try await server.connect(server.drivers[1])
            )
            let order = try await server.placeOrder()
            let forced = try await server.post(
                "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(server.drivers[0].id)}")
            #expect(forced.status == 200, "\(forced.detail)")
            let told = try #require(try await first.inbox.message("order_assigned", within: .seconds(1)))
            let data = try #require(told["data"])
            #expect(told["seq"]?.int64 == 1)
            #expect(data["order_id"]?.int64 == order)
            #expect(data["restaurant_name"]?.text == "Burger King")
            #expect(data["earnings"]?.double != nil && data["earnings"]?.text == nil)
            #expect(data["distance_km"]?.double != nil)
            #expect(data["order_ids"]?.elements?.count == 1)
            #expect(data["pool_id"]?.isNull == true)
            #expect(data["source"]?.text == "admin")
            let cancelled = try await server.post(
                "orders/\(order)/cancel", as: server.admin, #"{"reason":"Customer cancelled","by":"customer"}"#)
            #expect(cancelled.status == 200)
            let end = try #require(try await first.inbox.message("order_cancelled", within: .seconds(1)))
            #expect(end["data"]?["reason"]?.text == "Customer cancelled")
            #expect(!second.inbox.texts.contains { $0.contains("order_") })
            first.socket.close()
            second.socket.close()
        }
    }

    @Test func theNewSocketLivesAndTheOldOneGets4003() async throws {
        try await RunningServer.with { server in
            let old = try await server.connect(server.drivers[0])
            let new = try await server.connect(server.drivers[0])
            #expect(try await old.inbox.close(within: .seconds(5))?.code == 4003)
            let order = try await server.placeOrder()
            _ = try await server.post(
                "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(server.drivers[0].id)}")
            #expect(try await new.inbox.message("order_assigned", within: .seconds(2)) != nil)
            #expect(new.inbox.close == nil)
            new.socket.close()
        }
    }

    @Test func whatHappenedWhileAwayIsReplayedOnceAndCoalesced() async throws {
        try await RunningServer.with { server in
            let driver = server.drivers[0]
            let kept = try await server.placeOrder()
            let gone = try await server.placeOrder()
            for order in [kept, gone] {
                _ = try await server.post("orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            }
            _ = try await server.post("orders/\(gone)/cancel", as: server.admin, #"{"reason":"x","by":"admin"}"#)
            let first = try await server.connect(driver)
            let told = try #require(try await first.inbox.message("order_assigned", within: .seconds(2)))
            #expect(told["data"]?["order_id"]?.int64 == kept)
            first.socket.send("{\"type\":\"ack\",\"seq\":9}")
            try await eventually(within: .seconds(5)) { first.inbox.pings > 0 }
            try await Task.sleep(for: .milliseconds(600))
            first.socket.drop()
            let second = try await server.connect(driver)
            second.socket.send(#"{"type":"ping"}"#)
            _ = try await second.inbox.message("pong", within: .seconds(5))
            #expect(!second.inbox.texts.contains { $0.contains("order_assigned") })
            second.socket.close()
        }
    }

    @Test func aBadMessageIsAnsweredAndTheConnectionStays() async throws {
        try await RunningServer.with { server in
            let phone = try await server.connect(server.drivers[0])
            for bad in ["{", "[]", #"{"type":"location_update","data":{"latitude":91,"longitude":0}}"#, #"{"kind":1}"#]
            {
                phone.socket.send(bad)
            }
            _ = try #require(try await phone.inbox.message("error", within: .seconds(3)))
            phone.socket.send(#"{"type":"ping"}"#)
            #expect(try await phone.inbox.message("pong", within: .seconds(3)) != nil)
            phone.socket.send(String(repeating: "x", count: 20_000))
            #expect(try await phone.inbox.close(within: .seconds(5))?.code == 1009)
        }
    }

    @Test func noLineOfTheLogHoldsAToken() async throws {
        try await RunningServer.with { server in
            let phone = try await server.connect(server.drivers[0])
            _ = try await server.get("driver/profile?token=\(server.drivers[0].token)", as: server.drivers[0].token)
            _ = try await server.post("auth/logout", as: server.drivers[0].token)
            #expect(try await phone.inbox.close(within: .seconds(5))?.code == 4001)
            try await eventually(within: .seconds(3)) { server.logs.all.contains { $0.contains("logged_out") } }
            #expect(server.logs.all.filter { $0.contains("eyJ") } == [])
        }
    }
}
