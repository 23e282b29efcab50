import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Simulation
import Testing

/// Every field that a deployed app reads, with the JSON type that its code needs: a number that came as a string once
/// kept the offer from appearing.
@Suite struct ShapeTests {
    enum Kind: String, Sendable {
        case number, text, flag, list, object, null, numberOrNull, textOrNull

        func admits(_ value: JSON?) -> Bool {
            switch (self, value) {
            case (.number, .number), (.text, .string), (.flag, .bool), (.list, .array), (.object, .object),
                (.null, .null), (.numberOrNull, .number), (.numberOrNull, .null), (.textOrNull, .string),
                (.textOrNull, .null):
                true
            default: false
            }
        }
    }

    private func expect(_ value: JSON?, _ fields: [String: Kind], _ where: String) {
        for (name, kind) in fields.sorted(by: { $0.key < $1.key }) {
            let found = name.split(separator: ".").reduce(value) { $0?[String($1)] }
            #expect(kind.admits(found), "\(`where`): \(name) is no \(kind.rawValue): \(String(describing: found))")
        }
    }

    private static let order: [String: Kind] = [
        "id": .number, "order_id": .number, "status": .text, "pool_id": .numberOrNull, "customer_name": .text,
        "customer_phone": .text, "customer_email": .textOrNull, "delivery_address": .text, "delivery_lat": .number,
        "delivery_lng": .number, "restaurant_id": .numberOrNull, "restaurant_name": .text, "restaurant_address": .text,
        "pickup_address": .text, "restaurant_phone": .textOrNull, "pickup_lat": .number, "pickup_lng": .number,
        "items_json": .list, "items": .list, "order_total": .number, "total_amount": .number,
        "driver_earnings": .number,
        "driver_id": .numberOrNull, "driver_name": .textOrNull, "estimated_distance_km": .numberOrNull,
        "estimated_duration_minutes": .numberOrNull, "otp": .textOrNull, "special_instructions": .textOrNull,
        "external_order_id": .textOrNull, "created_at": .text, "assigned_at": .textOrNull, "picked_up_at": .textOrNull,
        "delivered_at": .textOrNull, "earnings": .number, "distance_km": .numberOrNull,
    ]

