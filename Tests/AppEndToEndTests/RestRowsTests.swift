import App
import Contract
import DriverClient
import Glibc
import Postgres
import TestSupport
import Testing

/// Section 3 of the contract over the wire: the seed's eight endpoints, their shapes, and the rules all calls share.
@Suite struct RestRowsTests {
    @Test func logInTakesEveryNameAndAnswersWhatBothAppsRead() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        for (field, value) in [
            ("identity", driver.email), ("email", driver.email), ("username", driver.email), ("phone", driver.phone),
            ("phone_number", driver.phone),
        ] {
            let answer = try await server.post(
                "auth/login", as: "", #"{"\#(field)":"\#(value)","password":"\#(RunningServer.password)"}"#)
            #expect(answer.status == 200, "\(field): \(answer.detail)")
            #expect(answer.json["access_token"]?.text?.isEmpty == false)
            #expect(answer.json["refresh_token"]?.text?.isEmpty == false)
            #expect(answer.json["token_type"]?.text?.lowercased() == "bearer")
            #expect(answer.json["expires_in"]?.int64 == 43_200)
            #expect(answer.json["driver_id"]?.int64 == driver.id)
            #expect(answer.json["driver"]?["status"]?.text == "APPROVED")
        }
        let form = try await server.client.call(
            .post, "/api/v1/auth/login", body: Array("username=\(driver.phone.dropFirst())&password=x".utf8),
            headers: [("content-type", "application/x-www-form-urlencoded")])
        #expect(form.status == 401)
    }

