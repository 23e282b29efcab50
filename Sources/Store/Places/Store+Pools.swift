package import DispatchCore
package import Fulfilment
import Postgres

extension Store: PoolStore {
    private static let selection = """
        SELECT p.id, p.external_id, p.name, p.closed_at, p.expected_orders, p.created_at, p.synced_at, \
        count(o.id), count(*) FILTER (WHERE o.state = 'PENDING'), \
        count(*) FILTER (WHERE o.state IN ('ASSIGNED', 'ACCEPTED', 'PICKED_UP', 'IN_TRANSIT')), \
        count(*) FILTER (WHERE o.state IN ('PICKED_UP', 'IN_TRANSIT')), \
        count(*) FILTER (WHERE o.state = 'DELIVERED'), count(*) FILTER (WHERE o.state = 'CANCELLED'), \
        COALESCE(sum(o.total_paise) FILTER (WHERE o.state <> 'CANCELLED'), 0)::int8, \
        count(DISTINCT COALESCE(o.restaurant_id::text, o.pickup_name)), \
        (SELECT count(*) FROM pool_rows r WHERE r.pool_id = p.id), \
        count(*) FILTER (WHERE o.state = 'PENDING' AND (o.pickup_latitude IS NULL OR o.dropoff_latitude IS NULL)) \
        FROM pools p LEFT JOIN orders o ON o.external_pool_id = p.id
        """

    private static func pool(_ row: Row) throws -> Pool {
        var cells = row.cells
        let id: PoolID = try cells.id()
        let draft = PoolDraft(
            externalID: try cells.next(), name: try cells.next(), closedAt: try cells.optionalTime(),
            expectedOrders: try cells.next())
        var pool = Pool(id: id, draft: draft, createdAt: try cells.time())
        pool.syncedAt = try cells.optionalTime()
        pool.totalOrders = try cells.next()
        pool.pendingOrders = try cells.next()
        pool.assignedOrders = try cells.next()
        pool.ordersOnBoard = try cells.next()
        pool.deliveredOrders = try cells.next()
        pool.cancelledOrders = try cells.next()
        pool.value = try cells.paise()
        pool.restaurantCount = try cells.next()
        pool.keptRows = try cells.next()
        pool.ordersWithoutPlace = try cells.next()
        return pool
    }

    /// Counts in the database; O(orders of pools).
    package func pools() async throws -> [Pool] {
        try await query("\(Self.selection) GROUP BY p.id ORDER BY p.id DESC LIMIT 10000").map(Self.pool)
    }

    /// Counts in the database; O(orders of the pool).
    package func pool(_ id: PoolID) async throws -> Pool? {
        try await query("\(Self.selection) WHERE p.id = $1 GROUP BY p.id", [.id(id)]).first.map(Self.pool)
    }

    /// One transaction.
    package func createPool(
        _ draft: PoolDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> Pool {
        let ids = try await once(idempotency, at: now) { connection in
            try await PoolWriter.ensure([draft], at: now, on: connection).map(\.rawValue)
        }
        guard let id = ids.first, let made = try await pool(PoolID(id)) else {
            throw StoreError(.outcomeUnknown, detail: "a pool that was just made is not there")
        }
        return made
    }

    /// One statement.
    package func closePool(_ id: PoolID, at now: Timestamp) async throws -> Pool? {
        _ = try await query(
            "UPDATE pools SET closed_at = COALESCE(closed_at, $2) WHERE id = $1", [.id(id), .timestamp(now)])
        return try await pool(id)
    }

    /// One transaction; a few statements for each thousand rows.
    package func importOrders(_ work: PoolImport) async throws -> [ImportOutcome] {
        try await speaking {
            try await pool.transaction(deadline: .seconds(300)) { connection in
                try await PoolWriter(work: work).perform(on: connection)
            }
        }
    }

    /// By the time they came.
    package func keptRows(of pool: PoolID?) async throws -> [KeptRow] {
        let rows = try await query(
            """
            SELECT external_order_id, problem, detail, body, received_at FROM pool_rows \
            WHERE pool_id IS NOT DISTINCT FROM $1 ORDER BY id
            """, [.id(pool)])
        return try rows.map { row in
            var cells = row.cells
            return KeptRow(
                externalOrderID: try cells.next(), problem: try cells.word(), detail: try cells.next(),
                body: try cells.next(), receivedAt: try cells.time())
        }
    }

    /// By number.
    package func groups(of pool: PoolID) async throws -> [PoolGroup] {
        let rows = try await query(
            "SELECT id, stops, distance_m, duration_s FROM pool_groups WHERE pool_id = $1 ORDER BY id", [.id(pool)])
        return try rows.map { row in
            var cells = row.cells
            return PoolGroup(
                id: try cells.id(), stops: try cells.json(), distance: try cells.next(),
                durationSeconds: try cells.next())
        }
    }

    /// One round trip; the pool's row keeps two groupings at once apart.
    package func replaceGroups(of pool: PoolID, with groups: [PoolGroup], at now: Timestamp) async throws {
        let stops = try groups.map { try JSONText.encode($0.stops) }
        try await speaking {
            _ = try await self.pool.query([
                Statement("SELECT id FROM pools WHERE id = $1 FOR UPDATE", [.id(pool)]),
                Statement(
                    """
                    DELETE FROM pool_groups g WHERE g.pool_id = $1 \
                    AND NOT EXISTS (SELECT 1 FROM batches b WHERE b.id = g.id)
                    """, [.id(pool)]),
                Statement(
                    """
                    INSERT INTO pool_groups (id, pool_id, distance_m, duration_s, stops, made_at) \
                    SELECT u.id, $1, u.distance, u.duration, u.stops::jsonb, $2 \
                    FROM UNNEST($3::int8[], $4::int4[], $5::int4[], $6::text[]) AS u(id, distance, duration, stops)
                    """,
                    [
                        .id(pool), .timestamp(now), .ids(groups.map(\.id)), .integers(groups.map(\.distance)),
                        .integers(groups.map(\.durationSeconds)), .textArray(stops),
                    ]),
            ])
        }
    }

    /// One transaction with the key.
    package func keepChoices(
        _ choices: [GroupChoice], at now: Timestamp, idempotency: IdempotencyKey
    ) async throws -> [GroupChoice] {
        GroupChoice.choices(try await once(idempotency, at: now) { _ in GroupChoice.numbers(choices) })
    }
}
