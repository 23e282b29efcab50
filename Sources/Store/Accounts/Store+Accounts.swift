package import DispatchCore
package import Fulfilment
import Postgres

extension Store: AccountStore {
    /// One primary-key look-up.
    package func driver(_ id: DriverID) async throws -> DriverAccount? {
        try await query("\(DriverRow.selection) WHERE d.id = $1", [.id(id)]).first.map(DriverRow.account)
    }

    /// All accounts of a standing, or all, by id.
    package func drivers(standing: AccountStanding?) async throws -> [DriverAccount] {
        try await query(
            "\(DriverRow.selection) WHERE $1::text IS NULL OR d.standing = $1 ORDER BY d.id",
            [.text(standing?.rawValue)]
        ).map(DriverRow.account)
    }

    /// - Throws: `duplicate` when the phone or the e-mail is taken.
    package func createDriver(
        _ draft: DriverDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> DriverAccount {
        let standard = DriverAccount(
            id: DriverID(0), name: draft.name, phone: draft.phone, email: draft.email, createdAt: now)
        let made = try await once(idempotency, at: now) { connection in
            let rows = try await connection.query(
                """
                INSERT INTO drivers (name, phone, email, password_hash, standing, vehicle_type, vehicle_number, \
                vehicle_registration, capacity, bag_units, rating, created_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id
                """,
                [
                    .text(draft.name), .text(draft.phone), .text(draft.email), .text(draft.passwordHash),
                    .text(draft.standing.rawValue), .text(draft.vehicleType.rawValue), .text(draft.vehicleNumber),
                    .text(draft.vehicleRegistration), .integer(draft.capacity), .integer(standard.bagUnits),
                    .float8(standard.rating), .timestamp(now),
                ])
            return [try rows.only().get(0)]
        }
        guard let id = made.first, let account = try await driver(DriverID(id)) else {
            throw StoreError(.outcomeUnknown, detail: "an account that was just made is not there")
        }
        return account
    }

    /// One round trip; two when tokens are affected.
    package func updateDriver(_ id: DriverID, _ patch: DriverPatch) async throws -> DriverAccount? {
        // A change of standing or epoch gets a revision, by which the cache of epochs finds it. The lock keeps
        // revisions and commits in the same order, so that no reader skips one.
        let bank = try patch.bank.map { try JSONText.encode($0) }
        let raises = patch.raisesTokenEpoch
        return try await speaking {
            try await pool.transaction { connection in
                if raises || patch.standing != nil { try await connection.query(EpochRow.lock) }
                let rows = try await connection.query(
                    """
                    UPDATE drivers d SET standing = COALESCE($2, standing), availability = COALESCE($3, availability), \
                    password_hash = COALESCE($4, password_hash), capacity = COALESCE($5, capacity), \
                    vehicle_type = COALESCE($6, vehicle_type), shift_ends_at = COALESCE($7, shift_ends_at), \
                    bag_units = COALESCE($15, bag_units), bank = COALESCE($8, bank), name = COALESCE($10, name), phone = COALESCE($11, phone), \
                    email = COALESCE($12, email), vehicle_number = COALESCE($13, vehicle_number), \
                    vehicle_registration = COALESCE($14, vehicle_registration), token_epoch = token_epoch + CASE WHEN $9 THEN 1 ELSE 0 END, \
                    epoch_revision = CASE WHEN $9 OR $2 IS NOT NULL THEN nextval('epoch_revisions') ELSE \
                    epoch_revision END \
                    WHERE d.id = $1 RETURNING \(DriverRow.columns)
                    """,
                    [
                        .id(id), .text(patch.standing?.rawValue), .text(patch.availability?.rawValue),
                        .text(patch.passwordHash), .integer(patch.capacity), .text(patch.vehicleType?.rawValue),
                        .timestamp(patch.shiftEndsAt), .jsonb(bank), .bool(raises), .text(patch.name),
                        .text(patch.phone), .text(patch.email), .text(patch.vehicleNumber),
                        .text(patch.vehicleRegistration), .integer(patch.bagUnits),
                    ])
                return try rows.first.map(DriverRow.account)
            }
        }
    }

    /// One statement; a driver who speaks at the same moment wins.
    package func makeAvailableIfUnsaid(_ drivers: [DriverID]) async throws -> [DriverID] {
        let rows = try await query(
            """
            WITH chosen AS (SELECT id FROM drivers WHERE id = ANY ($1) AND availability = 'unsaid' ORDER BY id \
            FOR NO KEY UPDATE) \
            UPDATE drivers d SET availability = 'online' FROM chosen c WHERE d.id = c.id RETURNING d.id
            """, [.ids(drivers)])
        let changed = Set(try rows.map { DriverID(try $0.get(0)) })
        return drivers.filter { changed.contains($0) }
    }

    /// One primary-key look-up.
    package func admin(_ id: AdminID) async throws -> AdminAccount? {
        try await query("SELECT \(AdminRow.columns) FROM admins WHERE id = $1", [.id(id)]).first.map(AdminRow.account)
    }

    /// - Throws: `duplicate` when the e-mail is taken, in whatever letters.
    package func createAdmin(email: String, fullName: String, passwordHash: String) async throws -> AdminAccount {
        let rows = try await query(
            "INSERT INTO admins (email, full_name, password_hash) VALUES ($1, $2, $3) RETURNING \(AdminRow.columns)",
            [.text(email), .text(fullName), .text(passwordHash)])
        return try AdminRow.account(try rows.only())
    }

    /// Of servers that start together, one makes the admin.
    package func createFirstAdmin(email: String, fullName: String, passwordHash: String) async throws -> Bool {
        try await speaking {
            // Two servers that start together: the second waits and finds the first one's admin.
            let answers = try await pool.query([
                Statement("SELECT pg_advisory_xact_lock(7246331, 4)"),
                Statement(
                    """
                    INSERT INTO admins (email, full_name, password_hash) \
                    SELECT $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM admins)
                    """, [.text(email), .text(fullName), .text(passwordHash)]),
            ])
            return answers[1].affected == 1
        }
    }

    /// Changes nothing when there is no such admin.
    package func updateAdmin(_ id: AdminID, passwordHash: String?, raisesTokenEpoch: Bool) async throws {
        try await speaking {
            try await pool.transaction { connection in
                if raisesTokenEpoch { try await connection.query(EpochRow.lock) }
                try await connection.query(
                    """
                    UPDATE admins SET password_hash = COALESCE($2, password_hash), \
                    token_epoch = token_epoch + CASE WHEN $3 THEN 1 ELSE 0 END, \
                    epoch_revision = CASE WHEN $3 THEN nextval('epoch_revisions') ELSE epoch_revision END WHERE id = $1
                    """, [.id(id), .text(passwordHash), .bool(raisesTokenEpoch)])
            }
        }
    }

    /// E-mails are compared without regard to case.
    package func credentials(identity: String, kind: AccountKind?) async throws -> Credentials? {
        if kind != .admin {
            let rows = try await query(
                """
                SELECT id, password_hash, token_epoch, standing FROM drivers \
                WHERE phone = $1 OR lower(email) = lower($1) ORDER BY phone = $1 DESC, id LIMIT 1
                """, [.text(identity)])
            if let row = rows.first { return try CredentialsRow.driver(row) }
            if kind == .driver { return nil }
        }
        return try await query(
            "SELECT id, password_hash, token_epoch FROM admins WHERE lower(email) = lower($1)", [.text(identity)]
        ).first.map(CredentialsRow.admin)
    }

    /// E-mails are compared without regard to case.
    package func credentials(of principal: Principal) async throws -> Credentials? {
        switch principal {
        case .driver(let id):
            try await query("SELECT id, password_hash, token_epoch, standing FROM drivers WHERE id = $1", [.id(id)])
                .first.map(CredentialsRow.driver)
        case .admin(let id):
            try await query("SELECT id, password_hash, token_epoch FROM admins WHERE id = $1", [.id(id)])
                .first.map(CredentialsRow.admin)
        case .engine, .integration: nil
        }
    }

    /// Accounts whose epoch or standing changed after `revision`, and the newest revision among them.
    package func tokenEpochs(since revision: Int64) async throws -> (revision: Int64, epochs: [TokenEpoch]) {
        let rows = try await query(
            """
            SELECT 'driver', id, token_epoch, standing = 'BLOCKED', epoch_revision FROM drivers WHERE \
            epoch_revision > $1 \
            UNION ALL SELECT 'admin', id, token_epoch, false, epoch_revision FROM admins WHERE epoch_revision > $1 \
            ORDER BY 5
            """, [.int8(revision)])
        var newest = revision
        let epochs = try rows.map { row in
            var cells = row.cells
            let isDriver = try cells.next(String.self) == "driver"
            let id = try cells.next(Int64.self)
            let epoch = TokenEpoch(
                principal: isDriver ? .driver(DriverID(id)) : .admin(AdminID(id)), epoch: try cells.next(),
                isBlocked: try cells.next())
            newest = max(newest, try cells.next())
            return epoch
        }
        return (newest, epochs)
    }
}

enum EpochRow {
    /// Held until the commit by whoever takes a revision.
    static let lock = "SELECT pg_advisory_xact_lock(7246331, 3)"
}

enum AdminRow {
    static let columns = "id, email, full_name, token_epoch"

    static func account(_ row: Row) throws -> AdminAccount {
        var cells = row.cells
        return AdminAccount(
            id: try cells.id(), email: try cells.next(), fullName: try cells.next(), tokenEpoch: try cells.next())
    }
}

enum CredentialsRow {
    static func driver(_ row: Row) throws -> Credentials {
        var cells = row.cells
        return Credentials(
            principal: .driver(try cells.id()), passwordHash: try cells.next(), tokenEpoch: try cells.next(),
            standing: try cells.word(AccountStanding.self))
    }

    static func admin(_ row: Row) throws -> Credentials {
        var cells = row.cells
        return Credentials(
            principal: .admin(try cells.id()), passwordHash: try cells.next(), tokenEpoch: try cells.next(),
            standing: nil)
    }
}
