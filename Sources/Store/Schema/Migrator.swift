package import Postgres

/// Why the schema could not be brought up to date: one sentence with its remedy.
package struct MigrationError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: Sendable {
        /// The database was migrated by a newer program.
        case newerSchema
        /// A step that was applied has another text now.
        case changedStep
        /// There are tables of somebody else.
        case foreignDatabase
    }

    package let code: Code
    package let description: String
}

/// Applies the numbered steps that a database lacks, all in one transaction, one program at a time.
package struct Migrator: Sendable {
    private let pool: ConnectionPool
    private let migrations: [Migration]

    package init(pool: ConnectionPool, migrations: [Migration] = Migration.all) {
        self.pool = pool
        self.migrations = migrations
    }

    /// - Returns: the versions that were applied now.
    /// - Throws: `MigrationError`, or `PostgresError` of a step that failed; nothing is applied then.
    @discardableResult
    package func migrate(deadline: Duration = .seconds(120)) async throws -> [Int] {
        try await pool.transaction(deadline: deadline) { connection in
            // Whoever comes second waits here and finds nothing left to do.
            try await connection.query("SELECT pg_advisory_xact_lock(7246331, 1)")
            try await connection.script(
                """
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    version int PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT \
                    clock_timestamp())
                """)
            let applied = try await appliedChecksums(connection)
            try await check(applied, on: connection)
            var versions: [Int] = []
            for migration in migrations where applied[migration.version] == nil {
                try await connection.script(migration.sql)
                try await connection.query(
                    """
                    INSERT INTO schema_migrations (version, checksum) \
                    VALUES ($1, encode(sha256(convert_to($2, 'UTF8')), 'hex'))
                    """,
                    [.int4(Int32(migration.version)), .text(migration.sql)])
                versions.append(migration.version)
            }
            return versions
        }
    }

    private func appliedChecksums(_ connection: PostgresConnection) async throws -> [Int: String] {
        var applied: [Int: String] = [:]
        for row in try await connection.query("SELECT version, checksum FROM schema_migrations") {
            applied[try row.get(0)] = try row.get(1, as: String.self)
        }
        return applied
    }

    private func check(_ applied: [Int: String], on connection: PostgresConnection) async throws {
        let known = migrations.map(\.version).max() ?? 0
        if let newest = applied.keys.max(), newest > known {
            throw MigrationError(
                code: .newerSchema,
                description: "the database has schema version \(newest) and this program knows \(known); "
                    + "start the newer program")
        }
        for migration in migrations {
            guard let checksum = applied[migration.version] else { continue }
            let own: String = try await connection.query(
                "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", [.text(migration.sql)]
            ).only().get(0)
            guard own == checksum else {
                throw MigrationError(
                    code: .changedStep,
                    description: "schema step \(migration.version) was changed after it had been applied; "
                        + "start the program that applied it or use a fresh database")
            }
        }
    }
}
