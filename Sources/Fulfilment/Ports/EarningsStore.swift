package import DispatchCore

/// What drivers have earned.
package protocol EarningsStore: Sendable {
    /// Rows earned in `from ..< to`, oldest first.
    func earnings(of driver: DriverID, from: Timestamp, to: Timestamp) async throws -> [EarningsEntry]
    /// Sums over a driver's whole life.
    func totals(of driver: DriverID) async throws -> EarningsTotals
    /// Sums per driver.
    func totals() async throws -> [DriverID: EarningsTotals]
    /// What each driver has earned since a moment, paid or not.
    func earned(since start: Timestamp) async throws -> [DriverID: Paise]
    /// What has been paid out to all drivers since a moment.
    func paidOut(since start: Timestamp) async throws -> Paise
    /// Marks every unpaid row of the drivers as paid, each exactly once. The key is kept in the same transaction: a
    /// repetition pays nothing and tells what the first paid.
    ///
    /// - Returns: The drivers paid, and how much each.
    func payOut(
        _ drivers: [DriverID], method: String, reference: String?, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> [DriverID: Paise]
    /// The payments that match, newest first, and the totals of all that match, whatever page is asked for.
    func payouts(matching query: PayoutQuery) async throws -> (page: [Payout], totals: PayoutTotals)
}

/// Which payments are wanted.
package struct PayoutQuery: Sendable, Equatable {
    package var driver: DriverID?
    /// From this moment on.
    package var from: Timestamp?
    /// Before this moment.
    package var to: Timestamp?
    /// Older than the payment with this number; the totals do not mind it.
    package var before: Int64?
    package var limit = 100

    package init() {}
}

/// One payment to one driver.
package struct Payout: Sendable, Equatable {
    package var id: Int64
    package var driverID: DriverID
    package var driverName: String
    package var amount: Paise
    /// How many deliveries it paid for.
    package var deliveries: Int
    package var method: String
    package var reference: String?
    package var paidAt: Timestamp

    package init(
        id: Int64, driverID: DriverID, driverName: String, amount: Paise, deliveries: Int, method: String,
        reference: String?, paidAt: Timestamp
    ) {
        self.id = id
        self.driverID = driverID
        self.driverName = driverName
        self.amount = amount
        self.deliveries = deliveries
        self.method = method
        self.reference = reference
        self.paidAt = paidAt
    }
}

/// Sums over payments.
package struct PayoutTotals: Sendable, Equatable {
    package var payouts = 0
    package var drivers = 0
    package var amount = Paise.zero

    package init() {}
}

extension EarningsStore {
    /// Pays without a promise about repetitions.
    package func payOut(
        _ drivers: [DriverID], method: String, reference: String?, at now: Timestamp
    ) async throws -> [DriverID: Paise] {
        try await payOut(drivers, method: method, reference: reference, at: now, idempotency: nil)
    }
}

/// One order's pay, as it is in the database.
package struct EarningsEntry: Sendable, Equatable {
    package var orderID: OrderID
    package var driverID: DriverID
    package var quote: EarningsQuote
    /// Metres.
    package var distance: Int
    package var earnedAt: Timestamp
    package var isPaid: Bool
    package var customerName: String
    package var deliveryAddress: String

    package init(
        orderID: OrderID, driverID: DriverID, quote: EarningsQuote, distance: Int, earnedAt: Timestamp, isPaid: Bool,
        customerName: String, deliveryAddress: String
    ) {
        self.orderID = orderID
        self.driverID = driverID
        self.quote = quote
        self.distance = distance
        self.earnedAt = earnedAt
        self.isPaid = isPaid
        self.customerName = customerName
        self.deliveryAddress = deliveryAddress
    }
}

/// Sums of a driver's pay.
package struct EarningsTotals: Sendable, Equatable {
    package var lifetime = Paise.zero
    package var pending = Paise.zero
    package var paid = Paise.zero
    package var deliveries = 0
    package var pendingDeliveries = 0
    /// Metres.
    package var distance = 0
    package var lastPaidAt: Timestamp?
    package var lastPaidAmount: Paise?
    /// The payment's reference and notes.
    package var lastPaymentReference: String?

    package init() {}
}
