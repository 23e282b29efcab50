import DispatchCore
import Gateway
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Testing

/// Everything that was logged, as text.
final class LogRecorder: Sendable {
    let lines = Mutex<[String]>([])

    var logger: Logger {
        var logger = Logger(label: "test") { _ in RecordingHandler(recorder: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct RecordingHandler: LogHandler {
        let recorder: LogRecorder
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let text = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            recorder.lines.withLock { $0.append("\(event.message) \(text)") }
        }
    }
}

/// A gateway on a port of the loopback, with a house in memory and clocks that stand still.
struct LoopbackServer: Sendable {
    let gateway: DriverGateway
    let registry: ConnectionRegistry
    let admins: AdminHub
    let door: InMemoryDoor
    let log: InMemoryEventLog
    let clock: ManualClock
    let logs: LogRecorder
    let port: Int
    let push: RegistryPush
    /// Lets a request for `/turn` read its body.
    let giveTurn: @Sendable () -> Void

    /// Serves while `body` runs, then stops everything.
    static func run(
        _ change: (inout GatewaySettings) -> Void = { _ in }, _ body: @Sendable (LoopbackServer) async throws -> Void
    ) async throws {
        var settings = GatewaySettings()
        change(&settings)
        let (clock, logs, log) = (ManualClock(), LogRecorder(), InMemoryEventLog())
        let (registry, admins) = (ConnectionRegistry(), AdminHub())
        let door = InMemoryDoor(log: log)
        let gateway = DriverGateway(
            settings: settings, clock: clock.gatewayClock, door: door, verifier: PlainTokens(), registry: registry,
            admins: admins, events: log, logger: logs.logger)
        let turns = AsyncStream.makeStream(of: Void.self)
        let channel = gateway.channel { request, writer, _ in
            // Waits for its turn before it reads, as a large import does.
            if request.head.path == "/turn" { for await _ in turns.stream { break } }
            for try await _ in request.body {}
            if request.head.path == "/large" {
                let body = ResponseBody(byteBuffer: ByteBuffer(repeating: 97, count: 1 << 20))
                try await writer.write(response: HTTPResponse(status: .ok), body: body)
            } else {
                try await writer.writeResponse(HTTPResponse(status: .noContent))
            }
        }
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let server = channel.server(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { found.yield($0.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logs.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { await gateway.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let loopback = LoopbackServer(
                gateway: gateway, registry: registry, admins: admins, door: door, log: log, clock: clock, logs: logs,
                port: port, push: RegistryPush(registry), giveTurn: { turns.continuation.yield() })
            do { try await body(loopback) } catch { Issue.record(error) }
            group.cancelAll()
            while let result = await group.nextResult() { _ = result }
        }
    }

    func connect() async throws -> RawClient { try await RawClient(port: port) }

    /// A driver whose session has begun: the ack has been read.
    func driver(_ id: Int64, token: String? = nil) async throws -> RawClient {
        let client = try await connect()
        let status = try await client.upgrade("/api/v1/ws/driver/\(id)?token=\(token ?? "driver-\(id)")")
        try #require(status == 101)
        let ack = try await client.text()
        try #require(ack.contains("connection_ack"))
        return client
    }
}

struct Timeout: Error {}

/// A client that writes raw bytes and reads raw frames. Every wait has a limit.
final class RawClient: Sendable {
    private final class Inbox: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        struct State {
            var bytes = ByteBuffer()
            var isEnded = false
            var waiting: EventLoopPromise<Void>?
        }

        let state = Mutex(State())

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            change { $0.bytes.writeBuffer(&bytes) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { change { $0.isEnded = true } }
        }

        func channelInactive(context: ChannelHandlerContext) { change { $0.isEnded = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func change(_ body: (inout State) -> Void) {
            let waiting = state.withLock { state in
                body(&state)
                defer { state.waiting = nil }
                return state.waiting
            }
            waiting?.succeed(())
        }
    }

    private let inbox: Inbox
    let channel: any Channel

    init(port: Int) async throws {
        let inbox = Inbox()
        self.inbox = inbox
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { $0.pipeline.addHandler(inbox) }
            .connect(host: "127.0.0.1", port: port).get()
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func send(text: String) async throws {
        try await send(FrameReaderTests.frame(0x81, Array(text.utf8)))
    }

    static func request(_ path: String, headers: [String] = []) -> [UInt8] {
        let lines =
            [
                "GET \(path) HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
            ] + headers
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// Asks for an upgrade and reads the answer's head.
    func upgrade(_ path: String, headers: [String] = [], then bytes: [UInt8] = []) async throws -> Int {
        try await send(Self.request(path, headers: headers) + bytes)
        return try await head().status
    }

    /// Reads an answer's head.
    func head() async throws -> (status: Int, text: String) {
        let text = try await take { buffer -> String? in
            let view = buffer.readableBytesView
            guard let end = view.indices.first(where: { view[$0...].starts(with: Array("\r\n\r\n".utf8)) })
            else { return nil }
            return buffer.readString(length: end - buffer.readerIndex + 4)
        }
        let head = try #require(text)
        return (Int(head.split(separator: " ")[1]) ?? 0, head.lowercased())
    }

    /// Everything up to the end of the stream, as text.
    func rest() async throws -> String {
        var text = ""
        while let part = try await take({ $0.readableBytes > 0 ? $0.readString(length: $0.readableBytes) : nil }) {
            text += part
        }
        return text
    }

    /// The next frame; nil at the end of the stream.
    func frame() async throws -> (opcode: UInt8, payload: [UInt8])? {
        try await take { buffer in
            guard let first = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self),
                let second = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt8.self)
            else { return nil }
            var (length, size) = (Int(second & 127), 2)
            if length == 126 {
                guard let long = buffer.getInteger(at: buffer.readerIndex + 2, as: UInt16.self) else { return nil }
                (length, size) = (Int(long), 4)
            }
            guard buffer.readableBytes >= size + length else { return nil }
            buffer.moveReaderIndex(forwardBy: size)
            return (first & 15, buffer.readBytes(length: length) ?? [])
        }
    }

    /// The next text message; protocol pings before it are skipped.
    func text() async throws -> String {
        while let frame = try await frame() {
            if frame.opcode == 1 { return String(decoding: frame.payload, as: UTF8.self) }
            if frame.opcode != 9 { break }
        }
        throw Timeout()
    }

    /// The code and reason of the close frame, which must come; frames before it are skipped.
    func close() async throws -> (code: Int, reason: String) {
        while let frame = try await frame() {
            guard frame.opcode == 8 else { continue }
            guard frame.payload.count >= 2 else { return (1005, "") }
            let code = Int(frame.payload[0]) << 8 | Int(frame.payload[1])
            return (code, String(decoding: frame.payload[2...], as: UTF8.self))
        }
        throw Timeout()
    }

    /// Whether the server has ended the stream by now.
    var hasEnded: Bool { inbox.state.withLock { $0.isEnded } || !channel.isActive }

    /// Whether the server ends the stream.
    func isEnded() async throws -> Bool {
        while try await frame() != nil {}
        return true
    }

    private func take<Value: Sendable>(_ read: (inout ByteBuffer) -> Value?) async throws -> Value? {
        while true {
            let promise = channel.eventLoop.makePromise(of: Void.self)
            let outcome = inbox.state.withLock { state -> (Value?, Bool) in
                if let value = read(&state.bytes) { return (value, true) }
                if state.isEnded { return (nil, true) }
                state.waiting = promise
                return (nil, false)
            }
            if outcome.1 {
                promise.succeed(())
                return outcome.0
            }
            let limit = channel.eventLoop.scheduleTask(in: .seconds(5)) { promise.fail(Timeout()) }
            defer { limit.cancel() }
            try await promise.futureResult.get()
        }
    }
}
