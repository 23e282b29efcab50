package import DispatchCore

/// What a transaction locks before it decides.
package struct TransactionScope: Sendable {
    package var orderIDs: [OrderID] = []
    package var driverIDs: [DriverID] = []
    /// Also lock and hand over every order that these drivers hold now, so that capacity, sequence and "all orders of
    /// this customer" are decided on facts.
    package var includesOrdersHeld = false
    /// Leave out orders that another transaction has locked, instead of waiting: the engine gives way, an admin waits.
    package var skipsLocked = false
    /// The dispatcher's lease: refused when a newer epoch exists.
    package var fence: Fence?
    package var idempotency: IdempotencyKey?
    package var by: Principal
    package var at: Timestamp

    package init(by: Principal, at: Timestamp) {
        self.by = by
        self.at = at
    }
}

/// A holder's claim to be the only dispatcher: grows with every take-over, never goes back.
package struct Fence: Hashable, Sendable {
    package var epoch: Int64

    package init(epoch: Int64) {
        self.epoch = epoch
    }
}

/// The rows a transaction holds, as they are now.
package struct LockedRows: Sendable {
    /// Orders asked for, by id; those that do not exist (or are locked elsewhere, when skipping) are missing.
    package var orders: [Order]
    package var drivers: [DriverAccount]
    /// Every order held by the drivers of the scope, by driver, batch and sequence; includes those of `orders` they
    /// hold.
    package var held: [Order]
    /// When the scope's idempotency key was used before with the same request: the orders that it concerned.
    package var repeats: [OrderID]?
    /// What was noted under that key.
    package var repeatedNotes: [String]

    package init(
        orders: [Order], drivers: [DriverAccount], held: [Order], repeats: [OrderID]? = nil,
        repeatedNotes: [String] = []
    ) {
        self.orders = orders
        self.drivers = drivers
        self.held = held
        self.repeats = repeats
        self.repeatedNotes = repeatedNotes
    }
}

/// What a transaction writes.
package struct OrderChanges<Result: Sendable>: Sendable {
    package var batches: [BatchDraft] = []
    /// Each compared with the locked version and written with version + 1.
    package var orders: [OrderChange] = []
    package var events: [EventDraft] = []
    package var earnings: [EarningsDraft] = []
    package var exclusions: [Exclusion] = []
    /// Wrong one-time passwords to count, committed although nothing else changes.
    package var otpFailures: [OrderID] = []
    /// Words of the answer that a repetition under the scope's idempotency key is to hear again.
    package var notes: [String] = []
    package var result: Result

    package init(result: Result) {
        self.result = result
    }
}

/// A batch that comes into being with this transaction.
package struct BatchDraft: Sendable, Equatable {
    package var id: BatchID
    package var driverID: DriverID
    package var source: AssignmentSource
    package var poolID: PoolID?
    /// Metres of the whole route.
    package var distance: Int
    /// Order ids in route order.
    package var orderIDs: [OrderID]
    package var reason: String?

    package init(
        id: BatchID, driverID: DriverID, source: AssignmentSource, poolID: PoolID?, distance: Int, orderIDs: [OrderID],
        reason: String?
    ) {
        self.id = id
        self.driverID = driverID
        self.source = source
        self.poolID = poolID
        self.distance = distance
        self.orderIDs = orderIDs
        self.reason = reason
    }
}

/// One order before and after: the store writes the difference, the audit row, and moves the hold when the holder
/// changes.
package struct OrderChange: Sendable, Equatable {
    package var before: Order
    /// With `version` still the old one; the store raises it.
    package var after: Order
    /// Said by the one who asked; goes into the audit.
    package var reason: String?

    package init(before: Order, after: Order, reason: String?) {
        self.before = before
        self.after = after
        self.reason = reason
    }

    /// The order as it is once this is committed.
    package var committed: Order {
        var order = after
        order.version = before.version + 1
        return order
    }
}

/// An event to be written with the change it tells of.
package struct EventDraft: Sendable, Equatable {
    package var driverID: DriverID
    package var body: DriverEventBody

    package init(driverID: DriverID, body: DriverEventBody) {
        self.driverID = driverID
        self.body = body
    }
}

/// One order's pay, written exactly once.
package struct EarningsDraft: Sendable, Equatable {
    package var orderID: OrderID
    package var driverID: DriverID
    package var quote: EarningsQuote
    /// Metres.
    package var distance: Int
    package var earnedAt: Timestamp

    package init(orderID: OrderID, driverID: DriverID, quote: EarningsQuote, distance: Int, earnedAt: Timestamp) {
        self.orderID = orderID
        self.driverID = driverID
        self.quote = quote
        self.distance = distance
        self.earnedAt = earnedAt
    }
}

/// A transaction that is in the database.
package struct Committed<Result: Sendable>: Sendable {
    package var result: Result
    /// In the order of the drafts, with their sequence numbers.
    package var events: [DriverEvent]

    package init(result: Result, events: [DriverEvent]) {
        self.result = result
        self.events = events
    }
}

/// What a store could not do. A rule that was broken is the caller's error, never one of these.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A newer dispatcher has taken over; nothing was written.
        case staleFence
        /// The idempotency key came with another request; nothing was written.
        case keyReused
        /// A unique value (phone, e-mail, external id) is taken; nothing was written.
        case duplicate
        /// A constraint of the schema refused the change; nothing was written.
        case constraint
        /// The database cannot be reached or did not answer in time; nothing was written.
        case unavailable
        /// The connection broke during the commit: it may or may not have been written.
        case outcomeUnknown
    }

    package var code: Code
    /// For operators; no arguments, no personal data.
    package var detail: String

    package init(_ code: Code, detail: String) {
        self.code = code
        self.detail = detail
    }

    package var description: String { "\(code.rawValue): \(detail)" }

    /// Runs what follows a commit that belongs to the same command. That it fails does not undo the commit, so nobody
    /// is told that nothing was written.
    ///
    /// - Throws: `outcomeUnknown` in place of `unavailable`.
    static func afterCommit<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as StoreError where error.code == .unavailable {
            throw StoreError(.outcomeUnknown, detail: error.detail)
        }
    }
}
