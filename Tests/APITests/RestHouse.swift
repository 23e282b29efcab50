import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identity
import Logging
import NIOCore
import Simulation
import Synchronization

/// The real API on the real house on a store in memory, with two drivers, an admin and a restaurant.
struct RestHouse: Sendable {
    static let password = "a good password"
    static let koramangala = GeoPoint(latitude: 12.9352, longitude: 77.6245)
    static let indiranagar = GeoPoint(latitude: 12.9784, longitude: 77.6408)

    let city: VirtualHouse
    let api: API
    let epochs: EpochRegister
    let logs: LogLines
    let asha: DriverAccount
    let ravi: DriverAccount
    let admin: AdminAccount
    let restaurant: Restaurant
    private let issuer: TokenIssuer
    private let hasher: PasswordHasher

    init(edit: (inout API.Parts) -> Void = { _ in }) async throws {
        var settings = HouseSettings()
        settings.secondsEastOfUTC = { _ in 19_800 }
        city = VirtualHouse(settings: settings)
        let keys = try await TokenKeys(secret: Array("a secret of at least thirty-two bytes".utf8))
        issuer = TokenIssuer(keys: keys)
        let counter = Counter()
        let random: RandomBytes = { count in
            let round = counter.next()
            return (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ round &* 13) }
        }
        hasher = PasswordHasher(parameters: .cheap, randomBytes: random)
        epochs = EpochRegister()
        logs = LogLines()
        let lines = logs
        var logger = Logger(label: "api") { _ in lines.handler() }
        logger.logLevel = .trace
        var parts = API.Parts(
            house: city.house, issuer: issuer, verifier: TokenVerifier(keys: keys),
            refresh: RefreshPolicy(secret: Array("a secret of at least thirty-two bytes".utf8)), hasher: hasher,
            epochs: epochs, randomBytes: random, logger: logger)
        edit(&parts)
        api = API(parts)
        let hash = try await hasher.hash(Self.password)
        asha = try await Self.driver("asha", "+919800000001", hash, city)
        ravi = try await Self.driver("ravi", "+919800000002", hash, city)
        admin = try await city.store.createAdmin(email: "admin@example.org", fullName: "Admin", passwordHash: hash)
        restaurant = try await city.store.createRestaurant(
            RestaurantDraft(
                name: "Burger King", address: "Koramangala 5th Block", phone: "+9180", point: Self.koramangala))
    }

    private static func driver(
        _ name: String, _ phone: String, _ hash: String, _ city: VirtualHouse
    ) async throws -> DriverAccount {
        let desk = DriverDesk(city.house)
        let account = try await desk.create(
            DriverDraft(name: name, phone: phone, email: "\(name)@example.org", passwordHash: hash))
        let online = try await desk.setAvailability(true, of: account.id)
        if let point = koramangala { city.report(account.id, at: point) }
        return online
    }

    /// Runs `body` against the router, without a socket unless one is asked for.
    func serve(
        over setup: TestingSetup = .router, _ body: @Sendable @escaping (Caller) async throws -> Void
    ) async throws {
        defer { hasher.stop() }
        let app = Application(responder: api.makeResponder(), logger: Logger(label: "server") { _ in logs.handler() })
        try await app.test(setup) { client in
            try await body(Caller(client: client))
        }
    }

    func token(_ driver: DriverAccount, issuedAgo: Int64 = 0) -> String {
        issuer.issue(
            to: Bearer(role: .driver, id: driver.id.rawValue, session: "s", epoch: driver.tokenEpoch),
            at: city.time.now.milliseconds - issuedAgo)
    }

    var adminToken: String {
        issuer.issue(
            to: Bearer(role: .admin, id: admin.id.rawValue, session: "s", epoch: admin.tokenEpoch),
            at: city.time.now.milliseconds)
    }

    /// A placed order, assigned to `driver` by hand.
    func assignedOrder(
        to driver: DriverAccount, edit: (inout OrderContent) -> Void = { _ in }
    ) async throws -> Order {
        let order = try await city.placeOrder(from: Self.koramangala, to: Self.indiranagar, edit: edit)
        let request = AssignOrders.Request(orderIDs: [order.id], driverID: driver.id)
        return try await AssignOrders(city.house)(request, by: admin.id).orders[0]
    }
}

/// One answer, read.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let text: String
    /// The body as JSON; null when it is none.
    let json: JSON

    init(_ response: TestResponse) {
        status = response.status.code
        headers = response.headers
        text = String(buffer: response.body)
        json = (try? JSON(parsing: text)) ?? .null
    }

    var detail: String? { json["detail"]?.text }
    var code: String? { json["code"]?.text }
}

/// Makes requests as the apps do.
struct Caller: Sendable {
    let client: any TestClientProtocol

    func call(
        _ method: HTTPRequest.Method, _ path: String, as token: String? = nil, body: String? = nil,
        type: String? = "application/json", headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        if let token { headers[.authorization] = "Bearer \(token)" }
        if let type { headers[.contentType] = type }
        return try await client.execute(
            uri: path.hasPrefix("/") ? path : "/api/v1/\(path)", method: method, headers: headers,
            body: body.map { ByteBuffer(string: $0) }
        ) { Answer($0) }
    }

    func get(_ path: String, as token: String? = nil, headers: HTTPFields = [:]) async throws -> Answer {
        try await call(.get, path, as: token, headers: headers)
    }

    func post(_ path: String, as token: String? = nil, _ body: String? = nil) async throws -> Answer {
        try await call(.post, path, as: token, body: body)
    }

    func put(_ path: String, as token: String? = nil, _ body: String? = nil) async throws -> Answer {
        try await call(.put, path, as: token, body: body)
    }

    func patch(_ path: String, as token: String? = nil, _ body: String? = nil) async throws -> Answer {
        try await call(.patch, path, as: token, body: body)
    }
}

final class Counter: Sendable {
    private let value = Mutex(0)
    func next() -> Int {
        value.withLock { value in
            value += 1
            return value
        }
    }
}

/// Every log line of a server, to be searched.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func handler() -> any LogHandler { Handler(lines: self) }

    fileprivate func append(_ line: String) {
        lines.withLock { $0.append(line) }
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level = .trace

        init(lines: LogLines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.append("\(event.message) \(event.metadata ?? [:]) \(metadata)")
        }
    }
}
