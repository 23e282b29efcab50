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
