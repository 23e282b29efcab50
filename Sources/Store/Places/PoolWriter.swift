import DispatchCore
import Fulfilment
import Geo
import Postgres

/// Writes one import in chunks, inside one transaction.
struct PoolWriter {
    let work: PoolImport

    private static let chunk = 1000

    /// Finds or makes pools by their external ids. A pool that is closed stays closed, what is known of it stays known.
    ///
    /// - Returns: Their numbers, in the order of the drafts.
    static func ensure(
        _ drafts: [PoolDraft], at now: Timestamp, on connection: PostgresConnection
    ) async throws -> [PoolID] {
        var ids: [PoolID] = []
        // By external id, so that two imports at once take the rows in one order.
        let order = drafts.indices.sorted { (drafts[$0].externalID ?? "", $0) < (drafts[$1].externalID ?? "", $1) }
        var found: [Int: PoolID] = [:]
        for index in order {
            let draft = drafts[index]
            let row = try await connection.query(
                """
                INSERT INTO pools (id, external_id, name, created_at, closed_at, expected_orders) \
                VALUES (new_pool_id(), $1, $2, $3, $4, $5) ON CONFLICT (external_id) DO UPDATE SET \
                name = COALESCE(EXCLUDED.name, pools.name), closed_at = COALESCE(pools.closed_at, EXCLUDED.closed_at), \
                expected_orders = COALESCE(EXCLUDED.expected_orders, pools.expected_orders) RETURNING id
                """,
                [
                    .text(draft.externalID), .text(draft.name), .timestamp(now), .timestamp(draft.closedAt),
                    .integer(draft.expectedOrders),
                ]
            ).only()
            found[index] = PoolID(try row.get(0))
        }
        for index in drafts.indices { if let id = found[index] { ids.append(id) } }
        return ids
    }

    func perform(on connection: PostgresConnection) async throws -> [ImportOutcome] {
        let ids = try await Self.ensure(work.pools, at: work.at, on: connection)
        var pools: [String: PoolID] = [:]
        for (draft, id) in zip(work.pools, ids) { if let external = draft.externalID { pools[external] = id } }
        var outcomes: [ImportOutcome] = []
        outcomes.reserveCapacity(work.rows.count)
        var start = 0
        while start < work.rows.count {
            let end = min(start + Self.chunk, work.rows.count)
            outcomes += try await write(Array(work.rows[start..<end]), pools, on: connection)
            start = end
        }
        try await connection.query(
            """
            UPDATE pools SET synced_at = $2 WHERE id = ANY ($1) AND closed_at IS NOT NULL
            """, [.ids(ids), .timestamp(work.at)])
        return outcomes
    }

    /// One chunk: new orders, then places for those that lack them, then the rows that have to wait.
    private func write(
        _ rows: [PoolImport.Row], _ pools: [String: PoolID], on connection: PostgresConnection
    ) async throws -> [ImportOutcome] {
        let names = rows.map(\.externalOrderID)
        let orders = rows.compactMap { row -> NewOrder? in
            guard case .order(let content, let zone) = row.content else { return nil }
            return NewOrder(name: row.externalOrderID, pool: pools[row.externalPoolID], content: content, zone: zone)
        }
        let inserted = try await numbers(
            of: connection.query([insertion(of: orders)])[0])
        let repaired = try await numbers(of: connection.query([repair(with: orders)])[0])
        let known = try await numbers(
            of: connection.query("SELECT external_id, id FROM orders WHERE external_id = ANY ($1)", [.textArray(names)])
        )
        let kept = rows.filter { known[$0.externalOrderID] == nil }
        try await connection.query(
            "DELETE FROM pool_rows WHERE external_order_id = ANY ($1)", [.textArray(Array(known.keys))])
        if !kept.isEmpty { try await connection.query([keeping(kept, pools)]) }
        return names.map { name in
            if let id = inserted[name] { return .inserted(id) }
            if let id = repaired[name] { return .repaired(id) }
            return known[name].map { .skipped($0) } ?? .kept
        }
    }

    private func numbers(of rows: Rows) throws -> [String: OrderID] {
        var numbers: [String: OrderID] = [:]
        for row in rows { numbers[try row.get(0, as: String.self)] = OrderID(try row.get(1)) }
        return numbers
    }

    private struct NewOrder {
        let name: String
        /// Nil where the row names none.
        let pool: PoolID?
        let content: OrderContent
        let zone: ZoneID?
    }

