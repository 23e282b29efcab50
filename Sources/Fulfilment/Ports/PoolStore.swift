package import DispatchCore

/// External pools: orders that another system collected, closed and handed over together.
package protocol PoolStore: Sendable {
    /// Every pool with its counts, newest first.
    func pools() async throws -> [Pool]
    func pool(_ id: PoolID) async throws -> Pool?
    /// Makes a pool; one with the same external id comes back as it is, and so does what the same key made.
    func createPool(_ draft: PoolDraft, at now: Timestamp, idempotency: IdempotencyKey?) async throws -> Pool
    /// No more orders come from upstream. Nil when there is no such pool.
    func closePool(_ id: PoolID, at now: Timestamp) async throws -> Pool?

    /// Writes an import: its pools, its orders, and the rows that have to wait, all or nothing. A row whose order
    /// exists changes nothing, or fills in the places that the order still lacks.
    ///
    /// - Returns: What became of each row, in their order.
    func importOrders(_ work: PoolImport) async throws -> [ImportOutcome]

    /// Rows that wait for repair, in the order they came.
    func keptRows(of pool: PoolID?) async throws -> [KeptRow]

    /// Groups made of the pool, by number; also those that have become batches.
    func groups(of pool: PoolID) async throws -> [PoolGroup]
    /// Replaces the groups that have not become batches.
    func replaceGroups(of pool: PoolID, with groups: [PoolGroup], at now: Timestamp) async throws
    /// Keeps who is to get which group. With a key that was used before: what was kept under it then.
    ///
    /// - Throws: ``StoreError`` with `keyReused` when the key came with another request.
    func keepChoices(
        _ choices: [GroupChoice], at now: Timestamp, idempotency: IdempotencyKey
    ) async throws -> [GroupChoice]
}

/// A group and the driver who is to get it.
package struct GroupChoice: Sendable, Hashable {
    package var groupID: BatchID
    /// Nil where nobody can carry it.
    package var driverID: DriverID?

    package init(groupID: BatchID, driverID: DriverID?) {
        self.groupID = groupID
        self.driverID = driverID
    }

    /// Choices as plain numbers, two for each; 0 stands for nobody.
    package static func numbers(_ choices: [GroupChoice]) -> [Int64] {
        choices.flatMap { [$0.groupID.rawValue, $0.driverID?.rawValue ?? 0] }
    }

    /// What ``numbers(_:)`` wrote.
    package static func choices(_ numbers: [Int64]) -> [GroupChoice] {
        stride(from: 0, to: numbers.count - 1, by: 2).map { index in
            let driver = numbers[index + 1]
            return GroupChoice(groupID: BatchID(numbers[index]), driverID: driver == 0 ? nil : DriverID(driver))
        }
    }
}

/// What is known of a pool before it has a number.
package struct PoolDraft: Sendable, Equatable {
    package var externalID: String?
    package var name: String?
    /// Nil while orders still come from upstream.
    package var closedAt: Timestamp?
    /// How many orders the upstream says it has.
    package var expectedOrders: Int?

    package init(externalID: String?, name: String? = nil, closedAt: Timestamp? = nil, expectedOrders: Int? = nil) {
        self.externalID = externalID
        self.name = name
        self.closedAt = closedAt
        self.expectedOrders = expectedOrders
    }
}

/// A pool with what its orders say about it.
package struct Pool: Sendable, Equatable {
    package let id: PoolID
    package var draft: PoolDraft
    package var createdAt: Timestamp
    package var syncedAt: Timestamp?
    package var totalOrders = 0
    package var pendingOrders = 0
    /// With a driver, not yet delivered.
    package var assignedOrders = 0
    /// Of these, the food is on its way.
    package var ordersOnBoard = 0
    package var deliveredOrders = 0
    package var cancelledOrders = 0
    /// Rows of imports that have to be repaired before they are orders.
    package var keptRows = 0
    /// Orders that wait and of which nobody knows where they come from or go to.
    package var ordersWithoutPlace = 0
    /// Of all orders that are not cancelled.
    package var value = Paise.zero
    package var restaurantCount = 0

    package init(id: PoolID, draft: PoolDraft, createdAt: Timestamp) {
        self.id = id
        self.draft = draft
        self.createdAt = createdAt
    }

    /// How far the pool has come: from upstream's word until it is closed and complete, from its orders' states then.
    package var status: PoolStatus {
        let live = totalOrders - cancelledOrders
        if live > 0, deliveredOrders == live { return .completed }
        // Nothing of it is left to do.
        if live == 0, totalOrders > 0, keptRows == 0, draft.closedAt != nil { return .completed }
        if ordersOnBoard + deliveredOrders > 0 { return .inProgress }
        if live > 0, pendingOrders == 0 { return .assigned }
        if draft.closedAt == nil { return .open }
        let isWhole = keptRows + ordersWithoutPlace == 0 && totalOrders >= draft.expectedOrders ?? 0 && totalOrders > 0
        return isWhole ? .synced : .closed
    }
}

