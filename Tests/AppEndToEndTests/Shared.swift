import Contract
import DriverClient
import Identity
import Postgres
import TestSupport
import Testing

/// One server by hand that suites share: nothing is given out by the engine, limits are those of a live server.
enum Shared {
    static let plain = Task { try await RunningServer.kept() }
    /// Limits so short that a test can wait for them.
    static let hasty = Task {
        try await RunningServer.kept(settings: [
            "ws.idleTimeout": "1.5", "ws.pingInterval": "0.4", "ws.connectBurst": "3", "ws.connectRefill": "0.001",
            "ws.messageRate": "100", "ws.messageBurst": "20", "delivery.otp": "true", "push.batchMessages": "perBatch",
        ])
    }
}

/// A driver's socket with what came over it.
struct Phone: Sendable {
    let person: RunningServer.Person
    let socket: DriverSocket
    let inbox: Inbox

    /// The next message of the type that `wanted` accepts; fails the test when it does not come in time.
    func hears(
        _ type: String, within limit: Duration = .seconds(5), where wanted: (JSON) -> Bool = { _ in true }
    ) async throws -> JSON {
        let message = try await inbox.message(within: limit) { $0["type"]?.text == type && wanted($0["data"] ?? .null) }
        return try #require(message, "\(type) did not come; heard \(inbox.texts.suffix(5))")
    }

    /// Messages of the type so far.
    func heard(_ type: String) -> [JSON] {
        inbox.texts.compactMap { try? JSON(parsing: $0) }.filter { $0["type"]?.text == type }
    }

    func send(_ type: String, _ data: String) {
        socket.send(#"{"type":"\#(type)","data":\#(data)}"#)
    }

    /// Waits until the server has read everything that was sent before.
    func settle() async throws {
        let known = heard("pong").count
        socket.send(#"{"type":"ping"}"#)
        try await eventually(within: .seconds(5)) { heard("pong").count > known }
    }
}

extension RunningServer {
    func phone(_ person: Person, place: TokenPlace = .query, answersPings: Bool = true) async throws -> Phone {
        let inbox = Inbox()
        let socket = try await client.openSocket(
            driver: "\(person.id)", token: person.token, place: place, answersPings: answersPings
        ) { inbox.receive($0) }
        let phone = Phone(person: person, socket: socket, inbox: inbox)
        _ = try await phone.hears("connection_ack")
        return phone
    }

    /// A driver who has just been hired, with his phone.
    func hiredPhone() async throws -> Phone { try await phone(try await hire()) }

    /// What the server says to a socket that it does not want.
    func refusal(of token: String?, driver: Int64) async throws -> SocketClose? {
        let inbox = Inbox()
        _ = try await client.openSocket(driver: "\(driver)", token: token) { inbox.receive($0) }
        return try await inbox.close(within: .seconds(5))
    }

    /// A token as the server would have signed it at another moment or for somebody else.
    func token(for id: Int64, role: Role = .driver, issuedAt: Int64, life: Int64 = 43_200) async throws -> String {
        let keys = try await TokenKeys(secret: Array(Self.secret.utf8))
        return TokenIssuer(keys: keys, scope: TokenScope(accessLifetime: life)).issue(
            to: Bearer(role: role, id: id, session: "test", epoch: 0), at: issuedAt)
    }

    /// Forces orders to a driver as one batch.
    @discardableResult
    func force(_ orders: [Int64], to driver: Person, extra: String = "") async throws -> JSON {
        let list = orders.map(String.init).joined(separator: ",")
        let answer = try await post(
            "orders/assign", as: admin, "{\"order_ids\":[\(list)],\"driver_id\":\(driver.id)\(extra)}")
        #expect(answer.status == 200, "\(answer.detail)")
        return answer.json
    }

    func step(_ order: Int64, _ status: String, as token: String, extra: String = "") async throws -> RESTAnswer {
        try await put("orders/\(order)/status", as: token, "{\"status\":\"\(status)\"\(extra)}")
    }

    func order(_ id: Int64) async throws -> JSON { try await get("orders/\(id)", as: admin).json }

    /// The stored positions of a driver, oldest first.
    func positions(of driver: Person) async throws -> [StoredPosition] {
        try await database.pool.query(
            """
            SELECT latitude::float8, longitude::float8, accuracy::float8, heading::float8, speed::float8, battery_level, \
            (extract(epoch FROM created_at) * 1000)::int8, (extract(epoch FROM recorded_at) * 1000)::int8 \
            FROM driver_locations WHERE driver_id = $1 ORDER BY created_at, id
            """, [.int8(driver.id)]
        ).map { row in
            StoredPosition(
                latitude: try row.get(0), longitude: try row.get(1), accuracy: try row.get(2), heading: try row.get(3),
                speed: try row.get(4), battery: try row.get(5), createdAt: try row.get(6), recordedAt: try row.get(7))
        }
    }

    /// Waits until the driver has so many rows, and gives them.
    func positions(
        of driver: Person, count: Int, within limit: Duration = .seconds(5)
    ) async throws
        -> [StoredPosition]
    {
        try await eventually(within: limit) { try await positions(of: driver).count >= count }
        return try await positions(of: driver)
    }

    func number(_ sql: String, _ parameters: [Parameter] = []) async throws -> Int64 {
        try await database.pool.query(sql, parameters).first.map { try $0.get(0, as: Int64.self) } ?? 0
    }
}

/// A row of `driver_locations`.
struct StoredPosition: Equatable {
    var latitude: Double
    var longitude: Double
    var accuracy: Double?
    var heading: Double?
    var speed: Double?
    var battery: Int?
    var createdAt: Int64
    var recordedAt: Int64?
}

/// The seed's own sample of a position.
let seedPosition = """
    {"latitude":28.7041,"longitude":77.1025,"accuracy":10.5,"heading":180.0,"speed":25.5,"battery_level":75,\
    "timestamp":"2025-11-19T10:30:00Z"}
    """

extension JSON {
    var flag: Bool? { if case .bool(let flag) = self { flag } else { nil } }
}

extension RESTAnswer {
    /// A field of the head, by its name in any case.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }
}
