import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// What admins see of drivers' pay, and the pay-out.
struct PayoutRoutes: RouteGroup {
    private let house: House
    private let calendar: LocalCalendar

    init(_ parts: API.Parts) {
        house = parts.house
        calendar = LocalCalendar(secondsEastOfUTC: parts.house.settings.secondsEastOfUTC)
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/earnings/drivers", .admin, drivers),
            Route(.get, "/api/v1/earnings/stats", .admin, stats),
            Route(.get, "/api/v1/earnings/drivers/{id}", .admin, statement),
            Route(.post, "/api/v1/earnings/process-payout", .admin, payOut),
        ]
    }

    private func drivers(_ exchange: Exchange) async throws -> Reply {
        let totals = try await house.earnings.totals()
        let accounts = try await house.accounts.drivers(standing: nil)
        let month = calendar.firstOfMonth(calendar.dayNumber(of: exchange.now))
        let cycle = try await house.earnings.earned(since: calendar.start(ofDay: month))
        let rows = accounts.map { account in
            let total = totals[account.id] ?? EarningsTotals()
            return PayRow(
                account: account, totals: total, thisCycle: cycle[account.id] ?? .zero,
                lastCycle: total.lastPaidAt.map {
                    String(calendar.name(ofDay: calendar.dayNumber(of: $0)).prefix(7))
                })
        }
        switch exchange.query["status"]?.lowercased() {
        case "pending": return .list(rows.filter { $0.totals.pending > .zero })
        case "paid": return .list(rows.filter { $0.totals.pending == .zero && $0.totals.paid > .zero })
        default: return .list(rows)
        }
    }

    private func stats(_ exchange: Exchange) async throws -> Reply {
        let totals = try await house.earnings.totals()
        let today = calendar.dayNumber(of: exchange.now)
        let month = calendar.firstOfMonth(today)
        let monthStart = calendar.start(ofDay: month)
        let lastDay = calendar.firstOfMonth(month + 31) - 1
        let pending = totals.values.reduce(Paise.zero) { $0 + $1.pending }
        let paidNow = try await house.earnings.paidOut(since: monthStart)
        return .object { writer in
            writer.field("total_pending_amount", paise: pending.rawValue)
            writer.field("total_paid_this_month", paise: paidNow.rawValue)
            writer.field("total_drivers_pending", totals.values.filter { $0.pending > .zero }.count)
            writer.field("current_cycle_name", String(calendar.name(ofDay: month).prefix(7)))
            writer.field("current_cycle_end_date", calendar.name(ofDay: lastDay))
            writer.field("next_payout_date", calendar.name(ofDay: lastDay + 1))
        }
    }

    private func statement(_ exchange: Exchange) async throws -> Reply {
        let id = DriverID(try exchange.id("id"))
        guard let account = try await house.accounts.driver(id) else { throw FulfilmentError.unknownDriver(id) }
        let showsPaid = try exchange.query.boolean("show_paid") ?? false
        let all = try await house.earnings.earnings(
            of: id, from: Timestamp(milliseconds: 0), to: exchange.now.advanced(bySeconds: 1))
        let entries = all.filter { showsPaid || !$0.isPaid }
        let totals = try await house.earnings.totals(of: id)
        return .object { writer in
            writer.field("driver_id", id.rawValue)
            writer.field("driver_name", account.name)
            writer.field("total_pending_earnings", paise: totals.pending.rawValue)
            writer.field("total_paid_earnings", paise: totals.paid.rawValue)
            writer.field("lifetime_earnings", paise: totals.lifetime.rawValue)
            writer.field("earnings", entries.map(StatementRow.init))
        }
    }

    private func payOut(_ exchange: Exchange) async throws -> Reply {
        var reader = try BodyReader(exchange.body)
        let ids = reader.identifiers("driver_ids", limit: 10_000) ?? []
        if ids.isEmpty, reader.errors.isEmpty { reader.reject("driver_ids", "must name at least one driver") }
        let method = reader.text("payment_method", limit: 100) ?? "unstated"
        let reference = Self.reference(&reader)
        try reader.finish()
        var unknown: [Int64] = []
        for id in ids where try await house.accounts.driver(DriverID(id)) == nil { unknown.append(id) }
        let paid = try await house.earnings.payOut(
            ids.map { DriverID($0) }, method: method, reference: reference, at: exchange.now,
            idempotency: try exchange.idempotencyKey())
        let total = paid.values.reduce(Paise.zero, +)
        return .object { writer in
            writer.field("total_drivers_paid", paid.count)
            writer.field("total_amount_paid", paise: total.rawValue)
            writer.field("unknown_driver_ids", unknown)
            writer.field(
                "message",
                "Paid \(paid.count) drivers." + (unknown.isEmpty ? "" : " \(unknown.count) of the ids name no driver."))
        }
    }

    /// The reference with the notes, which are a part of what is kept of a payment.
    private static func reference(_ reader: inout BodyReader) -> String? {
        let parts = [reader.text("payment_reference", limit: 200), reader.text("notes", limit: 500)].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}

