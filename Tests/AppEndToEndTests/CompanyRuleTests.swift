import App
import Contract
import DispatchCore
import DriverClient
import Fulfilment
import TestSupport
import Testing

/// What cost the company's apps most when a server missed it: one test each. The budget of the app's tries needs a
/// server that dies: `ChaosTests.FleetReturnTests`.
@Suite(.serialized) struct CompanyRuleTests {
    @Test func refusalsAreCloseCodesAfterTheUpgrade() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let (first, second) = (server.drivers[0], server.drivers[1])
            for token in [second.token, "nonsense", first.token + "x"] {
                let inbox = Inbox()
                let socket = try await server.client.openSocket(driver: "\(first.id)", token: token) {
                    inbox.receive($0)
                }
                #expect(try await inbox.close(within: .seconds(5))?.code == 4001)
                socket.drop()
            }
            let old = try await server.connect(first)
            let new = try await server.connect(first)
            #expect(try await old.inbox.close(within: .seconds(5))?.code == 4003)
            new.socket.close()
        }
    }

    @Test func aSocketIsNotOnline() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            func isOnline() async throws -> Bool? {
                try await server.done(.get, "drivers/profile", as: driver.token)["is_online"]?.boolean
            }
            let first = try await server.connect(driver)
            #expect(try await isOnline() == false)
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            try await server.done(.post, "drivers/toggle-online?is_online=false", as: driver.token, "null")
            // The app closes with 1000, comes back a second later, and its positions always say ONLINE.
            first.socket.close(code: 1000)
            #expect(try await first.inbox.close(within: .seconds(5))?.code == 1000)
            let again = try await server.connect(driver)
            server.track(again.socket)
            again.socket.send(#"{"type":"ping"}"#)
            _ = try await again.inbox.message("pong", within: .seconds(3))
            try await eventually(within: .seconds(4)) {
                try await server.done(.get, "drivers/\(driver.id)/locations", as: server.admin).elements?.count == 1
            }
            #expect(try await isOnline() == false)
            #expect(try await server.done(.get, "available-drivers", as: server.admin).elements?.isEmpty == true)
            again.socket.close()
        }
    }

    /// "Accept now" sends nothing for many minutes: silence is not refusal.
    @Test func silenceAfterAnOfferIsNotARefusal() async throws {
        var settings = RunningServer.company
        settings.merge(OrderFlowTests.engine) { $1 }
        try await RunningServer.with(settings: settings) { server in
            var phones: [DriverSocket] = []
            for person in server.drivers {
                let phone = try await server.connect(person)
                server.track(phone.socket)
                phones.append(phone.socket)
                try await server.done(.post, "drivers/toggle-online?is_online=true", as: person.token, "null")
            }
            let order = try await server.placeOrder()
            func holder() async throws -> Int64? {
                try await server.done(.get, "orders/\(order)", as: server.admin)["driver_id"]?.int64
            }
            try await eventually(within: .seconds(15)) { try await holder() != nil }
            let given = try await holder()
            // Ten rounds and more pass by.
            try await Task.sleep(for: .seconds(4))
            let now = try await server.done(.get, "orders/\(order)", as: server.admin)
            #expect(now["driver_id"]?.int64 == given)
            #expect(now["status"]?.text == "ASSIGNED")
            for phone in phones { phone.close() }
        }
    }

    @Test func numbersAreNumbersAndMoneyIsInRupees() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let phone = try await server.connect(server.drivers[0])
            let restaurant = try await server.restaurant("Kitchen", external: "r")
            let order = try await server.consoleOrder(restaurant: restaurant)
            try await server.done(
                .post, "orders/\(order)/assign", as: server.admin,
                "{\"driver_id\":\(server.drivers[0].id),\"driver_earnings\":45.5}")
            let told = try #require(try await phone.inbox.message("order_assigned", within: .seconds(2)))
            #expect(told["data"]?["earnings"]?.double == 45.5)
            #expect(told["data"]?["distance_km"]?.double ?? 0 > 1)
            let row = try await server.done(.get, "driver/orders/\(order)", as: server.drivers[0].token)
            #expect(row["order_total"]?.double == 160 && row["total_amount"]?.double == 160)
            #expect(row["driver_earnings"]?.double == 45.5)
            // The form types rupees; the driver's app divides what it is shown by a hundred.
            #expect(row["items_json"]?.elements?.first?["price"]?.double == 8000)
            phone.socket.close()
        }
    }

    @Test func aTokenOutlivesAShiftAnd401MeansTheTokenAlone() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            let me = try await server.app(
                .post, "auth/driver/login", as: nil,
                "{\"identity\":\"\(server.drivers[0].email)\",\"password\":\"\(RunningServer.password)\"}")
            #expect((me.json["expires_in"]?.int64 ?? 0) >= 43_200)
            #expect(me.json["refresh_token"]?.text?.isEmpty == false)
            let restaurant = try await server.restaurant("Kitchen", external: "r")
            let order = try await server.consoleOrder(restaurant: restaurant)
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await server.done(.post, "driver/orders/\(order)/pickup", as: driver.token, #"{"picked_up":true}"#)
            let wrong = try await server.app(
                .post, "driver/orders/\(order)/deliver", as: driver.token, #"{"otp":"","delivery_notes":null}"#)
            #expect(wrong.status == 400 && wrong.json["detail"]?.text?.isEmpty == false)
            #expect(try await server.app(.get, "drivers", as: driver.token).status == 403)
            #expect(try await server.app(.get, "driver/orders/999999", as: driver.token).status == 404)
            #expect(try await server.app(.get, "orders", as: "dead").status == 401)
        }
    }

    @Test func everyErrorHasOneSentenceUnderBothNames() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0].token
            let mine = try await server.placeOrder()
            try await server.done(
                .post, "orders/\(mine)/assign", as: server.admin, "{\"driver_id\":\(server.drivers[0].id)}")
            try await server.done(.post, "orders/\(mine)/cancel", as: server.admin, #"{"by":"admin","reason":"x"}"#)
            let calls: [(RESTVerb, String, String?, String?, Int)] = [
                (.post, "auth/driver/login", nil, #"{"identity":"x","password":"y"}"#, 401),
                (.post, "auth/driver/login", nil, "{", 400),
                (.post, "auth/admin/login", nil, "{}", 422),
                (.get, "orders", nil, nil, 401),
                (.get, "drivers", driver, nil, 403),
                (.post, "driver/orders/99/accept", driver, #"{"accepted":true}"#, 404),
                (.post, "orders/verify-otp", driver, #"{"order_uuid":"99","otp":"1234"}"#, 404),
                (.post, "orders/verify-otp", driver, "{}", 422),
                (.patch, "pools/99/pickup/1", driver, #"{"status":"collected","timestamp":null}"#, 404),
                (.post, "driver/orders/\(mine)/accept", driver, #"{"accepted":true}"#, 409),
                (.post, "driver/orders/\(mine)/deliver", driver, #"{"otp":"000000"}"#, 409),
                (.get, "driver/earnings/daily?date=yesterday", driver, nil, 422),
                (.post, "drivers/toggle-online?is_online=maybe", driver, "null", 422),
                (.post, "orders", server.admin, String(repeating: " ", count: 300_000), 413),
                (.post, "pools/99/group", server.admin, nil, 404),
                (.post, "orders", server.admin, "{}", 422),
                (.post, "orders/99/assign", server.admin, #"{"driver_id":1}"#, 404),
                (.get, "no/such/path", driver, nil, 404),
                (.post, "pools/99/assign-driver", server.admin, #"{"order_ids":[1],"driver_id":1}"#, 404),
                (.post, "commission/config", server.admin, "{}", 501),
                (.post, "orders/1", server.admin, "{}", 405),
            ]
            for (verb, path, token, body, status) in calls {
                let answer = try await server.app(verb, path, as: token, body)
                #expect(answer.status == status, "\(path): \(answer.status)")
                let detail = answer.json["detail"]?.text
                #expect(detail?.isEmpty == false && answer.json["message"]?.text == detail, "\(path)")
            }
        }
    }

    @Test func bodiesThatAreMissingOrNullAreTaken() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            let order = try await server.placeOrder()
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            try await server.done(.get, "orders?assigned_to_me=true", as: driver.token)
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await server.done(.post, "driver/orders/\(order)/reject", as: driver.token)
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await server.done(.post, "orders/\(order)/unassign", as: server.admin)
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await server.done(.post, "orders/\(order)/admin-deliver", as: server.admin)
        }
    }

    @Test func aBatchIsOneMessage() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let phone = try await server.connect(server.drivers[0])
            var orders: [Int64] = []
            for number in 0..<3 { orders.append(try await server.placeOrder(east: Double(number) * 50)) }
            try await server.done(
                .post, "orders/assign", as: server.admin,
                "{\"order_ids\":[\(orders.map(String.init).joined(separator: ","))],\"driver_id\":\(server.drivers[0].id)}"
            )
            let told = try #require(try await phone.inbox.message("order_assigned", within: .seconds(2)))
            #expect(Set(told["data"]?["order_ids"]?.elements?.compactMap(\.int64) ?? []) == Set(orders))
            #expect(told["data"]?["order_count"]?.int64 == 3)
            #expect(told["data"]?["is_pooled"]?.boolean == true)
            phone.socket.send(#"{"type":"ping"}"#)
            _ = try await phone.inbox.message("pong", within: .seconds(3))
            #expect(phone.inbox.offers.count == 1)
            phone.socket.close()
        }
    }

    /// A second offer would replace the text of the pop-up that is open and not its timer, which then rejects the first
    /// one's orders: the engine waits until the pop-up is closed, and an admin's hand does not.
    @Test func noSecondOfferComesWhileThePopUpIsOpen() async throws {
        var settings = RunningServer.company
        settings.merge(OrderFlowTests.engine) { $1 }
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let driver = server.drivers[0]
            let phone = try await server.connect(driver)
            server.track(phone.socket)
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            let first = try await server.placeOrder()
            try await eventually(within: .seconds(15)) { !phone.inbox.offers.isEmpty }
            let second = try await server.placeOrder(east: 30)
            // Ten rounds and more pass by.
            try await Task.sleep(for: .seconds(4))
            let waiting = try await server.done(.get, "orders/\(second)", as: server.admin)
            #expect(waiting["status"]?.text == "PENDING")
            #expect(phone.inbox.offers.map { $0["order_id"]?.int64 } == [first])
            let why = try await server.done(.get, "orders/\(second)/explain", as: server.admin)
            #expect("\(why)".contains("offer"), "\(why)")
            try await server.done(.post, "orders/\(second)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await eventually(within: .seconds(2)) { phone.inbox.offers.count == 2 }
            phone.socket.close()
        }
    }

    @Test func consolesAreManyAndSilent() async throws {
        var settings = RunningServer.company
        settings["ws.idleTimeout"] = "1"
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            var tabs: [(socket: DriverSocket, inbox: Inbox)] = []
            for _ in 0..<3 { tabs.append(try await server.console()) }
            let phone = try await server.connect(server.drivers[0])
            #expect(try await phone.inbox.close(within: .seconds(5))?.code == 1001)
            try await Task.sleep(for: .seconds(1))
            let order = try await server.placeOrder()
            for tab in tabs {
                let told = try await tab.inbox.message(within: .seconds(3)) {
                    $0["type"]?.text == "order_update" && $0["data"]?["order_id"]?.int64 == order
                }
                #expect(told != nil && tab.inbox.close == nil)
                tab.socket.close()
            }
        }
    }
}
