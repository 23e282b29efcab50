package import DispatchCore
package import Fulfilment
import Postgres

extension Store: WebhookStore {
    private static let targetColumns = "id, url, secret, kinds, is_active, created_at"
    private static let deliveryColumns = """
        id, target_id, kind, order_id, body, created_at, attempts, due_at, delivered_at, last_status, last_error
        """

    private static func target(_ row: Row) throws -> WebhookTarget {
        var cells = row.cells
        return WebhookTarget(
            id: try cells.id(),
            draft: WebhookDraft(
                url: try cells.next(), secret: try cells.next(),
                events: try cells.next([String].self).compactMap(WebhookEvent.init(rawValue:))),
            isActive: try cells.next(), createdAt: try cells.time())
    }

    private static func delivery(_ row: Row) throws -> WebhookDelivery {
        var cells = row.cells
        var delivery = WebhookDelivery(
            id: try cells.id(), targetID: try cells.id(), event: try cells.word(), orderID: try cells.id(),
            body: try cells.next(), createdAt: try cells.time(), attempts: try cells.next())
        delivery.dueAt = try cells.optionalTime()
        delivery.deliveredAt = try cells.optionalTime()
        delivery.lastStatus = try cells.next()
        delivery.lastError = try cells.next()
        return delivery
    }

    /// All, by number.
    package func webhookTargets() async throws -> [WebhookTarget] {
        try await query("SELECT \(Self.targetColumns) FROM webhook_targets ORDER BY id").map(Self.target)
    }

    /// One transaction.
    package func createWebhookTarget(
        _ draft: WebhookDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> WebhookTarget {
        let made = try await once(idempotency, at: now) { connection in
            let rows = try await connection.query(
                "INSERT INTO webhook_targets (url, secret, kinds, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
                [.text(draft.url), .text(draft.secret), .textArray(draft.events.map(\.rawValue)), .timestamp(now)])
            return [try rows.only().get(0)]
        }
        let rows = try await query(
            "SELECT \(Self.targetColumns) FROM webhook_targets WHERE id = ANY ($1)", [.int8Array(made)])
        return try Self.target(try rows.only())
    }

    /// One statement.
    package func updateWebhookTarget(_ id: WebhookID, _ patch: WebhookPatch) async throws -> WebhookTarget? {
        try await query(
            """
            UPDATE webhook_targets SET is_active = CASE $2 WHEN 'yes' THEN true WHEN 'no' THEN false \
            ELSE is_active END, url = COALESCE($3, url), secret = COALESCE($4, secret), \
            kinds = CASE WHEN cardinality($5::text[]) > 0 THEN $5 ELSE kinds END \
            WHERE id = $1 RETURNING \(Self.targetColumns)
            """,
            [
                .id(id), .text(patch.isActive.map { $0 ? "yes" : "no" }), .text(patch.url), .text(patch.secret),
                .textArray((patch.events ?? []).map(\.rawValue)),
            ]
        ).first.map(Self.target)
    }

    /// One statement; rows that another sender is taking are passed over.
    package func takeDueDeliveries(
        of target: WebhookID, at now: Timestamp, until lease: Timestamp, limit: Int
    ) async throws -> [WebhookDelivery] {
        try await query(
            """
            UPDATE webhook_deliveries SET due_at = $3 WHERE id IN (SELECT id FROM webhook_deliveries \
            WHERE target_id = $1 AND due_at <= $2 ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED) \
            RETURNING \(Self.deliveryColumns)
            """, [.id(target), .timestamp(now), .timestamp(lease), .integer(limit)]
        ).map(Self.delivery).sorted { $0.id < $1.id }
    }

    /// One statement; what somebody else has touched since is left alone.
    package func giveBack(
        _ deliveries: [WebhookDeliveryID], takenUntil lease: Timestamp, at now: Timestamp
    ) async throws {
        if deliveries.isEmpty { return }
        _ = try await query(
            """
            UPDATE webhook_deliveries SET due_at = CASE WHEN attempts = 0 THEN LEAST(created_at, $3) ELSE $3 END \
            WHERE id = ANY($1) AND due_at = $2
            """, [.ids(deliveries), .timestamp(lease), .timestamp(now)])
    }

    /// One statement.
    package func note(_ attempt: WebhookAttempt, of delivery: WebhookDeliveryID) async throws {
        _ = try await query(
            """
            UPDATE webhook_deliveries SET attempts = attempts + 1, due_at = $2, \
            delivered_at = CASE WHEN $3 THEN $4 ELSE delivered_at END, last_status = $5, last_error = $6 WHERE id = $1
            """,
            [
                .id(delivery), .timestamp(attempt.nextAt), .bool(attempt.isSuccess), .timestamp(attempt.at),
                .integer(attempt.status), .text(attempt.error),
            ])
    }

    /// One statement.
    package func deliveries(matching query: WebhookQuery) async throws -> [WebhookDelivery] {
        try await self.query(
            """
            SELECT \(Self.deliveryColumns) FROM webhook_deliveries WHERE ($1::int8 IS NULL OR target_id = $1) \
            AND ($2::int8 IS NULL OR order_id = $2) AND ($3::text IS NULL OR $3 = \
            CASE WHEN due_at IS NOT NULL THEN 'waiting' WHEN delivered_at IS NOT NULL THEN 'delivered' ELSE 'failed' END) \
            ORDER BY id DESC LIMIT $4
            """,
            [.id(query.target), .id(query.order), .text(query.state?.rawValue), .integer(query.limit)]
        ).map(Self.delivery)
    }

    /// One primary-key look-up.
    package func delivery(_ id: WebhookDeliveryID) async throws -> WebhookDelivery? {
        try await query("SELECT \(Self.deliveryColumns) FROM webhook_deliveries WHERE id = $1", [.id(id)])
            .first.map(Self.delivery)
    }

    /// One statement.
    package func replay(_ id: WebhookDeliveryID, at now: Timestamp) async throws -> WebhookDelivery? {
        try await query(
            """
            UPDATE webhook_deliveries SET due_at = $2, attempts = 0, delivered_at = NULL WHERE id = $1 \
            RETURNING \(Self.deliveryColumns)
            """, [.id(id), .timestamp(now)]
        ).first.map(Self.delivery)
    }
}