    private func insertion(of orders: [NewOrder]) throws -> Statement {
        let contents = orders.map(\.content)
        return Statement(
            """
            WITH made AS (INSERT INTO orders (external_id, external_pool_id, zone_id, restaurant_id, \
            customer_name, customer_phone, customer_email, pickup_name, pickup_address, pickup_phone, \
            pickup_latitude, pickup_longitude, dropoff_address, dropoff_latitude, dropoff_longitude, items, \
            total_paise, instructions, bag_units, ready_at, promised_at, otp, created_at, pooled_at) \
            SELECT u.*, $23, $23 FROM UNNEST($1::text[], $2::int8[], $3::int8[], $4::int8[], $5::text[], \
            $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::float8[], $12::float8[], \
            $13::text[], $14::float8[], $15::float8[], $16::jsonb[], $17::int8[], $18::text[], $19::int4[], \
            $20::timestamptz[], $21::timestamptz[], $22::text[]) u \
            ON CONFLICT (external_id) DO NOTHING RETURNING id, external_id), \
            noted AS (INSERT INTO order_audit (order_id, version, to_state, asked_by, at) \
            SELECT id, 1, 'PENDING', $24, $23 FROM made) \
            SELECT external_id, id FROM made
            """,
            [
                .textArray(orders.map(\.name)), .int8Array(orders.map { $0.pool?.rawValue }),
                .int8Array(orders.map { $0.zone?.rawValue }),
                .int8Array(contents.map { $0.restaurantID?.rawValue }), .textArray(contents.map(\.customer.name)),
                .textArray(contents.map(\.customer.phone)), .textArray(contents.map(\.customer.email)),
                .textArray(contents.map(\.pickup.name)), .textArray(contents.map(\.pickup.address)),
                .textArray(contents.map(\.pickup.phone)), .float8Array(contents.map { $0.pickup.point?.latitude }),
                .float8Array(contents.map { $0.pickup.point?.longitude }),
                .textArray(contents.map(\.dropoff.address)),
                .float8Array(contents.map { $0.dropoff.point?.latitude }),
                .float8Array(contents.map { $0.dropoff.point?.longitude }),
                .textArray(try contents.map { try JSONText.encode($0.items) }),
                .int8Array(contents.map(\.total.rawValue)), .textArray(contents.map(\.instructions)),
                .integers(contents.map(\.bagUnits)), .timestamps(contents.map(\.readyAt)),
                .timestamps(contents.map(\.promisedAt)), .textArray(contents.map(\.otp)), .timestamp(work.at),
                .text(work.by),
            ])
    }

    /// Places for orders that wait without them. What an order has is never changed.
    private func repair(with orders: [NewOrder]) -> Statement {
        Statement(
            """
            WITH mended AS (UPDATE orders o SET version = o.version + 1, \
            restaurant_id = COALESCE(o.restaurant_id, u.restaurant), zone_id = COALESCE(o.zone_id, u.zone), \
            pickup_latitude = COALESCE(o.pickup_latitude, u.north), \
            pickup_longitude = COALESCE(o.pickup_longitude, u.east), \
            dropoff_latitude = COALESCE(o.dropoff_latitude, u.far_north), \
            dropoff_longitude = COALESCE(o.dropoff_longitude, u.far_east), \
            dropoff_address = CASE WHEN o.dropoff_address = '' THEN u.address ELSE o.dropoff_address END \
            FROM UNNEST($1::text[], $2::int8[], $3::int8[], $4::float8[], $5::float8[], $6::float8[], \
            $7::float8[], $8::text[]) AS u(name, restaurant, zone, north, east, far_north, far_east, address) \
            WHERE o.external_id = u.name AND o.state = 'PENDING' AND ( \
            (o.pickup_latitude IS NULL AND u.north IS NOT NULL) OR \
            (o.dropoff_latitude IS NULL AND u.far_north IS NOT NULL)) \
            RETURNING o.id, o.external_id, o.version), \
            noted AS (INSERT INTO order_audit (order_id, version, from_state, to_state, asked_by, reason, at) \
            SELECT id, version, 'PENDING', 'PENDING', $9, 'places repaired', $10 FROM mended) \
            SELECT external_id, id FROM mended
            """,
            [
                .textArray(orders.map(\.name)), .int8Array(orders.map { $0.content.restaurantID?.rawValue }),
                .int8Array(orders.map { $0.zone?.rawValue }),
                .float8Array(orders.map { $0.content.pickup.point?.latitude }),
                .float8Array(orders.map { $0.content.pickup.point?.longitude }),
                .float8Array(orders.map { $0.content.dropoff.point?.latitude }),
                .float8Array(orders.map { $0.content.dropoff.point?.longitude }),
                .textArray(orders.map(\.content.dropoff.address)), .text(work.by), .timestamp(work.at),
            ])
    }

    private func keeping(_ rows: [PoolImport.Row], _ pools: [String: PoolID]) -> Statement {
        let faults = rows.map { row -> (ImportProblem, String) in
            if case .kept(let problem, let detail) = row.content { return (problem, detail) }
            return (.invalidRow, "the order could not be stored")
        }
        return Statement(
            """
            INSERT INTO pool_rows (pool_id, external_order_id, problem, detail, body, received_at) \
            SELECT u.*, $6 FROM UNNEST($1::int8[], $2::text[], $3::text[], $4::text[], $5::text[]) u \
            ON CONFLICT (external_order_id) DO UPDATE SET problem = EXCLUDED.problem, detail = EXCLUDED.detail, \
            body = EXCLUDED.body
            """,
            [
                .int8Array(rows.map { pools[$0.externalPoolID]?.rawValue }),
                .textArray(rows.map(\.externalOrderID)),
                .textArray(faults.map(\.0.rawValue)), .textArray(faults.map(\.1)), .textArray(rows.map(\.body)),
                .timestamp(work.at),
            ])
    }
}
