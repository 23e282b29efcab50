import Contract
import DriverClient
import NIOCore
import NIOPosix
import Postgres
import TestSupport
import Testing

/// Whatever anybody sends: a clear refusal, a count, nothing lost, nobody else disturbed.
@Suite struct BadInputTests {
    /// Values that no field expects, among them some that a field may take.
    static let odd = [
        "null", "true", "-1", "0", "1e400", "-1e400", "1.5", "9007199254740993", "99999999999999999999", #""""#,
        #""x""#, #""\u0000""#, #""\ud800""#, #""NaN""#, "[]", "{}", "[[1]]", "NaN", "'x'",
        "\"" + String(repeating: "long ", count: 3000) + "\"", #""9999-99-99T99:99:99Z""#, #""0000-01-01T00:00:00Z""#,
        #""9999-12-31T23:59:59Z""#,
    ]

    /// A call with the fields that it reads and a good value for each.
    struct Call: Sendable {
        let verb: RESTVerb
        let path: String
        let fields: [(String, String)]
    }

    static let order: [(String, String)] = [
        ("customer_name", #""A""#), ("customer_phone", #""1""#), ("delivery_address", #""x""#),
        ("delivery_lat", "12.9"), ("delivery_lng", "77.6"), ("special_instructions", #""ring""#),
        ("restaurant_name", #""B""#), ("pickup_address", #""y""#), ("pickup_lat", "12.9"), ("pickup_lng", "77.6"),
        ("items", #"[{"name":"Dosa","quantity":1,"price":10}]"#), ("order_total", "10"), ("driver_earnings", "5"),
        ("distance_km", "2"), ("ready_at", #""2026-01-01T00:00:00Z""#), ("promised_at", #""2026-01-01T01:00:00Z""#),
        ("bag_units", "1"), ("pool_id", "7"),
    ]

    static func calls(order id: Int64, driver: Int64) -> [Call] {
        [
            Call(verb: .post, path: "orders", fields: order),
            Call(
                verb: .post, path: "orders/\(id)/assign",
                fields: [("driver_id", "\(driver)"), ("driver_earnings", "5"), ("force", "true"), ("reason", #""r""#)]),
            Call(
                verb: .post, path: "orders/assign",
                fields: [("order_ids", "[\(id)]"), ("driver_id", "\(driver)"), ("force", "true")]),
            Call(verb: .post, path: "orders/\(id)/cancel", fields: [("reason", #""r""#), ("by", #""nobody""#)]),
            Call(verb: .put, path: "orders/\(id)/status", fields: [("status", #""ACCEPTED""#), ("otp", "1")]),
            Call(
                verb: .post, path: "drivers",
                fields: [
                    ("name", #""N""#), ("phone", #""+911""#), ("email", #""n@example.org""#),
                    ("password", #""short""#), ("vehicle_type", #""car""#), ("capacity", "3"),
                ]),
            Call(
                verb: .patch, path: "drivers/\(driver)",
                fields: [("capacity", "3"), ("shift_ends_at", #""2026-01-01T00:00:00Z""#), ("upi", #""u""#)]),
            Call(
                verb: .post, path: "restaurants",
                fields: [("name", #""R""#), ("address", #""a""#), ("latitude", "1"), ("longitude", "2")]),
            Call(
                verb: .put, path: "zones",
                fields: [("type", #""FeatureCollection""#), ("features", #"[{"type":"Feature"}]"#)]),
            Call(verb: .post, path: "auth/login", fields: [("identity", #""i""#), ("password", #""p""#)]),
            Call(verb: .post, path: "auth/refresh", fields: [("refresh_token", #""rt_x""#)]),
            Call(
                verb: .put, path: "auth/password",
                fields: [("current_password", #""no""#), ("new_password", #""also no""#)]),
        ]
    }

    @Test func noValueOfAnyFieldIsAnInternalError() async throws {
        let server = try await Shared.plain.value
        let driver = try await server.hire()
        let order = try await server.placeOrder()
        var bad: [String] = []
        var refused = 0
        for call in Self.calls(order: order, driver: driver.id) {
            for (field, _) in call.fields {
                for value in Self.odd {
                    let members = call.fields.map { "\"\($0.0)\":\($0.0 == field ? value : $0.1)" }
                    let body = Array("{\(members.joined(separator: ","))}".utf8)
                    let answer = try await server.client.call(
                        call.verb, "/api/v1/\(call.path)", token: server.admin, body: body)
                    if answer.status >= 500 || (answer.status >= 400 && answer.json["detail"]?.text == nil) {
                        bad.append("\(call.verb.rawValue) \(call.path) \(field)=\(value.prefix(30)): \(answer.status)")
                    }
                    if answer.status >= 400 { refused += 1 }
                }
            }
        }
        #expect(bad == [])
        #expect(refused > 500, "most of it is refused")
        #expect(try await server.get("orders/\(order)", as: server.admin).status == 200)
    }

    @Test func aRepeatedCommandInParallelIsDoneOnce() async throws {
        let server = try await Shared.plain.value
        let phone = try await server.hiredPhone()
        let order = try await server.placeOrder()
        try await server.force([order], to: phone.person)
        for (word, version) in [("ACCEPTED", 3), ("PICKED_UP", 4), ("DELIVERED", 5)] as [(String, Int64)] {
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<12 { group.addTask { try await server.step(order, word, as: phone.person.token).status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses == [Int](repeating: 200, count: 12), "\(word)")
            #expect(try await server.number("SELECT version FROM orders WHERE id = $1", [.int8(order)]) == version)
        }
        #expect(try await server.number("SELECT count(*) FROM earnings WHERE order_id = $1", [.int8(order)]) == 1)
        #expect(try await server.get("earnings/today", as: phone.person.token).json["deliveries"]?.int64 == 1)
        phone.socket.close()
    }

    /// Vandals do all that at once, while a driver works: his positions are all stored and his orders come in time.
    @Test func nobodyIsDisturbedByWhatOthersSend() async throws {
        let server = try await Shared.plain.value
        let good = try await server.hiredPhone()
        let refusedBefore = TestMetrics.counter("ws_refused_messages_total")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var halves: [any Channel] = []
        for number in 0..<40 {
            let channel = try await ClientBootstrap(group: group).connect(
                host: server.client.address.host, port: server.client.address.port
            ).get()
            let part =
                number % 2 == 0
                ? "GET /api/v1/ws/driver/1 HTTP/1.1\r\nHo"
                : "POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"
            try await channel.writeAndFlush(ByteBuffer(string: part)).get()
            halves.append(channel)
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for _ in 0..<4 { tasks.addTask { try await Self.vandalise(server) } }
            for number in 0..<60 {
                good.send("location_update", #"{"latitude":12.9,"longitude":77.6,"speed":\#(number)}"#)
                if number % 12 == 0 {
                    let order = try await server.placeOrder()
                    try await server.force([order], to: good.person)
                    _ = try await good.hears("order_assigned", within: .seconds(1)) { $0["order_id"]?.int64 == order }
                }
            }
            try await tasks.waitForAll()
        }
        let rows = try await server.positions(of: good.person, count: 60)
        #expect(rows.map(\.speed) == (0..<60).map { Double($0) })
        #expect(good.inbox.close == nil)
        #expect(good.heard("error").isEmpty)
        #expect(TestMetrics.counter("ws_refused_messages_total") > refusedBefore + 40)
        #expect(server.logs.all.filter { $0.contains("request failed") } == [])
        good.socket.close()
        for channel in halves { channel.close(promise: nil) }
        try await group.shutdownGracefully()
    }

    private static func vandalise(_ server: RunningServer) async throws {
        let bad = ["{", "[]", "\"", #"{"type":5}"#, #"{"type":"location_update","data":7}"#, "\u{0}", "{}{}"]
        for round in 0..<3 {
            let phone = try await server.hiredPhone()
            for number in 0..<20 { phone.socket.send(bad[(number + round) % bad.count]) }
            #expect(try await phone.inbox.close(within: .seconds(10))?.code == 1008)
            let loud = try await server.hiredPhone()
            loud.socket.send([UInt8](repeating: 32, count: 1 << 20))
            #expect(try await loud.inbox.close(within: .seconds(10))?.code == 1009)
            let big = [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20)
            // A refusal may overtake the sending of what is refused; the connection then ends under the client.
            let answer = try? await server.client.call(.post, "/api/v1/orders", token: server.admin, body: big)
            if let answer { #expect(answer.status == 413) }
            _ = try await server.refusal(of: "x", driver: phone.person.id)
        }
    }
}
