/// Bank details in the console's names; every name that one of its pages reads.
package struct BankFields: Equatable, Sendable {
    package var accountHolder: String?
    package var accountNumber: String?
    package var ifsc: String?
    package var bankName: String?
    package var upi: String?

    package init(
        accountHolder: String? = nil, accountNumber: String? = nil, ifsc: String? = nil, bankName: String? = nil,
        upi: String? = nil
    ) {
        self.accountHolder = accountHolder
        self.accountNumber = accountNumber
        self.ifsc = ifsc
        self.bankName = bankName
        self.upi = upi
    }

    /// Writes the members into an object that is open.
    package func write(into writer: inout JSONWriter) {
        writer.field("bank_account_holder", accountHolder)
        writer.field("bank_account_holder_name", accountHolder)
        writer.field("account_holder_name", accountHolder)
        writer.field("bank_account_number", accountNumber)
        writer.field("account_number", accountNumber)
        writer.field("bank_ifsc_code", ifsc)
        writer.field("ifsc_code", ifsc)
        writer.field("bank_name", bankName)
        writer.field("upi_id", upi)
    }
}

/// One driver's pay in `GET /earnings/drivers`.
package struct PayRow: Equatable, Sendable {
    package var driverID: Int64
    package var driverName: String
    package var driverPhone: String?
    package var driverEmail: String?
    package var bank = BankFields()
    package var pendingPaise: Int64 = 0
    package var paidPaise: Int64 = 0
    package var cyclePaise: Int64 = 0
    package var lifetimePaise: Int64 = 0
    package var rating = 5.0
    package var deliveries: Int64 = 0
    package var pendingDeliveries: Int64 = 0
    package var distanceMetres: Int64 = 0
    package var completedOrders: Int64 = 0
    package var cancelledOrders: Int64 = 0
    /// Milliseconds since 1970.
    package var lastPaymentAt: Int64?
    package var lastPaymentPaise: Int64?
    package var lastPaymentReference: String?
    /// The month of the last payment, `YYYY-MM`.
    package var lastCycle: String?

    package init(driverID: Int64, driverName: String, driverPhone: String?, driverEmail: String?) {
        self.driverID = driverID
        self.driverName = driverName
        self.driverPhone = driverPhone
        self.driverEmail = driverEmail
    }
}

extension PayRow: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", driverID)
            writer.field("driver_name", driverName)
            writer.field("driver_phone", driverPhone)
            writer.field("driver_email", driverEmail)
            writer.field("has_bank_details", bank.accountNumber != nil || bank.upi != nil)
            bank.write(into: &writer)
            writer.field("total_pending_earnings", paise: pendingPaise)
            writer.field("total_paid_earnings", paise: paidPaise)
            writer.field("current_cycle_earnings", paise: cyclePaise)
            writer.field("lifetime_earnings", paise: lifetimePaise)
            writer.field("avg_earnings_per_delivery", paise: lifetimePaise / max(deliveries, 1))
            writer.field("driver_rating", rating)
            writer.field("total_deliveries", deliveries)
            writer.field("pending_deliveries", pendingDeliveries)
            writer.field("paid_deliveries", deliveries - pendingDeliveries)
            writer.field("total_distance_km", metres: distanceMetres)
            writer.field("completed_orders", completedOrders)
            writer.field("cancelled_orders", cancelledOrders)
            writer.field("last_payment_date", milliseconds: lastPaymentAt)
            writer.field("last_payment_amount", paise: lastPaymentPaise)
            writer.field("last_payment_reference", lastPaymentReference)
            writer.field("last_payout_cycle", lastCycle)
        }
    }
}

