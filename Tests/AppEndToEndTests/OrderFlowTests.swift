import Contract
import DriverClient
import TestSupport
import Testing

/// Orders from REST through the engine or a hand to the phone and back, on a real PostgreSQL.
@Suite(.serialized) struct OrderFlowTests {
    static let engine = ["dispatch.automatic": "true", "dispatch.tick": "0.3", "dispatch.maxHold": "1"]

    @Test func theEngineFormsBatchesAndTheDriverBringsThemHome() async throws {
        try await RunningServer.with(drivers: 1, settings: Self.engine) { server in
            let driver = server.drivers[0]
            let phone = try await server.connect(driver)
            phone.socket.send(
                "{\"type\":\"location_update\",\"data\":{\"lat\":\(RunningServer.centre.latitude),"
                    + "\"lng\":\(RunningServer.centre.longitude)}}")
            _ = try await server.put("driver/status", as: driver.token, #"{"status":"online"}"#)
            var orders: [Int64] = []
            for number in 0..<3 { orders.append(try await server.placeOrder(east: Double(number) * 40)) }
            try await eventually(within: .seconds(20)) {
                phone.inbox.texts.filter { $0.contains("order_assigned") }.count == 3
            }
            let batches = try await server.get("batches", as: server.admin).json
            let sizes = (batches.elements ?? batches["items"]?.elements ?? []).compactMap {
                $0["order_ids"]?.elements?.count
            }
            #expect(sizes.contains { $0 >= 2 }, "\(sizes)")
            for order in orders {
                for step in ["accept", "pickup", "in-transit", "deliver"] {
                    let answer = try await server.post("driver/orders/\(order)/\(step)", as: driver.token, "{}")
                    #expect((200..<300).contains(answer.status), "\(step): \(answer.detail)")
                }
            }
            let today = try await server.get("earnings/today", as: driver.token).json
            #expect(today["deliveries"]?.int64 == 3)
            #expect((today["total"]?.double ?? 0) > 0)
            let why = try await server.get("orders/\(orders[0])/explain", as: server.admin).json
            #expect(why["decision"]?["outcome"]?.text == "assigned")
            let tick = try #require(why["decision"]?["tick"]?.int64)
            let stored = try await server.get("dispatch/ticks/\(tick)", as: server.admin).json
            #expect(stored["replayed"] == .bool(true))
            #expect(stored["is_degraded"] == .bool(false))
            #expect((stored["order_count"]?.int64 ?? 0) > 0)
            let database = ["DATABASE_URL": server.database.url]
            let replay = try await Program.run(["replay", "\(tick)"], database)
            #expect(replay.status == 0, "\(replay.errors)")
            #expect(replay.output.hasPrefix("tick \(tick): the same plan, byte for byte"), "\(replay.output)")
            #expect(try await Program.run(["replay", "1"], database).status == 1)
            phone.socket.close()
        }
    }

    @Test func anIllegalStepIs409WithWhatIsAllowedAndRepeatsAreHarmless() async throws {
        try await RunningServer.with { server in
            let (driver, other) = (server.drivers[0], server.drivers[1])
            let order = try await server.placeOrder()
            _ = try await server.post("orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            let early = try await server.put("orders/\(order)/status", as: driver.token, #"{"status":"DELIVERED"}"#)
            #expect(early.status == 409)
            #expect(early.json["current"]?.text == "ASSIGNED")
            #expect(early.json["allowed"]?.elements?.isEmpty == false)
            let foreign = try await server.put("orders/\(order)/status", as: other.token, #"{"status":"ACCEPTED"}"#)
            #expect(foreign.status == 404)
            for status in ["accepted", "Accepted", "PICKED_UP", "picked-up", "in transit", "delivered", "completed"] {
                let answer = try await server.put(
                    "orders/\(order)/status", as: driver.token, "{\"status\":\"\(status)\"}")
                #expect(answer.status == 200, "\(status): \(answer.detail)")
            }
            let today = try await server.get("earnings/today", as: driver.token).json
            #expect(today["deliveries"]?.int64 == 1)
        }
    }

    @Test func twentyParallelRejectionsAreAllTakenAndFreeAllOrders() async throws {
        try await RunningServer.with { server in
            let driver = server.drivers[0]
            var orders: [Int64] = []
            for _ in 0..<20 { orders.append(try await server.placeOrder()) }
            let list = orders.map(String.init).joined(separator: ",")
            let forced = try await server.post(
                "orders/assign", as: server.admin, "{\"order_ids\":[\(list)],\"driver_id\":\(driver.id)}")
            #expect(forced.status == 200, "\(forced.detail)")
            let all = orders
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for order in all {
                    group.addTask { try await server.post("driver/orders/\(order)/reject", as: driver.token).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.allSatisfy { (200..<300).contains($0) }, "\(statuses)")
            let waiting = try await server.get("orders?status=PENDING", as: server.admin).json.elements
            #expect(waiting?.count == 20)
            let again = try await server.post("driver/orders/\(orders[0])/reject", as: driver.token)
            #expect((200..<300).contains(again.status))
        }
    }

    @Test func aTakeOverTellsBothDriversAndAKeyActsOnce() async throws {
        try await RunningServer.with { server in
            let (old, new) = (try await server.connect(server.drivers[0]), try await server.connect(server.drivers[1]))
            let order = try await server.placeOrder(extra: #","external_order_id":"A-1""#)
            #expect(try await server.placeAgain("A-1") == order)
            _ = try await server.post(
                "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(server.drivers[0].id)}")
            _ = try await server.post(
                "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(server.drivers[1].id)}")
            let lost = try #require(try await old.inbox.message("order_unassigned", within: .seconds(2)))
            #expect(lost["data"]?["code"]?.text == "reassigned")
            #expect(try await new.inbox.message("order_assigned", within: .seconds(2)) != nil)
            old.socket.close()
            new.socket.close()
        }
    }

    @Test func badInputIsOneProblemAndChangesNothing() async throws {
        try await RunningServer.with(drivers: 1) { server in
            let cases: [(String, Int)] = [
                ("{", 400), (#"{"customer_name":"a"}"#, 422), (#"{"delivery_lat":91}"#, 422), ("[]", 400),
            ]
            for (body, status) in cases {
                let answer = try await server.post("orders", as: server.admin, body)
                #expect(answer.status == status || answer.status == 422, "\(body): \(answer.status)")
                #expect(answer.json["detail"]?.text == answer.json["message"]?.text)
                #expect(answer.json["detail"]?.text?.isEmpty == false)
            }
            #expect(try await server.get("orders", as: server.admin).json.elements?.isEmpty == true)
            #expect(try await server.get("orders/assigned", as: "nonsense").status == 401)
            #expect(try await server.get("orders", as: server.admin).status == 200)
            #expect(try await server.post("orders", as: server.drivers[0].token, "{}").status == 403)
            #expect(try await server.post("orders/999999/assign", as: server.admin, #"{"driver_id":1}"#).status == 404)
        }
    }
}

extension RunningServer {
    /// Places an order with an external id that exists; gives the number that comes back.
    fileprivate func placeAgain(_ external: String) async throws -> Int64? {
        let body = """
            {"customer_name":"Asha Rao","customer_phone":"1","delivery_address":"x","delivery_lat":12.94,"delivery_lng":77.62,
            "restaurant_name":"B","pickup_address":"y","items":[],"order_total":1,"external_order_id":"\(external)"}
            """
        return try await post("orders", as: admin, body).json["id"]?.int64
    }
}
