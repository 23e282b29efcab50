package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// One listening port for REST and sockets: each accepted connection passes the ``RequestGate`` and becomes the one or
/// the other. TLS wraps it from outside.
package struct GatewayChannel: ServerChildChannel, HTTPChannelHandler {
    /// An accepted connection. It is served from the start; what it becomes is decided by its first request.
    package struct Connection: ServerChildChannelValue {
        package let channel: any Channel
        let decided: EventLoopFuture<Kind>
    }

    enum Kind: Sendable {
        case rest(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case socket
    }

    package typealias Value = Connection

    static let encoderName = "tiffin.http.encoder"
    static let decoderName = "tiffin.http.decoder"

    package let responder: Responder
    private let factory: any SocketFactory

    package init(factory: any SocketFactory, responder: @escaping Responder) {
        self.factory = factory
        self.responder = responder
    }

    /// Makes the connection ready to be served; what it becomes is decided by its first request.
    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            let decided = channel.eventLoop.makePromise(of: Kind.self)
            do { try addHandlers(to: channel, decided: decided, logger: logger) } catch {
                decided.fail(error)
                throw error
            }
            return Connection(channel: channel, decided: decided.futureResult)
        }
    }

    private func addHandlers(to channel: any Channel, decided: EventLoopPromise<Kind>, logger: Logger) throws {
        let settings = factory.settings
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = settings.headerBytes
        limits.maxHeaderListSize = settings.headerBytes
        limits.maxHeaderFieldCount = settings.headerCount
        if let options = channel.syncOptions {
            try options.setOption(.tcpOption(.tcp_nodelay), value: 1)
            let mark = ChannelOptions.Types.WriteBufferWaterMark(
                low: settings.outboundLimit / 2, high: settings.outboundLimit)
            try options.setOption(.writeBufferWaterMark, value: mark)
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPResponseEncoder(), name: Self.encoderName)
        let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)
        try pipeline.addHandler(ByteToMessageHandler(decoder), name: Self.decoderName)
        let desk = factory.desk(of: channel.eventLoop)
        try pipeline.addHandler(RequestGate(factory: factory, desk: desk, decided: decided, logger: logger))
    }

    package func handle(value: Connection, logger: Logger) async {
        let channel = value.channel
        await withTaskCancellationHandler {
            switch try? await value.decided.get() {
            case .rest(let rest): await handleHTTP(asyncChannel: rest, logger: logger)
            case .socket, nil: break
            }
            try? await channel.closeFuture.get()
        } onCancel: {
            // A channel that is REST's closes through its own handler; this reaches sockets and undecided ones.
            channel.triggerUserOutboundEvent(SocketHandler.Abandon(), promise: nil)
        }
    }
}
