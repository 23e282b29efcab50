import Contract
import DriverClient
import TestSupport
import Testing

/// Every field that the company's apps read, call by call, over a real server: it is there and has the type that the
/// screen needs.
@Suite(.serialized) struct CompanyFieldTests {
    /// One call of an app and what it reads of the answer.
    struct Read: Sendable {
        var verb: RESTVerb = .get
        let path: String
        var byDriver = false
        var body: String?
        /// Members to go down, a list by every element; empty for the answer itself.
        var below: [String] = []
        let fields: [String: Kind]
        var isList = false

        /// Everything that is to have the fields: at least one value, and all elements of a list.
        func values(in answer: JSON) -> [JSON?] {
            var values: [JSON?] = isList ? answer.elements ?? [] : [answer]
            for step in below {
                values = values.flatMap { value -> [JSON?] in
                    guard let inner = value?[step] else { return [nil] }
                    return inner.elements ?? [inner]
                }
            }
            return values.isEmpty ? [nil] : values
        }
    }

    static let order: [String: Kind] = [
        "id": .number, "order_id": .number, "status": .filledText, "pool_id": .numberOrNull,
        "customer_name": .filledText, "customer_phone": .text, "customer_email": .textOrNull,
        "delivery_address": .text, "delivery_lat": .number, "delivery_lng": .number, "restaurant_id": .number,
        "restaurant_name": .text, "restaurant_address": .text, "pickup_address": .text, "restaurant_phone": .textOrNull,
        "pickup_lat": .number, "pickup_lng": .number, "items_json": .list, "items": .list, "order_total": .number,
        "total_amount": .number, "driver_earnings": .number, "driver_id": .numberOrNull, "driver_name": .textOrNull,
        "estimated_distance_km": .numberOrNull, "estimated_duration_minutes": .numberOrNull, "otp": .textOrNull,
        "special_instructions": .textOrNull, "external_order_id": .textOrNull, "created_at": .filledText,
        "assigned_at": .textOrNull, "picked_up_at": .textOrNull, "delivered_at": .textOrNull,
    ]
    static let span: [String: Kind] = [
        "deliveries": .number, "distance": .number, "earnings": .number, "total": .number, "basePay": .number,
        "distancePay": .number, "bonus": .number,
    ]
    static let poolRow: [String: Kind] = [
        "pool_id": .number, "external_pool_id": .textOrNull, "status": .filledText, "created_at": .filledText,
        "closed_at": .textOrNull, "synced_at": .textOrNull, "total_orders": .number, "total_value": .number,
        "pending_orders": .number, "assigned_orders": .number, "delivered_orders": .number,
        "restaurant_count": .number,
    ]
    static let offer: [String: Kind] = [
        "order_id": .number, "order_ids": .list, "order_count": .number, "restaurant_name": .filledText,
        "restaurant_count": .number, "restaurants": .list, "is_pooled": .flag, "pool_id": .numberOrNull,
        "earnings": .number, "distance_km": .number, "pickup_time": .filledText, "pickup_address": .text,
        "delivery_address": .text, "batch_id": .number, "sequence": .number, "batch_earnings": .number,
        "batch_distance_km": .number, "source": .filledText,
    ]

