package import DispatchCore
package import Fulfilment
import Postgres

extension Store: DispatchLedger {
    /// The database's clock decides about expiry, so that servers need not agree on the time. A holder whose lease
    /// has ended gets a new epoch like anybody else: in between somebody might have decided something.
    package func claimLease(holder: String, lasting milliseconds: Int64) async throws -> Fence? {
        let rows = try await query(
            """
            INSERT INTO dispatch_lease AS l (holder, epoch, expires_at) \
            VALUES ($1, 1, clock_timestamp() + $2 * interval '1 millisecond') ON CONFLICT (id) DO UPDATE \
            SET holder = EXCLUDED.holder, expires_at = EXCLUDED.expires_at, epoch = l.epoch \
            + CASE WHEN l.holder = EXCLUDED.holder AND l.expires_at >= clock_timestamp() THEN 0 ELSE 1 END \
            WHERE l.holder = EXCLUDED.holder OR l.expires_at < clock_timestamp() RETURNING epoch
            """, [.text(holder), .int8(milliseconds)])
        return try rows.first.map { Fence(epoch: try $0.get(0)) }
    }

    /// Ends the lease and keeps its row, so that the epoch goes on from it.
    package func releaseLease(holder: String) async throws {
        _ = try await query(
            "UPDATE dispatch_lease SET expires_at = clock_timestamp() - interval '1 second' WHERE holder = $1",
            [.text(holder)])
    }

    /// One round trip. The commit does not wait for the disk: losing a record loses an explanation, not an order.
    ///
    /// The number that is kept is the proposed one or the next free one, whichever is higher: two rounds may fall into
    /// one millisecond, and the clock may have been set back, and still the newest record has the highest number.
    package func record(_ tick: TickRecord) async throws {
        let bodies = try tick.decisions.map { try JSONText.encode($0) }
        _ = try await speaking {
            try await pool.query([
                Statement("SELECT set_config('synchronous_commit', 'off', true)"),
                Statement(
                    """
                    WITH tick AS (INSERT INTO dispatch_ticks (id, started_at, policy_version, solve_us, inputs, plan) \
                    SELECT GREATEST($1::int8, (SELECT max(id) + 1 FROM dispatch_ticks)), $2, $3, $4, $5, $6 \
                    RETURNING id) \
                    INSERT INTO dispatch_decisions (tick_id, order_id, body) SELECT tick.id, u.order_id, u.body::jsonb \
                    FROM tick, UNNEST($7::int8[], $8::text[]) AS u(order_id, body)
                    """,
                    [
                        .int8(tick.id), .timestamp(tick.startedAt), .int8(tick.policyVersion),
                        .int8(tick.solveMicroseconds), .bytea(tick.inputs), .bytea(tick.plan),
                        .int8Array(tick.decisions.map(\.order)), .textArray(bodies),
                    ]),
            ])
        }
    }

    /// Two round trips: the decision, then its tick.
    package func newestDecision(about order: OrderID) async throws -> (tick: TickRecord, decision: OrderDecision)? {
        let rows = try await query(
            "SELECT tick_id, body FROM dispatch_decisions WHERE order_id = $1 ORDER BY tick_id DESC LIMIT 1",
            [.id(order)])
        guard let row = rows.first, let tick = try await tick(try row.get(0)) else { return nil }
        return (tick, try JSONText.decode(try row.get(1)))
    }

    /// One round trip.
    package func amend(_ decision: OrderDecision, of tick: Int64) async throws {
        _ = try await query(
            "UPDATE dispatch_decisions SET body = $3::text::jsonb WHERE tick_id = $1 AND order_id = $2",
            [.int8(tick), .int8(decision.order), .text(try JSONText.encode(decision))])
    }

    /// One round trip.
    package func tick(_ id: Int64) async throws -> TickRecord? {
        let answers = try await speaking {
            try await pool.query([
                Statement(
                    "SELECT id, started_at, policy_version, solve_us, inputs, plan FROM dispatch_ticks WHERE id = $1",
                    [.int8(id)]),
                Statement("SELECT body FROM dispatch_decisions WHERE tick_id = $1 ORDER BY order_id", [.int8(id)]),
            ])
        }
        guard let row = answers[0].first else { return nil }
        var cells = row.cells
        return TickRecord(
            id: try cells.next(), startedAt: try cells.time(), policyVersion: try cells.next(),
            solveMicroseconds: try cells.next(), inputs: try cells.next(), plan: try cells.next(),
            decisions: try answers[1].map { try JSONText.decode(try $0.get(0)) })
    }
}