/// One driver of the pay list.
private struct PayRow: JSONWritable {
    let account: DriverAccount
    let totals: EarningsTotals
    /// Earned since the first of the month, paid or not.
    let thisCycle: Paise
    /// The month of the last payment.
    let lastCycle: String?

    func write(to writer: inout JSONWriter) {
        let count = Int64(max(totals.deliveries, 1))
        writer.object { writer in
            writer.field("driver_id", account.id.rawValue)
            writer.field("driver_name", account.name)
            writer.field("driver_phone", account.phone)
            writer.field("driver_email", account.email)
            writer.field("has_bank_details", account.bank.accountNumber != nil || account.bank.upi != nil)
            writer.bankFields(account.bank)
            writer.field("total_pending_earnings", paise: totals.pending.rawValue)
            writer.field("total_paid_earnings", paise: totals.paid.rawValue)
            writer.field("current_cycle_earnings", paise: thisCycle.rawValue)
            writer.field("lifetime_earnings", paise: totals.lifetime.rawValue)
            writer.field("avg_earnings_per_delivery", paise: totals.lifetime.rawValue / count)
            writer.field("driver_rating", account.rating)
            writer.field("total_deliveries", totals.deliveries)
            writer.field("pending_deliveries", totals.pendingDeliveries)
            writer.field("paid_deliveries", totals.deliveries - totals.pendingDeliveries)
            writer.field("total_distance_km", metres: Int64(totals.distance))
            writer.field("completed_orders", account.completedOrders)
            writer.field("cancelled_orders", account.cancelledOrders)
            writer.field("last_payment_date", milliseconds: totals.lastPaidAt?.milliseconds)
            writer.field("last_payment_amount", paise: totals.lastPaidAmount?.rawValue)
            writer.field("last_payment_reference", totals.lastPaymentReference)
            writer.field("last_payout_cycle", lastCycle)
        }
    }
}

/// One delivery's pay with its parts; `total_earning` and `adjustment_amount` add up to what the driver gets.
private struct StatementRow: JSONWritable {
    let entry: EarningsEntry

    func write(to writer: inout JSONWriter) {
        let quote = entry.quote
        writer.object { writer in
            writer.field("id", entry.orderID.rawValue)
            writer.field("order_id", entry.orderID.rawValue)
            writer.field("customer_name", entry.customerName)
            writer.field("delivery_address", entry.deliveryAddress)
            writer.field("base_fare", paise: quote.base.rawValue)
            writer.field("distance_fare", paise: quote.distance.rawValue)
            writer.field("distance_km", metres: Int64(entry.distance))
            writer.field("peak_hour_bonus", paise: quote.peakHour.rawValue)
            writer.field("multi_order_bonus", paise: quote.multiOrder.rawValue)
            writer.field("incentive", paise: 0)
            writer.field("adjustment_amount", paise: quote.adjustment.rawValue)
            writer.field("total_earning", paise: (quote.total - quote.adjustment).rawValue)
            writer.field("earned_at", milliseconds: entry.earnedAt.milliseconds)
            writer.field("is_paid", entry.isPaid)
        }
    }
}
