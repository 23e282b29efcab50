import Contract
import DriverClient
import TestSupport
import Testing

/// What admins do to a pool by hand, and what becomes of it afterwards.
@Suite(.serialized) struct CompanyHandTests {
    private static func pool(_ count: Int, on server: RunningServer) async throws -> (id: Int64, orders: [Int64]) {
        _ = try await server.restaurant("Kitchen", external: "r")
        try await server.closePool(
            (1...count).map {
                RunningServer.row(
                    "o-\($0)", pool: "p", restaurant: "r", phone: "9\($0)", north: 0.01 + Double($0) * 0.0005)
            })
        let id = try #require(try await server.pool(external: "p")["pool_id"]?.int64)
        return (id, try await server.orders(ofPool: id).compactMap { $0["order_id"]?.int64 })
    }

    private static func holders(_ pool: Int64, on server: RunningServer) async throws -> [Int64: Int64?] {
        var holders: [Int64: Int64?] = [:]
        for order in try await server.orders(ofPool: pool) {
            if let id = order["order_id"]?.int64 { holders[id] = order["driver_id"]?.int64 }
        }
        return holders
    }

    @Test func aBatchByHandTakesOverOrDoesNothing() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let (pool, ids) = try await Self.pool(3, on: server)
            let (first, second) = (server.drivers[0], server.drivers[1])
            func give(_ orders: [Int64], to driver: RunningServer.Person) async throws -> RESTAnswer {
                let list = orders.map(String.init).joined(separator: ",")
                return try await server.app(
                    .post, "pools/\(pool)/assign-driver", as: server.admin,
                    "{\"order_ids\":[\(list)],\"driver_id\":\(driver.id),\"driver_earnings\":null}")
            }
            let phone = try await server.connect(first)
            #expect(try await give([ids[0], ids[1]], to: first).status == 200)
            let over = try await give([ids[1], ids[2]], to: second)
            #expect(over.status == 200, "\(over.detail)")
            let taken = try #require(try await phone.inbox.message("order_unassigned", within: .seconds(2)))
            #expect(taken["data"]?["order_id"]?.int64 == ids[1] && taken["data"]?["code"]?.text == "reassigned")
            try await server.done(.post, "driver/orders/\(ids[0])/pickup", as: first.token, #"{"picked_up":true}"#)
            let refused = try await give(ids, to: second)
            #expect(refused.status == 409 && refused.json["code"]?.text == "food_on_board")
            #expect(
                try await Self.holders(pool, on: server)
                    == [ids[0]: first.id, ids[1]: second.id, ids[2]: second.id])
            phone.socket.close()
        }
    }

    @Test func aGroupOfWhichAPartIsLeftIsGivenOnceAndToldTwice() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let (pool, ids) = try await Self.pool(3, on: server)
            let groups = try await server.done(.post, "pools/\(pool)/group", as: server.admin)["driver_groups"]
            let group = try #require(groups?.elements?.first { ($0["order_ids"]?.elements?.count ?? 0) > 1 })
            let number = try #require(group["group_id"]?.int64)
            let members = group["order_ids"]?.elements?.compactMap(\.int64) ?? []
            try await server.done(
                .post, "orders/\(members[0])/assign", as: server.admin, "{\"driver_id\":\(server.drivers[1].id)}")
            func give() async throws -> RESTAnswer {
                try await server.client.call(
                    .post, "/api/v1/pools/\(pool)/groups/\(number)/assign?driver_id=\(server.drivers[0].id)",
                    token: server.admin, body: Array("null".utf8), headers: [("Idempotency-Key", "once")])
            }
            let once = try await give()
            #expect(once.status == 200, "\(once.detail)")
            let twice = try await give()
            #expect(twice.status == 200 && twice.json["batch_id"] == once.json["batch_id"], "\(twice.detail)")
            let told = once.json["orders"]?.elements?.compactMap { $0["id"]?.int64 }
            #expect(Set(told ?? []) == Set(members.dropFirst()))
            #expect(twice.json["orders"]?.elements?.compactMap { $0["id"]?.int64 } == told)
            // The same key with another driver in the query is another request.
            let other = try await server.client.call(
                .post, "/api/v1/pools/\(pool)/groups/\(number)/assign?driver_id=\(server.drivers[1].id)",
                token: server.admin, body: Array("null".utf8), headers: [("Idempotency-Key", "once")])
            #expect(other.status == 422 && other.json["code"]?.text == "idempotency_key_reused")
            #expect(ids.count == 3)
        }
    }

    @Test func aBatchGivenAgainLeavesAloneWhatHasLeftIt() async throws {
        try await RunningServer.with(drivers: 3, settings: RunningServer.company) { server in
            let (pool, _) = try await Self.pool(3, on: server)
            let groups = try await server.done(.post, "pools/\(pool)/group", as: server.admin)["driver_groups"]
            let group = try #require(groups?.elements?.first { ($0["order_ids"]?.elements?.count ?? 0) > 1 })
            let number = try #require(group["group_id"]?.int64)
            let members = group["order_ids"]?.elements?.compactMap(\.int64) ?? []
            func give(to driver: Int) async throws {
                try await server.done(
                    .post, "pools/\(pool)/groups/\(number)/assign?driver_id=\(server.drivers[driver].id)",
                    as: server.admin, "null")
            }
            try await give(to: 0)
            try await server.done(
                .post, "orders/\(members[0])/assign", as: server.admin, "{\"driver_id\":\(server.drivers[1].id)}")
            try await give(to: 2)
            let holders = try await Self.holders(pool, on: server)
            #expect(holders[members[0]] == server.drivers[1].id)
            #expect(members.dropFirst().allSatisfy { holders[$0] == server.drivers[2].id })
        }
    }

    @Test func aRowWithoutAPoolIsAnOrderWithoutAPool() async throws {
        try await RunningServer.with(drivers: 0, settings: RunningServer.company) { server in
            _ = try await server.restaurant("Kitchen", external: "r")
            let row = RunningServer.row("o-1", pool: "p", restaurant: "r", phone: "91")
            let loose = row.replacing("\"pool_id\":\"p\",", with: "")
            let unknown = loose.replacing("o-1", with: "o-2").replacing("\"r\"", with: "\"nowhere\"")
            let imported = try await server.client.call(
                .post, "/api/webhook/receive-orders?rows=all", body: Array("{\"orders\":[\(loose),\(unknown)]}".utf8),
                headers: [("X-API-Key", RunningServer.poolKey)])
            let rows = imported.json["rows"]?.elements ?? []
            #expect(rows.compactMap { $0["status"]?.text } == ["inserted", "kept"], "\(imported.json)")
            #expect(rows.first?["detail"]?.text?.contains("no pool") == true)
            let order = try #require(rows.first?["order_id"]?.int64)
            let shown = try await server.done(.get, "orders/\(order)", as: server.admin)
            #expect(shown["pool_id"]?.isNull == true && shown["status"]?.text == "PENDING")
            let kept = try await server.done(.get, "pools/rows", as: server.admin)
            #expect(kept.elements?.compactMap { $0["external_order_id"]?.text } == ["o-2"])
            _ = try await server.restaurant("Found", external: "nowhere")
            let repaired = try await server.done(.post, "sync/trigger-sync", as: server.admin)
            #expect(repaired["details"]?["synced"]?.int64 == 1)
            #expect(try await server.done(.get, "pools/rows", as: server.admin).elements?.isEmpty == true)
        }
    }

    /// The restaurants' portal sends no coordinates at all.
    @Test func ordersWithoutAPlaceKeepTheirPoolClosedUntilSomebodyKnowsIt() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            _ = try await server.restaurant("Kitchen", external: "r")
            let bare =
                #"{"order_id":"o-1","pool_id":"p","restaurant_id":"r","customer_name":"C","customer_phone":"91"}"#
            try await server.closePool([bare])
            let pool = try await server.pool(external: "p")
            #expect(pool["status"]?.text == "CLOSED" && pool["kept_rows"]?.int64 == 1)
            let id = try #require(pool["pool_id"]?.int64)
            let waiting = try await server.done(.get, "pools/\(id)/rows", as: server.admin).elements ?? []
            #expect(waiting.first?["problem"]?.text == "unknown_delivery_place")
            let order = try #require(waiting.first?["order_id"]?.int64)
            let bad = try await server.app(.patch, "orders/\(order)", as: server.admin, #"{"delivery_lat":95}"#)
            #expect(bad.status == 422)
            let mended = try await server.done(
                .patch, "orders/\(order)", as: server.admin,
                #"{"delivery_lat":12.97,"delivery_lng":77.64,"delivery_address":"Lane 4","customer_phone":"+9191"}"#)
            #expect(mended["delivery_lat"]?.double == 12.97 && mended["delivery_address"]?.text == "Lane 4")
            let whole = try await server.pool(external: "p")
            #expect(whole["status"]?.text == "SYNCED" && whole["kept_rows"]?.int64 == 0)
            try await server.done(
                .post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(server.drivers[0].id)}")
            let late = try await server.app(
                .patch, "orders/\(order)", as: server.admin, #"{"delivery_address":"elsewhere"}"#)
            #expect(late.status == 409 && late.json["current"]?.text == "ASSIGNED")
            let asDriver = try await server.app(
                .patch, "orders/\(order)", as: server.drivers[0].token, #"{"delivery_address":"elsewhere"}"#)
            #expect(asDriver.status == 403)
            try await server.done(.post, "orders/\(order)/cancel", as: server.admin, #"{"reason":"closed"}"#)
            #expect(try await server.pool(external: "p")["status"]?.text == "COMPLETED")
        }
    }

    @Test func whatADriverGivesBackOfAPoolGoesToTheNextAndWhatAnAdminTakesBackWaits() async throws {
        var settings = RunningServer.company
        settings.merge(OrderFlowTests.engine) { $1 }
        settings["dispatch.offerGap"] = "0"
        try await RunningServer.with(settings: settings) { server in
            let (pool, ids) = try await Self.pool(2, on: server)
            var phones: [(socket: DriverSocket, inbox: Inbox)] = []
            for person in server.drivers {
                try await server.done(.post, "drivers/toggle-online?is_online=true", as: person.token, "null")
                let phone = try await server.connect(person)
                server.track(phone.socket)
                phones.append(phone)
            }
            let (first, second) = (server.drivers[0], server.drivers[1])
            try await server.done(
                .post, "pools/\(pool)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(ids[0]),\(ids[1])],\"driver_id\":\(first.id),\"driver_earnings\":null}")
            _ = try #require(try await phones[0].inbox.message("order_assigned", within: .seconds(2)))
            try await server.done(.post, "orders/\(ids[1])/unassign", as: server.admin)
            try await server.done(.post, "driver/orders/\(ids[0])/reject", as: first.token)
            let told = try #require(try await phones[1].inbox.message("order_assigned", within: .seconds(15)))
            #expect(told["data"]?["order_ids"]?.elements?.compactMap(\.int64) == [ids[0]])
            #expect(told["data"]?["source"]?.text == "engine" && told["data"]?["pool_id"]?.int64 == pool)
            let holders = try await Self.holders(pool, on: server)
            #expect(holders[ids[0]] == second.id && holders[ids[1]] == .some(nil))
            #expect(phones[1].inbox.offers.count == 1)
            for phone in phones { phone.socket.close() }
        }
    }

    @Test func aReallyWrongPasswordIsRefusedAndTheRightOneDelivers() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let (pool, ids) = try await Self.pool(2, on: server)
            let driver = server.drivers[0]
            try await server.done(
                .post, "pools/\(pool)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(ids[0]),\(ids[1])],\"driver_id\":\(driver.id),\"driver_earnings\":null}")
            for id in ids {
                try await server.done(.post, "driver/orders/\(id)/pickup", as: driver.token, #"{"picked_up":true}"#)
            }
            let code = try #require(try await server.orders(ofPool: pool).first?["otp"]?.text)
            let wrong = code.hasSuffix("0000") ? "1111" : "0000"
            let refused = try await server.app(
                .post, "driver/orders/\(ids[0])/deliver", as: driver.token,
                "{\"otp\":\"\(wrong)\",\"delivery_notes\":null}")
            #expect(refused.status == 400 && refused.json["code"]?.text == "otp_wrong")
            #expect(refused.json["tries_left"]?.int64 == 4 && refused.json["message"] == refused.json["detail"])
            let right = try await server.done(
                .post, "driver/orders/\(ids[0])/deliver", as: driver.token,
                "{\"otp\":\"\(code.suffix(4))\",\"delivery_notes\":null}")
            #expect(right["status"]?.text == "DELIVERED")
            // The company's screens send the pickup again; it changes nothing.
            let again = try await server.done(
                .post, "driver/orders/\(ids[0])/pickup", as: driver.token, #"{"picked_up":true}"#)
            #expect(again["status"]?.text == "DELIVERED")
        }
    }
}
