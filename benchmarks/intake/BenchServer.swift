import App
import DispatchCore
import DriverClient
import Foundation
import Fulfilment
import Logging
import Postgres
import ServiceLifecycle

/// A whole server in this process, on a private durable PostgreSQL in a folder that is thrown away.
struct BenchServer: Sendable {
    struct Phone: Sendable {
        let driver: DriverID
        let token: String
    }

    let server: Server
    let client: WireClient
    let admin: String
    let phones: [Phone]
    let pool: ConnectionPool
    let url: String
    let metrics: PrometheusFactory

    /// Serves while `body` runs, then stops everything and removes the folder.
    static func with(phones count: Int, _ body: @Sendable (BenchServer) async throws -> Void) async throws {
        let metrics = PrometheusFactory()
        let log = try LogOutput.start(level: "error", format: "text", metrics: metrics)
        let folder = NSTemporaryDirectory() + "tiffin-bench-\(ProcessInfo.processInfo.processIdentifier)"
        let cluster = try await PrivateCluster.started(
            .init(folder: folder, settings: ["track_commit_timestamp": "on", "shared_buffers": "256MB"]))
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let defaults = [
            "http.host": "127.0.0.1", "http.port": "0", "database.url": cluster.url(),
            "auth.secret": "of a benchmark, longer than 32 bytes", "dispatch.automatic": "false",
            "ws.messageRate": "1000000", "ws.messageBurst": "1000000",
        ]
        let reader = try await SettingsReader(arguments: [], environment: [:], file: nil, defaults: defaults)
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var options = Server.Options()
        options.hashesCheaply = true
        options.metrics = metrics
        options.onReady = { port.yield($0) }
        let server = try await Server(try AppConfiguration(reader), options: options, log: log)
        let (stops, stop) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run(with: [StopSwitch(stops: stops)], onSignals: false) }
            var found = ports.makeAsyncIterator()
            guard let number = await found.next(), let address = ServerAddress("http://127.0.0.1:\(number)") else {
                throw BenchFailure("the server did not start")
            }
            let client = try WireClient(address)
            try await body(
                try await make(server, client, phones: count, url: cluster.url(), metrics: metrics))
            await client.shutdown()
            stop.finish()
            try await group.waitForAll()
        }
        await cluster.stop()
    }

    private static func make(
        _ server: Server, _ client: WireClient, phones count: Int, url: String, metrics: PrometheusFactory
    ) async throws -> BenchServer {
        _ = try await server.accounts.createFirstAdmin(email: "admin@example.org", password: "open sesame")
        let admin = try await client.signIn(admin: Credentials(identity: "admin@example.org", password: "open sesame"))
        var phones: [Phone] = []
        for number in 0..<count {
            let account = try await server.accounts.createDriver(
                name: "Driver \(number)", phone: "+91\(number)", email: nil, password: "a good password")
            server.house.fleet.update(account)
            guard let token = try await server.accounts.token(for: .driver(account.id)) else {
                throw BenchFailure("no token for driver \(account.id)")
            }
            phones.append(Phone(driver: account.id, token: token))
        }
        let pool = try ConnectionPool(
            configuration: .init(
                target: ConnectionTarget(connectionString: url, applicationName: "benchmark"), connections: 2),
            generator: SystemRandomNumberGenerator())
        return BenchServer(
            server: server, client: client, admin: admin.accessToken, phones: phones, pool: pool, url: url,
            metrics: metrics)
    }

    /// A counter of the server, summed over its series.
    func counter(_ name: String) -> Int {
        Int(
            metrics.exposition().split(separator: "\n").filter { $0.hasPrefix(name) && !$0.hasPrefix("#") }
                .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +))
    }

    func number(_ sql: String) async throws -> Int64 {
        try await pool.query(sql, deadline: .seconds(120)).first.map { try $0.get(0, as: Int64.self) } ?? 0
    }

    private struct StopSwitch: Service {
        let stops: AsyncStream<Void>

        func run() async throws {
            await cancelWhenGracefulShutdown {
                for await _ in stops {}
            }
        }
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
