package import DispatchCore
package import Fulfilment

extension InMemoryStore: OrderStore {
    package func insert(_ placement: Placement) async throws -> (order: Order, created: Bool) {
        try with { state in
            if let repeated = try state.repeats(of: placement.idempotency)?.first, let order = state.orders[repeated] {
                return (order, false)
            }
            if let external = placement.content.externalID,
                let first = state.orders.values.first(where: { $0.content.externalID == external })
            {
                return (first, false)
            }
            var order = Order(
                id: OrderID(state.newID()), version: 1, state: .pending, content: placement.content,
                createdAt: placement.at)
            order.zoneID = placement.zoneID
            state.orders[order.id] = order
            if let key = placement.idempotency { state.keys[key] = (key.requestHash, [order.id]) }
            return (order, true)
        }
    }

    package func order(_ id: OrderID) async throws -> Order? {
        try with { $0.orders[id] }
    }

    package func orders(matching query: OrderQuery) async throws -> [Order] {
        try with { state in
            let found = state.orders.values.filter { Self.matches($0, query) }
            let sorted =
                query.inRouteOrder
                ? found.sorted { Self.routeKey($0) < Self.routeKey($1) } : found.sorted { $0.id > $1.id }
            return Array(sorted.prefix(query.limit))
        }
    }

    private static func routeKey(_ order: Order) -> (Int64, Int, OrderID) {
        if order.state.isEnded {
            // After the live ones, the last one first.
            let end = (order.deliveredAt ?? order.cancelledAt ?? order.createdAt).milliseconds
            return (.max, Int(-end), order.id)
        }
        return (order.assignment?.batchID.rawValue ?? .max - 1, order.assignment?.sequence ?? 0, order.id)
    }

    private static func matches(_ order: Order, _ query: OrderQuery) -> Bool {
        if let pool = query.poolID, order.content.externalPoolID != pool { return false }
        if let batch = query.batchID, order.assignment?.batchID != batch { return false }
        if let before = query.before, order.id >= before { return false }
        if let external = query.externalID, order.content.externalID != external { return false }
        guard let driver = query.driverID else { return query.states.isEmpty || query.states.contains(order.state) }
        guard order.assignment?.driverID == driver else { return false }
        if query.states.contains(order.state) || (query.states.isEmpty && query.endedSince == nil) { return true }
        guard let since = query.endedSince, query.endedStates.contains(order.state) else { return false }
        return (order.deliveredAt ?? order.cancelledAt ?? order.createdAt) >= since
    }

    package func openOrders() async throws -> [OpenOrder] {
        try with { state in
            state.orders.values.filter { !$0.state.isEnded }.map(OpenOrder.init(of:)).sorted { $0.id < $1.id }
        }
    }

    package func transact<Result: Sendable>(
        _ scope: TransactionScope, decide: @Sendable @escaping (LockedRows) throws -> OrderChanges<Result>
    ) async throws -> Committed<Result> {
        try with { state in
            if let fence = scope.fence, fence.epoch < state.epoch {
                throw StoreError(.staleFence, detail: "epoch \(fence.epoch) is older than \(state.epoch)")
            }
            let repeats = try state.repeats(of: scope.idempotency)
            let held =
                scope.includesOrdersHeld
                ? state.orders.values.filter { order in order.holder.map { scope.driverIDs.contains($0) } ?? false }
                    .sorted { Self.routeKey($0) < Self.routeKey($1) } : []
            let rows = LockedRows(
                orders: scope.orderIDs.sorted().compactMap { state.orders[$0] },
                drivers: scope.driverIDs.sorted().compactMap { state.drivers[$0] }, held: held, repeats: repeats,
                repeatedNotes: scope.idempotency.flatMap { state.notes[$0] } ?? [])
            let changes = try decide(rows)
            let events = try Self.write(changes, to: &state, at: scope.at)
            Self.markKnown(changes.orders, except: events, by: scope, in: &state)
            if let key = scope.idempotency, repeats == nil {
                state.keys[key] = (key.requestHash, scope.orderIDs)
                state.notes[key] = changes.notes
            }
            return Committed(result: changes.result, events: events)
        }
    }

    /// Who acts upon an order has heard of what was sent to him of it.
    private static func markKnown(
        _ changes: [OrderChange], except new: [DriverEvent], by scope: TransactionScope, in state: inout State
    ) {
        guard case .driver(let driver) = scope.by else { return }
        let orders = Set(changes.map(\.before.id.rawValue))
        let fresh = Set(new.filter { $0.driverID == driver }.map(\.seq))
        for index in state.events[driver, default: []].indices {
            guard var event = state.events[driver]?[index], event.deliveredAt == nil,
                event.sentAt != nil, orders.contains(event.event.body.orderID), !fresh.contains(event.event.seq)
            else { continue }
            event.deliveredAt = scope.at
            state.events[driver]?[index] = event
        }
    }

