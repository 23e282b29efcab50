import AsyncHTTPClient
import Foundation
import Geo
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import OSRM
import Synchronization
import Testing

/// What a small server on loopback does with a request, told by its path.
private final class Misbehaviour: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let connections: SharedCount

    init(_ connections: SharedCount) {
        self.connections = connections
    }

    func channelActive(context: ChannelHandlerContext) {
        connections.value.withLock { $0 += 1 }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data) else { return }
        var headers = HTTPHeaders()
        let body = request.uri == "/large" ? String(repeating: "x", count: 5000) : "hello"
        let promised = request.uri == "/half" ? 500 : body.utf8.count
        headers.add(name: "content-length", value: "\(promised)")
        switch request.uri {
        case "/silence": return
        case "/hangup": context.close(promise: nil)
        default:
            let status: HTTPResponseStatus = request.uri == "/refused" ? .badRequest : .ok
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            let buffer = context.channel.allocator.buffer(string: body)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
            if request.uri != "/half" { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
        }
    }
}

/// A number that handlers share.
private final class SharedCount: Sendable {
    let value = Mutex<Int>(0)
}

@Suite struct HTTPTableTransportTests {
    /// Runs `body` against a server that ends with it.
    private func withServer(
        _ body: (
            _ address: String, _ transport: HTTPTableTransport, _ connections: () async throws -> Int
        ) async throws -> Void
    ) async throws {
        let connections = SharedCount()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Misbehaviour(connections))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var configuration = HTTPClient.Configuration.osrm
        // However long the machine takes between two requests of a test.
        configuration.connectionPool.idleTimeout = .minutes(10)
        let client = HTTPClient(eventLoopGroup: group, configuration: configuration)
        let transport = HTTPTableTransport(client: client, clock: ContinuousClock(), largestAnswer: 1000)
        let port = channel.localAddress?.port ?? 0
        let outcome: (any Error)?
        do {
            // Counted on the loop: what it does at the end of an answer, keeping the connection, is done by then.
            try await body("http://127.0.0.1:\(port)", transport) {
                try await group.next().submit { connections.value.withLock { $0 } }.get()
            }
            outcome = nil
        } catch {
            outcome = error
        }
        try await client.shutdown()
        try await channel.close()
        try await group.shutdownGracefully()
        if let outcome { throw outcome }
    }

    @Test func answersComeWithTheirStatusOverOneConnection() async throws {
        try await withServer { address, transport, connections in
            let first = try await transport.get(address + "/", within: .seconds(20))
            #expect(first == TableResponse(status: 200, body: Array("hello".utf8)))
            #expect(try await connections() == 1)
            let second = try await transport.get(address + "/refused", within: .seconds(20))
            #expect(second.status == 400)
            #expect(try await connections() == 1)
        }
    }

    @Test(arguments: ["/half", "/silence"])
    func noWholeAnswerInTimeIsAFailureInTime(path: String) async throws {
        try await withServer { address, transport, _ in
            await #expect(throws: (any Error).self) {
                try await transport.get(address + path, within: .milliseconds(200))
            }
        }
    }

    @Test(arguments: ["/hangup", "/large"])
    func aBrokenOrEndlessAnswerIsAFailure(path: String) async throws {
        try await withServer { address, transport, _ in
            await #expect(throws: (any Error).self) {
                try await transport.get(address + path, within: .seconds(20))
            }
        }
    }

    @Test func nobodyListeningIsAFailure() async throws {
        var address = ""
        try await withServer { served, _, _ in address = served }
        let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: .osrm)
        let transport = HTTPTableTransport(client: client, clock: ContinuousClock())
        await #expect(throws: (any Error).self) { try await transport.get(address, within: .milliseconds(500)) }
        try await client.shutdown()
    }
}

/// Against a real `osrm-routed` that serves the extract of Helsinki, where the environment names one:
/// `TIFFIN_TEST_OSRM=http://127.0.0.1:5000`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["TIFFIN_TEST_OSRM"] != nil, "no osrm-routed"))
struct RealOSRMTests {
    private let noon = TravelConditions(vehicle: .car, hour: 12)

    private func withTimes(_ body: (OSRMTravelTimes) async throws -> Void) async throws {
        let address = try #require(ProcessInfo.processInfo.environment["TIFFIN_TEST_OSRM"])
        var settings = OSRMTravelTimes.Settings(address: address)
        settings.timeoutMilliseconds = 5000
        let transport = HTTPTableTransport(client: .shared, clock: ContinuousClock())
        try await body(
            OSRMTravelTimes(
                settings, estimator: { TravelTimeEstimator() }, transport: transport, logger: Logger(label: "test"),
                milliseconds: { 0 }))
    }

    @Test func waysThroughHelsinkiAreRoutes() async throws {
        try await withTimes { times in
            let from = try [place(60.169, 24.941), place(60.171, 24.946)]
            let to = try [place(60.166, 24.951), place(28.6, 77.2)]
            let matrix = await times.matrix(from: from, to: to, under: noon)
            for row in 0..<2 {
                #expect(matrix[row, 0].source == .route)
                #expect(matrix[row, 0].metres >= from[row].distance(to: to[0]).whole)
                #expect(matrix[row, 1].source == .estimate)
            }
            let back = await times.matrix(from: [to[0]], to: [from[0]], under: noon)
            #expect(back[0, 0].source == .route)
        }
    }

    @Test func aLargeMatrixIsAskedInTiles() async throws {
        try await withTimes { times in
            let points = try (0..<120).map { try place(60.165 + Double($0) * 0.00005, 24.94 + Double($0) * 0.0001) }
            let matrix = await times.matrix(from: points, to: points, under: noon)
            #expect(matrix.count(of: .route) > 120 * 120 / 2)
        }
    }
}
