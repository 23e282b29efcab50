import NIOCore
import NIOWebSocket

/// Commands to a socket's handler.
enum SocketCommand: Sendable {
    case frame(WebSocketOpcode, ByteBuffer)
    case close(UInt16)
}

/// Drives one client socket: masks what goes out, joins fragments, answers pings and closes, tells what came.
final class SocketHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = SocketCommand
    typealias OutboundOut = WebSocketFrame

    private let answersPings: Bool
    private let onEvent: @Sendable (SocketEvent) -> Void
    private var fragments: ByteBuffer?
    private var closing: SocketClose?
    private var isClosed = false
    /// Masks only have to differ from frame to frame here: they guard browsers and proxies, not secrets.
    private var mask: UInt32 = 0x9E37_79B9

    init(answersPings: Bool, onEvent: @escaping @Sendable (SocketEvent) -> Void) {
        self.answersPings = answersPings
        self.onEvent = onEvent
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text: received(frame.unmaskedData, isLast: frame.fin)
        case .continuation:
            fragments?.writeImmutableBuffer(frame.unmaskedData)
            if frame.fin, let whole = fragments {
                fragments = nil
                onEvent(.text(String(buffer: whole)))
            }
        case .ping:
            if answersPings { write(.pong, frame.unmaskedData, context: context, promise: nil) }
            onEvent(.ping)
        case .connectionClose: receivedClose(frame.unmaskedData, context: context)
        default: break
        }
    }

    private func received(_ data: ByteBuffer, isLast: Bool) {
        if isLast {
            onEvent(.text(String(buffer: data)))
        } else {
            fragments = data
        }
    }

    private func receivedClose(_ data: ByteBuffer, context: ChannelHandlerContext) {
        var payload = data
        let code = payload.readInteger(as: UInt16.self)
        if closing == nil {
            closing = SocketClose(code: code, reason: String(buffer: payload))
            let end = context.eventLoop.makePromise(of: Void.self)
            end.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
            write(.connectionClose, data, context: context, promise: end)
        } else {
            closing = SocketClose(code: code, reason: String(buffer: payload))
            context.close(promise: nil)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .frame(let opcode, let payload): write(opcode, payload, context: context, promise: promise)
        case .close(let code):
            closing = closing ?? SocketClose(code: nil)
            var payload = context.channel.allocator.buffer(capacity: 2)
            payload.writeInteger(code)
            write(.connectionClose, payload, context: context, promise: promise)
        }
    }

    private func write(
        _ opcode: WebSocketOpcode, _ payload: ByteBuffer, context: ChannelHandlerContext,
        promise: EventLoopPromise<Void>?
    ) {
        mask = mask &* 1_664_525 &+ 1_013_904_223
        let key = withUnsafeBytes(of: mask) { WebSocketMaskingKey($0) }
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: key, data: payload)
        context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func end() {
        guard !isClosed else { return }
        isClosed = true
        onEvent(.closed(closing ?? SocketClose(code: nil)))
    }
}
