import Contract
import DispatchCore
import DriverClient
import Foundation
import Fulfilment
import Postgres
import TestSupport
import Testing

/// The flows of the company's driver app and console with their exact bodies, over real sockets and a real PostgreSQL.
@Suite(.serialized) struct CompanyFlowTests {
    /// How long the pop-up stays open; 30 s in the app.
    static let popUp = Duration.milliseconds(1500)

    @Test func aSingleOrderFromTheConsoleToTheDoor() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            let phone = try await server.connect(driver)
            server.track(phone.socket)
            let restaurant = try await server.restaurant("Kitchen", external: "r")
            let order = try await server.consoleOrder(restaurant: restaurant)
            try await server.done(
                .post, "orders/\(order)/assign", as: server.admin,
                "{\"driver_id\":\(driver.id),\"driver_earnings\":60}")
            let told = try #require(try await phone.inbox.message("order_assigned", within: .seconds(1)))
            #expect(told["data"]?["order_ids"]?.elements?.compactMap(\.int64) == [order])
            #expect(told["data"]?["is_pooled"]?.boolean == false)
            let mine = try await server.done(.get, "orders?assigned_to_me=true", as: driver.token)
            #expect(mine.elements?.compactMap { $0["id"]?.int64 } == [order])
            let code = try #require(
                try await server.done(.get, "orders/\(order)", as: server.admin)["otp"]?.text)
            #expect(code.count == 6)
            // The list that the driver reads shows the last four only.
            #expect(mine.elements?.first?["otp"]?.text == String(code.suffix(4)))
            let steps = [
                ("accept", #"{"accepted":true}"#, "ACCEPTED"), ("pickup", #"{"picked_up":true}"#, "PICKED_UP"),
                ("pickup", #"{"pickup_notes":null}"#, "PICKED_UP"), ("in-transit", "{}", "IN_TRANSIT"),
            ]
            for (step, body, state) in steps {
                let now = try await server.done(.post, "driver/orders/\(order)/\(step)", as: driver.token, body)
                #expect(now["status"]?.text == state)
            }
            server.track(phone.socket, order: "\(order)")
            let wrong = try await server.app(
                .post, "driver/orders/\(order)/deliver", as: driver.token,
                "{\"otp\":\"\(code == "000000" ? "111111" : "000000")\",\"delivery_notes\":null}")
            #expect(wrong.status == 400)
            let body = "{\"otp\":\"\(code)\",\"delivery_notes\":null}"
            for _ in 0..<2 {
                let now = try await server.done(.post, "driver/orders/\(order)/deliver", as: driver.token, body)
                #expect(now["status"]?.text == "DELIVERED")
            }
            let stats = try await server.done(.get, "drivers/stats", as: driver.token)
            #expect(stats["today"]?["total"]?.double == 60 && stats["today"]?["deliveries"]?.int64 == 1)
            // What ended lately stays in the list.
            let after = try await server.done(.get, "orders?assigned_to_me=true", as: driver.token)
            #expect(after.elements?.first?["status"]?.text == "DELIVERED")
            phone.socket.close()
        }
    }

    @Test func aPoolOfSeveralRestaurantsAndCustomers() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            let phone = try await server.connect(driver)
            server.track(phone.socket)
            _ = try await server.restaurant("North", external: "uuid-north", north: 0.004)
            _ = try await server.restaurant("South", external: "uuid-south")
            let closed = try await server.closePool([
                RunningServer.row("o-1", pool: "p-1", restaurant: "uuid-north", phone: "91"),
                RunningServer.row("o-2", pool: "p-1", restaurant: "uuid-south", phone: "91", north: 0.0101),
                RunningServer.row("o-3", pool: "p-1", restaurant: "uuid-south", phone: "92", north: 0.012),
                RunningServer.row("o-4", pool: "p-1", restaurant: "uuid-north", phone: "93", north: 0.013),
            ])
            #expect(closed.json["inserted_count"]?.int64 == 4, "\(closed.detail)")
            let row = try await server.pool(external: "p-1")
            #expect(row["status"]?.text == "SYNCED" && row["total_value"]?.double == 722)
            let pool = try #require(row["pool_id"]?.int64)
            let orders = try await server.orders(ofPool: pool)
            let ids = orders.compactMap { $0["order_id"]?.int64 }
            try await server.done(
                .post, "pools/\(pool)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(ids.map(String.init).joined(separator: ","))],\"driver_id\":\(driver.id),"
                    + "\"driver_earnings\":100.01}")
            let told = try #require(try await phone.inbox.message("order_assigned", within: .seconds(1)))
            #expect(told["data"]?["earnings"]?.double == 100.01)
            #expect(told["data"]?["restaurant_count"]?.int64 == 2 && told["data"]?["pool_id"]?.int64 == pool)
            let mine = try await server.done(.get, "orders?assigned_to_me=true", as: driver.token).elements ?? []
            let paise = mine.compactMap { $0["driver_earnings"]?.scaled(byPowerOfTen: 2) }
            #expect(mine.count == 4 && paise.reduce(0, +) == 10_001)
            try await collectAndDeliver(orders, pool: pool, driver: driver, on: server)
            #expect(phone.inbox.offers.count == 1)
            #expect(try await server.pool(external: "p-1")["status"]?.text == "COMPLETED")
            let today = try await server.done(.get, "earnings/today", as: driver.token)
            #expect(today["total"]?.double == 100.01 && today["deliveries"]?.int64 == 4)
            phone.socket.close()
        }
    }

    /// As the pool screen does it: per restaurant all accepts, then all pickups (sent again later), then one delivery
    /// for each customer with the password of any of his orders.
    private func collectAndDeliver(
        _ orders: [JSON], pool: Int64, driver: RunningServer.Person, on server: RunningServer
    ) async throws {
        for restaurant in Set(orders.compactMap { $0["restaurant_id"]?.int64 }).sorted() {
            let here = orders.filter { $0["restaurant_id"]?.int64 == restaurant }.compactMap { $0["order_id"]?.int64 }
            for (step, body) in [
                ("accept", #"{"accepted":true}"#), ("pickup", #"{"picked_up":true}"#),
                ("pickup", #"{"picked_up":true}"#),
            ] {
                let statuses = try await server.atOnce(here) { id in
                    try await server.app(.post, "driver/orders/\(id)/\(step)", as: driver.token, body).status
                }
                #expect(statuses.allSatisfy { $0 == 200 }, "\(step) \(statuses)")
            }
        }
        for phone in Set(orders.compactMap { $0["customer_phone"]?.text }).sorted() {
            let his = orders.filter { $0["customer_phone"]?.text == phone }
            let first = try #require(his.first?["order_id"]?.int64)
            let code = try #require(his.last?["otp"]?.text)
            try await server.done(
                .post, "driver/orders/\(first)/deliver", as: driver.token,
                "{\"otp\":\"\(code.suffix(4))\",\"delivery_notes\":null}")
            let now = try await server.orders(ofPool: pool).filter { $0["customer_phone"]?.text == phone }
            #expect(now.allSatisfy { $0["status"]?.text == "DELIVERED" }, "customer \(phone)")
        }
        try await server.done(
            .post, "driver/earnings", as: driver.token,
            "{\"order_uuid\":null,\"pool_uuid\":\(pool),\"distance_km\":4.2}")
    }

    @Test func aPopUpThatNobodyAnswersGivesTheOrdersToTheNext() async throws {
        var settings = RunningServer.company
        settings.merge(OrderFlowTests.engine) { $1 }
        try await RunningServer.with(settings: settings) { server in
            var phones: [(person: RunningServer.Person, socket: DriverSocket, inbox: Inbox)] = []
            for person in server.drivers {
                try await server.done(.post, "drivers/toggle-online?is_online=true", as: person.token, "null")
                let phone = try await server.connect(person)
                server.track(phone.socket)
                phones.append((person, phone.socket, phone.inbox))
            }
            let order = try await server.placeOrder()
            let all = phones
            try await eventually(within: .seconds(15)) { all.contains { !$0.inbox.offers.isEmpty } }
            let first = try #require(all.first { !$0.inbox.offers.isEmpty })
            let other = try #require(all.first { $0.person.id != first.person.id })
            try await Task.sleep(for: Self.popUp)
            let ids = first.inbox.offers[0]["order_ids"]?.elements?.compactMap(\.int64) ?? []
            let statuses = try await server.atOnce(ids) { id in
                try await server.app(.post, "driver/orders/\(id)/reject", as: first.person.token).status
            }
            #expect(statuses.allSatisfy { (200..<300).contains($0) })
            try await eventually(within: .seconds(15)) { !other.inbox.offers.isEmpty }
            #expect(other.inbox.offers[0]["order_id"]?.int64 == order)
            #expect(first.inbox.offers.count == 1)
            for phone in phones { phone.socket.close() }
        }
    }

    /// How often the batch is rejected; `TIFFIN_REJECTIONS=1000` makes it a long run.
    static let repetitions = ProcessInfo.processInfo.environment["TIFFIN_REJECTIONS"].flatMap { Int($0) } ?? 8

    @Test func twentyRejectionsAtOnceAreTakenAndCauseOneRound() async throws {
        var settings = RunningServer.company
        // A round comes only when it is asked for; nobody is online who could get the orders again.
        settings.merge(["dispatch.automatic": "true", "dispatch.tick": "3600"]) { $1 }
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let driver = server.drivers[0]
            try await server.done(.post, "drivers/toggle-online?is_online=false", as: driver.token, "null")
            var made: [Int64] = []
            for _ in 0..<20 { made.append(try await server.placeOrder()) }
            let orders = made
            let list = orders.map(String.init).joined(separator: ",")
            var refused: [String] = []
            var rounds: [Int: Int] = [:]
            for _ in 0..<Self.repetitions {
                let body = "{\"order_ids\":[\(list)],\"driver_id\":\(driver.id)}"
                try await eventually(within: .seconds(10)) {
                    try await server.app(.post, "orders/assign", as: server.admin, body).status == 200
                }
                let before = try await Self.ticks(server)
                refused += try await Self.rejectAll(orders, of: driver, on: server)
                try await eventually(within: .seconds(10)) { try await Self.ticks(server) > before }
                rounds[try await Self.settledTicks(server) - before, default: 0] += 1
            }
            #expect(refused.isEmpty)
            #expect(rounds == [1: Self.repetitions], "repetitions by the number of rounds")
            let deadlocks: Int64 = try await server.database.pool.query(
                "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            ).only().get(0)
            #expect(deadlocks == 0)
            let all = try await Self.settledTicks(server)
            // A round that came later than the looks above would show here.
            try await Task.sleep(for: .seconds(2))
            #expect(try await Self.ticks(server) == all)
            let waiting = try await server.done(.get, "orders?status=PENDING", as: server.admin)
            #expect(waiting.elements?.count == 20)
        }
    }

    /// Rejects all at once.
    ///
    /// - Returns: The answers that are no success.
    private static func rejectAll(
        _ orders: [Int64], of driver: RunningServer.Person, on server: RunningServer
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            for id in orders {
                group.addTask {
                    let answer = try await server.app(.post, "driver/orders/\(id)/reject", as: driver.token)
                    return (200..<300).contains(answer.status) ? nil : "\(answer.status) \(answer.detail)"
                }
            }
            return try await group.reduce(into: []) { if let refusal = $1 { $0.append(refusal) } }
        }
    }

    /// Rounds that were run with orders waiting.
    private static func ticks(_ server: RunningServer) async throws -> Int {
        try await server.database.pool.query("SELECT count(*) FROM dispatch_ticks").only().get(0)
    }

    /// The rounds once no further one has come for a while.
    private static func settledTicks(_ server: RunningServer) async throws -> Int {
        var last = -1
        while true {
            let count = try await ticks(server)
            if count == last { return count }
            last = count
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    @Test func unassignedOrdersAreTakenBackAndALateRejectionIsHarmless() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let (driver, other) = (server.drivers[0], server.drivers[1])
            let phone = try await server.connect(driver)
            let order = try await server.placeOrder()
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await server.done(.post, "orders/\(order)/unassign", as: server.admin)
            let gone = try #require(try await phone.inbox.message("order_unassigned", within: .seconds(1)))
            #expect(gone["data"]?["order_id"]?.int64 == order)
            let row = try await server.done(.get, "orders/\(order)", as: server.admin)
            #expect(row["status"]?.text == "PENDING" && row["driver_id"]?.isNull == true)
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(other.id)}")
            // The pop-up of the first phone is still open and runs out now.
            try await server.done(.post, "driver/orders/\(order)/reject", as: driver.token)
            let now = try await server.done(.get, "orders/\(order)", as: server.admin)
            #expect(now["status"]?.text == "ASSIGNED" && now["driver_id"]?.int64 == other.id)
            phone.socket.close()
        }
    }

    @Test func aCancellationReachesTheDriverAlone() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let (driver, other) = (server.drivers[0], server.drivers[1])
            let (phone, second) = (try await server.connect(driver), try await server.connect(other))
            let order = try await server.placeOrder()
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await server.done(
                .put, "orders/\(order)/status", as: server.admin, #"{"status":"CANCELLED","reason":"Out of dosa"}"#)
            let gone = try #require(try await phone.inbox.message("order_cancelled", within: .seconds(1)))
            #expect(gone["data"]?["order_id"]?.int64 == order && gone["data"]?["reason"]?.text == "Out of dosa")
            let late = try await server.app(
                .post, "driver/orders/\(order)/accept", as: driver.token, #"{"accepted":true}"#)
            #expect(late.status == 409 && late.json["detail"]?.text != nil)
            #expect(!second.inbox.texts.contains { $0.contains("order_") })
            phone.socket.close()
            second.socket.close()
        }
    }

    @Test func anAdminDeliversByHandAndTheDriverIsPaidOnce() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            let order = try await server.placeOrder()
            try await server.done(
                .post, "orders/\(order)/assign", as: server.admin,
                "{\"driver_id\":\(driver.id),\"driver_earnings\":33.33}")
            for _ in 0..<2 { try await server.done(.post, "orders/\(order)/admin-deliver", as: server.admin) }
            let today = try await server.done(.get, "earnings/today", as: driver.token)
            #expect(today["total"]?.double == 33.33 && today["deliveries"]?.int64 == 1)
        }
    }

    @Test func whoIsOfflineGetsNothingUntilHeComesBack() async throws {
        var settings = RunningServer.company
        settings.merge(OrderFlowTests.engine) { $1 }
        settings["dispatch.offerGap"] = "1"
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let driver = server.drivers[0]
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            let phone = try await server.connect(driver)
            server.track(phone.socket)
            let kept = try await server.placeOrder()
            try await eventually(within: .seconds(15)) { !phone.inbox.offers.isEmpty }
            try await server.done(.post, "drivers/toggle-online?is_online=false", as: driver.token, "null")
            phone.socket.close(code: 1000)
            let again = try await server.connect(driver)
            server.track(again.socket)
            let later = try await server.placeOrder(phone: "+91981111")
            try await Task.sleep(for: .seconds(3))
            let row = try await server.done(.get, "orders/\(later)", as: server.admin)
            #expect(row["status"]?.text == "PENDING")
            let held = try await server.done(.get, "orders/\(kept)", as: server.admin)
            #expect(held["driver_id"]?.int64 == driver.id)
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            server.track(again.socket)
            try await eventually(within: .seconds(15)) {
                again.inbox.offers.contains { $0["order_id"]?.int64 == later }
            }
            again.socket.close()
        }
    }
}
