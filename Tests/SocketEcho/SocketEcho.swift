import Contract
import DispatchCore
import Fulfilment
import Gateway
import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Sends every message back. The handlers below it are those of the real server.
final class EchoSession: SocketApplication {
    private var socket: SocketHandler?

    var isReading: Bool { true }
    var needsAttention: Bool { false }

    func opened(_ socket: SocketHandler, at now: Moment) { self.socket = socket }
    func frameArrived(isPong: Bool, at now: Moment) {}
    func text(_ message: UnsafeRawBufferPointer, at now: Moment) {
        socket?.send(FrameWriter.frame(.text, Array(message)))
    }
    func binary(_ message: ByteBuffer, at now: Moment) { socket?.send(FrameWriter.frame(.binary, buffer: message)) }
    func ponged(_ payload: ByteBuffer, at now: Moment) {}
    func swept(at now: Moment) {}
    func draining(closesAt: Int64) {}
    func outboundLimitReached() -> Bool { false }
    func outboundDrained() {}
    func ended(_ end: SocketEnd, at now: Moment) {}
    func gone() { socket = nil }
}

struct EchoFactory: SocketFactory {
    let settings: GatewaySettings
    let clock: GatewayClock

    func desk(of eventLoop: any EventLoop) -> LoopDesk {
        LoopDesk(eventLoop: eventLoop, clock: clock) { _ in }
    }

    func client(peer: SocketAddress?, forwardedFor: [String]) -> IPAddress? { nil }

    func floodRefusal(of client: IPAddress?) -> Int64? { nil }

    func requestID() -> String { "echo" }

    func socket(for route: SocketRoute, from client: IPAddress?, desk: LoopDesk) -> SocketHandler {
        SocketHandler(application: EchoSession(), desk: desk, settings: settings, takesBinary: true)
    }
}

/// `socket-echo [PORT]`: listens on 127.0.0.1 and answers on the driver's path, `/api/v1/ws/driver/1`. With
/// `--house N` it is the gateway of N drivers without a store: see ``BareHouse``.
@main
struct SocketEcho {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        let port = arguments.first.flatMap { Int($0) } ?? 9001
        if arguments.count == 3, let drivers = Int64(arguments.last ?? "") {
            try await BareHouse.serve(port: port, drivers: drivers, clock: clock)
        } else {
            try await echo(port: port)
        }
    }

    private static var clock: GatewayClock {
        GatewayClock(
            read: {
                let wall = Timestamp(milliseconds: milliseconds(CLOCK_REALTIME))
                return Moment(uptime: milliseconds(CLOCK_MONOTONIC), wall: wall)
            }, sleep: { try await Task.sleep(for: .milliseconds($0)) })
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func echo(port: Int) async throws {
        var settings = GatewaySettings()
        // The suite's largest messages have 16 MiB.
        settings.maxMessage = 32 * 1024 * 1024
        settings.outboundLimit = 64 * 1024 * 1024
        settings.outboundCap = 256 * 1024 * 1024
        let channel = GatewayChannel(factory: EchoFactory(settings: settings, clock: clock)) { _, writer, _ in
            try await writer.writeResponse(HTTPResponse(status: .notFound))
        }
        let logger = Logger(label: "socket-echo")
        let server = channel.server(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: port)), onServerRunning: nil,
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await server.run()
    }
}
