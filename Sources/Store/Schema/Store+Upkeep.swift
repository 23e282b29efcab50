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
    ///
    /// What is deleted is decided by the clock, so nothing is while the clock is in doubt: when it differs by more than
    /// a day from the database's, or from the newest position.
    ///
    /// - Parameter doubtsClock: False where the moments are made up.
    /// - Returns: Why nothing was deleted; nil when everything was done.
    @discardableResult
    package func keepUp(
        at now: Timestamp, retention: Retention, doubtsClock: Bool = true
    ) async throws -> String? {
        try await makePartitions(at: now)
        if doubtsClock, let doubt = try await doubt(about: now) { return doubt }
        try await dropLocationPartitions(before: now.advanced(bySeconds: -86_400 * Int64(retention.locationDays)))
        _ = try await speaking {
            try await pool.query(
                [
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
        return nil
    }

    private static let clockTolerance: Int64 = 86_400_000

    /// A clock that stands wrong would let history be dropped that is still wanted.
    private func doubt(about now: Timestamp) async throws -> String? {
        let rows = try await query(
            """
            SELECT clock_timestamp(), (SELECT created_at FROM driver_locations ORDER BY id DESC LIMIT 1)
            """)
        var cells = try rows.only().cells
        let database = try cells.time()
        let newest = try cells.optionalTime()
        for (name, other) in [("the database's clock", database), ("the newest position", newest ?? now)]
        where abs(now.millisecondsSince(other)) > Self.clockTolerance {
            return "this machine's clock and \(name) are more than a day apart; nothing was deleted"
        }
        return nil
    }

    /// A partition is dropped under a lock that everybody who writes positions waits behind. It is given up after a
    /// second and tried again a few times; what is left waits for the next day.
    package func dropLocationPartitions(before first: Timestamp, tries: Int = 5) async throws {
        try await underShortLock(
            Statement("SELECT drop_location_partitions($1)", [.date(UTCDay(containing: first).text)]), tries: tries)
    }

    private func underShortLock(_ statement: Statement, tries: Int = 5) async throws {
        for attempt in 1...tries {
            do {
                try await pool.query(
                    [Statement("SELECT set_config('lock_timeout', '1s', true)"), statement], deadline: .seconds(60))
                return
            } catch let error as PostgresError where error.code == .lockNotAvailable && attempt < tries {
                try await Task.sleep(for: .milliseconds(200 * attempt))
            } catch let error as PostgresError {
                throw StoreError(error)
            }
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
        let made = try await query(
            """
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
            WHERE i.inhparent = 'driver_locations'::regclass
            """)
        let names = Set(try made.map { try $0.get(0, as: String.self) })
        for day in days where !names.contains("driver_locations_" + day.text.filter { $0 != "-" }) {
            try await underShortLock(Statement("SELECT make_location_partition($1)", [.date(day.text)]))
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
