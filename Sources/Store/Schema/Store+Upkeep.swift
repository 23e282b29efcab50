package import DispatchCore
import Fulfilment
import Postgres

/// What is kept for how long.
package struct Retention: Sendable, Equatable {
    /// Whole days of positions before today.
    package var locationDays: Int
    package var tickDays = 3
    package var presenceDays = 30
    /// What other systems were told, once it was delivered or given up.
    package var webhookDays = 30

    package init(locationDays: Int) {
        self.locationDays = locationDays
    }
}

extension Store {
    /// Daily work, harmless to repeat: makes the partitions of positions for the coming week, drops those beyond
    /// retention, and forgets what has lost its meaning (old ticks, idempotency keys of yesterday, dead refresh
    /// tokens).
    package func keepUp(at now: Timestamp, retention: Retention) async throws {
        let today = UTCDay(containing: now)
        try await makePartitions(at: now)
        _ = try await speaking {
            try await pool.query(
                [
                    Statement(
                        "SELECT drop_location_partitions($1)", [.date(today.advanced(by: -retention.locationDays).text)]
                    ),
                    Statement(
                        "DELETE FROM dispatch_ticks WHERE started_at < $1",
                        [.timestamp(now.advanced(bySeconds: -86_400 * Int64(retention.tickDays)))]),
                    Statement(
                        "DELETE FROM presence_events WHERE began_at < $1",
                        [.timestamp(now.advanced(bySeconds: -86_400 * Int64(retention.presenceDays)))]),
                    Statement(
                        "DELETE FROM idempotency_keys WHERE created_at < $1",
                        [.timestamp(now.advanced(bySeconds: -86_400))]),
                    Statement(
                        "DELETE FROM webhook_deliveries WHERE created_at < $1 AND due_at IS NULL",
                        [.timestamp(now.advanced(bySeconds: -86_400 * Int64(retention.webhookDays)))]),
                    // A family's used tokens are what reuse is recognised by, so they stay until they would have
                    // expired.
                    Statement("DELETE FROM refresh_tokens WHERE expires_at < $1", [.timestamp(now)]),
                ], deadline: .seconds(60))
        }
    }

    /// The names and ids of broken promises; none in a sound database.
    package func brokenInvariants() async throws -> [String] {
        try await speaking {
            try await pool.query(Invariants.sql, deadline: .seconds(60)).map { row in
                "\(try row.get(0, as: String.self)) \(try row.get(1, as: Int64.self))"
            }
        }
    }

    /// Makes the partitions of positions for the coming week and drops nothing: for whoever opens the database without
    /// being the one who decides how long history is kept.
    package func makePartitions(at now: Timestamp) async throws {
        let today = UTCDay(containing: now)
        try await makeLocationPartitions((-1...7).map { today.advanced(by: $0) })
    }

    func makeLocationPartitions(_ days: [UTCDay]) async throws {
        for day in days {
            _ = try await query("SELECT make_location_partition($1)", [.date(day.text)])
        }
    }
}

extension Store {
    /// The next new driver gets this number; for trials whose examples name one. Does nothing where there are drivers.
    package func numberDrivers(from first: DriverID) async throws {
        _ = try await query(
            """
            SELECT setval(pg_get_serial_sequence('drivers', 'id'), $1, false)
            WHERE NOT EXISTS (SELECT FROM drivers)
            """, [.int8(first.rawValue)])
    }
}