    @Test func aRefreshRotatesAndALostAnswerIsRepeated() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let first = try await server.post("auth/refresh", as: "", #"{"refresh_token":"\#(driver.refreshToken)"}"#)
        #expect(first.status == 200)
        let next = try #require(first.json["refresh_token"]?.text)
        #expect(next != driver.refreshToken)
        let again = try await server.post("auth/refresh", as: "", #"{"refreshToken":"\#(driver.refreshToken)"}"#)
        #expect(again.json["refresh_token"]?.text == next, "the answer may have been lost")
        let token = try #require(first.json["access_token"]?.text)
        #expect(try await server.get("driver/profile", as: token).status == 200)
        #expect(try await server.post("auth/refresh", as: "", #"{"refresh_token":"rt_x"}"#).status == 401)
    }

    @Test func profileAndStatusHaveTheSeedsShape() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        for (body, word) in [
            (#"{"status":"online"}"#, "online"), (#"{"status":"OFFLINE"}"#, "offline"),
            (#"{"is_online":true}"#, "online"),
        ] {
            let answer = try await server.put("driver/status", as: driver.token, body)
            #expect(answer.status == 200, "\(answer.detail)")
            #expect(answer.json["status"]?.text == word)
            let profile = try await server.get("driver/profile", as: driver.token).json
            #expect(profile["status"]?.text == word && profile["is_online"]?.flag == (word == "online"))
            #expect(profile["driver_id"]?.int64 == driver.id && profile["id"]?.int64 == driver.id)
            #expect(profile["email"]?.text == driver.email && profile["phone"]?.text == driver.phone)
            #expect(profile["account_status"]?.text == "APPROVED")
            #expect(profile["vehicle_type"]?.text != nil && profile["capacity"]?.int64 == 3)
        }
    }

    @Test func assignedOrdersAreABareArrayInRouteOrder() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        #expect(try await server.get("orders/assigned", as: driver.token).json.elements?.isEmpty == true)
        let orders = [try await server.placeOrder(phone: "+919812345678"), try await server.placeOrder(east: 200)]
        try await server.force(orders, to: driver)
        let list = try #require(try await server.get("orders/assigned", as: driver.token).json.elements)
        #expect(list.compactMap { $0["sequence"]?.int64 } == [1, 2])
        for order in list {
            for key in [
                "order_id", "id", "status", "restaurant_name", "pickup_address", "delivery_address", "earnings",
                "distance_km", "customer_name", "items", "batch_id", "created_at",
            ] {
                #expect(order[key]?.isNull == false, "\(key)")
            }
            #expect(order["earnings"]?.text == nil, "amounts are JSON numbers")
            #expect(order["created_at"]?.text?.hasSuffix("Z") == true)
        }
        let mine = try #require(list.first { $0["id"]?.int64 == orders[0] })
        #expect(mine["customer_phone"]?.text == "+919812345678")
        for order in orders {
            _ = try await server.step(order, "PICKED_UP", as: driver.token)
            let whole = try await server.step(order, "DELIVERED", as: driver.token)
            #expect(whole.json["restaurant_name"]?.text == "Burger King", "the answer is the whole order")
        }
        #expect(try await server.get("orders/assigned", as: driver.token).json.elements?.isEmpty == true)
        let ended = try await server.get("orders?assigned_to_me=true", as: driver.token).json.elements ?? []
        #expect(Set(ended.compactMap { $0["id"]?.int64 }) == Set(orders))
        #expect(ended.allSatisfy { $0["customer_phone"]?.text?.hasPrefix("+91981") != true })
    }

    @Test func earningsOfTodayAndOfTheDaysBefore() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let order = try await server.placeOrder()
        try await server.force([order], to: driver, extra: #","driver_earnings":45.5"#)
        _ = try await server.step(order, "PICKED_UP", as: driver.token)
        _ = try await server.step(order, "DELIVERED", as: driver.token)
        let today = try await server.get("earnings/today", as: driver.token).json
        #expect(today["date"]?.text?.count == 10 && today["time_zone"]?.text == "Asia/Kolkata")
        #expect(today["currency"]?.text == "INR" && today["deliveries"]?.int64 == 1)
        #expect(today["total"]?.double == 45.5 && today["total_earnings"]?.double == 45.5)
        #expect(today["items"]?.elements?.first?["order_id"]?.int64 == order)
        let date = today["date"]?.text ?? ""
        for query in ["", "?days=3", "?from=\(date)&to=\(date)"] {
            let history = try await server.get("earnings/history\(query)", as: driver.token).json
            #expect(history["total"]?.double == 45.5, "\(query)")
            #expect(history["items"]?.elements?.first?["date"]?.text == date)
            #expect(history["items"]?.elements?.first?["deliveries"]?.int64 == 1)
            #expect(history["next_cursor"]?.isNull == true)
        }
        for query in ["?from=2026-13-01", "?days=0", "?from=\(date)&to=2020-01-01", "?cursor=x"] {
            #expect(try await server.get("earnings/history\(query)", as: driver.token).status == 422, "\(query)")
        }
    }

    @Test func ordersArePlacedInEveryShapeOnceForEachForeignId() async throws {
        let server = try await Shared.plain.value
        let restaurant = try await server.post(
            "restaurants", as: server.admin,
            #"{"name":"Dosa Corner","address":"4th Cross","latitude":12.93,"longitude":77.62}"#)
        let id = try #require(restaurant.json["id"]?.int64)
        let tail = #""customer_name":"A","delivery_address":"x","external_order_id":"R-1""#
        let first = try await server.post(
            "orders", as: server.admin,
            #"{"restaurant_id":\#(id),"delivery_lat":12.9,"delivery_lng":77.6,"driver_earnings":50.25,\#(tail)}"#)
        #expect(first.status == 201, "\(first.detail)")
        #expect(first.json["restaurant_name"]?.text == "Dosa Corner")
        #expect(first.json["pickup_lat"]?.double == 12.93)
        #expect(first.json["driver_earnings"]?.double == 50.25)
        #expect(first.json["otp"]?.isNull == true, "a password only where one was asked for")
        let again = try await server.post(
            "orders", as: server.admin, #"{"restaurant_id":\#(id),"latitude":12.9,"longitude":77.6,\#(tail)}"#)
        #expect(again.status == 200 && again.json["id"]?.int64 == first.json["id"]?.int64)
    }

    @Test func aRestaurantIsChangedAndItsKitchenSaysThatItIsDone() async throws {
        let server = try await Shared.plain.value
        let made = try await server.post(
            "restaurants", as: server.admin,
            #"{"name":"Before","address":"x","latitude":12.93,"longitude":77.62}"#)
        let id = try #require(made.json["id"]?.int64)
        let changed = try await server.client.call(
            .patch, "/api/v1/restaurants/\(id)", token: server.admin, body: Array(#"{"name":"After"}"#.utf8))
        #expect(changed.status == 200 && changed.json["name"]?.text == "After", "\(changed.detail)")
        let listed = try await server.get("restaurants", as: server.admin).json.elements ?? []
        #expect(listed.first { $0["id"]?.int64 == id }?["name"]?.text == "After")
        let order = try await server.placeOrder(extra: #","ready_at":"2099-01-01T00:00:00Z""#)
        for _ in 0..<2 {
            let ready = try await server.post("orders/\(order)/ready", as: server.admin)
            #expect(ready.status == 200, "\(ready.detail)")
        }
        let readyAt = try await server.order(order)["ready_at"]?.text
        #expect(readyAt?.hasPrefix("2099") == false, "done is done, whatever was said before")
        #expect(try await server.post("orders/999999999/ready", as: server.admin).status == 404)
    }

    @Test func aKeyMakesTwoRequestsOne() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let body = Array(
            #"{"customer_name":"K","delivery_address":"x","restaurant_name":"B","pickup_address":"y"}"#.utf8)
        func place(_ body: [UInt8]) async throws -> RESTAnswer {
            try await server.client.call(
                .post, "/api/v1/orders", token: server.admin, body: body,
                headers: [("idempotency-key", "place-\(driver.id)")])
        }
        let first = try await place(body)
        let second = try await place(body)
        #expect(first.status == 201 && second.json["id"]?.int64 == first.json["id"]?.int64)
        #expect(try await place(body + [0x20]).status == 422)
        let order = try #require(first.json["id"]?.int64)
        func assign() async throws -> RESTAnswer {
            try await server.client.call(
                .post, "/api/v1/orders/\(order)/assign", token: server.admin,
                body: Array("{\"driver_id\":\(driver.id)}".utf8), headers: [("idempotency-key", "give-\(driver.id)")])
        }
        let given = try await assign()
        #expect(given.status == 200)
        _ = try await server.post("orders/\(order)/unassign", as: server.admin, "{}")
        let repeated = try await assign()
        #expect(repeated.status == 200)
        #expect(try await server.order(order)["status"]?.text == "PENDING", "the same request acts once")
    }

    @Test func everyRefusalIsAProblemDocument() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let huge = Array(repeating: UInt8(ascii: " "), count: 300_000)
        let answers: [(RESTAnswer, Int)] = [
            (try await server.post("auth/login", as: "", "{"), 400),
            (try await server.get("driver/profile", as: ""), 401),
            (try await server.get("driver/profile", as: "nonsense"), 401),
            (try await server.post("auth/login", as: "", #"{"identity":"\#(driver.email)","password":"no"}"#), 401),
            (try await server.get("orders/assigned", as: server.admin), 403),
            (try await server.post("orders", as: driver.token, "{}"), 403),
            (try await server.get("orders/999999999", as: server.admin), 404),
            (try await server.get("nothing/here", as: server.admin), 404),
            (try await server.client.call(.post, "/api/v1/orders", token: server.admin, body: huge), 413),
            (try await server.post("orders", as: server.admin, #"{"delivery_lat":91}"#), 422),
        ]
        for (answer, status) in answers {
            #expect(answer.status == status, "\(answer.detail)")
            #expect(answer.header("content-type") == "application/problem+json")
            let problem = answer.json
            #expect(problem["status"]?.int64 == Int64(status))
            #expect(problem["type"]?.text != nil && problem["title"]?.text != nil && problem["code"]?.text != nil)
            #expect(problem["detail"]?.text?.isEmpty == false)
            #expect(problem["message"]?.text == problem["detail"]?.text)
            #expect(problem["request_id"]?.text?.isEmpty == false)
        }
        let fields = answers.last?.0.json["errors"]?.elements ?? []
        #expect(fields.contains { $0["field"]?.text == "customer_name" })
        #expect(fields.contains { $0["field"]?.text == "delivery_lat" })
    }

    @Test func guessingIsLimitedAndTheRightPasswordIsNot() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        var last: RESTAnswer?
        for _ in 0..<12 {
            last = try await server.post("auth/login", as: "", #"{"identity":"\#(driver.email)","password":"no"}"#)
        }
        #expect(last?.status == 429)
        #expect((last?.header("retry-after").flatMap { Int($0) } ?? 0) > 0)
        let other = try await server.hire()
        for _ in 0..<15 {
            let answer = try await server.post(
                "auth/login", as: "", #"{"identity":"\#(other.email)","password":"\#(RunningServer.password)"}"#)
            #expect(answer.status == 200)
        }
    }

    @Test func aLogOutAndANewPasswordKillTokensWithinFiveSeconds() async throws {
        let server = try await Shared.plain.value
        let (left, changed) = (try await server.hire(), try await server.hire())
        #expect(try await server.post("auth/logout", as: left.token).status == 200)
        let body = #"{"current_password":"\#(RunningServer.password)","new_password":"a better password"}"#
        let renewed = try await server.put("auth/password", as: changed.token, body)
        #expect(renewed.status == 200)
        for token in [left.token, changed.token] {
            try await eventually(within: .seconds(5)) {
                try await server.get("driver/profile", as: token).status == 401
            }
        }
        let fresh = try #require(renewed.json["access_token"]?.text)
        #expect(try await server.get("driver/profile", as: fresh).status == 200)
        let stale = try await server.post("auth/refresh", as: "", #"{"refresh_token":"\#(changed.refreshToken)"}"#)
        #expect(stale.status == 401)
    }

    /// Everything that all servers of this process said or counted so far.
    @Test func noLineAndNoMetricHoldsAToken() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        let token = phone.person.token
        _ = try await server.get("driver/profile?token=\(token)", as: token)
        _ = try await server.get("nothing/\(token)?token=\(token)", as: token)
        _ = try await server.post("orders/\(token)/assign?token=\(token)", as: token, token)
        _ = try await server.refusal(of: token + "x", driver: phone.person.id)
        phone.socket.close()
        try await eventually(within: .seconds(3)) {
            server.logs.all.contains { $0.contains("driver disconnected") && $0.contains("\(phone.person.id)") }
        }
        #expect(server.logs.all.filter { $0.contains("eyJ") || $0.contains("rt_") } == [])
        #expect(!TestMetrics.factory.exposition().contains("eyJ"))
    }
}
