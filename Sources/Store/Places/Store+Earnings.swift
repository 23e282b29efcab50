package import DispatchCore
package import Fulfilment
import Postgres

extension Store: EarningsStore {
    /// One statement on the index of driver and time.
    package func earnings(of driver: DriverID, from: Timestamp, to: Timestamp) async throws -> [EarningsEntry] {
        let rows = try await query(
            """
            SELECT e.order_id, e.driver_id, e.base_paise, e.distance_paise, e.peak_hour_paise, e.multi_order_paise, \
            e.adjustment_paise, e.distance_m, e.earned_at, e.payout_id IS NOT NULL, o.customer_name, o.dropoff_address \
            FROM earnings e JOIN orders o ON o.id = e.order_id \
            WHERE e.driver_id = $1 AND e.earned_at >= $2 AND e.earned_at < $3 ORDER BY e.earned_at, e.order_id
            """, [.id(driver), .timestamp(from), .timestamp(to)])
        return try rows.map { row in
            var cells = row.cells
            return EarningsEntry(
                orderID: try cells.id(), driverID: try cells.id(),
                quote: EarningsQuote(
                    base: try cells.paise(), distance: try cells.paise(), peakHour: try cells.paise(),
                    multiOrder: try cells.paise(), adjustment: try cells.paise()),
                distance: try cells.next(), earnedAt: try cells.time(), isPaid: try cells.next(),
                customerName: try cells.next(), deliveryAddress: try cells.next())
        }
    }

    /// Sums in the database.
    package func totals(of driver: DriverID) async throws -> EarningsTotals {
        try await totals(driver)[driver] ?? EarningsTotals()
    }

    /// Sums in the database.
    package func totals() async throws -> [DriverID: EarningsTotals] {
        try await totals(nil)
    }

    private func totals(_ driver: DriverID?) async throws -> [DriverID: EarningsTotals] {
        let rows = try await query(
            """
            SELECT e.driver_id, sum(e.total_paise)::int8, \
            COALESCE(sum(e.total_paise) FILTER (WHERE e.payout_id IS NULL), 0)::int8, \
            COALESCE(sum(e.total_paise) FILTER (WHERE e.payout_id IS NOT NULL), 0)::int8, count(*), \
            count(*) FILTER (WHERE e.payout_id IS NULL), sum(e.distance_m)::int8, \
            (SELECT p.paid_at FROM payouts p WHERE p.driver_id = e.driver_id ORDER BY p.id DESC LIMIT 1), \
            (SELECT p.amount_paise FROM payouts p WHERE p.driver_id = e.driver_id ORDER BY p.id DESC LIMIT 1), \
            (SELECT p.reference FROM payouts p WHERE p.driver_id = e.driver_id ORDER BY p.id DESC LIMIT 1) \
            FROM earnings e WHERE $1::int8 IS NULL OR e.driver_id = $1 GROUP BY e.driver_id
            """, [.id(driver)])
        var totals: [DriverID: EarningsTotals] = [:]
        for row in rows {
            var cells = row.cells
            let id: DriverID = try cells.id()
            var total = EarningsTotals()
            total.lifetime = try cells.paise()
            total.pending = try cells.paise()
            total.paid = try cells.paise()
            total.deliveries = try cells.next()
            total.pendingDeliveries = try cells.next()
            total.distance = try cells.next()
            total.lastPaidAt = try cells.optionalTime()
            total.lastPaidAmount = try cells.optionalPaise()
            total.lastPaymentReference = try cells.next()
            totals[id] = total
        }
        return totals
    }

    /// Sums in the database.
    package func earned(since start: Timestamp) async throws -> [DriverID: Paise] {
        let rows = try await query(
            "SELECT driver_id, sum(total_paise)::int8 FROM earnings WHERE earned_at >= $1 GROUP BY driver_id",
            [.timestamp(start)])
        var sums: [DriverID: Paise] = [:]
        for row in rows { sums[DriverID(try row.get(0))] = Paise(try row.get(1)) }
        return sums
    }

