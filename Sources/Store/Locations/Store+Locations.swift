package import DispatchCore
package import Fulfilment
import Geo
import Postgres

extension Store: LocationStore {
    /// One bulk load for the whole buffer, all or nothing. A crash of the database may cost the last half second of
    /// positions: their commit does not wait for the disk, as every other commit does. Where its answer is lost, the
    /// database is asked what became of it, so that no position is written twice; where it cannot be asked in time, it
    /// is asked when the same fixes come again.
    package func append(_ fixes: [Fix]) async throws {
        if fixes.isEmpty { return }
        if let earlier = openLoads.take(fixes) {
            do {
                if try await pool.hasCommitted(earlier) { return }
            } catch let error as PostgresError {
                openLoads.keep(earlier, of: fixes)
                throw StoreError(error)
            }
        }
        do {
            try await write(fixes)
        } catch let error as PostgresError where error.code == .checkViolation && error.constraint == nil {
            // No partition for one of the days: upkeep is late, or the fixes come from a buffer of another day.
            try await makeLocationPartitions(Set(fixes.map { UTCDay(containing: $0.receivedAt) }).sorted())
            try await speaking { try await write(fixes) }
        } catch let error as PostgresError {
            throw StoreError(error)
        }
    }

    private func write(_ fixes: [Fix]) async throws {
        let name = TransactionName()
        do {
            try await write(fixes, as: name)
        } catch let error as PostgresError where error.code == .commitOutcomeUnknown {
            openLoads.keep(name, of: fixes)
            throw error
        }
    }

    private func write(_ fixes: [Fix], as name: TransactionName) async throws {
        let rows = Self.rows(of: fixes)
        try await pool.decidedTransaction(as: name) { connection, name in
            let answers = try await connection.query([
                Statement("SELECT set_config('synchronous_commit', 'off', true)"), TransactionName.statement,
            ])
            try name.learn(answers[1])
            let first = fixes[0]
            name.leaves { name in
                Statement(
                    """
                    SELECT EXISTS (SELECT FROM driver_locations WHERE driver_id = $1 AND created_at = $2 \
                    AND xmin = $3::text::xid8::xid)
                    """, [.id(first.driverID), .timestamp(first.receivedAt), .text(name)])
            }
            try await connection.copy(
                """
                COPY driver_locations (driver_id, latitude, longitude, accuracy, heading, speed, battery_level, \
                created_at, recorded_at) FROM STDIN (FORMAT binary)
                """, rows: rows)
        }
    }

    /// In the order of the COPY's columns.
    private static func rows(of fixes: [Fix]) -> CopyRows {
        var rows = CopyRows()
        for fix in fixes {
            rows.beginRow(columns: 9)
            rows.cell(int8: fix.driverID.rawValue)
            rows.cell(numeric: fix.point.latitude)
            rows.cell(numeric: fix.point.longitude)
            rows.cell(float8: fix.accuracy)
            rows.cell(float8: fix.heading)
            rows.cell(float8: fix.speed)
            rows.cell(int4: fix.batteryLevel.map { Int32(clamping: $0) })
            rows.cell(milliseconds: fix.receivedAt.milliseconds)
            rows.cell(milliseconds: fix.recordedAt?.milliseconds)
        }
        return rows
    }

    private static let selected =
        "driver_id, latitude, longitude, accuracy, heading, speed, battery_level, recorded_at, created_at"

    private static func fix(_ cells: inout Row.Cells) throws -> Fix? {
        let driver: DriverID = try cells.id()
        let point = try cells.point()
        let accuracy = try cells.next(Double?.self)
        let heading = try cells.next(Double?.self)
        let speed = try cells.next(Double?.self)
        let battery = try cells.next(Int?.self)
        let recordedAt = try cells.optionalTime()
        let receivedAt = try cells.time()
        guard let point else { return nil }
        var fix = Fix(driverID: driver, point: point, receivedAt: receivedAt)
        fix.accuracy = accuracy
        fix.heading = heading
        fix.speed = speed
        fix.batteryLevel = battery
        fix.recordedAt = recordedAt
        return fix
    }

    /// Reads `idx_driver_created`, newest partition first.
    package func fixes(of driver: DriverID, limit: Int) async throws -> [StoredFix] {
        try await query(
            """
            SELECT id, \(Self.selected) FROM driver_locations WHERE driver_id = $1 ORDER BY created_at DESC, id \
            DESC LIMIT $2
            """, [.id(driver), .integer(limit)]
        ).compactMap { row in
            var cells = row.cells
            let id = try cells.next(Int64.self)
            return try Self.fix(&cells).map { StoredFix(id: id, fix: $0) }
        }
    }

    /// Reads the partitions from `since` on.
    package func newestFixes(since: Timestamp) async throws -> [Fix] {
        try await query(
            """
            SELECT DISTINCT ON (driver_id) \(Self.selected) FROM driver_locations WHERE created_at >= $1 \
            ORDER BY driver_id, created_at DESC, id DESC
            """, [.timestamp(since)]
        ).compactMap { row in
            var cells = row.cells
            return try Self.fix(&cells)
        }
    }
}
