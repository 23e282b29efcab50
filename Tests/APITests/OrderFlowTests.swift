import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Simulation
import Testing

@Suite struct OrderFlowTests {
    private func body(_ house: RestHouse, extra: String = "") -> String {
        #"{"customer_name":"Asha Rao","customer_phone":"+911","delivery_address":"Indiranagar 100ft Road","#
            + #""delivery_lat":12.9784,"delivery_lng":77.6408,"restaurant_id":"\#(house.restaurant.id)","#
            + #""items":[{"name":"Burger","quantity":2,"price":99.5}],"order_total":199.00\#(extra)}"#
    }

    @Test func theConsolesOrderIsPlacedWithTheRestaurantsPlace() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.post("orders", as: house.adminToken, body(house))
            #expect(answer.status == 201)
            #expect(answer.json["status"]?.text == "PENDING")
            #expect(answer.json["restaurant_name"]?.text == "Burger King")
            #expect(answer.json["pickup_lat"]?.double == 12.9352)
            #expect(answer.json["items_json"]?.elements?.first?["price"]?.int64 == 9950)
            #expect(answer.json["order_total"]?.double == 199)
            #expect(answer.json["pool_id"]?.isNull == true)
        }
    }

    @Test func theSameExternalIdOrTheSameKeyGivesTheFirstOrderBack() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let external = body(house, extra: #","external_order_id":"A-1""#)
            let first = try await caller.post("orders", as: house.adminToken, external)
            let again = try await caller.post("orders", as: house.adminToken, external)
            #expect(first.status == 201)
            #expect(again.status == 200)
            #expect(again.json["id"]?.int64 == first.json["id"]?.int64)

            let key: HTTPFields = [.idempotencyKey: "k-1"]
            let keyed = try await caller.call(.post, "orders", as: house.adminToken, body: body(house), headers: key)
            let repeated = try await caller.call(.post, "orders", as: house.adminToken, body: body(house), headers: key)
            #expect(repeated.json["id"]?.int64 == keyed.json["id"]?.int64)
            let other = try await caller.call(
                .post, "orders", as: house.adminToken, body: body(house, extra: #","bag_units":2"#), headers: key)
            #expect(other.status == 422)
            #expect(other.code == "idempotency_key_reused")
            let long: HTTPFields = [.idempotencyKey: String(repeating: "k", count: 256)]
            let refused = try await caller.call(.post, "orders", as: house.adminToken, body: body(house), headers: long)
            #expect(refused.status == 422)
        }
    }

    @Test func aSingleOrderGoesFromTheAdminsHandToTheCustomersDoor() async throws {
        let house = try await RestHouse()
        let asha = house.token(house.asha)
        try await house.serve { caller in
            let placed = try await caller.post("orders", as: house.adminToken, body(house, extra: #","otp":"123456""#))
            let id = try #require(placed.json["id"]?.int64)
            let assigned = try await caller.post(
                "orders/\(id)/assign", as: house.adminToken, #"{"driver_id":\#(house.asha.id),"driver_earnings":45.5}"#)
            #expect(assigned.status == 200)
            #expect(assigned.json["order"]?["status"]?.text == "ASSIGNED")
            #expect(assigned.json["order"]?["driver_earnings"]?.double == 45.5)
            #expect(assigned.json["warnings"]?.elements?.isEmpty == true)
            let mine = try await caller.get("orders/assigned", as: asha)
            #expect(mine.json.elements?.first?["otp"]?.text == "3456")
            #expect(mine.json.elements?.first?["customer_phone"]?.text == "+911")
            for (verb, state) in [("accept", "ACCEPTED"), ("pickup", "PICKED_UP"), ("in-transit", "IN_TRANSIT")] {
                for _ in 0..<2 {
                    let step = try await caller.post("driver/orders/\(id)/\(verb)", as: asha, "{}")
                    #expect(step.status == 200)
                    #expect(step.json["status"]?.text == state)
                }
            }
            let wrong = try await caller.post("driver/orders/\(id)/deliver", as: asha, #"{"otp":"0000"}"#)
            #expect(wrong.status == 400)
            #expect(wrong.code == "otp_wrong")
            let done = try await caller.post(
                "driver/orders/\(id)/deliver", as: asha, #"{"otp":"3456","delivery_notes":null}"#)
            #expect(done.json["status"]?.text == "DELIVERED")
            #expect(done.json["customer_phone"]?.text == "******+911")
            let today = try await caller.get("earnings/today", as: asha)
            #expect(today.json["total"]?.double == 45.5)
            #expect(today.json["deliveries"]?.int64 == 1)
            #expect(today.json["items"]?.elements?.first?["restaurant_name"]?.text == "Burger King")
        }
    }

    @Test func allThatOneCustomerGetsIsDeliveredInOneCall() async throws {
        let house = try await RestHouse()
        let asha = house.token(house.asha)
        try await house.serve { caller in
            var ids: [Int64] = []
            for otp in ["111111", "222222"] {
                let placed = try await caller.post(
                    "orders", as: house.adminToken, body(house, extra: #","otp":"\#(otp)""#))
                ids.append(try #require(placed.json["id"]?.int64))
            }
            let batch = try await caller.post(
                "orders/assign", as: house.adminToken,
                #"{"order_ids":["\#(ids[0])",\#(ids[1])],"driver_id":\#(house.asha.id)}"#)
            #expect(batch.json["orders"]?.elements?.count == 2)
            for id in ids { _ = try await caller.post("driver/orders/\(id)/pickup", as: asha, #"{"picked_up":true}"#) }
            let done = try await caller.post("driver/orders/\(ids[0])/deliver", as: asha, #"{"otp":"222222"}"#)
            #expect(done.status == 200)
            let second = try await caller.get("driver/orders/\(ids[1])", as: asha)
            #expect(second.json["status"]?.text == "DELIVERED")
            let batchID = try #require(batch.json["batch_id"]?.int64)
            let shown = try await caller.get("batches/\(batchID)", as: house.adminToken)
            #expect(shown.json["order_count"]?.int64 == 2)
            #expect(try await caller.get("batches", as: house.adminToken).json.elements?.count == 1)
        }
    }

    @Test func aRejectHasNoBodyIsRepeatableAndOthersRejectsAreUnknown() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let path = "driver/orders/\(order.id)/reject"
            #expect(try await caller.post(path, as: house.token(house.ravi)).status == 404)
            let first = try await caller.post(path, as: house.token(house.asha))
            #expect(first.status == 200)
            #expect(first.json["status"]?.text == "PENDING")
            #expect(first.json["driver_id"]?.isNull == true)
            #expect(first.json["customer_phone"]?.text?.hasPrefix("******") == true)
            #expect(try await caller.post(path, as: house.token(house.asha)).status == 200)
        }
    }

    @Test func parallelRejectsOfABatchAllSucceed() async throws {
        let house = try await RestHouse()
        var ids: [OrderID] = []
        for _ in 0..<20 { ids.append(try await house.city.placeOrder(from: RestHouse.koramangala, to: nil).id) }
        let request = AssignOrders.Request(orderIDs: ids, driverID: house.asha.id)
        _ = try await AssignOrders(house.city.house)(request, by: house.admin.id)
        let orders = ids
        try await house.serve { caller in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for id in orders {
                    group.addTask {
                        try await caller.post("driver/orders/\(id)/reject", as: house.token(house.asha)).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 200, count: 20))
            #expect(try await house.city.store.openOrders().allSatisfy { $0.state == .pending })
        }
    }

    @Test func anAdminTakesAnOrderOverAndTakesItBack() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let over = try await caller.post(
                "orders/\(order.id)/assign", as: house.adminToken, #"{"driver_id":\#(house.ravi.id)}"#)
            #expect(over.status == 200)
            #expect(over.json["order"]?["driver_name"]?.text == "ravi")
            let lost = try await caller.get("driver/orders/\(order.id)", as: house.token(house.asha))
            #expect(lost.status == 404)
            let back = try await caller.post("orders/\(order.id)/unassign", as: house.adminToken)
            #expect(back.json["status"]?.text == "PENDING")
            #expect(try await caller.post("orders/\(order.id)/unassign", as: house.adminToken).status == 200)
        }
    }

    @Test func anAdminDeliversByHandAndCancelsWithAReason() async throws {
        let house = try await RestHouse()
        let delivered = try await house.assignedOrder(to: house.asha)
        let cancelled = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let done = try await caller.post("orders/\(delivered.id)/admin-deliver", as: house.adminToken)
            #expect(done.json["status"]?.text == "DELIVERED")
            let gone = try await caller.post(
                "orders/\(cancelled.id)/cancel", as: house.adminToken, #"{"reason":"no food left","by":"restaurant"}"#)
            #expect(gone.json["status"]?.text == "CANCELLED")
            #expect(gone.json["cancel_reason"]?.text == "no food left")
            let late = try await caller.post("orders/\(delivered.id)/cancel", as: house.adminToken, "{}")
            #expect(late.status == 409)
            let list = try await caller.get("orders?assigned_to_me=true", as: house.token(house.asha))
            #expect(list.json.elements?.compactMap { $0["status"]?.text } == ["DELIVERED"])
            let asked = try await caller.get(
                "orders?assigned_to_me=true&status=cancelled", as: house.token(house.asha))
            #expect(asked.json.elements?.compactMap { $0["status"]?.text } == ["CANCELLED"])
        }
    }

    @Test(arguments: [
        ("accepted", "ACCEPTED"), ("Accepted", "ACCEPTED"), ("picked-up", "PICKED_UP"), ("picked up", "PICKED_UP"),
        ("rejected", "PENDING"),
    ])
    func theSeedsStatusCallReadsAnyCase(_ word: String, _ state: String) async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let answer = try await caller.put(
                "orders/\(order.id)/status", as: house.token(house.asha), #"{"status":"\#(word)"}"#)
            #expect(answer.status == 200)
            #expect(answer.json["status"]?.text == state)
        }
    }

    @Test func aDriverCannotCancelAndAnUnknownWordIsAFieldError() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let asha = house.token(house.asha)
            let cancel = try await caller.put("orders/\(order.id)/status", as: asha, #"{"status":"CANCELLED"}"#)
            #expect(cancel.status == 403)
            let nonsense = try await caller.put("orders/\(order.id)/status", as: asha, #"{"status":"flying"}"#)
            #expect(nonsense.status == 422)
            let byAdmin = try await caller.put(
                "orders/\(order.id)/status", as: house.adminToken, #"{"status":"canceled","reason":"storm"}"#)
            #expect(byAdmin.json["status"]?.text == "CANCELLED")
        }
    }

    @Test func aForceTellsWhatItOverrodeAndOnlyABlockedDriverIsRefused() async throws {
        let house = try await RestHouse()
        let order = try await house.city.placeOrder(from: nil, to: nil)
        _ = try await DriverDesk(house.city.house).setAvailability(false, of: house.ravi.id)
        try await house.serve { caller in
            let forced = try await caller.post(
                "orders/\(order.id)/assign", as: house.adminToken, #"{"driver_id":"\#(house.ravi.id)"}"#)
            #expect(forced.status == 200)
            let warnings = forced.json["warnings"]?.elements?.compactMap(\.text) ?? []
            #expect(warnings.contains("driver_offline"))
            #expect(warnings.contains("order_without_coordinates"))
            _ = try await caller.patch(
                "drivers/\(house.asha.id)/status", as: house.adminToken, #"{"status":"BLOCKED"}"#)
            let refused = try await caller.post(
                "orders/\(order.id)/assign", as: house.adminToken, #"{"driver_id":\#(house.asha.id)}"#)
            #expect(refused.status == 409)
            #expect(refused.code == "driver_blocked")
            let unknown = try await caller.post(
                "orders/\(order.id)/assign", as: house.adminToken, #"{"driver_id":987654}"#)
            #expect(unknown.status == 404)
        }
    }

    @Test func theKitchenSaysWhenTheFoodIsReady() async throws {
        let house = try await RestHouse()
        let order = try await house.city.placeOrder(
            from: RestHouse.koramangala, to: nil, readyAt: house.city.time.now.advanced(bySeconds: 900))
        try await house.serve { caller in
            let ready = try await caller.post("orders/\(order.id)/ready", as: house.adminToken)
            #expect(ready.status == 200)
            let stored = try await house.city.store.order(order.id)
            #expect(stored?.content.readyAt == house.city.time.now)
        }
    }
}
