package import DispatchCore
package import Fulfilment
import Postgres

extension Store: RuleStore {
    /// Two look-ups at the ends of two indices, in one round trip.
    package func ruleRevision() async throws -> RuleRevision {
        let rows = try await query(
            """
            SELECT COALESCE((SELECT max(version) FROM dispatch_policies), 0), \
            COALESCE((SELECT max(revision) FROM driver_rule_changes), 0)
            """)
        let row = try rows.only()
        return RuleRevision(policies: try row.get(0), driverRules: try row.get(1))
    }

    /// Three round trips, the revision first: a change that comes in between is read with an older revision, and so
    /// read again.
    package func ruleBook() async throws -> RuleBook {
        let revision = try await ruleRevision()
        let policies = try await query(
            "SELECT DISTINCT ON (zone_id) \(PolicyRow.columns) FROM dispatch_policies ORDER BY zone_id, version DESC")
        return RuleBook(
            revision: revision, policies: try policies.map(PolicyRow.record),
            rules: try await driverRules(driver: nil, restaurant: nil))
    }

    /// One writer at a time, so that versions become visible in their order: whoever has seen one has seen all before
    /// it.
    package func addPolicy(
        _ draft: PolicyDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> PolicyRecord {
        let weights = try JSONText.encode(draft.values.values)
        let made = try await once(idempotency, at: now) { connection in
            try await connection.query(PolicyRow.lock)
            let rows = try await connection.query(
                """
                INSERT INTO dispatch_policies (zone_id, weights, note, created_at, created_by) \
                VALUES ($1, $2, $3, $4, $5) RETURNING version
                """,
                [.id(draft.zone), .jsonb(weights), .text(draft.note), .timestamp(now), .id(draft.createdBy)])
            return [try rows.only().get(0)]
        }
        let rows = try await query(
            "SELECT \(PolicyRow.columns) FROM dispatch_policies WHERE version = $1", [.int8(made.first ?? 0)])
        guard let record = try rows.first.map(PolicyRow.record) else {
            throw StoreError(.outcomeUnknown, detail: "a policy that was just made is not there")
        }
        return record
    }

    /// A range of an index, however it is restricted.
    package func policies(matching query: PolicyQuery) async throws -> [PolicyRecord] {
        var zone: ZoneID?
        var condition = "$3::int8 IS NULL"
        switch query.scope {
        case .everything: break
        case .general: condition = "zone_id IS NULL AND $3::int8 IS NULL"
        case .zone(let id): (zone, condition) = (id, "zone_id = $3")
        }
        return try await self.query(
            """
            SELECT \(PolicyRow.columns) FROM dispatch_policies WHERE version < $1 AND \(condition) \
            ORDER BY version DESC LIMIT $2
            """, [.int8(query.before ?? .max), .integer(query.limit), .id(zone)]
        ).map(PolicyRow.record)
    }

    /// One range of an index where a driver or a restaurant is named.
    package func driverRules(driver: DriverID?, restaurant: RestaurantID?) async throws -> [DriverRule] {
        try await query(
            """
            SELECT driver_id, restaurant_id, rule FROM driver_restaurant_rules \
            WHERE ($1::int8 IS NULL OR driver_id = $1) AND ($2::int8 IS NULL OR restaurant_id = $2) ORDER BY 1, 2
            """, [.id(driver), .id(restaurant)]
        ).map { row in
            var cells = row.cells
            return DriverRule(driver: try cells.id(), restaurant: try cells.id(), kind: try cells.word())
        }
    }

    /// One transaction, one writer at a time. What changes nothing is no change.
    package func replaceRules(
        of driver: DriverID, with rules: [DriverRule], by admin: AdminID, at now: Timestamp
    ) async throws {
        let sorted = rules.sorted { $0.restaurant < $1.restaurant }
        let kept = try JSONText.encode(
            Dictionary(sorted.map { ("\($0.restaurant)", $0.kind.rawValue) }, uniquingKeysWith: { first, _ in first }))
        try await speaking {
            try await pool.transaction { connection in
                try await connection.query(PolicyRow.lock)
                let known = try await connection.query(
                    "SELECT restaurant_id, rule FROM driver_restaurant_rules WHERE driver_id = $1 ORDER BY 1",
                    [.id(driver)]
                ).map { row in
                    var cells = row.cells
                    return DriverRule(driver: driver, restaurant: try cells.id(), kind: try cells.word())
                }
                if known == sorted { return }
                _ = try await connection.query([
                    Statement("DELETE FROM driver_restaurant_rules WHERE driver_id = $1", [.id(driver)]),
                    Statement(
                        """
                        INSERT INTO driver_restaurant_rules (driver_id, restaurant_id, rule) \
                        SELECT $1, u.* FROM UNNEST($2::int8[], $3::text[]) u
                        """,
                        [.id(driver), .ids(sorted.map(\.restaurant)), .textArray(sorted.map(\.kind.rawValue))]),
                    Statement(
                        """
                        INSERT INTO driver_rule_changes (driver_id, rules, changed_at, changed_by) \
                        VALUES ($1, $2, $3, $4)
                        """, [.id(driver), .jsonb(kept), .timestamp(now), .id(admin)]),
                ])
            }
        }
    }
}

enum PolicyRow {
    /// Held until the commit by whoever changes the rules.
    static let lock = "SELECT pg_advisory_xact_lock(7246331, 6)"
    static let columns = "version, zone_id, weights, note, created_at, created_by"

    static func record(_ row: Row) throws -> PolicyRecord {
        var cells = row.cells
        return PolicyRecord(
            version: try cells.next(), zone: try cells.optionalID(),
            values: PolicyValues(kept: try cells.json()), note: try cells.next(), createdAt: try cells.time(),
            createdBy: try cells.id())
    }
}
