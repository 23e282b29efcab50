import Contract
import DriverClient
import TestSupport
import Testing

/// Pay by policy, in parts that add up, and paid out once; passwords at the door.
@Suite(.serialized) struct CompanyEarningsTests {
    static let policy = [
        "push.batchMessages": "perBatch", "earnings.base": "25", "earnings.perKilometre": "8",
        "earnings.multiOrderBonus": "5", "earnings.peakBonus": "7.5",
        "earnings.peakHours": (0...23).map(String.init).joined(separator: ","),
    ]

    private func paise(_ json: JSON?, _ name: String) -> Int64 { json?[name]?.scaled(byPowerOfTen: 2) ?? -1_000_000 }

    /// One order alone by policy, and a batch of three for which an admin names the pay.
    private func deliver(_ driver: RunningServer.Person, on server: RunningServer) async throws {
        let single = try await server.placeOrder(phone: "+911")
        try await server.done(.post, "orders/\(single)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
        var batch: [Int64] = []
        for number in 0..<3 {
            batch.append(try await server.placeOrder(east: Double(number) * 60, phone: "+92\(number)"))
        }
        try await server.done(
            .post, "orders/assign", as: server.admin,
            "{\"order_ids\":[\(batch.map(String.init).joined(separator: ","))],\"driver_id\":\(driver.id),"
                + "\"driver_earnings\":100}")
        for order in [single] + batch {
            try await server.done(.post, "orders/\(order)/admin-deliver", as: server.admin)
        }
    }

    @Test func thePartsAddUpToTheTotalsOfEveryPeriod() async throws {
        try await RunningServer.with(drivers: 1, settings: Self.policy) { server in
            let driver = server.drivers[0]
            try await deliver(driver, on: server)
            let statement = try await server.done(
                .get, "earnings/drivers/\(driver.id)?show_paid=true", as: server.admin)
            let rows = statement["earnings"]?.elements ?? []
            #expect(rows.count == 4)
            var total: Int64 = 0
            for row in rows {
                let parts = ["base_fare", "distance_fare", "peak_hour_bonus", "multi_order_bonus", "incentive"]
                #expect(parts.reduce(0) { $0 + paise(row, $1) } == paise(row, "total_earning"))
                #expect(paise(row, "base_fare") == 2500 && paise(row, "peak_hour_bonus") == 750)
                let metres = row["distance_km"]?.scaled(byPowerOfTen: 3) ?? 0
                #expect(paise(row, "distance_fare") == (metres * 800 + 500) / 1000)
                total += paise(row, "total_earning") + paise(row, "adjustment_amount")
            }
            // The batch's rows add up to what the admin said, to the paisa.
            let pooled = rows.filter { paise($0, "multi_order_bonus") == 500 }
            #expect(pooled.count == 3)
            #expect(pooled.reduce(0) { $0 + paise($1, "total_earning") + paise($1, "adjustment_amount") } == 10_000)
            #expect(paise(statement, "total_pending_earnings") == total)
            let today = try await server.done(.get, "earnings/today", as: driver.token)
            #expect(paise(today, "total") == total && paise(today, "total_earnings") == total)
            #expect((today["items"]?.elements ?? []).reduce(0) { $0 + paise($1, "earnings") } == total)
            for period in ["weekly", "monthly"] {
                let history = try await server.done(.get, "driver/earnings/\(period)", as: driver.token)
                #expect(paise(history, "total") == total, "\(period)")
                #expect((history["items"]?.elements ?? []).reduce(0) { $0 + paise($1, "total") } == total, "\(period)")
            }
            let stats = try await server.done(.get, "drivers/stats", as: driver.token)
            for span in ["today", "week", "month"] {
                let sums = stats[span]
                #expect(paise(sums, "total") == total && paise(sums, "earnings") == total, "\(span)")
                #expect(paise(sums, "basePay") + paise(sums, "distancePay") + paise(sums, "bonus") == total, "\(span)")
            }
            #expect(paise(stats["summary"], "lifetime_earnings") == total)
        }
    }

    @Test func aPayOutHappensOnceHoweverOftenItIsAskedFor() async throws {
        try await RunningServer.with(drivers: 1, settings: Self.policy) { server in
            let driver = server.drivers[0]
            try await deliver(driver, on: server)
            let body = Array("{\"driver_ids\":[\(driver.id)],\"payment_method\":\"UPI\"}".utf8)
            @Sendable func pay(_ key: String) async throws -> JSON {
                try await server.client.call(
                    .post, "/api/v1/earnings/process-payout", token: server.admin, body: body,
                    headers: [("Idempotency-Key", key)]
                ).json
            }
            let answers = try await server.atOnce([1, 2, 3, 4]) { _ in
                Int(paise(try await pay("k-1"), "total_amount_paid"))
            }
            #expect(Set(answers).count == 1 && answers[0] > 10_000)
            // New earnings do not fall under the old key.
            try await deliver(driver, on: server)
            #expect(paise(try await pay("k-1"), "total_amount_paid") == Int64(answers[0]))
            let second = try await pay("k-2")
            #expect(second["total_drivers_paid"]?.int64 == 1)
            #expect(paise(try await pay("k-3"), "total_amount_paid") == 0)
            let list = try await server.done(.get, "earnings/drivers?status=all", as: server.admin).elements?.first
            #expect(paise(list, "total_pending_earnings") == 0)
            #expect(paise(list, "total_paid_earnings") == Int64(answers[0]) + paise(second, "total_amount_paid"))
        }
    }

    @Test func aKeyMakesOneAccountAlsoForAnotherProcess() async throws {
        try await RunningServer.with(drivers: 0, settings: Self.policy) { server in
            func create(_ key: String, phone: String) async throws -> RESTAnswer {
                try await server.client.call(
                    .post, "/api/v1/drivers", token: server.admin,
                    body: Array("{\"name\":\"Asha\",\"phone\":\"\(phone)\",\"password\":\"a good password\"}".utf8),
                    headers: [("Idempotency-Key", key)])
            }
            let first = try await create("k", phone: "+911")
            let again = try await create("k", phone: "+911")
            #expect(first.status == 201 && again.status == 201 && again.json["id"]?.int64 == first.json["id"]?.int64)
            #expect(try await create("k", phone: "+912").status == 422)
            #expect(try await create("l", phone: "+911").status == 409)
        }
    }

    @Test func aPasswordCanBeLookedAtWithoutADelivery() async throws {
        try await RunningServer.with(settings: ["delivery.otp": "true"]) { server in
            let (driver, other) = (server.drivers[0], server.drivers[1])
            var orders: [Int64] = []
            for _ in 0..<2 { orders.append(try await server.placeOrder(phone: "+91")) }
            try await server.done(
                .post, "orders/assign", as: server.admin,
                "{\"order_ids\":[\(orders[0]),\(orders[1])],\"driver_id\":\(driver.id)}")
            var codes: [String] = []
            for order in orders {
                codes.append(
                    try #require(try await server.done(.get, "orders/\(order)", as: server.admin)["otp"]?.text))
            }
            func verify(_ otp: String, as token: String) async throws -> RESTAnswer {
                try await server.app(
                    .post, "orders/verify-otp", as: token, "{\"order_uuid\":\"\(orders[0])\",\"otp\":\"\(otp)\"}")
            }
            // Whole, short, or that of the same customer's other order.
            for otp in [codes[0], String(codes[0].suffix(4)), codes[1]] {
                let answer = try await verify(otp, as: driver.token)
                #expect(answer.status == 200 && answer.json["is_valid"]?.boolean == true, "\(answer.detail)")
            }
            #expect(try await verify(codes[0], as: other.token).status == 404)
            let wrong = ["0000", "1111", "2222"].first { wrong in !codes.contains { $0.hasSuffix(wrong) } } ?? "3333"
            for left in (0..<5).reversed() {
                let answer = try await verify(wrong, as: driver.token)
                #expect(answer.status == 400 && answer.json["tries_left"]?.int64 == Int64(left))
                #expect(answer.json["message"]?.text?.isEmpty == false)
            }
            #expect(try await verify(codes[0], as: driver.token).status == 409)
            // Nothing was delivered by looking.
            #expect(try await server.done(.get, "orders/\(orders[0])", as: server.admin)["status"]?.text == "ASSIGNED")
        }
    }

    /// An order without a password does not open the one with a password.
    @Test func onlyAPasswordOpensWhatHasOne() async throws {
        try await RunningServer.with(drivers: 1) { server in
            let driver = server.drivers[0]
            let guarded = try await server.placeOrder(phone: "+91", extra: #","otp":"123456""#)
            let plain = try await server.placeOrder(phone: "+91")
            try await server.done(
                .post, "orders/assign", as: server.admin,
                "{\"order_ids\":[\(guarded),\(plain)],\"driver_id\":\(driver.id)}")
            for order in [guarded, plain] {
                try await server.done(.post, "driver/orders/\(order)/pickup", as: driver.token, #"{"picked_up":true}"#)
            }
            for order in [guarded, plain] {
                let refused = try await server.app(
                    .post, "driver/orders/\(order)/deliver", as: driver.token, #"{"delivery_notes":null}"#)
                #expect(refused.status == 400)
            }
            try await server.done(.post, "driver/orders/\(plain)/deliver", as: driver.token, #"{"otp":"3456"}"#)
            let now = try await server.done(.get, "orders/\(guarded)", as: server.admin)
            #expect(now["status"]?.text == "DELIVERED")
        }
    }

    @Test func thePasswordAtTheDoorIsGuardedAndAdminsOpenIt() async throws {
        var settings = Self.policy
        settings.merge(["delivery.otp": "true", "delivery.hideOTP": "true"]) { $1 }
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let driver = server.drivers[0]
            let order = try await server.placeOrder()
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            let mine = try await server.done(.get, "driver/orders/\(order)", as: driver.token)
            #expect(mine["otp"]?.isNull == true)
            let code = try #require(try await server.done(.get, "orders/\(order)", as: server.admin)["otp"]?.text)
            try await server.done(.post, "driver/orders/\(order)/pickup", as: driver.token, #"{"picked_up":true}"#)
            func deliver(_ otp: String) async throws -> Int {
                try await server.app(
                    .post, "driver/orders/\(order)/deliver", as: driver.token,
                    "{\"otp\":\"\(otp)\",\"delivery_notes\":null}"
                ).status
            }
            let wrong = String(code.map { $0 == "9" ? "0" : Character("\(($0.wholeNumberValue ?? 0) + 1)") })
            for _ in 0..<5 { #expect(try await deliver(wrong) == 400) }
            #expect(try await deliver(wrong) == 409)
            #expect(try await deliver(code) == 409)
            try await server.done(.post, "orders/\(order)/admin-deliver", as: server.admin)
        }
    }
}
