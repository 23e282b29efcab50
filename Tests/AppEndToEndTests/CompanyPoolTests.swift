import Contract
import DriverClient
import Foundation
import Postgres
import TestSupport
import Testing

/// External pools from the webhook to the drivers: imports, repair, groups.
@Suite(.serialized) struct CompanyPoolTests {
    @Test func theWebhookNeedsItsKeyAndABadOneChangesNothing() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            _ = try await server.restaurant("Kitchen", external: "r")
            let rows = [RunningServer.row("o-1", pool: "p", restaurant: "r", phone: "1")]
            for key in [nil, "", "wrong", RunningServer.poolKey + "x"] {
                let answer = try await server.closePool(rows, key: key)
                #expect(answer.status == 401 && answer.json["code"]?.text == "api_key_wrong")
            }
            #expect(try await server.done(.get, "pools", as: server.admin).elements?.isEmpty == true)
            #expect(try await server.closePool(rows).json["inserted_count"]?.int64 == 1)
        }
        try await RunningServer.with(drivers: 0) { server in
            let answer = try await server.closePool([], key: "anything")
            #expect(answer.status == 403)
        }
    }

    @Test func aPoolImportedTwiceOrInHalvesIsOnePool() async throws {
        try await RunningServer.with(drivers: 0, settings: RunningServer.company) { server in
            _ = try await server.restaurant("Kitchen", external: "r")
            let rows = (1...6).map { RunningServer.row("o-\($0)", pool: "p", restaurant: "r", phone: "\($0)") }
            let half = try await server.closePool(Array(rows[..<3]))
            #expect(half.json["inserted_count"]?.int64 == 3 && half.json["success"]?.boolean == true)
            let whole = try await server.closePool(rows + [rows[0]])
            #expect(whole.json["inserted_count"]?.int64 == 3 && whole.json["skipped_count"]?.int64 == 4)
            let again = try await server.closePool(rows)
            #expect(again.json["inserted_count"]?.int64 == 0 && again.json["skipped_count"]?.int64 == 6)
            let pool = try await server.pool(external: "p")
            #expect(pool["total_orders"]?.int64 == 6 && pool["status"]?.text == "SYNCED")
            let pages = try await server.done(.get, "pools", as: server.admin)
            #expect(pages.elements?.count == 1)
            // The same import at once from four sides.
            let counts = try await server.atOnce([1, 2, 3, 4]) { _ in
                try await server.closePool(rows + [RunningServer.row("o-9", pool: "p", restaurant: "r", phone: "9")])
                    .status
            }
            #expect(counts == [200, 200, 200, 200])
            #expect(try await server.pool(external: "p")["total_orders"]?.int64 == 7)
        }
    }

    /// `TIFFIN_IMPORT_ROWS=100000` makes it the whole city's.
    static let manyRows = ProcessInfo.processInfo.environment["TIFFIN_IMPORT_ROWS"].flatMap { Int($0) } ?? 1500

    @Test func manyRowsComeOverHTTPInHalvesAtOnceAndAgain() async throws {
        try await RunningServer.with(drivers: 0, settings: RunningServer.company) { server in
            _ = try await server.restaurant("Kitchen", external: "r")
            let rows = (0..<Self.manyRows).map { number in
                RunningServer.row(
                    "o-\(number)", pool: "p-\(number % 5)", restaurant: number % 100 == 0 ? "unknown" : "r",
                    phone: "98\(number)")
            }
            let half = Array(rows.prefix(rows.count / 2))
            func counts(_ answer: RESTAnswer) -> [Int64?] {
                ["inserted_count", "skipped_count", "kept_count", "problem_count"].map { answer.json[$0]?.int64 }
            }
            func unknown(_ count: Int) -> Int64 { Int64((count + 99) / 100) }
            let first = try await server.closePool(half)
            #expect(first.status == 200, "\(first.detail)")
            let (some, all) = (Int64(half.count), Int64(rows.count))
            #expect(counts(first) == [some - unknown(half.count), 0, unknown(half.count), unknown(half.count)])
            // Two at once: what one brings in, the other finds there.
            let both = try await withThrowingTaskGroup(of: RESTAnswer.self) { group in
                for _ in 0..<2 { group.addTask { try await server.closePool(rows) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(both.allSatisfy { $0.status == 200 }, "\(both.map(\.detail))")
            let inserted = both.compactMap { $0.json["inserted_count"]?.int64 }.reduce(0, +)
            #expect(inserted == all - unknown(rows.count) - some + unknown(half.count))
            let again = try await server.closePool(rows)
            #expect(counts(again) == [0, all - unknown(rows.count), unknown(rows.count), unknown(rows.count)])
            #expect(again.json["rows"]?.elements?.count == Int(unknown(rows.count)))
            let pools = try await server.done(.get, "pools", as: server.admin).elements ?? []
            #expect(pools.compactMap { $0["total_orders"]?.int64 }.reduce(0, +) == all - unknown(rows.count))
            // More than an import may have: said plainly, and nothing is changed.
            let huge = try await server.client.call(
                .post, "/api/webhook/receive-orders", body: [UInt8](repeating: 32, count: (64 << 20) + 1),
                headers: [("X-API-Key", RunningServer.poolKey)])
            #expect(huge.status == 413 && huge.json["detail"]?.text?.contains("67108864") == true)
        }
    }

    @Test func unknownPlacesAreReportedPerRowAndRepaired() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            _ = try await server.restaurant("Known", external: "r-1")
            let bare =
                #"{"order_id":"o-3","pool_id":"p","restaurant_id":"r-1","customer_name":"C","customer_phone":"3"}"#
            let imported = try await server.closePool([
                RunningServer.row("o-1", pool: "p", restaurant: "r-1", phone: "1"),
                RunningServer.row("o-2", pool: "p", restaurant: "r-new", phone: "2"), bare,
                #"{"order_id":"o-4","pool_id":"p","restaurant_id":"r-1","total_amount":"much"}"#, "7",
            ])
            #expect(imported.status == 200, "\(imported.detail)")
            let rows = imported.json["rows"]?.elements ?? []
            let told = rows.map {
                "\($0["index"]?.int64 ?? -1) \($0["status"]?.text ?? "") \($0["problem"]?.text ?? "")"
            }
            #expect(
                told == [
                    "1 kept unknown_restaurant", "2 inserted unknown_delivery_place", "3 kept invalid_row",
                    "4 refused invalid_row",
                ])
            let pool = try await server.pool(external: "p")
            #expect(pool["status"]?.text == "CLOSED" && pool["kept_rows"]?.int64 == 3)
            let id = try #require(pool["pool_id"]?.int64)
            let kept = try await server.done(.get, "pools/\(id)/rows", as: server.admin).elements ?? []
            #expect(kept.first?["row"]?["customer_phone"]?.text == "2")

            _ = try await server.restaurant("New", external: "r-new")
            let repair = try await server.done(.post, "pools/\(id)/repair", as: server.admin)
            #expect(repair["inserted_count"]?.int64 == 1 && repair["kept_count"]?.int64 == 1)
            // The row that could not be read comes again in order, the one without a place with its place.
            let mended = try await server.closePool([
                RunningServer.row("o-3", pool: "p", restaurant: "r-1", phone: "3"),
                RunningServer.row("o-4", pool: "p", restaurant: "r-1", phone: "4"),
            ])
            #expect(mended.json["repaired_count"]?.int64 == 1 && mended.json["inserted_count"]?.int64 == 1)
            let whole = try await server.pool(external: "p")
            #expect(whole["status"]?.text == "SYNCED" && whole["total_orders"]?.int64 == 4)
            let orders = try await server.orders(ofPool: id)
            #expect(orders.allSatisfy { $0["delivery_lat"]?.double != nil && $0["pickup_lat"]?.double != nil })
            #expect(try await server.database.pool.query("SELECT 1 FROM pool_rows").isEmpty)
        }
    }

    @Test func groupsAreFormedGivenOutAndKept() async throws {
        try await RunningServer.with(drivers: 3, settings: RunningServer.company) { server in
            let pool = try await Self.twoDistricts(server)
            let grouped = try await server.done(.post, "pools/\(pool)/group", as: server.admin)
            let groups = grouped["driver_groups"]?.elements ?? []
            let members = groups.map { Set($0["order_ids"]?.elements?.compactMap(\.int64) ?? []) }
            #expect(members.reduce(0) { $0 + $1.count } == 8 && Set(members.flatMap { $0 }).count == 8)
            #expect(groups.count >= 2 && members.allSatisfy { (1...4).contains($0.count) })
            for group in groups { Self.expectWhole(group) }
            #expect(grouped["ungrouped_order_ids"]?.elements?.isEmpty == true)
            #expect(grouped["total_drivers_needed"]?.int64 == Int64(groups.count))

            let chosen = try #require(groups.first { ($0["order_ids"]?.elements?.count ?? 0) > 1 })
            let number = try #require(chosen["group_id"]?.int64)
            let phone = try await server.connect(server.drivers[0])
            let given = try await server.done(
                .post, "pools/\(pool)/groups/\(number)/assign?driver_id=\(server.drivers[0].id)", as: server.admin,
                "null")
            #expect(given["batch_id"]?.int64 == number && given["message"]?.text != nil)
            let told = try #require(try await phone.inbox.message("order_assigned", within: .seconds(1)))
            #expect(told["data"]?["order_ids"] == chosen["order_ids"])
            #expect(told["data"]?["earnings"]?.double == chosen["driver_earnings"]?.double)
            #expect(told["data"]?["distance_km"]?.double == chosen["total_distance_km"]?.double)

            let again = try await server.done(.post, "pools/\(pool)/group", as: server.admin)
            let kept = again["driver_groups"]?.elements?.first { $0["group_id"]?.int64 == number }
            #expect(kept?["driver_id"]?.int64 == server.drivers[0].id)
            #expect(kept?["order_ids"] == chosen["order_ids"])
            #expect(kept?["delivery_sequence"] == chosen["delivery_sequence"])
            let all = again["driver_groups"]?.elements?.flatMap { $0["order_ids"]?.elements?.compactMap(\.int64) ?? [] }
            #expect(all?.count == 8 && Set(all ?? []).count == 8)
            phone.socket.close()
        }
    }

    /// Its sums are the sums of its parts, and every order is collected before any is delivered.
    private static func expectWhole(_ group: JSON) {
        let orders = Set(group["order_ids"]?.elements?.compactMap(\.int64) ?? [])
        let pickups = group["pickup_sequence"]?.elements ?? []
        let deliveries = group["delivery_sequence"]?.elements ?? []
        #expect(Set(pickups.flatMap { $0["order_ids"]?.elements?.compactMap(\.int64) ?? [] }) == orders)
        #expect(Set(deliveries.compactMap { $0["order_id"]?.int64 }) == orders && deliveries.count == orders.count)
        let lastLegs = deliveries.compactMap { $0["distance_from_prev"]?.scaled(byPowerOfTen: 3) }.reduce(0, +)
        let total = group["total_distance_km"]?.scaled(byPowerOfTen: 3) ?? 0
        #expect(lastLegs > 0 && lastLegs <= total)
        #expect((group["estimated_time_minutes"]?.int64 ?? 0) > 0)
        #expect(group["total_order_value"]?.double == 180.5 * Double(orders.count))
        #expect((group["driver_earnings"]?.double ?? 0) >= 25 * Double(orders.count))
        #expect(group["driver_id"]?.isNull == true)
    }

    /// Eight orders of a pool in two districts twenty kilometres apart.
    static func twoDistricts(_ server: RunningServer) async throws -> Int64 {
        _ = try await server.restaurant("Here", external: "here")
        _ = try await server.restaurant("There", external: "there", north: 0.18)
        let rows = (1...8).map { number in
            let isFar = number % 2 == 0
            return RunningServer.row(
                "o-\(number)", pool: "p", restaurant: isFar ? "there" : "here", phone: "\(number)",
                north: (isFar ? 0.19 : 0.01) + Double(number) * 0.0005)
        }
        try await server.closePool(rows)
        return try #require(try await server.pool(external: "p")["pool_id"]?.int64)
    }

    @Test func groupsGoToTheNearestDriversByThemselves() async throws {
        try await RunningServer.with(drivers: 2, settings: RunningServer.company) { server in
            let pool = try await Self.twoDistricts(server)
            try await server.done(.post, "pools/\(pool)/group", as: server.admin)
            let none = try await server.done(.post, "pools/\(pool)/assign-groups", as: server.admin)
            #expect(none["assigned_count"]?.int64 == 0)
            #expect(none["groups"]?.elements?.first?["reason"]?.text?.isEmpty == false)
            let phones = try await CompanyRepeatTests.ready(server)
            let given = try await server.done(.post, "pools/\(pool)/assign-groups", as: server.admin)
            #expect(given["assigned_count"]?.int64 == 2, "\(given)")
            for phone in phones {
                #expect(try await phone.inbox.message("order_assigned", within: .seconds(2)) != nil)
                #expect(phone.inbox.offers.count == 1)
                phone.socket.close()
            }
        }
    }

    @Test func aBatchByHandIsAllOrNothing() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let pool = try await Self.twoDistricts(server)
            let ids = try await server.orders(ofPool: pool).compactMap { $0["order_id"]?.int64 }
            try await server.done(
                .post, "pools/\(pool)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(ids[0])],\"driver_id\":\(server.drivers[0].id),\"driver_earnings\":null}")
            try await server.done(
                .post, "driver/orders/\(ids[0])/pickup", as: server.drivers[0].token, #"{"picked_up":true}"#)
            let taken = try await server.app(
                .post, "pools/\(pool)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(ids[1]),\(ids[0])],\"driver_id\":\(server.drivers[1].id),\"driver_earnings\":40}")
            #expect(taken.status == 409 && taken.json["detail"]?.text?.isEmpty == false)
            let orders = try await server.orders(ofPool: pool)
            #expect(orders.count { $0["status"]?.text == "PENDING" } == 7)
            let foreign = try await server.placeOrder()
            let other = try await server.app(
                .post, "pools/\(pool)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(ids[2]),\(foreign)],\"driver_id\":\(server.drivers[1].id)}")
            #expect(other.status == 404)
        }
    }

    @Test func statusesFollowTheOrders() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            func status() async throws -> String? { try await server.pool(external: "p")["status"]?.text }
            _ = try await server.restaurant("Kitchen", external: "r")
            let made = try await server.done(
                .post, "pools", as: server.admin, #"{"external_pool_id":"p","name":"Friday lunch","expected_orders":2}"#
            )
            let pool = try #require(made["pool_id"]?.int64)
            #expect(try await status() == "OPEN")
            try await server.done(.post, "pools/\(pool)/close", as: server.admin)
            #expect(try await status() == "CLOSED")
            try await server.closePool([RunningServer.row("o-1", pool: "p", restaurant: "r", phone: "1")])
            // One of two: a part is still missing.
            #expect(try await status() == "CLOSED")
            try await server.closePool([RunningServer.row("o-2", pool: "p", restaurant: "r", phone: "2")])
            #expect(try await status() == "SYNCED")
            let orders = try await server.orders(ofPool: pool)
            let ids = orders.compactMap { $0["order_id"]?.int64 }
            try await server.done(
                .post, "pools/\(pool)/assign-driver", as: server.admin,
                "{\"order_ids\":[\(ids[0]),\(ids[1])],\"driver_id\":\(driver.id),\"driver_earnings\":null}")
            #expect(try await status() == "ASSIGNED")
            try await server.done(.post, "driver/orders/\(ids[0])/pickup", as: driver.token, #"{"picked_up":true}"#)
            #expect(try await status() == "IN_PROGRESS")
            for id in ids { try await server.done(.post, "orders/\(id)/admin-deliver", as: server.admin) }
            #expect(try await status() == "COMPLETED")
        }
    }
}
