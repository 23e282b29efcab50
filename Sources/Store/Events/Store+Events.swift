package import DispatchCore
package import Fulfilment
import Postgres

extension Store: EventLog {
    private static let columns = "e.driver_id, e.seq, e.body, e.created_at, e.sent_at, e.delivered_at"

    private static func state(_ row: Row) throws -> EventState {
        var cells = row.cells
        let driver: DriverID = try cells.id()
        let seq = try cells.next(Int64.self)
        let body: DriverEventBody = try cells.json()
        let event = DriverEvent(driverID: driver, seq: seq, body: body, createdAt: try cells.time())
        return EventState(event: event, sentAt: try cells.optionalTime(), deliveredAt: try cells.optionalTime())
    }

    /// Reads a partial index that holds undelivered events only, and the live holds of those that are offers.
    package func undelivered(for driver: DriverID) async throws -> [DriverEvent] {
        try await untold("driver_events e", where: "e.driver_id = $1", "ORDER BY e.seq", [.id(driver)])
    }

    /// Reads a partial index that holds undelivered events only, and the live holds of those that are offers.
    package func undelivered(beyond sent: [DriverID: Int64], limit: Int) async throws -> [DriverEvent] {
        let drivers = sent.keys.sorted()
        return try await untold(
            "UNNEST($1::int8[], $2::int8[]) AS u(driver_id, seq) JOIN driver_events e USING (driver_id)",
            where: "e.seq > u.seq", "ORDER BY e.driver_id, e.seq LIMIT $3",
            [.ids(drivers), .int8Array(drivers.map { sent[$0] }), .integer(limit)])
    }

    /// Undelivered events without offers of orders that their drivers do not hold any more. What an offer tells of its
    /// batch is what the driver still holds of it.
    private func untold(
        _ tables: String, where condition: String, _ rest: String, _ parameters: [Parameter]
    ) async throws -> [DriverEvent] {
        try await query(
            """
            SELECT \(Self.columns), m.order_ids, m.restaurants, m.earnings FROM \(tables) \
            LEFT JOIN holds live ON e.kind = 'orderAssigned' AND live.order_id = e.order_id \
            AND live.driver_id = e.driver_id AND upper_inf(live.held) \
            LEFT JOIN LATERAL (SELECT array_agg(h.order_id ORDER BY h.sequence) AS order_ids, \
            array_agg(COALESCE(o.pickup_name, '') ORDER BY h.sequence) AS restaurants, \
            sum(h.base_paise + h.distance_paise + h.peak_hour_paise + h.multi_order_paise \
            + h.adjustment_paise)::int8 AS earnings FROM holds h JOIN orders o ON o.id = h.order_id \
            WHERE h.batch_id = live.batch_id AND upper_inf(h.held)) m ON live.id IS NOT NULL \
            WHERE e.delivered_at IS NULL AND (e.kind <> 'orderAssigned' OR live.id IS NOT NULL) AND \(condition) \
            \(rest)
            """, parameters
        ).map { row in
            let event = try Self.state(row).event
            guard let held = try row.get(6, as: [Int64]?.self) else { return event }
            return event.telling(
                BatchRest(
                    orderIDs: held, restaurants: try row.get(7), earnings: Paise(try row.get(8))))
        }
    }

    /// Reads the counter in the driver's row.
    package func lastSequence(of driver: DriverID) async throws -> Int64 {
        try await query("SELECT event_seq FROM drivers WHERE id = $1", [.id(driver)]).first.map { try $0.get(0) } ?? 0
    }

    /// The first mark of an event stays.
    package func markSent(_ marks: [EventMark]) async throws {
        try await mark(marks, column: "sent_at")
    }

    /// The first mark of an event stays.
    package func markDelivered(_ marks: [EventMark]) async throws {
        try await mark(marks, column: "delivered_at")
    }

    /// Everything up to the mark. Losing the latest marks in a crash only means that something is sent twice, so the
    /// commit does not wait for the disk. Rows are locked in their order, because two sessions may mark at once.
    private func mark(_ marks: [EventMark], column: String) async throws {
        if marks.isEmpty { return }
        var newest: [DriverID: EventMark] = [:]
        for mark in marks where (newest[mark.driverID]?.seq ?? -1) < mark.seq { newest[mark.driverID] = mark }
        let chosen = newest.values.sorted { $0.driverID < $1.driverID }
        _ = try await speaking {
            try await pool.query([
                Statement("SELECT set_config('synchronous_commit', 'off', true)"),
                Statement(
                    """
                    WITH marked AS (SELECT e.driver_id, e.seq, u.at FROM UNNEST($1::int8[], $2::int8[], \
                    $3::timestamptz[]) \
                    AS u(driver_id, seq, at) JOIN driver_events e ON e.driver_id = u.driver_id AND e.seq <= u.seq \
                    AND e.delivered_at IS NULL AND e.\(column) IS NULL ORDER BY e.driver_id, e.seq FOR NO KEY \
                    UPDATE OF e) \
                    UPDATE driver_events e SET \(column) = m.at FROM marked m \
                    WHERE e.driver_id = m.driver_id AND e.seq = m.seq
                    """,
                    [.ids(chosen.map(\.driverID)), .int8Array(chosen.map(\.seq)), .timestamps(chosen.map(\.at))]),
            ])
        }
    }

    /// Newest first.
    package func states(of driver: DriverID, limit: Int) async throws -> [EventState] {
        try await query(
            "SELECT \(Self.columns) FROM driver_events e WHERE e.driver_id = $1 ORDER BY e.seq DESC LIMIT $2",
            [.id(driver), .integer(limit)]
        ).map(Self.state)
    }

    /// Oldest first. Reads a partial index that holds undelivered events only.
    package func overdue(before: Timestamp, limit: Int) async throws -> [EventState] {
        try await query(
            """
            SELECT \(Self.columns) FROM driver_events e JOIN orders o ON o.id = e.order_id \
            JOIN holds h ON h.id = o.hold_id AND h.driver_id = e.driver_id \
            WHERE e.delivered_at IS NULL AND e.created_at < $1 AND e.kind = 'orderAssigned' \
            AND o.state = 'ASSIGNED' AND e.created_at >= h.assigned_at \
            ORDER BY e.created_at, e.driver_id, e.seq LIMIT $2
            """, [.timestamp(before), .integer(limit)]
        ).map(Self.state)
    }
}
