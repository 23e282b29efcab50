import Glibc
package import Postgres
import Synchronization

/// A fresh database of its own for one test or suite, with a pool on it.
package struct TestDatabase: Sendable {
    package let name: String
    /// For another process or pool.
    package let url: String
    package let target: ConnectionTarget
    package let pool: ConnectionPool

    private static let next = Atomic<Int>(0)

    /// Makes a database, runs `body` with it, and drops it.
    ///
    /// - Parameters:
    ///   - template: the database that is copied; see `prepare`.
    ///   - connections: the size of the pool.
    package static func with<Value: Sendable>(
        template: String = "template1", connections: Int = 4, waiterLimit: Int = 1000,
        deadline: Duration = .seconds(30),
        _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        let database = try await made(
            template: template, connections: connections, waiterLimit: waiterLimit, deadline: deadline)
        do {
            let value = try await body(database)
            await database.pool.close()
            try await administer("DROP DATABASE \(database.name) WITH (FORCE)")
            return value
        } catch {
            await database.pool.close()
            try? await administer("DROP DATABASE \(database.name) WITH (FORCE)")
            throw error
        }
    }

    /// A database that lives as long as the process, for a server that a whole suite shares.
    package static func kept() async throws -> TestDatabase {
        try await made(template: "template1", connections: 2, waiterLimit: 1000, deadline: .seconds(30))
    }

    /// The database of a cluster that a test has to itself, to take it away.
    package static func on(_ cluster: PrivateCluster) throws -> TestDatabase {
        let target = ConnectionTarget(connectionString: cluster.url(), applicationName: "tests")
        let pool = try ConnectionPool(
            configuration: .init(target: target, connections: 2, deadline: .seconds(5)),
            generator: SeededGenerator(seed: 1))
        return TestDatabase(name: "tiffin", url: cluster.url(), target: target, pool: pool)
    }

    static func made(
        template: String, connections: Int, waiterLimit: Int, deadline: Duration
    ) async throws -> TestDatabase {
        let cluster = try await TestCluster.shared()
        let name = "t\(next.add(1, ordering: .relaxed).newValue)"
        try await administer("CREATE DATABASE \(name) TEMPLATE \(template)")
        let target = ConnectionTarget(connectionString: cluster.url(database: name), applicationName: name)
        let pool = try ConnectionPool(
            configuration: .init(
                target: target, connections: connections, waiterLimit: waiterLimit, deadline: deadline),
            generator: SeededGenerator(seed: 1))
        return TestDatabase(name: name, url: cluster.url(database: name), target: target, pool: pool)
    }

    /// A second pool on the same database, as another process would have.
    package func anotherPool(connections: Int = 2, deadline: Duration = .seconds(30)) throws -> ConnectionPool {
        try ConnectionPool(
            configuration: .init(target: target, connections: connections, deadline: deadline),
            generator: SeededGenerator(seed: 2))
    }

    /// Runs one command on the cluster, outside any test's database, one after the other: the server copies a template
    /// only while nobody else uses it.
    package static func administer(_ sql: String) async throws {
        let cluster = try await TestCluster.shared()
        let pool = try administration(cluster)
        try await pool.script(sql, deadline: .seconds(120))
    }

    private static let administrationPool = Mutex<ConnectionPool?>(nil)

    private static func administration(_ cluster: PrivateCluster) throws -> ConnectionPool {
        try administrationPool.withLock { pool in
            if let pool { return pool }
            let target = ConnectionTarget(
                connectionString: cluster.url(database: "postgres"), applicationName: "tests")
            let made = try ConnectionPool(
                configuration: .init(target: target, connections: 1, deadline: .seconds(120)),
                generator: SeededGenerator(seed: 0))
            pool = made
            return made
        }
    }
}
