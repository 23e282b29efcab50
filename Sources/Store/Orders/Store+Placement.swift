import DispatchCore
package import Fulfilment
import Geo
import Postgres

extension Store {
    /// One transaction of a few round trips. Of placements with the same external id or key at once, one creates.
    package func insert(_ placement: Placement) async throws -> (order: Order, created: Bool) {
        let items = try JSONText.encode(placement.content.items)
        return try await speaking {
            try await pool.decidedTransaction { connection, name in
                if let key = placement.idempotency {
                    let repeated = try await IdempotencyRow.claim(key, orders: [], at: placement.at, on: connection)
                    if let first = repeated?.first {
                        return (try await Self.order(first, on: connection), false)
                    }
                }
                let answers = try await connection.query([
                    TransactionName.statement, Statement(Self.insertion, Self.parameters(placement, items: items)),
                ])
                try name.learn(answers[0])
                guard let row = answers[1].first else {
                    let found = try await connection.query(
                        "SELECT id FROM orders WHERE external_id = $1", [.text(placement.content.externalID)])
                    let id = OrderID(try found.only().get(0))
                    try await IdempotencyRow.complete(placement.idempotency, orders: [id], on: connection)
                    return (try await Self.order(id, on: connection), false)
                }
                let id = OrderID(try row.get(0))
                name.leavesAudit(of: id, version: 1, by: placement.by)
                try await connection.query(
                    """
                    INSERT INTO order_audit (order_id, version, to_state, asked_by, at) \
                    VALUES ($1, 1, 'PENDING', $2, $3)
                    """,
                    [.id(id), .text(placement.by), .timestamp(placement.at)])
                try await IdempotencyRow.complete(placement.idempotency, orders: [id], on: connection)
                return (try await Self.order(id, on: connection), true)
            }
        }
    }

    private static func order(_ id: OrderID, on connection: PostgresConnection) async throws -> Order {
        let rows = try await connection.query("\(OrderRow.selection) WHERE o.id = $1", [.id(id)])
        return try OrderRow.order(try rows.only())
    }

    private static let insertion = """
        INSERT INTO orders (external_id, external_pool_id, zone_id, restaurant_id, customer_name, customer_phone, \
        customer_email, pickup_name, pickup_address, pickup_phone, pickup_latitude, pickup_longitude, dropoff_name, \
        dropoff_address, dropoff_phone, dropoff_latitude, dropoff_longitude, items, total_paise, instructions, \
        bag_units, \
        ready_at, promised_at, otp, stated_earnings_paise, stated_distance_m, created_at, pooled_at, vehicle_types, \
        delay_weight) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
        $22, $23, \
        $24, $25, $26, $27, $27, $28, $29) ON CONFLICT (external_id) DO NOTHING RETURNING id
        """

    private static func parameters(_ placement: Placement, items: String) -> [Parameter] {
        let content = placement.content
        return [
            .text(content.externalID), .id(content.externalPoolID), .id(placement.zoneID), .id(content.restaurantID),
            .text(content.customer.name), .text(content.customer.phone), .text(content.customer.email),
        ] + parameters(content.pickup) + parameters(content.dropoff) + [
            .jsonb(items), .paise(content.total), .text(content.instructions), .integer(content.bagUnits),
            .timestamp(content.readyAt), .timestamp(content.promisedAt), .text(content.otp),
            .paise(content.statedEarnings), .integer(content.statedDistance), .timestamp(placement.at),
            .textArray(content.vehicles.map(\.rawValue)), .integer(content.delayWeight),
        ]
    }

    private static func parameters(_ place: Place) -> [Parameter] {
        [
            .text(place.name), .text(place.address), .text(place.phone), .float8(place.point?.latitude),
            .float8(place.point?.longitude),
        ]
    }
}

extension Store {
    /// Carries `work` out once per key, in one transaction with the key: a repetition gives the numbers of what the
    /// first made.
    func once(
        _ key: IdempotencyKey?, at now: Timestamp, _ work: @Sendable (PostgresConnection) async throws -> [Int64]
    ) async throws -> [Int64] {
        try await speaking {
            try await pool.transaction { connection in
                guard let key else { return try await work(connection) }
                if let first = try await IdempotencyRow.claim(key, orders: [], at: now, on: connection) {
                    return first.map(\.rawValue)
                }
                let made = try await work(connection)
                // Numbers of any kind: the request's digest says of which.
                try await IdempotencyRow.complete(key, orders: made.map { OrderID($0) }, on: connection)
                return made
            }
        }
    }
}

/// A client's promise that two requests are one, kept in the transaction that carries the first one out.
enum IdempotencyRow {
    /// Claims the key. A second transaction with the same key waits here for the first.
    ///
    /// - Returns: the orders of the first request when this is a repetition, `nil` when the key is new.
    static func claim(
        _ key: IdempotencyKey, orders: [OrderID], at now: Timestamp, on connection: PostgresConnection
    ) async throws -> [OrderID]? {
        let answers = try await connection.query(statements(key, orders: orders, at: now))
        return try repeats(key, inserted: answers[0], found: answers[1])
    }

    static func statements(_ key: IdempotencyKey, orders: [OrderID], at now: Timestamp) -> [Statement] {
        [
            Statement(
                """
                INSERT INTO idempotency_keys (principal, key, request_hash, order_ids, created_at) \
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1
                """,
                [.text(key.principal), .text(key.key), .text(key.requestHash), .ids(orders), .timestamp(now)]),
            Statement(
                "SELECT request_hash, order_ids, notes FROM idempotency_keys WHERE principal = $1 AND key = $2",
                [.text(key.principal), .text(key.key)]),
        ]
    }

    static func repeats(_ key: IdempotencyKey, inserted: Rows, found: Rows) throws -> [OrderID]? {
        let row = try found.only()
        guard try row.get(0, as: String.self) == key.requestHash else {
            throw StoreError(.keyReused, detail: "the idempotency key came with another request")
        }
        return inserted.isEmpty ? try row.get(1, as: [Int64].self).map { OrderID($0) } : nil
    }

    /// What was noted under a key that was there before.
    static func notes(inserted: Rows, found: Rows) throws -> [String] {
        inserted.isEmpty ? try found.only().get(2) : []
    }

    static func note(_ notes: [String], under key: IdempotencyKey) -> Statement {
        Statement(
            "UPDATE idempotency_keys SET notes = $3 WHERE principal = $1 AND key = $2",
            [.text(key.principal), .text(key.key), .textArray(notes)])
    }

    static func complete(_ key: IdempotencyKey?, orders: [OrderID], on connection: PostgresConnection) async throws {
        guard let key else { return }
        try await connection.query(
            "UPDATE idempotency_keys SET order_ids = $3 WHERE principal = $1 AND key = $2",
            [.text(key.principal), .text(key.key), .ids(orders)])
    }
}