    static func driverReads(order: Int64, pool: Int64, restaurant: Int64) -> [Read] {
        [
            Read(path: "orders?assigned_to_me=true", byDriver: true, fields: Self.order, isList: true),
            Read(
                path: "orders?assigned_to_me=true", byDriver: true, below: ["items_json"],
                fields: [
                    "quantity": .number, "name": .text, "dish_name": .text, "price": .number, "subtotal": .number,
                ],
                isList: true),
            Read(path: "driver/orders/\(order)", byDriver: true, fields: Self.order),
            Read(path: "orders/assigned", byDriver: true, fields: Self.order, isList: true),
            Read(path: "drivers/stats", byDriver: true, below: ["today"], fields: span),
            Read(path: "drivers/stats", byDriver: true, below: ["week"], fields: span),
            Read(path: "drivers/stats", byDriver: true, below: ["month"], fields: span),
            Read(
                path: "drivers/stats", byDriver: true, below: ["summary"],
                fields: [
                    "lifetime_earnings": .number, "total_paid_earnings": .number, "total_pending_earnings": .number,
                    "total_deliveries": .number, "last_payment_amount": .numberOrNull, "last_payment_date": .textOrNull,
                ]),
            Read(
                path: "drivers/stats", byDriver: true,
                fields: ["total_completed": .number, "total_cancelled": .number, "rating": .number]),
            Read(
                path: "drivers/profile", byDriver: true,
                fields: ["id": .number, "name": .filledText, "is_online": .flag]),
            Read(path: "driver/active-pool", byDriver: true, fields: ["pool": .object, "restaurants": .list]),
            Read(
                verb: .patch, path: "pools/\(pool)/pickup/\(restaurant)", byDriver: true,
                body: #"{"status":"collected","timestamp":"2025-11-19T10:30:00.000Z"}"#,
                fields: ["message": .filledText]),
            Read(path: "pools/\(pool)/delivery-orders", byDriver: true, below: ["orders"], fields: Self.order),
            Read(
                verb: .post, path: "driver/earnings", byDriver: true,
                body: #"{"order_uuid":null,"pool_uuid":"\#(pool)","distance_km":3.2}"#, fields: ["message": .text]),
            Read(path: "driver/earnings/daily?date=2025-11-19", byDriver: true, fields: ["total": .number]),
            Read(path: "driver/earnings/weekly", byDriver: true, fields: ["total": .number, "items": .list]),
            Read(path: "driver/earnings/monthly?year=2025&month=11", byDriver: true, fields: ["total": .number]),
        ]
    }

    static func consoleReads(driver: Int64, pool: Int64) -> [Read] {
        let driverRow: [String: Kind] = [
            "id": .number, "driver_id": .number, "name": .filledText, "phone": .text, "email": .textOrNull,
            "vehicle_type": .textOrNull, "vehicle_number": .textOrNull, "vehicle_registration": .textOrNull,
            "status": .filledText, "is_online": .flag, "is_available": .flag, "completed_orders": .number,
            "cancelled_orders": .number, "rating": .number, "created_at": .filledText,
        ]
        return [
            Read(path: "orders", fields: order, isList: true),
            Read(path: "orders?status=DELIVERED", fields: order, isList: true),
            Read(path: "drivers", fields: driverRow, isList: true),
            Read(path: "drivers?status=APPROVED", fields: driverRow, isList: true),
            Read(
                path: "available-drivers",
                fields: [
                    "driver_id": .number, "name": .filledText, "phone": .text, "vehicle_type": .textOrNull,
                    "is_available": .flag,
                ], isList: true),
            Read(
                verb: .patch, path: "drivers/\(driver)",
                body: #"""
                    {"bank_account_number":"123","bank_ifsc_code":"IF1","bank_account_holder_name":"Asha","upi_id":""}
                    """#,
                fields: [
                    "bank_account_number": .filledText, "bank_ifsc_code": .filledText,
                    "bank_account_holder_name": .filledText, "upi_id": .null,
                ]),
            Read(path: "pools", fields: poolRow, isList: true),
            Read(path: "pools/\(pool)/details", below: ["pool"], fields: poolRow),
            Read(
                path: "pools/\(pool)/details", below: ["orders"],
                fields: [
                    "order_id": .number, "external_order_id": .filledText, "customer_name": .filledText,
                    "total_amount": .number, "status": .filledText, "driver_id": .numberOrNull,
                    "driver_name": .textOrNull, "otp": .textOrNull,
                ]),
            Read(
                verb: .post, path: "sync/trigger-sync", below: ["details"],
                fields: ["synced": .number, "skipped": .number, "errors": .number]),
            Read(
                verb: .post, path: "pools/sync", body: #"{"fetch_latest":true,"force_resync":false}"#,
                fields: [
                    "success": .flag, "orders_synced": .number, "external_pool_id": .textOrNull, "message": .text,
                    "error": .null,
                ]),
        ] + groupReads(pool: pool) + payReads(driver: driver)
    }

    static func groupReads(pool: Int64) -> [Read] {
        let group: [String: Kind] = [
            "group_id": .number, "driver_id": .numberOrNull, "order_ids": .list, "restaurant_ids": .list,
            "center_lat": .number, "center_lng": .number, "radius_km": .number, "pickup_sequence": .list,
            "delivery_sequence": .list, "total_distance_km": .number, "estimated_time_minutes": .number,
            "total_order_value": .number, "driver_earnings": .number,
        ]
        let detail: [String: Kind] = [
            "unique_restaurants": .number, "center_lat": .number, "center_lng": .number, "radius_km": .number,
            "total_drivers_needed": .number, "assigned_drivers": .number, "driver_groups": .list,
        ]
        return [
            Read(verb: .post, path: "pools/\(pool)/group", fields: poolRow.merging(detail) { $1 }),
            Read(path: "pools/\(pool)", fields: poolRow.merging(detail) { $1 }),
            Read(path: "pools/\(pool)", below: ["driver_groups"], fields: group),
            Read(
                path: "pools/\(pool)", below: ["driver_groups", "pickup_sequence"],
                fields: [
                    "restaurant_id": .number, "name": .filledText, "lat": .number, "lng": .number, "order_ids": .list,
                ]),
            Read(
                path: "pools/\(pool)", below: ["driver_groups", "delivery_sequence"],
                fields: [
                    "order_id": .number, "customer_name": .filledText, "address": .text, "lat": .number,
                    "lng": .number, "distance_from_prev": .number,
                ]),
        ]
    }

    static func payReads(driver: Int64) -> [Read] {
        [
            Read(
                path: "earnings/drivers?status=all",
                fields: [
                    "driver_id": .number, "driver_name": .text, "driver_phone": .text, "driver_email": .textOrNull,
                    "has_bank_details": .flag, "total_pending_earnings": .number, "total_paid_earnings": .number,
                    "current_cycle_earnings": .number, "lifetime_earnings": .number,
                    "avg_earnings_per_delivery": .number, "driver_rating": .number, "last_payment_date": .textOrNull,
                    "last_payment_amount": .numberOrNull, "last_payout_cycle": .textOrNull,
                    "bank_account_holder_name": .textOrNull, "bank_account_number": .textOrNull,
                    "bank_ifsc_code": .textOrNull, "upi_id": .textOrNull, "total_deliveries": .number,
                    "pending_deliveries": .number, "paid_deliveries": .number, "total_distance_km": .number,
                ], isList: true),
            Read(
                path: "earnings/stats",
                fields: [
                    "total_pending_amount": .number, "total_paid_this_month": .number, "total_drivers_pending": .number,
                    "current_cycle_name": .text, "current_cycle_end_date": .text, "next_payout_date": .text,
                ]),
            Read(
                path: "earnings/drivers/\(driver)?show_paid=true", below: ["earnings"],
                fields: [
                    "id": .number, "base_fare": .number, "distance_fare": .number, "distance_km": .number,
                    "peak_hour_bonus": .number,
                    "multi_order_bonus": .number, "incentive": .number, "adjustment_amount": .number,
                    "total_earning": .number, "order_id": .number, "customer_name": .text, "delivery_address": .text,
                    "earned_at": .filledText, "is_paid": .flag,
                ]),
            Read(
                verb: .post, path: "earnings/process-payout",
                body: "{\"driver_ids\":[\(driver)],\"payment_method\":\"UPI\",\"notes\":null}",
                fields: ["total_drivers_paid": .number, "total_amount_paid": .number]),
        ]
    }

    @Test func everyFieldThatAnAppReadsIsThereWithItsType() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            let (order, pool, restaurant) = try await Self.scene(server)
            let reads =
                Self.driverReads(order: order, pool: pool, restaurant: restaurant)
                + Self.consoleReads(driver: driver.id, pool: pool)
            for read in reads {
                let answer = try await server.done(
                    read.verb, read.path, as: read.byDriver ? driver.token : server.admin, read.body)
                for value in read.values(in: answer) {
                    check(value, read.fields, "\(read.verb.rawValue) \(read.path) \(read.below)")
                }
            }
            let me = try await server.app(
                .post, "auth/driver/login", as: nil,
                "{\"identity\":\"\(server.drivers[0].email)\",\"password\":\"\(RunningServer.password)\"}")
            check(me.json, ["access_token": .filledText, "refresh_token": .filledText, "driver": .object], "login")
            check(
                me.json["driver"],
                [
                    "id": .number, "name": .filledText, "email": .text, "status": .filledText, "is_verified": .flag,
                    "is_online": .flag,
                ], "login's driver")
            #expect(["ACTIVE", "APPROVED"].contains(me.json["driver"]?["status"]?.text))
            let boss = try await server.app(
                .post, "auth/admin/login", as: nil, #"{"email":"admin@example.org","password":"open sesame"}"#)
            check(boss.json["admin"], ["id": .number, "email": .filledText, "full_name": .filledText], "admin login")
            #expect(try await server.app(.get, "/", as: nil).status == 200)
        }
    }

    /// A driver online with an order in hand, one delivered, and a pool of which he has a part.
    private static func scene(
        _ server: RunningServer
    ) async throws -> (order: Int64, pool: Int64, restaurant: Int64) {
        let driver = server.drivers[0]
        for person in server.drivers {
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: person.token, "null")
        }
        let restaurant = try await server.restaurant("Kitchen One", external: "r-1")
        let done = try await server.consoleOrder(restaurant: restaurant)
        try await server.done(.post, "orders/\(done)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
        try await server.done(.post, "orders/\(done)/admin-deliver", as: server.admin)
        try await server.closePool(
            (1...4).map { RunningServer.row("o-\($0)", pool: "pool-1", restaurant: "r-1", phone: "98\($0)") })
        let pool = try #require(try await server.pool(external: "pool-1")["pool_id"]?.int64)
        let orders = try await server.orders(ofPool: pool).compactMap { $0["order_id"]?.int64 }
        try await server.done(
            .post, "pools/\(pool)/assign-driver", as: server.admin,
            "{\"order_ids\":[\(orders[0])],\"driver_id\":\(driver.id),\"driver_earnings\":null}")
        return (orders[0], pool, restaurant)
    }

    @Test func everySocketMessageCarriesWhatIsRead() async throws {
        try await RunningServer.with(settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            let console = try await server.console()
            let phone = try await server.connect(driver)
            try await server.done(.post, "drivers/toggle-online?is_online=true", as: driver.token, "null")
            server.track(phone.socket)
            let restaurant = try await server.restaurant("Kitchen One", external: "r-1")
            let order = try await server.consoleOrder(restaurant: restaurant)
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            let told = try #require(try await phone.inbox.message("order_assigned", within: .seconds(2)))
            check(told["data"], Self.offer, "order_assigned")
            #expect(told["data"]?["restaurants"]?.elements?.allSatisfy { $0.text != nil } == true)
            #expect(told["data"]?["pool_id"]?.isNull == true)
            let seen = try await console.inbox.message("driver_location", within: .seconds(3))
            check(
                seen?["data"],
                [
                    "driver_id": .number, "lat": .number, "lng": .number, "status": .filledText, "heading": .number,
                    "speed": .numberOrNull,
                ],
                "driver_location")
            let changed = try await console.inbox.message(within: .seconds(3)) {
                $0["type"]?.text == "order_update" && $0["data"]?["driver_name"]?.text != nil
            }
            check(
                changed?["data"], ["order_id": .number, "status": .filledText, "driver_name": .filledText],
                "order_update")
            try await server.done(.post, "orders/\(order)/unassign", as: server.admin)
            let gone = try await phone.inbox.message("order_unassigned", within: .seconds(2))
            check(gone?["data"], ["order_id": .number, "reason": .text], "order_unassigned")
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await server.done(
                .put, "orders/\(order)/status", as: server.admin, #"{"status":"CANCELLED","reason":"Out of dosa"}"#)
            let ended = try await phone.inbox.message("order_cancelled", within: .seconds(2))
            check(ended?["data"], ["order_id": .number, "reason": .filledText], "order_cancelled")
            #expect(try await console.inbox.message("order_status_update", within: .seconds(3)) != nil)
            #expect(try await console.inbox.message("driver_status_update", within: .seconds(3)) != nil)
            console.socket.send(#"{"type":"ping"}"#)
            #expect(try await console.inbox.message("pong", within: .seconds(3)) != nil)
            phone.socket.close()
            console.socket.close()
        }
    }

    /// What has nothing to do with dispatch is answered at once, and never in a way that logs anybody out.
    @Test func whatIsNotOfferedSaysSoQuickly() async throws {
        try await RunningServer.with(drivers: 1) { server in
            let calls: [(RESTVerb, String)] = [
                (.get, "commission/rates"), (.get, "commission/restaurants"), (.get, "commission/config"),
                (.put, "commission/config"), (.patch, "commission/config"), (.post, "commission/rates"),
                (.post, "commission/restaurants/assign"), (.get, "commission/anything/else"),
                (.get, "restaurant-earnings/stats"),
                (.get, "restaurant-earnings/restaurants"), (.post, "restaurant-earnings/process-payout"),
                (.get, "restaurant-earnings/restaurants/7"),
            ]
            for (verb, path) in calls {
                let started = ContinuousClock.now
                let answer = try await server.app(verb, path, as: server.admin, verb == .get ? nil : "{}")
                #expect(answer.status == 501, "\(path): \(answer.status)")
                #expect(answer.json["detail"]?.text?.isEmpty == false, "\(path)")
                #expect(started.duration(to: .now) < .seconds(2), "\(path)")
            }
        }
    }
}