/// `GET /earnings/stats`.
package struct PayStats: Equatable, Sendable {
    package var pendingPaise: Int64
    package var paidThisMonthPaise: Int64
    package var driversPending: Int64
    /// The month, `YYYY-MM`.
    package var cycle: String
    /// Days, `YYYY-MM-DD`.
    package var cycleEnds: String
    package var nextPayout: String

    package init(
        pendingPaise: Int64, paidThisMonthPaise: Int64, driversPending: Int64, cycle: String, cycleEnds: String,
        nextPayout: String
    ) {
        self.pendingPaise = pendingPaise
        self.paidThisMonthPaise = paidThisMonthPaise
        self.driversPending = driversPending
        self.cycle = cycle
        self.cycleEnds = cycleEnds
        self.nextPayout = nextPayout
    }
}

extension PayStats: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("total_pending_amount", paise: pendingPaise)
            writer.field("total_paid_this_month", paise: paidThisMonthPaise)
            writer.field("total_drivers_pending", driversPending)
            writer.field("current_cycle_name", cycle)
            writer.field("current_cycle_end_date", cycleEnds)
            writer.field("next_payout_date", nextPayout)
        }
    }
}

/// One delivery's pay with its parts; `total_earning` and `adjustment_amount` add up to what the driver gets.
package struct PayStatementRow: Equatable, Sendable {
    package var orderID: Int64
    package var customerName: String
    package var deliveryAddress: String
    package var basePaise: Int64
    package var distancePaise: Int64
    package var peakHourPaise: Int64
    package var multiOrderPaise: Int64
    package var adjustmentPaise: Int64
    package var distanceMetres: Int64
    /// Milliseconds since 1970.
    package var earnedAt: Int64
    package var isPaid: Bool

    package init(orderID: Int64, customerName: String, deliveryAddress: String, earnedAt: Int64, isPaid: Bool) {
        self.orderID = orderID
        self.customerName = customerName
        self.deliveryAddress = deliveryAddress
        basePaise = 0
        distancePaise = 0
        peakHourPaise = 0
        multiOrderPaise = 0
        adjustmentPaise = 0
        distanceMetres = 0
        self.earnedAt = earnedAt
        self.isPaid = isPaid
    }
}

extension PayStatementRow: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", orderID)
            writer.field("order_id", orderID)
            writer.field("customer_name", customerName)
            writer.field("delivery_address", deliveryAddress)
            writer.field("base_fare", paise: basePaise)
            writer.field("distance_fare", paise: distancePaise)
            writer.field("distance_km", metres: distanceMetres)
            writer.field("peak_hour_bonus", paise: peakHourPaise)
            writer.field("multi_order_bonus", paise: multiOrderPaise)
            writer.field("incentive", paise: 0)
            writer.field("adjustment_amount", paise: adjustmentPaise)
            writer.field("total_earning", paise: basePaise + distancePaise + peakHourPaise + multiOrderPaise)
            writer.field("earned_at", milliseconds: earnedAt)
            writer.field("is_paid", isPaid)
        }
    }
}

/// `GET /earnings/drivers/{id}`: one driver's pay, delivery by delivery.
package struct PayStatement: Equatable, Sendable {
    package var driverID: Int64
    package var driverName: String
    package var pendingPaise: Int64
    package var paidPaise: Int64
    package var lifetimePaise: Int64
    package var rows: [PayStatementRow]

    package init(
        driverID: Int64, driverName: String, pendingPaise: Int64, paidPaise: Int64, lifetimePaise: Int64,
        rows: [PayStatementRow]
    ) {
        self.driverID = driverID
        self.driverName = driverName
        self.pendingPaise = pendingPaise
        self.paidPaise = paidPaise
        self.lifetimePaise = lifetimePaise
        self.rows = rows
    }
}

extension PayStatement: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", driverID)
            writer.field("driver_name", driverName)
            writer.field("total_pending_earnings", paise: pendingPaise)
            writer.field("total_paid_earnings", paise: paidPaise)
            writer.field("lifetime_earnings", paise: lifetimePaise)
            writer.field("earnings", rows)
        }
    }
}