    /// A sum over the payouts.
    package func paidOut(since start: Timestamp) async throws -> Paise {
        let rows = try await query(
            "SELECT COALESCE(sum(amount_paise), 0)::int8 FROM payouts WHERE paid_at >= $1", [.timestamp(start)])
        return Paise(try rows.only().get(0))
    }

    /// One transaction; of payouts at once, each row falls to one.
    package func payOut(
        _ drivers: [DriverID], method: String, reference: String?, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> [DriverID: Paise] {
        let made = try await once(idempotency, at: now) { connection in
            // The unpaid rows are locked first: of two payouts at once, the second finds none left.
            let due = try await connection.query(
                """
                SELECT driver_id, order_id, total_paise FROM earnings \
                WHERE driver_id = ANY ($1) AND payout_id IS NULL ORDER BY order_id FOR UPDATE
                """, [.ids(drivers)])
            var amounts: [DriverID: Paise] = [:]
            var orders: [Int64] = []
            for row in due {
                amounts[DriverID(try row.get(0)), default: .zero] += Paise(try row.get(2))
                orders.append(try row.get(1))
            }
            if orders.isEmpty { return [] }
            let paid = amounts.keys.sorted()
            let made = try await connection.query(
                """
                INSERT INTO payouts (driver_id, amount_paise, method, reference, paid_at) \
                SELECT u.driver_id, u.amount, $3, $4, $5 FROM UNNEST($1::int8[], $2::int8[]) AS u(driver_id, amount) \
                RETURNING id, driver_id
                """,
                [
                    .ids(paid), .int8Array(paid.map { amounts[$0]?.rawValue }), .text(method), .text(reference),
                    .timestamp(now),
                ])
            let payouts = try made.map { try $0.get(0, as: Int64.self) }
            try await connection.query(
                """
                UPDATE earnings e SET payout_id = p.id FROM payouts p WHERE p.id = ANY ($1) \
                AND e.driver_id = p.driver_id AND e.order_id = ANY ($2) AND e.payout_id IS NULL
                """, [.int8Array(payouts), .int8Array(orders)])
            return payouts
        }
        var amounts: [DriverID: Paise] = [:]
        for row in try await query(
            "SELECT driver_id, amount_paise FROM payouts WHERE id = ANY ($1)", [.int8Array(made)])
        { amounts[DriverID(try row.get(0))] = Paise(try row.get(1)) }
        return amounts
    }

    /// Two statements; the second is a sum over the payments that match.
    package func payouts(matching query: PayoutQuery) async throws -> (page: [Payout], totals: PayoutTotals) {
        let wanted = """
            ($1::int8 IS NULL OR p.driver_id = $1) AND ($2::timestamptz IS NULL OR p.paid_at >= $2) \
            AND ($3::timestamptz IS NULL OR p.paid_at < $3)
            """
        let parameters: [Parameter] = [.id(query.driver), .timestamp(query.from), .timestamp(query.to)]
        let rows = try await self.query(
            """
            SELECT p.id, p.driver_id, d.name, p.amount_paise, \
            (SELECT count(*) FROM earnings e WHERE e.driver_id = p.driver_id AND e.payout_id = p.id), \
            p.method, p.reference, p.paid_at FROM payouts p JOIN drivers d ON d.id = p.driver_id \
            WHERE \(wanted) AND ($4::int8 IS NULL OR p.id < $4) ORDER BY p.id DESC LIMIT $5
            """, parameters + [.int8(query.before), .int8(Int64(query.limit))])
        let page = try rows.map { row in
            var cells = row.cells
            return Payout(
                id: try cells.next(), driverID: try cells.id(), driverName: try cells.next(),
                amount: try cells.paise(), deliveries: try cells.next(), method: try cells.next(),
                reference: try cells.next(), paidAt: try cells.time())
        }
        let sums = try await self.query(
            """
            SELECT count(*), count(DISTINCT p.driver_id), COALESCE(sum(p.amount_paise), 0)::int8 FROM payouts p \
            WHERE \(wanted)
            """, parameters
        ).only()
        var totals = PayoutTotals()
        totals.payouts = try sums.get(0)
        totals.drivers = try sums.get(1)
        totals.amount = Paise(try sums.get(2))
        return (page, totals)
    }
}
