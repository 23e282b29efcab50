import App
import Contract
import CoreMetrics
import DispatchCore
import DriverClient
import Fulfilment
import Geo
import Logging
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

/// A whole server on a database of its own, on a port of the loopback, with an admin and drivers.
struct RunningServer: Sendable {
    let client: WireClient
    let admin: String
    let drivers: [Person]
    let database: TestDatabase
    let logs: LogLines
    let accounts: AccountDesk
    private let stopping: AsyncStream<Void>.Continuation

    struct Person: Sendable {
        let id: Int64
        let token: String
        var email = ""
        var phone = ""
        var refreshToken = ""
    }

    static let centre = (latitude: 12.9352, longitude: 77.6245)

    static let secret = "a key of the tests, longer than 32 bytes"

    /// Serves while `body` runs, then stops everything.
    static func with(
        drivers count: Int = 2, settings: [String: String] = [:],
        _ body: @Sendable @escaping (RunningServer) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            try await with(database, drivers: count, settings: settings, body)
        }
    }

    /// Serves on a database that may have been used before.
    static func with(
        _ database: TestDatabase, drivers count: Int, settings: [String: String],
        _ body: @Sendable @escaping (RunningServer) async throws -> Void
    ) async throws {
        let (server, logs, ports) = try await made(on: database, settings)
        let (stops, stopping) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run(with: [StopSwitch(stops: stops)], onSignals: false) }
            let client = try await Self.client(of: ports)
            do {
                try await body(
                    try await make(
                        server, client: client, count: count, database: database, logs: logs, stopping: stopping))
            } catch {
                await client.shutdown()
                group.cancelAll()
                throw error
            }
            await client.shutdown()
            group.cancelAll()
        }
    }

    /// A server that serves as long as the process lives: for suites whose tests can share one.
    static func kept(settings: [String: String] = [:]) async throws -> RunningServer {
        let database = try await TestDatabase.kept()
        let (server, logs, ports) = try await made(on: database, settings)
        let (stops, stopping) = AsyncStream.makeStream(of: Void.self)
        Task { try await server.run(with: [StopSwitch(stops: stops)], onSignals: false) }
        return try await make(
            server, client: try await client(of: ports), count: 0, database: database, logs: logs, stopping: stopping)
    }

    private static func made(
        on database: TestDatabase, _ settings: [String: String]
    ) async throws -> (Server, LogLines, AsyncStream<Int>) {
        var defaults = [
            "http.host": "127.0.0.1", "http.port": "0", "database.url": database.url, "auth.secret": secret,
            "dispatch.automatic": "false",
        ]
        defaults.merge(settings) { $1 }
        let reader = try await SettingsReader(arguments: [], environment: [:], file: nil, defaults: defaults)
        let logs = LogLines()
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        var options = Server.Options()
        options.hashesCheaply = true
        options.metrics = TestMetrics.factory
        options.onReady = { port.yield($0) }
        let server = try await Server(try AppConfiguration(reader), options: options, log: logs.logger)
        _ = try await server.accounts.createFirstAdmin(email: "admin@example.org", password: "open sesame")
        return (server, logs, ports)
    }

    private static func client(of ports: AsyncStream<Int>) async throws -> WireClient {
        var found = ports.makeAsyncIterator()
        let number = try #require(await found.next())
        return try WireClient(try #require(ServerAddress("http://127.0.0.1:\(number)")))
    }

    private static func make(
        _ server: Server, client: WireClient, count: Int, database: TestDatabase, logs: LogLines,
        stopping: AsyncStream<Void>.Continuation
    ) async throws -> RunningServer {
        let admin = try await client.signIn(admin: Credentials(identity: "admin@example.org", password: "open sesame"))
        var people: [Person] = []
        for _ in 0..<count { people.append(try await hire(client, admin: admin.accessToken)) }
        return RunningServer(
            client: client, admin: admin.accessToken, drivers: people, database: database, logs: logs,
            accounts: server.accounts, stopping: stopping)
    }

    /// Stops the server in good order, as a signal would.
    func stop() { stopping.finish() }

    /// A companion of the server whose end is the server's.
    private struct StopSwitch: Service {
        let stops: AsyncStream<Void>

        func run() async throws {
            await cancelWhenGracefulShutdown {
                for await _ in stops {}
            }
        }
    }

    private static let hired = Atomic<Int>(0)
    static let password = "a good password"

    private static func hire(_ client: WireClient, admin: String) async throws -> Person {
        let number = hired.add(1, ordering: .relaxed).newValue
        let email = "driver\(number)@example.org"
        _ = try await client.send(.post, "/api/v1/drivers", token: admin) { writer in
            writer.field("name", "Driver \(number)")
            writer.field("phone", "+91900000\(1000 + number)")
            writer.field("email", email)
            writer.field("password", password)
        }
        let driver = try await client.signIn(driver: Credentials(identity: email, password: password))
        return Person(
            id: driver.id, token: driver.accessToken, email: email, phone: "+91900000\(1000 + number)",
            refreshToken: driver.refreshToken ?? "")
    }

    /// A driver of his own for a test on a shared server.
    func hire() async throws -> Person {
        try await Self.hire(client, admin: admin)
    }

    /// A phone whose first message has come.
    func connect(_ person: Person) async throws -> (socket: DriverSocket, inbox: Inbox) {
        let inbox = Inbox()
        let socket = try await client.openSocket(driver: "\(person.id)", token: person.token) { inbox.receive($0) }
        _ = try #require(try await inbox.message("connection_ack", within: .seconds(5)))
        return (socket, inbox)
    }

    /// An order near the centre, offset by metres.
    func placeOrder(east: Double = 0, phone: String = "+91980000", extra: String = "") async throws -> Int64 {
        let shift = east / 108_374
        let body = """
            {"customer_name":"Asha Rao","customer_phone":"\(phone)","delivery_address":"Indiranagar 100ft Road",
            "delivery_lat":\(Self.centre.latitude + 0.01),"delivery_lng":\(Self.centre.longitude + shift),
            "restaurant_name":"Burger King","pickup_address":"Koramangala 5th Block",
            "pickup_lat":\(Self.centre.latitude),"pickup_lng":\(Self.centre.longitude),
            "items":[{"name":"Burger","quantity":1,"price":120}],"order_total":120\(extra)}
            """
        let answer = try await client.call(.post, "/api/v1/orders", token: admin, body: Array(body.utf8))
        #expect(answer.status == 201, "\(answer.detail)")
        return try #require(answer.json["id"]?.int64)
    }

    func post(_ path: String, as token: String, _ body: String? = nil) async throws -> RESTAnswer {
        try await client.call(.post, "/api/v1/\(path)", token: token, body: body.map { Array($0.utf8) })
    }

    func put(_ path: String, as token: String, _ body: String) async throws -> RESTAnswer {
        try await client.call(.put, "/api/v1/\(path)", token: token, body: Array(body.utf8))
    }

    func get(_ path: String, as token: String) async throws -> RESTAnswer {
        try await client.call(.get, "/api/v1/\(path)", token: token)
    }
}

/// The counters of every server of this process.
enum TestMetrics {
    static let factory: PrometheusFactory = {
        let factory = PrometheusFactory()
        MetricsSystem.bootstrap(factory)
        return factory
    }()

    /// Positions that did not move their driver in the live index.
    static var heldBack: Double {
        ["inaccurate", "out_of_order", "impossible_jump"].map { counter("location_updates_total", $0) }.reduce(0, +)
    }

    /// The sum over all series of a counter whose labels contain `labels`, 0 when there is none.
    static func counter(_ name: String, _ labels: String = "") -> Double {
        factory.exposition().split(separator: "\n").filter {
            ($0.hasPrefix(name + "{") || $0.hasPrefix(name + " ")) && $0.contains(labels)
        }.compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }
}

/// Everything that the server logged.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(lines: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            lines.lines.withLock { $0.append("\(event.message) \(all)") }
        }
    }
}