/// The body of `POST /earnings/process-payout`.
package struct PayoutRequest: Equatable, Sendable {
    package var driverIDs: [Int64]
    package var method: String
    /// The reference with the notes, which are a part of what is kept of a payment.
    package var reference: String?

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        driverIDs = reader.identifiers("driver_ids", limit: 10_000) ?? []
        if driverIDs.isEmpty, reader.errors.isEmpty { reader.reject("driver_ids", "must name at least one driver") }
        method = reader.text("payment_method", limit: 100) ?? "unstated"
        let parts = [reader.text("payment_reference", limit: 200), reader.text("notes", limit: 500)].compactMap { $0 }
        reference = parts.isEmpty ? nil : parts.joined(separator: "; ")
        try reader.finish()
    }
}

/// The answer to it.
package struct PayoutAnswer: Equatable, Sendable {
    package var driversPaid: Int64
    package var totalPaise: Int64
    package var unknownDriverIDs: [Int64]

    package init(driversPaid: Int64, totalPaise: Int64, unknownDriverIDs: [Int64] = []) {
        self.driversPaid = driversPaid
        self.totalPaise = totalPaise
        self.unknownDriverIDs = unknownDriverIDs
    }
}

extension PayoutAnswer: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        let unknown = unknownDriverIDs.count
        writer.object { writer in
            writer.field("total_drivers_paid", driversPaid)
            writer.field("total_amount_paid", paise: totalPaise)
            writer.field("unknown_driver_ids", unknownDriverIDs)
            writer.field(
                "message",
                "Paid \(driversPaid) drivers." + (unknown == 0 ? "" : " \(unknown) of the ids name no driver."))
        }
    }
}

/// One payment to one driver.
package struct PayoutRow: Equatable, Sendable {
    package var id: Int64
    package var driverID: Int64
    package var driverName: String
    package var paise: Int64
    /// How many deliveries it paid for.
    package var deliveries: Int64
    package var method: String
    package var reference: String?
    /// Milliseconds since 1970.
    package var paidAt: Int64

    package init(
        id: Int64, driverID: Int64, driverName: String, paise: Int64, deliveries: Int64, method: String,
        reference: String?, paidAt: Int64
    ) {
        self.id = id
        self.driverID = driverID
        self.driverName = driverName
        self.paise = paise
        self.deliveries = deliveries
        self.method = method
        self.reference = reference
        self.paidAt = paidAt
    }
}

extension PayoutRow: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("payout_id", id)
            writer.field("driver_id", driverID)
            writer.field("driver_name", driverName)
            writer.field("amount", paise: paise)
            writer.field("deliveries", deliveries)
            writer.field("payment_method", method)
            writer.field("payment_reference", reference)
            writer.field("paid_at", milliseconds: paidAt)
        }
    }
}

/// `GET /earnings/payouts`: the payments, newest first, with the totals of all that were asked for.
package struct PayoutList: Equatable, Sendable {
    /// This page.
    package var rows: [PayoutRow]
    package var totalPaise: Int64
    package var totalPayouts: Int64
    package var driversPaid: Int64
    package var currency: String
    /// Goes into `before` for the next page; nil on the last.
    package var nextBefore: Int64?

    package init(
        rows: [PayoutRow], totalPaise: Int64, totalPayouts: Int64, driversPaid: Int64, currency: String,
        nextBefore: Int64?
    ) {
        self.rows = rows
        self.totalPaise = totalPaise
        self.totalPayouts = totalPayouts
        self.driversPaid = driversPaid
        self.currency = currency
        self.nextBefore = nextBefore
    }
}

extension PayoutList: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("total_amount_paid", paise: totalPaise)
            writer.field("total_payouts", totalPayouts)
            writer.field("total_drivers_paid", driversPaid)
            writer.field("currency", currency)
            writer.field("payouts", rows)
            writer.field("next_before", nextBefore)
        }
    }
}