/// The console's words for how far a pool has come.
package enum PoolStatus: String, Sendable, CaseIterable {
    case open = "OPEN"
    case closed = "CLOSED"
    case synced = "SYNCED"
    case assigned = "ASSIGNED"
    case inProgress = "IN_PROGRESS"
    case completed = "COMPLETED"
}

/// Everything that one import writes.
package struct PoolImport: Sendable {
    package struct Row: Sendable {
        package enum Content: Sendable {
            case order(OrderContent, zone: ZoneID?)
            /// Cannot become an order yet.
            case kept(problem: ImportProblem, detail: String)
        }

        package var externalOrderID: String
        /// Empty where it belongs to no pool.
        package var externalPoolID: String
        package var content: Content
        /// The row as it came, to be tried again.
        package var body: String

        package init(externalOrderID: String, externalPoolID: String, content: Content, body: String) {
            self.externalOrderID = externalOrderID
            self.externalPoolID = externalPoolID
            self.content = content
            self.body = body
        }
    }

    package var pools: [PoolDraft]
    /// Each external order id at most once.
    package var rows: [Row]
    package var by: Principal
    package var at: Timestamp

    package init(pools: [PoolDraft], rows: [Row], by: Principal, at: Timestamp) {
        self.pools = pools
        self.rows = rows
        self.by = by
        self.at = at
    }
}

/// Why a row is no order yet, or an order that nobody can plan.
package enum ImportProblem: String, Sendable {
    case unknownRestaurant = "unknown_restaurant"
    /// A field that an order needs is missing or wrong.
    case invalidRow = "invalid_row"
    /// The order exists, but nobody knows where it goes: it waits for a hand.
    case unknownDeliveryPlace = "unknown_delivery_place"
    /// The order exists, but its restaurant has no coordinates.
    case unknownPickupPlace = "unknown_pickup_place"
}

/// What became of one row.
package enum ImportOutcome: Sendable, Equatable {
    case inserted(OrderID)
    /// The order was there already, nothing changed.
    case skipped(OrderID)
    /// The order was there and lacked a place that this row knows.
    case repaired(OrderID)
    case kept
}

/// A row of an import that waits for repair.
package struct KeptRow: Sendable, Equatable {
    package var externalOrderID: String
    package var problem: ImportProblem
    package var detail: String
    package var body: String
    package var receivedAt: Timestamp

    package init(
        externalOrderID: String, problem: ImportProblem, detail: String, body: String, receivedAt: Timestamp
    ) {
        self.externalOrderID = externalOrderID
        self.problem = problem
        self.detail = detail
        self.body = body
        self.receivedAt = receivedAt
    }
}

/// Orders of a pool that should travel together, with their route: every pickup, then every dropoff. Nobody drives it
/// yet; its number becomes the number of the batch.
package struct PoolGroup: Sendable, Equatable {
    package struct Stop: Sendable, Hashable, Codable {
        package var orderID: Int64
        package var isPickup: Bool
        /// From the stop before; 0 for the first.
        package var metres: Int
        /// Arrival, from the first pickup on.
        package var afterSeconds: Int

        package init(orderID: Int64, isPickup: Bool, metres: Int, afterSeconds: Int) {
            self.orderID = orderID
            self.isPickup = isPickup
            self.metres = metres
            self.afterSeconds = afterSeconds
        }
    }

    package var id: BatchID
    package var stops: [Stop]
    /// Metres of the whole route.
    package var distance: Int
    package var durationSeconds: Int

    package init(id: BatchID, stops: [Stop], distance: Int, durationSeconds: Int) {
        self.id = id
        self.stops = stops
        self.distance = distance
        self.durationSeconds = durationSeconds
    }

    package var pickups: [OrderID] { stops.filter(\.isPickup).map { OrderID($0.orderID) } }
    package var dropoffs: [OrderID] { stops.filter { !$0.isPickup }.map { OrderID($0.orderID) } }
}
