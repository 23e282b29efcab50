package import DispatchCore
package import Fulfilment
import Geo
import Postgres

extension Store: ServerRoll {
    /// One round trip. The clock is the database's.
    package func callIn(_ server: String) async throws -> RollCall {
        let answers = try await speaking {
            try await pool.query([
                Statement("SELECT set_config('synchronous_commit', 'off', true)"),
                Statement(
                    """
                    INSERT INTO servers (name, called_at) VALUES ($1, clock_timestamp()) ON CONFLICT (name) DO UPDATE \
                    SET called_at = EXCLUDED.called_at RETURNING xmax = 0
                    """, [.text(server)]),
                Statement(
                    """
                    WITH gone AS (DELETE FROM servers WHERE called_at < clock_timestamp() - interval '1 minute' \
                    RETURNING name) DELETE FROM driver_signs s USING gone WHERE s.server = gone.name
                    """),
                Statement(
                    """
                    SELECT EXISTS (SELECT FROM servers WHERE name <> $1 AND called_at > clock_timestamp() \
                    - interval '15 seconds')
                    """, [.text(server)]),
            ])
        }
        return RollCall(hasOthers: try answers[3].only().get(0), isNew: try answers[1].only().get(0))
    }

    package func leave(_ server: String) async throws {
        _ = try await speaking {
            try await pool.query([
                Statement("DELETE FROM driver_signs WHERE server = $1", [.text(server)]),
                Statement("DELETE FROM servers WHERE name = $1", [.text(server)]),
            ])
        }
    }

    /// One statement for all, without waiting for the disk. No other server writes these rows.
    package func tell(_ signs: [DriverSign], as server: String, at now: Timestamp) async throws {
        let fixes = signs.map(\.fix)
        _ = try await query(
            """
            INSERT INTO driver_signs AS s (server, driver_id, written_at, availability, seen_at, opened_at, fix_at, \
            recorded_at, latitude, longitude, accuracy, heading, speed, battery_level) \
            SELECT $1, u.driver_id, clock.time, u.availability, u.seen_at + clock.ahead, u.opened_at + clock.ahead, \
            u.fix_at + clock.ahead, u.recorded_at, u.latitude, u.longitude, u.accuracy, u.heading, u.speed, u.battery \
            FROM (SELECT t AS time, t - $2 AS ahead FROM clock_timestamp() t) clock, \
            UNNEST($3::int8[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], \
            $8::timestamptz[], $9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::float8[], $14::int4[]) \
            AS u(driver_id, availability, seen_at, opened_at, fix_at, recorded_at, latitude, longitude, accuracy, \
            heading, speed, battery) \
            ON CONFLICT (server, driver_id) DO UPDATE SET written_at = EXCLUDED.written_at, \
            availability = EXCLUDED.availability, seen_at = EXCLUDED.seen_at, \
            opened_at = COALESCE(EXCLUDED.opened_at, s.opened_at), fix_at = EXCLUDED.fix_at, \
            recorded_at = EXCLUDED.recorded_at, latitude = EXCLUDED.latitude, longitude = EXCLUDED.longitude, \
            accuracy = EXCLUDED.accuracy, heading = EXCLUDED.heading, speed = EXCLUDED.speed, \
            battery_level = EXCLUDED.battery_level
            """,
            [
                .text(server), .timestamp(now), .ids(signs.map(\.driverID)),
                .textArray(signs.map(\.availability.rawValue)), .timestamps(signs.map(\.seenAt)),
                .timestamps(signs.map(\.openedAt)), .timestamps(fixes.map { $0?.receivedAt }),
                .timestamps(fixes.map { $0?.recordedAt }), .float8Array(fixes.map { $0?.point.latitude }),
                .float8Array(fixes.map { $0?.point.longitude }), .float8Array(fixes.map { $0?.accuracy }),
                .float8Array(fixes.map { $0?.heading }), .float8Array(fixes.map { $0?.speed }),
                .integers(fixes.map { $0?.batteryLevel }),
            ])
    }

