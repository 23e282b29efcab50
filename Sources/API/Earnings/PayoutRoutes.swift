import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// What admins see of drivers' pay, and the pay-out.
struct PayoutRoutes: RouteGroup {
    private let house: House
    private let calendar: LocalCalendar
    private let currency: String

    init(_ parts: API.Parts) {
        house = parts.house
        currency = parts.settings.currency
        calendar = LocalCalendar(secondsEastOfUTC: parts.house.settings.secondsEastOfUTC)
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/earnings/drivers", .admin, drivers),
            Route(.get, "/api/v1/earnings/stats", .admin, stats),
            Route(.get, "/api/v1/earnings/drivers/{id}", .admin, statement),
            Route(.get, "/api/v1/earnings/payouts", .admin, payouts),
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
                account, total, thisCycle: cycle[account.id] ?? .zero,
                lastCycle: total.lastPaidAt.map {
                    String(calendar.name(ofDay: calendar.dayNumber(of: $0)).prefix(7))
                })
        }
        switch exchange.query["status"]?.lowercased() {
        case "pending": return .list(rows.filter { $0.pendingPaise > 0 })
        case "paid": return .list(rows.filter { $0.pendingPaise == 0 && $0.paidPaise > 0 })
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
        return .json(
            PayStats(
                pendingPaise: pending.rawValue, paidThisMonthPaise: paidNow.rawValue,
                driversPending: Int64(totals.values.count { $0.pending > .zero }),
                cycle: String(calendar.name(ofDay: month).prefix(7)), cycleEnds: calendar.name(ofDay: lastDay),
                nextPayout: calendar.name(ofDay: lastDay + 1)))
    }

    private func statement(_ exchange: Exchange) async throws -> Reply {
        let id = DriverID(try exchange.id("id"))
        guard let account = try await house.accounts.driver(id) else { throw FulfilmentError.unknownDriver(id) }
        let showsPaid = try exchange.query.boolean("show_paid") ?? false
        let all = try await house.earnings.earnings(
            of: id, from: Timestamp(milliseconds: 0), to: exchange.now.advanced(bySeconds: 1))
        let entries = all.filter { showsPaid || !$0.isPaid }
        let totals = try await house.earnings.totals(of: id)
        return .json(
            PayStatement(
                driverID: id.rawValue, driverName: account.name, pendingPaise: totals.pending.rawValue,
                paidPaise: totals.paid.rawValue, lifetimePaise: totals.lifetime.rawValue,
                rows: entries.map(PayStatementRow.init)))
    }

    /// The payments, newest first: `?driver_id=`, `?from=` and `?to=` (days, both counted in), `?limit=`; `?before=`
    /// goes on from the last id of a page. The totals are of all pages.
    private func payouts(_ exchange: Exchange) async throws -> Reply {
        var query = PayoutQuery()
        query.driver = try exchange.query.integer("driver_id", in: 1...(1 << 53)).map { DriverID($0) }
        query.from = try day("from", exchange).map { calendar.start(ofDay: $0) }
        query.to = try day("to", exchange).map { calendar.start(ofDay: $0 + 1) }
        query.before = try exchange.query.integer("before", in: 1...(1 << 53))
        if let limit = try exchange.query.integer("limit", in: 1...1000) { query.limit = Int(limit) }
        let (page, totals) = try await house.earnings.payouts(matching: query)
        return .json(
            PayoutList(
                rows: page.map(PayoutRow.init), totalPaise: totals.amount.rawValue, totalPayouts: Int64(totals.payouts),
                driversPaid: Int64(totals.drivers), currency: currency,
                nextBefore: page.count < query.limit ? nil : page.last?.id))
    }

    private func day(_ name: String, _ exchange: Exchange) throws -> Int64? {
        guard let text = exchange.query[name] else { return nil }
        guard let day = calendar.dayNumber(named: text) else { throw Problems.field(name, "must be a day: YYYY-MM-DD") }
        return day
    }

    private func payOut(_ exchange: Exchange) async throws -> Reply {
        let request = try PayoutRequest(body: exchange.body)
        var answer = PayoutAnswer(driversPaid: 0, totalPaise: 0)
        for id in request.driverIDs where try await house.accounts.driver(DriverID(id)) == nil {
            answer.unknownDriverIDs.append(id)
        }
        let paid = try await house.earnings.payOut(
            request.driverIDs.map { DriverID($0) }, method: request.method, reference: request.reference,
            at: exchange.now, idempotency: try exchange.idempotencyKey())
        answer.driversPaid = Int64(paid.count)
        answer.totalPaise = paid.values.reduce(Paise.zero, +).rawValue
        return .json(answer)
    }
}

extension PayRow {
    fileprivate init(_ account: DriverAccount, _ totals: EarningsTotals, thisCycle: Paise, lastCycle: String?) {
        self.init(
            driverID: account.id.rawValue, driverName: account.name, driverPhone: account.phone,
            driverEmail: account.email)
        bank = BankFields(account.bank)
        pendingPaise = totals.pending.rawValue
        paidPaise = totals.paid.rawValue
        cyclePaise = thisCycle.rawValue
        lifetimePaise = totals.lifetime.rawValue
        rating = account.rating
        deliveries = Int64(totals.deliveries)
        pendingDeliveries = Int64(totals.pendingDeliveries)
        distanceMetres = Int64(totals.distance)
        completedOrders = Int64(account.completedOrders)
        cancelledOrders = Int64(account.cancelledOrders)
        lastPaymentAt = totals.lastPaidAt?.milliseconds
        lastPaymentPaise = totals.lastPaidAmount?.rawValue
        lastPaymentReference = totals.lastPaymentReference
        self.lastCycle = lastCycle
    }
}

extension PayStatementRow {
    fileprivate init(_ entry: EarningsEntry) {
        self.init(
            orderID: entry.orderID.rawValue, customerName: entry.customerName, deliveryAddress: entry.deliveryAddress,
            earnedAt: entry.earnedAt.milliseconds, isPaid: entry.isPaid)
        basePaise = entry.quote.base.rawValue
        distancePaise = entry.quote.distance.rawValue
        peakHourPaise = entry.quote.peakHour.rawValue
        multiOrderPaise = entry.quote.multiOrder.rawValue
        adjustmentPaise = entry.quote.adjustment.rawValue
        distanceMetres = Int64(entry.distance)
    }
}

extension PayoutRow {
    fileprivate init(_ payout: Payout) {
        self.init(
            id: payout.id, driverID: payout.driverID.rawValue, driverName: payout.driverName,
            paise: payout.amount.rawValue, deliveries: Int64(payout.deliveries), method: payout.method,
            reference: payout.reference, paidAt: payout.paidAt.milliseconds)
    }
}
