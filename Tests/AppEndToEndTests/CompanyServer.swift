import Contract
import DriverClient
import Synchronization
import TestSupport
import Testing

/// What a screen does with a value decides its JSON type.
enum Kind: Sendable {
    case number, numberOrNull, text, textOrNull, filledText, flag, list, object, null

    func accepts(_ value: JSON?) -> Bool {
        switch (self, value) {
        case (.number, .number?), (.numberOrNull, .number?), (.numberOrNull, .null?): true
        case (.text, .string?), (.textOrNull, .string?), (.textOrNull, .null?): true
        case (.filledText, .string(let text)?): !text.isEmpty
        case (.flag, .bool?), (.list, .array?), (.object, .object?), (.null, .null?): true
        default: false
        }
    }
}

/// Every field that is read is there, with the type that the screen can bear.
func check(_ json: JSON?, _ fields: [String: Kind], _ what: String) {
    guard let json, json.isObject else {
        Issue.record("\(what): no object")
        return
    }
    for (name, kind) in fields.sorted(by: { $0.key < $1.key }) {
        #expect(kind.accepts(json[name]), "\(what): \(name) is not \(kind): \(String(describing: json[name]))")
    }
}

/// The server as the company sets it up, and its apps' way of calling it.
extension RunningServer {
    static let poolKey = "the key of the restaurants' portal"
    static let company = [
        "push.batchMessages": "perBatch", "delivery.otp": "true", "pools.apiKey": poolKey,
        "earnings.multiOrderBonus": "5",
    ]

    /// A call as axios makes it in both apps: a JSON content type on everything, also without a body.
    func app(_ verb: RESTVerb, _ path: String, as token: String?, _ body: String? = nil) async throws -> RESTAnswer {
        try await client.call(
            verb, path.hasPrefix("/") ? path : "/api/v1/\(path)", token: token, body: body.map { Array($0.utf8) },
            headers: [("content-type", "application/json"), ("accept", "application/json, text/plain, */*")])
    }

    /// A call that must succeed.
    @discardableResult
    func done(_ verb: RESTVerb, _ path: String, as token: String?, _ body: String? = nil) async throws -> JSON {
        let answer = try await app(verb, path, as: token, body)
        #expect((200..<300).contains(answer.status), "\(verb) \(path): \(answer.status) \(answer.detail)")
        return answer.json
    }

    func restaurant(_ name: String, external: String, north: Double = 0) async throws -> Int64 {
        let made = try await done(
            .post, "restaurants", as: admin,
            """
            {"name":"\(name)","address":"\(name) Road","phone":"+9180","latitude":\(Self.centre.latitude + north),
            "longitude":\(Self.centre.longitude),"external_restaurant_id":"\(external)"}
            """)
        return try #require(made["id"]?.int64)
    }

    /// An order as the console's form sends it.
    func consoleOrder(restaurant: Int64, phone: String = "9800000001") async throws -> Int64 {
        let made = try await done(
            .post, "orders", as: admin,
            """
            {"customer_name":"Asha Rao","customer_phone":"\(phone)","delivery_address":"Indiranagar 100ft Road",
            "delivery_lat":12.9784,"delivery_lng":77.6408,"special_instructions":"","restaurant_id":\(restaurant),
            "items":[{"name":"Dosa","quantity":2,"price":80}],"order_total":160}
            """)
        return try #require(made["id"]?.int64)
    }

    /// Rows as the restaurants' portal posts them at the closing of a pool, with the places that it lacks.
    static func row(_ order: String, pool: String, restaurant: String, phone: String, north: Double = 0.01) -> String {
        """
        {"order_id":"\(order)","pool_id":"\(pool)","restaurant_id":"\(restaurant)","restaurant_phone":"+9180",
        "customer_name":"Customer \(phone)","customer_phone":"\(phone)","items":[{"name":"Thali","quantity":1,
        "price":15000}],"total_amount":18050,"subtotal":15000,"delivery_fee":2000,"platform_fee":1050,
        "amount_to_collect":0,"payment_status":"PAID","order_status":"CONFIRMED","created_at":"2025-11-19T10:30:00Z",
        "delivery_address":"Lane \(phone)","delivery_lat":\(Self.centre.latitude + north),
        "delivery_lng":\(Self.centre.longitude + 0.005)}
        """
    }

    /// The webhook of a closed pool.
    @discardableResult
    func closePool(_ rows: [String], key: String? = poolKey) async throws -> RESTAnswer {
        try await client.call(
            .post, "/api/webhook/receive-orders", body: Array("{\"orders\":[\(rows.joined(separator: ","))]}".utf8),
            headers: key.map { [("X-API-Key", $0)] } ?? [], patience: .seconds(300))
    }

    /// The console's list of pools.
    func pool(external: String) async throws -> JSON {
        let pools = try await done(.get, "pools", as: admin)
        return try #require(pools.elements?.first { $0["external_pool_id"]?.text == external })
    }

    /// The orders of a pool as its page shows them, oldest first.
    func orders(ofPool pool: Int64) async throws -> [JSON] {
        let orders = try await done(.get, "pools/\(pool)/details", as: admin)["orders"]?.elements ?? []
        return orders.sorted { ($0["order_id"]?.int64 ?? 0) < ($1["order_id"]?.int64 ?? 0) }
    }

    /// The position that the app sends every ten seconds; its `status` is always `ONLINE`.
    func track(_ socket: DriverSocket, order: String = "null") {
        socket.send(
            """
            {"type":"location_update","data":{"lat":\(Self.centre.latitude),"lng":\(Self.centre.longitude),
            "status":"ONLINE","order_id":\(order),"accuracy":12.5,"heading":-1,"speed":0,"battery_level":100,
            "timestamp":"2025-11-19T10:30:00.000Z"}}
            """)
    }

    func console() async throws -> (socket: DriverSocket, inbox: Inbox) {
        let inbox = Inbox()
        let socket = try await client.openConsole(token: admin) { inbox.receive($0) }
        _ = try #require(try await inbox.message("connection_ack", within: .seconds(5)))
        return (socket, inbox)
    }

    /// Calls made at once; their statuses in the order of the ids.
    func atOnce(_ ids: [Int64], _ call: @Sendable @escaping (Int64) async throws -> Int) async throws -> [Int] {
        try await withThrowingTaskGroup(of: (Int64, Int).self) { group in
            for id in ids { group.addTask { (id, try await call(id)) } }
            var statuses: [Int64: Int] = [:]
            for try await (id, status) in group { statuses[id] = status }
            return ids.compactMap { statuses[$0] }
        }
    }
}

extension Inbox {
    /// Offers so far, oldest first.
    var offers: [JSON] {
        texts.compactMap { try? JSON(parsing: $0) }.filter { $0["type"]?.text == "order_assigned" }
            .compactMap { $0["data"] }
    }
}
