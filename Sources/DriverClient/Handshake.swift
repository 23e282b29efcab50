import NIOCore
import NIOHTTP1
import NIOSSL
import NIOWebSocket

/// Turns a new connection into a socket, or into the head of the answer that refused it.
struct Handshake: Sendable {
    enum Opening: Sendable {
        case open(any Channel)
        case refused(EventLoopFuture<HTTPResponseHead>)
    }

    /// A server that accepts the connection and then says nothing is given up after this time.
    static let patience: TimeAmount = .seconds(15)
    /// The largest frame that a client takes.
    static let maxFrame = 1 << 20

    let head: HTTPRequestHead
    let host: String
    let tls: NIOSSLContext?
    let answersPings: Bool
    let onEvent: @Sendable (SocketEvent) -> Void

    /// Sets up the pipeline; the future completes when the server has answered the upgrade. Call on the event loop.
    func begin(on channel: any Channel) throws -> EventLoopFuture<Opening> {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            try pipeline.addHandler(try NIOSSLClientHandler(context: tls, serverHostname: serverName))
        }
        let gate = HandshakeGate()
        try pipeline.addHandler(gate)
        let upgrader = NIOTypedWebSocketClientUpgrader<Opening>(maxFrameSize: Self.maxFrame) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                let handler = SocketHandler(answersPings: answersPings, onEvent: onEvent)
                try channel.pipeline.syncOperations.addHandler(handler)
                return .open(channel)
            }
        }
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Opening>(
            upgradeRequestHead: head, upgraders: [upgrader]
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                let refusal = RefusalHandler(loop: channel.eventLoop)
                try channel.pipeline.syncOperations.addHandler(refusal)
                return .refused(refusal.head)
            }
        }
        var configuration = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
        // The server may send its first frame in the same segment as the 101.
        configuration.leftOverBytesStrategy = .forwardBytes
        let opening = try pipeline.configureUpgradableHTTPClientPipeline(configuration: configuration)
        let timer = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        let openGate = NIOLoopBound(gate, eventLoop: channel.eventLoop)
        opening.whenComplete { _ in
            timer.cancel()
            openGate.value.open()
        }
        return opening
    }

    /// The name for SNI and the certificate check; an address is checked against the certificate without SNI.
    private var serverName: String? {
        let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
        return isAddress ? nil : host
    }
}

/// Waits for the head of an answer other than 101, then ends the connection.
private final class RefusalHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<HTTPResponseHead>
    var head: EventLoopFuture<HTTPResponseHead> { promise.futureResult }

    init(loop: any EventLoop) {
        promise = loop.makePromise()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        promise.succeed(head)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
    }
}
