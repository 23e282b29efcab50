package import Postgres
package import Store

/// A database of its own with the schema, copied from a migrated template.
package struct StoreDatabase: Sendable {
    package let database: TestDatabase
    package let store: Store

    package var pool: ConnectionPool { database.pool }

    /// Made once per process, by migrating an empty database.
    private static let template = Task { () throws -> String in
        let name = "migrated"
        let cluster = try await TestCluster.shared()
        try await TestDatabase.administer("CREATE DATABASE \(name)")
        let pool = try ConnectionPool(
            configuration: .init(
                target: ConnectionTarget(connectionString: cluster.url(database: name), applicationName: name),
                connections: 1),
            generator: SeededGenerator(seed: 7))
        try await Migrator(pool: pool).migrate()
        await pool.close()
        return name
    }

    /// Makes a migrated database, runs `body` with a store on it, and drops it.
    package static func with<Value: Sendable>(
        connections: Int = 4, deadline: Duration = .seconds(30), _ body: (StoreDatabase) async throws -> Value
    ) async throws -> Value {
        let template = try await template.value
        return try await TestDatabase.with(template: template, connections: connections, deadline: deadline) {
            database in
            try await body(StoreDatabase(database: database, store: Store(pool: database.pool)))
        }
    }

    /// A migrated database on one connection that lives as long as the process, for cases that leave nothing behind.
    package static func kept() async throws -> StoreDatabase {
        let database = try await TestDatabase.made(
            template: try await template.value, connections: 1, waiterLimit: 1000, deadline: .seconds(60))
        return StoreDatabase(database: database, store: Store(pool: database.pool))
    }
}