    @Test func ordersCarryWhatBothAppsRead() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        _ = try await house.city.placeOrder(from: RestHouse.koramangala, to: RestHouse.indiranagar)
        try await house.serve { caller in
            for path in ["orders", "orders?status=PENDING", "orders?status=ASSIGNED"] {
                let list = try await caller.get(path, as: house.adminToken)
                #expect(list.json.elements?.isEmpty == false)
                for entry in list.json.elements ?? [] { expect(entry, Self.order, path) }
            }
            for path in ["orders/assigned", "orders?assigned_to_me=true"] {
                let list = try await caller.get(path, as: house.token(house.asha))
                expect(list.json.elements?.first, Self.order, path)
            }
            let one = try await caller.get("driver/orders/\(order.id)", as: house.token(house.asha))
            expect(one.json, Self.order, "one")
            // The app tells pooled from single by truth: never 0 or "".
            expect(one.json, ["pool_id": .null], "one")
        }
    }

    @Test func driversCarryWhatTheConsoleReads() async throws {
        let house = try await RestHouse()
        let row: [String: Kind] = [
            "id": .number, "driver_id": .number, "name": .text, "phone": .text, "email": .textOrNull,
            "vehicle_type": .text, "vehicle_number": .textOrNull, "vehicle_registration": .textOrNull, "status": .text,
            "is_online": .flag, "is_available": .flag, "completed_orders": .number, "cancelled_orders": .number,
            "rating": .number, "created_at": .text,
        ]
        try await house.serve { caller in
            for path in ["drivers", "drivers?status=approved", "available-drivers"] {
                let list = try await caller.get(path, as: house.adminToken)
                #expect(list.json.elements?.count == 2)
                for entry in list.json.elements ?? [] { expect(entry, row, path) }
            }
            let profile: [String: Kind] = [
                "driver_id": .number, "id": .number, "name": .text, "email": .text, "phone": .text, "status": .text,
                "is_online": .flag, "account_status": .text, "vehicle_type": .text, "capacity": .number,
            ]
            for path in ["driver/profile", "drivers/profile"] {
                let answer = try await caller.get(path, as: house.token(house.asha))
                expect(answer.json, profile, path)
            }
        }
    }

    @Test func payCarriesWhatTheScreensRead() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            _ = try await caller.post("orders/\(order.id)/admin-deliver", as: house.adminToken)
            let stats = try await caller.get("drivers/stats", as: house.token(house.asha))
            for span in ["today", "week", "month"] {
                expect(
                    stats.json[span],
                    [
                        "deliveries": .number, "distance": .number, "earnings": .number, "total": .number,
                        "basePay": .number, "distancePay": .number, "bonus": .number,
                    ], span)
                #expect(stats.json[span]?["deliveries"]?.int64 == 1)
            }
            expect(
                stats.json,
                [
                    "summary.lifetime_earnings": .number, "summary.total_paid_earnings": .number,
                    "summary.total_pending_earnings": .number, "summary.total_deliveries": .number,
                    "summary.last_payment_amount": .numberOrNull, "summary.last_payment_date": .textOrNull,
                    "total_completed": .number, "total_cancelled": .number, "rating": .number,
                ], "stats")
            let row: [String: Kind] = [
                "driver_id": .number, "driver_name": .text, "driver_phone": .text, "has_bank_details": .flag,
                "total_pending_earnings": .number, "total_paid_earnings": .number, "current_cycle_earnings": .number,
                "lifetime_earnings": .number, "avg_earnings_per_delivery": .number, "driver_rating": .number,
            ]
            let pay = try await caller.get("earnings/drivers?status=all", as: house.adminToken)
            for entry in pay.json.elements ?? [] { expect(entry, row, "pay") }
            let totals = try await caller.get("earnings/stats", as: house.adminToken)
            expect(
                totals.json,
                [
                    "total_pending_amount": .number, "total_paid_this_month": .number, "total_drivers_pending": .number,
                    "current_cycle_name": .text, "current_cycle_end_date": .text, "next_payout_date": .text,
                ], "totals")
            let parts: [String: Kind] = [
                "base_fare": .number, "distance_fare": .number, "distance_km": .number, "peak_hour_bonus": .number,
                "multi_order_bonus": .number, "incentive": .number, "adjustment_amount": .number,
                "total_earning": .number, "order_id": .number, "customer_name": .text, "delivery_address": .text,
                "earned_at": .text, "is_paid": .flag,
            ]
            let statement = try await caller.get(
                "earnings/drivers/\(house.asha.id)?show_paid=true", as: house.adminToken)
            expect(statement.json["earnings"]?.elements?.first, parts, "statement")
        }
    }

    @Test func poolsCarryWhatTheConsoleReads() async throws {
        let house = try await RestHouse()
        let pooled = try await house.assignedOrder(to: house.asha) { $0.externalPoolID = PoolID(7) }
        try await house.serve { caller in
            let row: [String: Kind] = [
                "pool_id": .number, "external_pool_id": .textOrNull, "status": .text, "created_at": .text,
                "closed_at": .textOrNull, "synced_at": .textOrNull, "total_orders": .number, "total_value": .number,
                "pending_orders": .number, "assigned_orders": .number, "delivered_orders": .number,
                "restaurant_count": .number,
            ]
            let pools = try await caller.get("pools", as: house.adminToken)
            expect(pools.json.elements?.first, row, "pools")
            #expect(pools.json.elements?.first?["status"]?.text == "ASSIGNED")
            let details = try await caller.get("pools/7/details", as: house.adminToken)
            expect(details.json["pool"], row, "details")
            expect(details.json["orders"]?.elements?.first, Self.order, "details")
            let detail = try await caller.get("pools/7", as: house.adminToken)
            expect(
                detail.json,
                [
                    "unique_restaurants": .number, "center_lat": .number, "center_lng": .number, "radius_km": .number,
                    "total_drivers_needed": .number, "assigned_drivers": .number, "driver_groups": .list,
                ], "detail")
            let group = detail.json["driver_groups"]?.elements?.first
            expect(
                group,
                [
                    "group_id": .number, "driver_id": .numberOrNull, "order_ids": .list, "restaurant_ids": .list,
                    "pickup_sequence": .list, "delivery_sequence": .list, "total_distance_km": .number,
                    "estimated_time_minutes": .number, "total_order_value": .number, "driver_earnings": .number,
                ], "group")
            expect(
                group?["delivery_sequence"]?.elements?.first,
                [
                    "order_id": .number, "customer_name": .text, "address": .text, "lat": .number, "lng": .number,
                    "distance_from_prev": .number,
                ], "delivery")
            let taken = try await caller.post(
                "pools/7/assign-driver", as: house.adminToken,
                #"{"order_ids":[\#(pooled.id)],"driver_id":\#(house.ravi.id),"driver_earnings":null}"#)
            #expect(taken.status == 200)
            #expect(try await caller.get("pools/8", as: house.adminToken).status == 404)
        }
    }
}
