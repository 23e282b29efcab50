import App
import Contract
import DriverClient
import Glibc
import Postgres
import TestSupport
import Testing

/// Section 2 of the contract: every row of the table of steps, by hand.
@Suite struct LifecycleRowsTests {
    @Test func anOrderGoesTheWholeWayAndRepeatsChangeNothing() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let order = try await server.placeOrder()
        #expect(try await server.order(order)["status"]?.text == "PENDING")
        try await server.force([order], to: driver)
        for (word, state) in [
            ("accepted", "ACCEPTED"), ("Picked-Up", "PICKED_UP"), ("on_the_way", "IN_TRANSIT"),
            ("completed", "DELIVERED"),
        ] {
            for _ in 0..<2 {
                let answer = try await server.step(order, word, as: driver.token)
                #expect(answer.status == 200, "\(word): \(answer.detail)")
                #expect(answer.json["status"]?.text == state)
            }
        }
        #expect(try await server.number("SELECT count(*) FROM earnings WHERE order_id = $1", [.int8(order)]) == 1)
        #expect(try await server.number("SELECT version FROM orders WHERE id = $1", [.int8(order)]) == 6)
    }

    @Test func pickupImpliesAcceptanceAndTransitIsOptional() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        let picked = try await server.step(order, "PICKED_UP", as: driver.token)
        #expect(picked.status == 200)
        #expect(picked.json["accepted_at"]?.text != nil)
        #expect(try await server.step(order, "DELIVERED", as: driver.token).status == 200)
    }

    @Test func anAdminMayPickUpAndDeliver() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let (first, second) = (try await server.placeOrder(), try await server.placeOrder())
        try await server.force([first, second], to: driver)
        #expect(try await server.step(first, "PICKED_UP", as: server.admin).status == 200)
        #expect(try await server.step(first, "DELIVERED", as: server.admin).status == 200)
        #expect(try await server.post("orders/\(second)/admin-deliver", as: server.admin).status == 200)
        let today = try await server.get("earnings/today", as: driver.token).json
        #expect(today["deliveries"]?.int64 == 2)
    }

    /// Every state with every word: what the table does not allow is 409 with `current` and `allowed`.
    @Test func everyIllegalStepIs409AndSaysWhatIsAllowed() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let words = ["ACCEPTED", "PICKED_UP", "IN_TRANSIT", "DELIVERED", "REJECTED"]
        let ways: [(way: [String], state: String, legal: Set<String>)] = [
            ([], "ASSIGNED", ["ACCEPTED", "PICKED_UP", "REJECTED"]),
            (["ACCEPTED"], "ACCEPTED", ["ACCEPTED", "PICKED_UP", "REJECTED"]),
            (["PICKED_UP"], "PICKED_UP", ["PICKED_UP", "IN_TRANSIT", "DELIVERED"]),
            (["PICKED_UP", "IN_TRANSIT"], "IN_TRANSIT", ["IN_TRANSIT", "DELIVERED"]),
            (["PICKED_UP", "DELIVERED"], "DELIVERED", ["DELIVERED"]),
        ]
        for (way, state, legal) in ways {
            let order = try await server.placeOrder()
            try await server.force([order], to: driver)
            for step in way { _ = try await server.step(order, step, as: driver.token) }
            for word in words where !legal.contains(word) {
                let answer = try await server.step(order, word, as: driver.token)
                #expect(answer.status == 409, "\(state) -> \(word): \(answer.status)")
                #expect(answer.json["current"]?.text == state)
                #expect(answer.json["allowed"]?.elements != nil)
            }
            #expect(try await server.order(order)["status"]?.text == state)
        }
    }

    @Test func ordersOfOthersAreUnknown() async throws {
        let server = try await Shared.plain.value
        let (driver, other) = (try await server.hire(), try await server.hire())
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        for word in ["ACCEPTED", "PICKED_UP", "DELIVERED", "REJECTED"] {
            #expect(try await server.step(order, word, as: other.token).status == 404)
            #expect(try await server.step(999_999_999, word, as: other.token).status == 404)
        }
        #expect(try await server.get("orders/\(order)", as: other.token).status == 404)
        #expect(try await server.order(order)["status"]?.text == "ASSIGNED")
    }

    @Test func aRejectionFreesTheOrderAndExcludesThePair() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        for _ in 0..<2 { #expect(try await server.step(order, "rejected", as: driver.token).status == 200) }
        #expect(try await server.order(order)["status"]?.text == "PENDING")
        #expect(try await server.number("SELECT count(*) FROM exclusions WHERE order_id = $1", [.int8(order)]) == 1)
        let again = try await server.force([order], to: driver)
        #expect(again["warnings"]?.elements?.contains { $0.text == "driver_refused_this_order_before" } == true)
    }

    @Test func beforePickupEverybodyMayCancelAfterItAnAdminAloneAndTheDriverIsPaid() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        for party in ["customer", "restaurant", "admin"] {
            let order = try await server.placeOrder()
            try await server.force([order], to: driver)
            let answer = try await server.post("orders/\(order)/cancel", as: server.admin, #"{"by":"\#(party)"}"#)
            #expect(answer.json["status"]?.text == "CANCELLED")
            #expect(try await server.number("SELECT count(*) FROM earnings WHERE order_id = $1", [.int8(order)]) == 0)
        }
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        _ = try await server.step(order, "PICKED_UP", as: driver.token)
        for party in ["customer", "restaurant"] {
            let answer = try await server.post("orders/\(order)/cancel", as: server.admin, #"{"by":"\#(party)"}"#)
            #expect(answer.status == 409, "\(answer.detail)")
        }
        #expect(try await server.step(order, "CANCELLED", as: driver.token).status == 403)
        #expect(try await server.post("orders/\(order)/cancel", as: server.admin, #"{"by":"admin"}"#).status == 200)
        #expect(try await server.number("SELECT count(*) FROM earnings WHERE order_id = $1", [.int8(order)]) == 1)
        #expect(try await server.post("orders/\(order)/cancel", as: server.admin, "{}").status == 200, "again")
    }

    @Test func theForceIsRefusedOnlyForABlockedDriverAnEndedOrderAndFoodOnBoard() async throws {
        let server = try await Shared.plain.value
        let (driver, other, blocked) = (try await server.hire(), try await server.hire(), try await server.hire())
        _ = try await server.client.call(
            .patch, "/api/v1/drivers/\(blocked.id)/status", token: server.admin,
            body: Array(#"{"status":"blocked"}"#.utf8))
        let order = try await server.placeOrder()
        func force(_ order: Int64, _ driver: Int64, _ extra: String = "") async throws -> RESTAnswer {
            try await server.post("orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver)\(extra)}")
        }
        #expect(try await force(order, blocked.id).json["code"]?.text == "driver_blocked")
        #expect(try await force(order, 999_999_999).status == 404)
        #expect(try await force(999_999_999, driver.id).status == 404)
        let done = try await force(order, driver.id, #","reason":"he is next door""#)
        #expect(done.status == 200)
        #expect(done.json["order"]?["is_pinned"]?.flag == true)
        let warnings = Set(done.json["warnings"]?.elements?.compactMap(\.text) ?? [])
        #expect(warnings.contains("driver_position_stale"))
        let reasons = try await server.number(
            "SELECT count(*) FROM order_audit WHERE order_id = $1 AND reason = 'he is next door'", [.int8(order)])
        #expect(reasons == 1)
        _ = try await server.step(order, "PICKED_UP", as: driver.token)
        #expect(try await force(order, other.id).json["code"]?.text == "food_on_board")
        #expect(try await force(order, other.id, #","force":true"#).status == 409)
        _ = try await server.step(order, "DELIVERED", as: driver.token)
        #expect(try await force(order, other.id).json["code"]?.text == "order_ended")
    }

    @Test func theForceIsDoneWithAWarningForEverythingElse() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        _ = try await server.put("driver/status", as: driver.token, #"{"status":"offline"}"#)
        _ = try await server.client.call(
            .patch, "/api/v1/drivers/\(driver.id)", token: server.admin,
            body: Array(#"{"capacity":1,"shift_ends_at":"2020-01-01T00:00:00Z"}"#.utf8))
        var orders: [Int64] = []
        for _ in 0..<5 { orders.append(try await server.placeOrder()) }
        let answer = try await server.force(orders, to: driver)
        let warnings = Set(answer["warnings"]?.elements?.compactMap(\.text) ?? [])
        #expect(
            warnings.isSuperset(of: [
                "driver_over_capacity", "driver_offline", "driver_position_stale", "driver_shift_over",
            ]), "\(warnings)")
        let bare = try await server.post(
            "orders", as: server.admin,
            #"{"customer_name":"A","delivery_address":"x","restaurant_name":"B","pickup_address":"y"}"#)
        #expect(bare.status == 201)
        let forced = try await server.force([try #require(bare.json["id"]?.int64)], to: driver)
        #expect(forced["warnings"]?.elements?.contains { $0.text == "order_without_coordinates" } == true)
    }

    @Test func whatOneAdminPinnedTakesForceFromAnother() async throws {
        let server = try await Shared.plain.value
        try await server.accounts.createAdmin(email: "second@example.org", fullName: "Second", password: "open sesame")
        let second = try await server.client.signIn(
            admin: Credentials(identity: "second@example.org", password: "open sesame")
        ).accessToken
        let (driver, other) = (try await server.hire(), try await server.hire())
        let order = try await server.placeOrder()
        try await server.force([order], to: driver)
        let body = "{\"driver_id\":\(other.id)"
        let refused = try await server.post("orders/\(order)/assign", as: second, body + "}")
        #expect(refused.status == 409 && refused.json["code"]?.text == "pinned_by_another")
        #expect(try await server.post("orders/\(order)/assign", as: second, body + #","force":true}"#).status == 200)
        #expect(try await server.order(order)["driver_id"]?.int64 == other.id)
    }

    @Test func anOrderWithAPasswordIsDeliveredWithItAlone() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let order = try await server.placeOrder(extra: #","otp":"123456""#)
        try await server.force([order], to: driver)
        _ = try await server.step(order, "PICKED_UP", as: driver.token)
        #expect(try await server.step(order, "DELIVERED", as: driver.token).json["code"]?.text == "otp_required")
        let wrong = try await server.step(order, "DELIVERED", as: driver.token, extra: #","otp":"000000""#)
        #expect(wrong.json["code"]?.text == "otp_wrong" && wrong.json["tries_left"]?.int64 == 4)
        let right = try await server.step(order, "DELIVERED", as: driver.token, extra: #","otp":"123456""#)
        #expect(right.status == 200)
    }

    @Test func withTheSettingEveryOrderHasAPassword() async throws {
        let server = try await Shared.hasty.value
        let order = try await server.placeOrder()
        #expect(try await server.order(order)["otp"]?.text?.count == 6)
    }
}
