import Contract
import DriverClient
import Foundation
import Fulfilment
import Identity
import NIOCore
import NIOPosix
import Postgres
import Synchronization
import TestSupport
import Testing

/// Webhooks out: told in the transaction of the change, signed, tried again, visible, replayable; a target that hangs
/// harms nobody.
@Suite(.serialized) struct CompanyWebhookTests {
    static let quick = ["webhooks.timeout": "1", "webhooks.firstPause": "0.2", "webhooks.attempts": "3"]

    /// Registers a receiver; gives its number and secret.
    private func register(
        _ receiver: Receiver, on server: RunningServer, events: String? = nil
    ) async throws -> (id: Int64, secret: String) {
        let list = events.map { ",\"events\":\($0)" } ?? ""
        let made = try await server.done(
            .post, "webhooks", as: server.admin, "{\"url\":\"http://127.0.0.1:\(receiver.port)/hook\"\(list)}")
        return (try #require(made["id"]?.int64), try #require(made["secret"]?.text))
    }

    @Test func everyEventOfAnOrderIsToldOnceAndSigned() async throws {
        try await Receiver.with { receiver in
            try await RunningServer.with(settings: Self.quick) { server in
                let (id, secret) = try await register(receiver, on: server)
                let driver = server.drivers[0]
                let order = try await server.placeOrder(extra: #","external_order_id":"ext-7""#)
                try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
                for step in ["accept", "pickup", "pickup", "deliver"] {
                    try await server.done(.post, "driver/orders/\(order)/\(step)", as: driver.token, "{}")
                }
                let gone = try await server.placeOrder()
                try await server.done(
                    .post, "orders/\(gone)/cancel", as: server.admin, #"{"reason":"Closed","by":"restaurant"}"#)
                try await eventually(within: .seconds(10)) { receiver.requests.count >= 4 }
                try await Task.sleep(for: .seconds(1))
                let bodies = receiver.requests.compactMap { try? JSON(parsing: $0.body) }
                #expect(
                    bodies.compactMap { $0["type"]?.text } == [
                        "order.assigned", "order.picked_up", "order.delivered", "order.cancelled",
                    ])
                let first = try #require(bodies.first?["data"])
                #expect(first["external_order_id"]?.text == "ext-7" && first["driver_id"]?.int64 == driver.id)
                // The shape that app developers are told of is what is sent.
                for body in bodies { #expect(WebhookBody(body).map { try? JSON(parsing: $0.jsonBytes) } == body) }
                #expect(bodies.last?["data"]?["reason"]?.text == "Closed")
                for request in receiver.requests {
                    let signature = try #require(request.fields["x-tiffin-signature"])
                    let seconds = signature.drop { $0 != "=" }.dropFirst().prefix { $0 != "," }
                    let code = hmacSHA256(key: Array(secret.utf8), Array("\(seconds).\(request.body)".utf8))
                    let hex = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
                    #expect(signature == "t=\(seconds),v1=\(hex)")
                }
                let listed = try await server.done(.get, "webhooks", as: server.admin)
                #expect(listed.elements?.first?["id"]?.int64 == id && listed.elements?.first?["secret"] == nil)
                let told = try await server.done(.get, "webhooks/deliveries?state=delivered", as: server.admin)
                #expect(told.elements?.count == 4)
            }
        }
    }

    @Test func aTargetThatFailsIsTriedAgainThenGivenUpAndCanBeReplayed() async throws {
        try await Receiver.with { receiver in
            try await RunningServer.with(settings: Self.quick) { server in
                _ = try await register(receiver, on: server, events: #"["order.cancelled"]"#)
                receiver.behave(.fail(1))
                let order = try await server.placeOrder()
                try await server.done(.post, "orders/\(order)/cancel", as: server.admin, #"{"by":"admin"}"#)
                try await eventually(within: .seconds(10)) {
                    try await server.done(.get, "webhooks/deliveries?state=delivered", as: server.admin).elements?
                        .first?["attempts"]?.int64 == 2
                }
                receiver.behave(.fail(99))
                let other = try await server.placeOrder()
                try await server.done(.post, "orders/\(other)/cancel", as: server.admin, #"{"by":"admin"}"#)
                func failed() async throws -> JSON? {
                    try await server.done(.get, "webhooks/deliveries?state=failed", as: server.admin).elements?.first
                }
                try await eventually(within: .seconds(15)) { try await failed() != nil }
                let given = try #require(try await failed())
                #expect(given["attempts"]?.int64 == 3 && given["last_status"]?.int64 == 503)
                receiver.behave(.answer)
                try await server.done(
                    .post, "webhooks/deliveries/\(given["id"]?.int64 ?? 0)/replay", as: server.admin)
                try await eventually(within: .seconds(10)) {
                    try await server.done(.get, "webhooks/deliveries?state=delivered", as: server.admin).elements?
                        .count == 2
                }
                #expect(try await failed() == nil)
                let twin = receiver.requests.filter { $0.body == receiver.requests.last?.body }
                #expect(twin.count == 4)
            }
        }
    }

    @Test func aTargetThatHangsHarmsNobody() async throws {
        try await Receiver.with { hanging in
            hanging.behave(.hang)
            try await Receiver.with { healthy in
                try await RunningServer.with(settings: Self.quick) { server in
                    let (stuck, _) = try await register(hanging, on: server)
                    _ = try await register(healthy, on: server)
                    let driver = server.drivers[0]
                    let phone = try await server.connect(driver)
                    for number in 0..<5 {
                        let order = try await server.placeOrder()
                        let started = ContinuousClock.now
                        try await server.done(
                            .post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
                        #expect(started.duration(to: .now) < .seconds(2))
                        try await eventually(within: .seconds(2)) { phone.inbox.offers.count == number + 1 }
                    }
                    try await eventually(within: .seconds(4)) { healthy.requests.count == 5 }
                    let waiting = try await server.done(
                        .get, "webhooks/deliveries?state=waiting&target=\(stuck)", as: server.admin)
                    #expect(waiting.elements?.count == 5)
                    phone.socket.close()
                }
            }
        }
    }

    /// What waited behind a hanging request comes when its own turn comes, in its order, and is told once.
    @Test func aTargetThatHungGetsAllOfItWhenItIsBack() async throws {
        try await Receiver.with { receiver in
            var settings = Self.quick
            settings.merge(["webhooks.timeout": "0.2", "webhooks.attempts": "8"]) { $1 }
            try await RunningServer.with(drivers: 1, settings: settings) { server in
                _ = try await register(receiver, on: server, events: #"["order.cancelled"]"#)
                receiver.behave(.hang)
                var orders: [Int64] = []
                for _ in 0..<6 {
                    let order = try await server.placeOrder()
                    try await server.done(.post, "orders/\(order)/cancel", as: server.admin, #"{"by":"admin"}"#)
                    orders.append(order)
                }
                func told(_ state: String) async throws -> [JSON] {
                    try await server.done(.get, "webhooks/deliveries?state=\(state)", as: server.admin).elements ?? []
                }
                // The first have been tried in vain, the last have not.
                try await eventually(within: .seconds(10)) {
                    try await told("waiting").contains { ($0["attempts"]?.int64 ?? 0) > 0 }
                }
                #expect(try await told("waiting").count == orders.count)
                receiver.behave(.answer)
                let inVain = receiver.requests.count
                try await eventually(within: .seconds(20)) { try await told("delivered").count == orders.count }
                let heard = receiver.requests.compactMap {
                    try? JSON(parsing: $0.body)["data"]?["order_id"]?.int64
                }
                #expect(heard.count == receiver.requests.count && Set(heard) == Set(orders))
                let tried = Set(heard.prefix(inVain))
                #expect(!tried.isEmpty)
                #expect(
                    heard.dropFirst(inVain).filter { !tried.contains($0) } == orders.filter { !tried.contains($0) },
                    "what had not been tried yet comes in its order, once")
                #expect(try await told("failed").isEmpty)
            }
        }
    }

    @Test func whatIsNotCommittedIsNotTold() async throws {
        try await Receiver.with { receiver in
            try await RunningServer.with(settings: Self.quick) { server in
                let (id, _) = try await register(receiver, on: server)
                let order = try await server.placeOrder()
                let refused = try await server.app(
                    .post, "orders/assign", as: server.admin,
                    "{\"order_ids\":[\(order),999999],\"driver_id\":\(server.drivers[0].id)}")
                #expect(refused.status == 404)
                try await server.done(.delete, "webhooks/\(id)", as: server.admin)
                try await server.done(
                    .post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(server.drivers[0].id)}")
                try await Task.sleep(for: .seconds(1))
                #expect(receiver.requests.isEmpty)
                #expect(try await server.database.pool.query("SELECT 1 FROM webhook_deliveries").isEmpty)
                for body in ["{}", #"{"url":"ftp://x"}"#, #"{"url":"http://x","events":["no"]}"#] {
                    #expect(try await server.app(.post, "webhooks", as: server.admin, body).status == 422)
                }
            }
        }
    }
}

/// Somebody else's server: takes requests and answers as it is told to.
final class Receiver: Sendable {
    enum Behaviour: Sendable {
        case answer
        /// So many 503 before it answers.
        case fail(Int)
        case hang
    }

    struct Request: Sendable {
        let fields: [String: String]
        let body: String
    }

    private struct State {
        var behaviour = Behaviour.answer
        var requests: [Request] = []
    }

    private let state = Mutex(State())
    private let channel: any Channel

    private init(group: MultiThreadedEventLoopGroup) async throws {
        let box = Box()
        channel = try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    RequestReader { request in box.receiver.withLock { $0 }?.take(request) })
            }
        }.bind(host: "127.0.0.1", port: 0).get()
        box.receiver.withLock { $0 = self }
    }

    private final class Box: Sendable {
        let receiver = Mutex<Receiver?>(nil)
    }

    static func with(_ body: @Sendable (Receiver) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await body(try await Receiver(group: group))
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try? await group.shutdownGracefully()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: [Request] { state.withLock { $0.requests } }
    func behave(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }

    /// The status to answer with; nil hangs.
    private func take(_ request: Request) -> Int? {
        state.withLock { state in
            state.requests.append(request)
            switch state.behaviour {
            case .answer: return 204
            case .hang: return nil
            case .fail(let left):
                state.behaviour = left > 1 ? .fail(left - 1) : .answer
                return 503
            }
        }
    }
}

/// Reads requests with a content length, the only ones that come here.
private final class RequestReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let take: @Sendable (Receiver.Request) -> Int?
    private var text = ""

    init(_ take: @Sendable @escaping (Receiver.Request) -> Int?) {
        self.take = take
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: unwrapInboundIn(data))
        while let end = text.range(of: "\r\n\r\n") {
            let lines = text[..<end.lowerBound].split(separator: "\r\n").dropFirst()
            var fields: [String: String] = [:]
            for line in lines {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description }
            }
            let length = fields["content-length"].flatMap { Int($0) } ?? 0
            let rest = text[end.upperBound...]
            guard rest.utf8.count >= length else { return }
            let body = String(decoding: rest.utf8.prefix(length), as: UTF8.self)
            text = String(decoding: rest.utf8.dropFirst(length), as: UTF8.self)
            guard let status = take(Receiver.Request(fields: fields, body: body)) else { return }
            let answer = "HTTP/1.1 \(status) x\r\ncontent-length: 0\r\n\r\n"
            context.writeAndFlush(
                wrapOutboundOut(context.channel.allocator.buffer(string: answer)), promise: nil)
        }
    }
}
