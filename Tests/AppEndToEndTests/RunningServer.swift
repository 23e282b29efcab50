import App
import Contract
import DispatchCore
import DriverClient
import Fulfilment
import Geo
import Logging
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

    struct Person: Sendable {
        let id: Int64
        let token: String
    }

    static let centre = (latitude: 12.9352, longitude: 77.6245)

    /// Serves while `body` runs, then stops everything.
    static func with(
        drivers count: Int = 2, settings: [String: String] = [:],
        _ body: @Sendable @escaping (RunningServer) async throws -> Void
    ) async throws {
        try await TestDatabase.with { database in
            var defaults = [
                "http.host": "127.0.0.1", "http.port": "0", "database.url": database.url,
                "auth.secret": "a key of the tests, longer than 32 bytes", "dispatch.automatic": "false",
            ]
            defaults.merge(settings) { $1 }
            let reader = try await SettingsReader(arguments: [], environment: [:], file: nil, defaults: defaults)
            let logs = LogLines()
            let (ports, port) = AsyncStream.makeStream(of: Int.self)
            var options = Server.Options()
            options.hashesCheaply = true
            options.onReady = { port.yield($0) }
            let server = try await Server(try AppConfiguration(reader), options: options, log: logs.logger)
            _ = try await server.accounts.createFirstAdmin(email: "admin@example.org", password: "open sesame")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run(onSignals: false) }
                var found = ports.makeAsyncIterator()
                let number = try #require(await found.next())
                let address = try #require(ServerAddress("http://127.0.0.1:\(number)"))
                let client = try WireClient(address)
                do {
                    try await body(try await make(server, client: client, count: count, database: database, logs: logs))
                } catch {
                    await client.shutdown()
                    group.cancelAll()
                    throw error
                }
                await client.shutdown()
                group.cancelAll()
            }
        }
    }

    private static func make(
        _ server: Server, client: WireClient, count: Int, database: TestDatabase, logs: LogLines
    ) async throws -> RunningServer {
        let admin = try await client.signIn(admin: Credentials(identity: "admin@example.org", password: "open sesame"))
        var people: [Person] = []
        for number in 0..<count {
            let email = "driver\(number)@example.org"
            _ = try await client.send(.post, "/api/v1/drivers", token: admin.accessToken) { writer in
                writer.field("name", "Driver \(number)")
                writer.field("phone", "+91900000000\(number)")
                writer.field("email", email)
                writer.field("password", "a good password")
            }
            let driver = try await client.signIn(driver: Credentials(identity: email, password: "a good password"))
            people.append(Person(id: driver.id, token: driver.accessToken))
        }
        return RunningServer(
            client: client, admin: admin.accessToken, drivers: people, database: database, logs: logs,
            accounts: server.accounts)
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
