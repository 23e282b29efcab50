import NIOCore

/// Holds back what follows the head of the upgrade's answer until the pipeline is ready for it.
///
/// A server may send the 101, its first frame and the end of the connection in one go. The HTTP decoder leaves the
/// pipeline one step of the event loop later and drops what it holds when the end overtakes that step, so the close
/// code of a refused token would be lost. Stands between TLS and HTTP.
final class HandshakeGate: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum State {
        /// The head has not ended yet; these are its last bytes, up to three.
        case head(last: [UInt8])
        case holding(ByteBuffer, hasEnded: Bool)
        case open
    }

    private static let headEnd: [UInt8] = Array("\r\n\r\n".utf8)
    private var state = State.head(last: [])
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        switch state {
        case .open: context.fireChannelRead(data)
        case .holding(var held, let hasEnded):
            held.writeBuffer(&bytes)
            state = .holding(held, hasEnded: hasEnded)
        case .head(let last):
            let window = last + Array(bytes.readableBytesView)
            guard let end = Self.end(of: window) else {
                state = .head(last: window.suffix(3))
                return context.fireChannelRead(data)
            }
            guard let head = bytes.readSlice(length: end - last.count) else { return }
            state = .holding(bytes, hasEnded: false)
            context.fireChannelRead(wrapInboundOut(head))
        }
    }

    /// The index after the empty line that ends a head.
    private static func end(of bytes: [UInt8]) -> Int? {
        guard bytes.count >= headEnd.count else { return nil }
        for start in 0...(bytes.count - headEnd.count) where Array(bytes[start..<start + 4]) == headEnd {
            return start + headEnd.count
        }
        return nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard case .holding(let held, _) = state else { return context.fireChannelInactive() }
        state = .holding(held, hasEnded: true)
    }

    /// Lets everything through, in order. Call it in the very step in which the HTTP handlers have left: a step later a
    /// pipeline whose connection has ended is gone.
    func open() {
        guard let context else { return }
        let before = state
        state = .open
        guard case .holding(let held, let hasEnded) = before else { return }
        if held.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(held))
            context.fireChannelReadComplete()
        }
        if hasEnded { context.fireChannelInactive() }
    }
}