    /// Reads the whole small table; its rows change so often that an index would cost more. What was written shortly
    /// before the mark comes again, because a statement may be under way then. A socket that was opened in the future
    /// says that the database's clock was set back; it counts for nothing.
    package func signs(forServer server: String, since mark: Timestamp?, at now: Timestamp) async throws -> SignPage {
        let rows = try await query(
            """
            SELECT clock.time, s.driver_id, s.availability, s.seen_at - clock.ahead, s.fix_at - clock.ahead, \
            s.recorded_at, s.latitude, s.longitude, s.accuracy, s.heading, s.speed, s.battery_level, \
            COALESCE(s.opened_at > mine.opened_at AND s.opened_at <= clock.time, false) \
            FROM (SELECT t AS time, t - $2 AS ahead FROM clock_timestamp() t) clock \
            LEFT JOIN driver_signs s ON s.server <> $1 \
            AND s.written_at >= LEAST($3, clock.time) - interval '2 seconds' \
            LEFT JOIN driver_signs mine ON mine.server = $1 AND mine.driver_id = s.driver_id
            """, [.text(server), .timestamp(now), .timestamp(mark ?? Timestamp(milliseconds: 0))])
        var page = SignPage(signs: [], movedAway: [], mark: now)
        for row in rows {
            var cells = row.cells
            page.mark = try cells.time()
            guard let driver: DriverID = try cells.optionalID() else { continue }
            page.signs.append(try Self.sign(of: driver, &cells))
            if try cells.next(Bool.self) { page.movedAway.append(driver) }
        }
        return page
    }

    private static func sign(of driver: DriverID, _ cells: inout Row.Cells) throws -> DriverSign {
        var sign = DriverSign(driverID: driver, availability: try cells.word(), seenAt: try cells.optionalTime())
        let receivedAt = try cells.optionalTime()
        let recordedAt = try cells.optionalTime()
        let point = try cells.point()
        let (accuracy, heading) = (try cells.next(Double?.self), try cells.next(Double?.self))
        let (speed, battery) = (try cells.next(Double?.self), try cells.next(Int?.self))
        guard let point, let receivedAt else { return sign }
        var fix = Fix(driverID: driver, point: point, receivedAt: receivedAt)
        (fix.accuracy, fix.heading, fix.speed, fix.batteryLevel) = (accuracy, heading, speed, battery)
        fix.recordedAt = recordedAt
        sign.fix = fix
        return sign
    }
}

extension Store {
    /// Where hints are heard.
    package static let hintChannel = "tiffin_hints"
    /// Of a notification's 8000 bytes, with twenty for each.
    private static let driversTold = 390

    /// A transaction of its own, after the one whose change it tells of: a notification inside that one would make all
    /// commits wait for each other.
    package func hint(_ hint: ServerHint) async throws {
        _ = try await query("SELECT pg_notify($1, $2)", [.text(Self.hintChannel), .text(Self.text(of: hint))])
    }

    /// As ``hint(heard:)`` reads it; of too many drivers nobody is named.
    package static func text(of hint: ServerHint) -> String {
        switch hint {
        case .events(let drivers):
            "events " + (drivers.count > driversTold ? "" : drivers.map(\.description).joined(separator: ","))
        case .round(let wish): "round \(wish.rawValue)"
        case .zones: "zones"
        }
    }

    /// What another server has said; nil for what this version does not understand.
    package static func hint(heard text: String) -> ServerHint? {
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        switch words.first {
        case "events":
            let drivers = words.dropFirst().first?.split(separator: ",") ?? []
            return .events(drivers.compactMap { Int64($0).map { DriverID($0) } })
        case "round":
            return words.dropFirst().first.flatMap { Int($0) }.flatMap { RoundSignal.Wish(rawValue: $0) }
                .map { .round($0) }
        case "zones": return .zones
        default: return nil
        }
    }
}
