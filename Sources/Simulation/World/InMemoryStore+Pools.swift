package import DispatchCore
package import Fulfilment

extension InMemoryStore: PoolStore {
    package func pools() async throws -> [Pool] {
        try with { state in state.poolIDs.sorted(by: >).compactMap { state.counted($0) } }
    }

    package func pool(_ id: PoolID) async throws -> Pool? {
        try with { $0.counted(id) }
    }

    package func createPool(
        _ draft: PoolDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> Pool {
        try with { state in
            let repeated = try state.repeats(of: idempotency)?.first
            let id = repeated.map { PoolID($0.rawValue) } ?? state.pool(for: draft, at: now)
            if let key = idempotency { state.keys[key] = (key.requestHash, [OrderID(id.rawValue)]) }
            return state.counted(id) ?? Pool(id: id, draft: draft, createdAt: now)
        }
    }

    package func closePool(_ id: PoolID, at now: Timestamp) async throws -> Pool? {
        try with { state in
            guard let pool = state.counted(id) else { return nil }
            state.pools[id, default: pool].draft.closedAt = pool.draft.closedAt ?? now
            return state.counted(id)
        }
    }

    package func importOrders(_ work: PoolImport) async throws -> [ImportOutcome] {
        try with { state in
            for draft in work.pools { _ = state.pool(for: draft, at: work.at) }
            return work.rows.map { state.take($0, at: work.at) }
        }
    }

    package func keptRows(of pool: PoolID?) async throws -> [KeptRow] {
        try with { state in
            state.keptRows.values.filter { $0.pool == pool }.map(\.row).sorted {
                ($0.receivedAt, $0.externalOrderID) < ($1.receivedAt, $1.externalOrderID)
            }
        }
    }

    package func groups(of pool: PoolID) async throws -> [PoolGroup] {
        try with { $0.poolGroups[pool] ?? [] }
    }

    package func replaceGroups(of pool: PoolID, with groups: [PoolGroup], at now: Timestamp) async throws {
        try with { state in
            let kept = (state.poolGroups[pool] ?? []).filter { state.batches[$0.id] != nil }
            state.poolGroups[pool] = kept + groups
        }
    }

    package func keepChoices(
        _ choices: [GroupChoice], at now: Timestamp, idempotency: IdempotencyKey
    ) async throws -> [GroupChoice] {
        try with { state in
            if let kept = try state.repeats(of: idempotency) { return GroupChoice.choices(kept.map(\.rawValue)) }
            state.keep(idempotency, GroupChoice.numbers(choices))
            return choices
        }
    }
}

extension InMemoryStore.State {
    fileprivate var poolIDs: Set<PoolID> {
        Set(pools.keys).union(orders.values.compactMap(\.content.externalPoolID))
    }

    /// Orders that were placed one by one make their pool.
    fileprivate func counted(_ id: PoolID) -> Pool? {
        let members = orders.values.filter { $0.content.externalPoolID == id }
        let first = members.map(\.createdAt).min()
        let known = pools[id]
        guard let createdAt = known?.createdAt ?? first else { return nil }
        var pool = known ?? Pool(id: id, draft: PoolDraft(externalID: nil, closedAt: createdAt), createdAt: createdAt)
        pool.syncedAt = pool.syncedAt ?? first
        pool.totalOrders = members.count
        pool.pendingOrders = members.count { $0.state == .pending }
        pool.assignedOrders = members.count { $0.state.isHeld }
        pool.ordersOnBoard = members.count { $0.state.isOnBoard }
        pool.deliveredOrders = members.count { $0.state == .delivered }
        pool.cancelledOrders = members.count { $0.state == .cancelled }
        pool.keptRows = keptRows.values.count { $0.pool == id }
        pool.ordersWithoutPlace = members.count {
            $0.state == .pending && ($0.content.pickup.point == nil || $0.content.dropoff.point == nil)
        }
        pool.value = members.filter { $0.state != .cancelled }.reduce(.zero) { $0 + $1.content.total }
        pool.restaurantCount = Set(members.map { $0.content.pickup.name ?? "" }).count
        return pool
    }

    fileprivate mutating func pool(for draft: PoolDraft, at now: Timestamp) -> PoolID {
        let known = pools.values.first { $0.draft.externalID != nil && $0.draft.externalID == draft.externalID }
        if let known {
            pools[known.id]?.draft.closedAt = known.draft.closedAt ?? draft.closedAt
            return known.id
        }
        let id = PoolID(newID())
        pools[id] = Pool(id: id, draft: draft, createdAt: now)
        return id
    }

    fileprivate mutating func take(_ row: PoolImport.Row, at now: Timestamp) -> ImportOutcome {
        let pool =
            row.externalPoolID.isEmpty
            ? nil : pool(for: PoolDraft(externalID: row.externalPoolID, closedAt: now), at: now)
        let known = orders.values.first { $0.content.externalID == row.externalOrderID }
        switch row.content {
        case .kept(let problem, let detail):
            if let known { return .skipped(known.id) }
            keptRows[row.externalOrderID] = (
                pool,
                KeptRow(
                    externalOrderID: row.externalOrderID, problem: problem, detail: detail, body: row.body,
                    receivedAt: now)
            )
            return .kept
        case .order(var content, let zone):
            if let known { return repair(known, with: content) }
            content.externalID = row.externalOrderID
            content.externalPoolID = pool
            var order = Order(
                id: OrderID(newID()), version: 1, state: .pending, content: content, createdAt: now)
            order.zoneID = zone
            orders[order.id] = order
            keptRows[row.externalOrderID] = nil
            return .inserted(order.id)
        }
    }

    private mutating func repair(_ known: Order, with content: OrderContent) -> ImportOutcome {
        var after = known
        guard known.state == .pending else { return .skipped(known.id) }
        after.content.pickup.point = known.content.pickup.point ?? content.pickup.point
        after.content.dropoff.point = known.content.dropoff.point ?? content.dropoff.point
        guard after != known else { return .skipped(known.id) }
        after.version += 1
        orders[known.id] = after
        return .repaired(known.id)
    }
}
