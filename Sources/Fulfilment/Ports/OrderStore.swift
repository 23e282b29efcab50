package import DispatchCore
package import Geo

/// Orders in the database. Business rules stay with the caller: the store locks rows, hands them to a pure `decide`,
/// and writes what it returns in the same transaction, all or nothing.
package protocol OrderStore: Sendable {
    /// Places an order. With an external id that exists already, the first order comes back and nothing is written.
    ///
    /// - Returns: The order, and whether this call created it.
    /// - Throws: ``StoreError`` with `keyReused` when the idempotency key came with another request.
    func insert(_ placement: Placement) async throws -> (order: Order, created: Bool)

    /// The order with this id, nil when there is none.
    func order(_ id: OrderID) async throws -> Order?

    /// Orders in the query's order, newest first unless it says otherwise.
    func orders(matching query: OrderQuery) async throws -> [Order]

    /// Every order that is not ended, by id: what a dispatch tick looks at. A full read, so no order waits unseen.
    func openOrders() async throws -> [OpenOrder]

    /// Runs one transaction: lock (orders by id, then drivers by id), `decide`, write, commit.
    ///
    /// `decide` is called once per attempt (a serialisation failure repeats the whole) and must be pure. An error that
    /// it throws rolls everything back and is thrown on unchanged.
    ///
    /// - Returns: The result, and the driver events as they were committed, with their sequence numbers.
    /// - Throws: ``StoreError``: `staleFence` when the fencing epoch is not the newest, `keyReused`, `unavailable`,
    ///   `outcomeUnknown` when the connection broke while committing.
    func transact<Result: Sendable>(
        _ scope: TransactionScope, decide: @Sendable @escaping (LockedRows) throws -> OrderChanges<Result>
    ) async throws -> Committed<Result>

    /// Reserves numbers for `count` new batches.
    func reserveBatchIDs(_ count: Int) async throws -> [BatchID]

    /// A batch with its orders in route order, nil when there is none.
    func batch(_ id: BatchID) async throws -> Batch?

    /// Batches, newest first.
    func batches(limit: Int, before: BatchID?) async throws -> [Batch]

    /// Whether the driver holds the order or ever held it.
    func wasHeld(_ order: OrderID, by driver: DriverID) async throws -> Bool

    /// Pairs that may never meet again automatically, of orders that are not ended.
    func exclusions() async throws -> [Exclusion]
}

/// A new order on its way into the store.
package struct Placement: Sendable {
    package var content: OrderContent
    package var zoneID: ZoneID?
    package var at: Timestamp
    package var by: Principal
    package var idempotency: IdempotencyKey?

    package init(content: OrderContent, zoneID: ZoneID?, at: Timestamp, by: Principal, idempotency: IdempotencyKey?) {
        self.content = content
        self.zoneID = zoneID
        self.at = at
        self.by = by
        self.idempotency = idempotency
    }
}

/// A client's promise that two requests are one.
package struct IdempotencyKey: Hashable, Sendable {
    package var principal: Principal
    package var key: String
    /// Digest of the request: the same key with another digest is refused.
    package var requestHash: String

    package init(principal: Principal, key: String, requestHash: String) {
        self.principal = principal
        self.key = key
        self.requestHash = requestHash
    }
}

/// Which orders are wanted; what is left out does not restrict.
package struct OrderQuery: Sendable, Equatable {
    package var states: [OrderState] = []
    package var driverID: DriverID?
    package var poolID: PoolID?
    package var batchID: BatchID?
    package var externalID: String?
    /// With `driverID`: also orders of his that ended at or after this moment.
    package var endedSince: Timestamp?
    /// With `endedSince`: which ends are wanted.
    package var endedStates: [OrderState] = [.delivered, .cancelled]
    /// Older than this one: with newest first, the next page.
    package var before: OrderID?
    /// Live orders in route order (batch, then sequence), then ended ones by their end, newest first; instead of all by
    /// number, newest first.
    package var inRouteOrder = false
    package var limit = 1000

    package init() {}
}

/// The part of an open order that dispatch reads.
package struct OpenOrder: Sendable, Equatable {
    package var id: OrderID
    package var version: Int64
    package var state: OrderState
    package var restaurantID: RestaurantID?
    package var zoneID: ZoneID?
    package var externalPoolID: PoolID?
    package var pickup: GeoPoint?
    package var dropoff: GeoPoint?
    package var createdAt: Timestamp
    package var pooledAt: Timestamp
    package var readyAt: Timestamp?
    package var promisedAt: Timestamp?
    package var bagUnits: Int
    /// As in ``OrderContent``.
    package var vehicles: [VehicleType] = []
    package var delayWeight = 1000
    package var driverID: DriverID?
    package var batchID: BatchID?
    package var sequence: Int?
    package var pinned: Bool
    package var assignedAt: Timestamp?
    package var pickedUpAt: Timestamp?
    /// As ``Order/isGivenBack``.
    package var isGivenBack = false

    /// Orders of an external pool wait for a hand until they were given; what a driver gave back then is the engine's.
    package var isForTheEngine: Bool { externalPoolID == nil || isGivenBack }

    package init(id: OrderID, version: Int64, state: OrderState, createdAt: Timestamp, pooledAt: Timestamp) {
        self.id = id
        self.version = version
        self.state = state
        self.createdAt = createdAt
        self.pooledAt = pooledAt
        self.bagUnits = 1
        self.pinned = false
    }
}

/// The engine may not give this order to this driver again.
package struct Exclusion: Hashable, Sendable {
    package var orderID: OrderID
    package var driverID: DriverID

    package init(orderID: OrderID, driverID: DriverID) {
        self.orderID = orderID
        self.driverID = driverID
    }
}

/// Orders given together to one driver.
package struct Batch: Sendable, Equatable {
    package let id: BatchID
    package var driverID: DriverID
    package var source: AssignmentSource
    package var poolID: PoolID?
    package var createdAt: Timestamp
    package var distance: Int
    package var orders: [Order]

    package init(
        id: BatchID, driverID: DriverID, source: AssignmentSource, poolID: PoolID?, createdAt: Timestamp, distance: Int,
        orders: [Order]
    ) {
        self.id = id
        self.driverID = driverID
        self.source = source
        self.poolID = poolID
        self.createdAt = createdAt
        self.distance = distance
        self.orders = orders
    }
}
