import Logging
import Postgres
import Store

/// The database of a server: reachable, migrated, with partitions for the days to come.
struct Database: Sendable {
    let pool: ConnectionPool
    let store: Store

    /// - Throws: ``ConfigurationError`` with one sentence: no URL, not reachable, newer schema.
    static func opened(_ configuration: AppConfiguration, log: Logger) async throws -> Database {
        let pool = try await Self.reached(configuration)
        do {
            let applied = try await Migrator(pool: pool).migrate()
            if !applied.isEmpty { log.info("database migrated", metadata: ["steps": "\(applied)"]) }
        } catch let error as MigrationError {
            await pool.close()
            throw ConfigurationError(error.description)
        } catch {
            await pool.close()
            throw error
        }
        let store = Store(pool: pool)
        try await store.makePartitions(at: RealWorld.now())
        return Database(pool: pool, store: store)
    }

    /// A pool on the configured database, which answers.
    ///
    /// - Throws: ``ConfigurationError`` with one sentence: no URL, not reachable.
    static func reached(_ configuration: AppConfiguration) async throws -> ConnectionPool {
        let pool = try Self.pool(configuration)
        do {
            try await pool.check(deadline: .seconds(10))
            return pool
        } catch {
            await pool.close()
            throw ConfigurationError(
                "the database does not answer: check DATABASE_URL and that PostgreSQL runs (\(error))")
        }
    }

    /// Draws the jitter of reconnections.
    static var jitter: SystemRandomNumberGenerator { SystemRandomNumberGenerator() }

    /// A pool on the configured database; nothing is asked of it yet.
    static func pool(_ configuration: AppConfiguration) throws -> ConnectionPool {
        try pool(configuration, target: target(configuration))
    }

    /// Where the configured database is.
    static func target(_ configuration: AppConfiguration) throws -> ConnectionTarget {
        guard let url = configuration.databaseURL else {
            throw ConfigurationError(
                "serve needs a database: set DATABASE_URL=postgresql://…, or run `tiffin serve --dev` for a private one"
            )
        }
        // Both forms that libpq reads: a URL, or name=value pairs.
        guard
            url.hasPrefix("postgresql://") || url.hasPrefix("postgres://")
                || (url.contains("=") && !url.contains("://"))
        else { throw ConfigurationError("DATABASE_URL is not a PostgreSQL URL: it must begin with postgresql://") }
        return ConnectionTarget(connectionString: url, applicationName: "tiffin")
    }

    private static func pool(_ configuration: AppConfiguration, target: ConnectionTarget) throws -> ConnectionPool {
        do {
            return try ConnectionPool(
                configuration: .init(
                    target: target, connections: configuration.databasePoolSize,
                    deadline: .milliseconds(Int64(configuration.databaseDeadlineSeconds * 1000))),
                generator: jitter)
        } catch {
            throw ConfigurationError("DATABASE_URL is not a PostgreSQL URL")
        }
    }
}