    private static func write<Result: Sendable>(
        _ changes: OrderChanges<Result>, to state: inout State, at now: Timestamp
    ) throws -> [DriverEvent] {
        for change in changes.orders where state.orders[change.before.id]?.version != change.before.version {
            throw StoreError(.constraint, detail: "an order changed under the transaction")
        }
        for entry in changes.earnings where state.earnings[entry.orderID] != nil {
            throw StoreError(.constraint, detail: "an order is paid once")
        }
        for batch in changes.batches {
            state.batches[batch.id] = batch
            state.batchTimes[batch.id] = now
        }
        for change in changes.orders {
            var after = change.after
            after.version = change.before.version + 1
            state.orders[after.id] = after
            if let holder = after.holder { state.holders.insert(Exclusion(orderID: after.id, driverID: holder)) }
            if after.state == .delivered, let driver = after.assignment?.driverID {
                state.drivers[driver]?.completedOrders += 1
            }
        }
        for id in changes.otpFailures { state.orders[id]?.otpFailures += 1 }
        state.exclusions.formUnion(changes.exclusions)
        for draft in changes.earnings {
            let content = state.orders[draft.orderID]?.content
            state.earnings[draft.orderID] = EarningsEntry(
                orderID: draft.orderID, driverID: draft.driverID, quote: draft.quote, distance: draft.distance,
                earnedAt: draft.earnedAt, isPaid: false, customerName: content?.customer.name ?? "",
                deliveryAddress: content?.dropoff.address ?? "")
        }
        return changes.events.map { draft in
            let seq = Int64(state.events[draft.driverID, default: []].count + 1)
            let event = DriverEvent(driverID: draft.driverID, seq: seq, body: draft.body, createdAt: now)
            state.events[draft.driverID, default: []].append(EventState(event: event, sentAt: nil, deliveredAt: nil))
            return event
        }
    }

    package func reserveBatchIDs(_ count: Int) async throws -> [BatchID] {
        try with { state in
            (0..<count).map { _ in
                state.nextBatch += 1
                return BatchID(state.nextBatch)
            }
        }
    }

    package func batch(_ id: BatchID) async throws -> Batch? {
        try with { state in Self.batch(id, in: state) }
    }

    package func batches(limit: Int, before: BatchID?) async throws -> [Batch] {
        try with { state in
            state.batches.keys.filter { id in before.map { id < $0 } ?? true }.sorted(by: >).prefix(limit)
                .compactMap { Self.batch($0, in: state) }
        }
    }

    private static func batch(_ id: BatchID, in state: State) -> Batch? {
        guard let draft = state.batches[id], let createdAt = state.batchTimes[id] else { return nil }
        return Batch(
            id: id, driverID: draft.driverID, source: draft.source, poolID: draft.poolID, createdAt: createdAt,
            distance: draft.distance, orders: draft.orderIDs.compactMap { state.orders[$0] })
    }

    package func wasHeld(_ order: OrderID, by driver: DriverID) async throws -> Bool {
        try with { $0.holders.contains(Exclusion(orderID: order, driverID: driver)) }
    }

    package func exclusions() async throws -> [Exclusion] {
        try with { state in
            state.exclusions.filter { state.orders[$0.orderID]?.state.isEnded == false }
                .sorted { ($0.orderID, $0.driverID) < ($1.orderID, $1.driverID) }
        }
    }
}

extension OpenOrder {
    /// The part of an order that dispatch reads.
    init(of order: Order) {
        self.init(
            id: order.id, version: order.version, state: order.state, createdAt: order.createdAt,
            pooledAt: order.pooledAt)
        restaurantID = order.content.restaurantID
        zoneID = order.zoneID
        externalPoolID = order.content.externalPoolID
        pickup = order.content.pickup.point
        dropoff = order.content.dropoff.point
        readyAt = order.content.readyAt
        promisedAt = order.content.promisedAt
        bagUnits = order.content.bagUnits
        vehicles = order.content.vehicles
        delayWeight = order.content.delayWeight
        driverID = order.assignment?.driverID
        batchID = order.assignment?.batchID
        sequence = order.assignment?.sequence
        pinned = order.assignment?.pinnedBy != nil
        assignedAt = order.assignment?.assignedAt
        pickedUpAt = order.pickedUpAt
        isGivenBack = order.isGivenBack
    }
}
