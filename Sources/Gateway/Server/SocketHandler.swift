package import NIOCore

/// One WebSocket on its event loop: bytes to frames and back, orderly closing, the outbound limit. What the frames mean
/// is its application's business.
///
/// Closing: the close frame is written, our side is half-closed, what still arrives is read and thrown away until the
/// peer closes or the grace is over. Closing at once, with unread bytes in the kernel, would turn into a reset that can
/// destroy the close frame on its way, and with it 4001 or 4003.
package final class SocketHandler: ChannelDuplexHandler, RemovableChannelHandler {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundIn = Never
    package typealias OutboundOut = ByteBuffer

    /// An outbound event: whoever served this connection has been cancelled and gives it up.
    struct Abandon: Sendable {}

    private enum Phase: Equatable {
        case open
        /// The close frame is out.
        case lingering(until: Int64)
        case gone
    }

    private let application: any SocketApplication
    private let desk: LoopDesk
    private let settings: GatewaySettings
    private let lingers: Bool
    private var context: ChannelHandlerContext?
    private var reader: FrameReader
    private var input: ByteBuffer?
    private var phase = Phase.open
    private var wantsRead = false
    /// True behind a late upgrade: the channel's own reads end at the REST handler at the tail, so this asks for them.
    var readsForItself = false
    private var needsFlush = false
    private var framesReceived = 0
    private var isOverLimit = false
    private var isGone = false
    /// The peer has said that nothing more will come, while frames of his still wait for their turn.
    private var isPeerDone = false

    /// - Parameter lingers: False closes without waiting for the close frame to arrive, when too many already wait.
    package init(
        application: any SocketApplication, desk: LoopDesk, settings: GatewaySettings, takesBinary: Bool = false,
        lingers: Bool = true
    ) {
        self.application = application
        self.desk = desk
        self.settings = settings
        self.lingers = lingers
        reader = FrameReader(maxMessage: settings.maxMessage, takesBinary: takesBinary)
    }

    // MARK: - For the application

    package var isOpen: Bool { phase == .open }

    package var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Writes a whole frame; it leaves with the end of this turn.
    package func send(_ frame: ByteBuffer) {
        send(frame, promise: nil)
    }

    /// The same, and says when the network has taken it. Nothing is said of a frame that never leaves.
    func send(_ frame: ByteBuffer, whenWritten: @escaping () -> Void) {
        guard phase == .open, let context else { return }
        let written = NIOLoopBound(whenWritten, eventLoop: context.eventLoop)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenSuccess { written.value() }
        send(frame, promise: promise)
    }

    private func send(_ frame: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard phase == .open, let context else { return }
        needsFlush = true
        context.write(wrapOutboundOut(frame), promise: promise)
        judgeOutbound(context)
        // Whatever the application thinks of it: nothing waits without a limit.
        if phase == .open, !context.channel.isWritable, context.channel.waitingBytes > settings.outboundCap {
            drop(.slowReader)
        }
    }

    package func flush() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    /// Ends the socket with a close frame.
    package func close(_ reason: CloseReason) {
        close(FrameWriter.close(code: reason.code, reason: reason.rawValue), .closed(reason))
    }

    /// Ends the socket without a close frame.
    package func drop(_ reason: DropReason) {
        guard phase == .open else { return }
        phase = .gone
        finish(.dropped(reason))
        context?.close(promise: nil)
    }

    /// Goes on reading after the application had withheld it.
    package func resumeReading() {
        guard phase == .open else { return }
        process(at: desk.clock.read())
        flush()
        if isPeerDone, phase == .open, input == nil || application.isReading { return drop(.peerGone) }
        if wantsRead || readsForItself, application.isReading || phase != .open {
            wantsRead = false
            context?.read()
        }
    }

    /// The application wants to be swept at the next tick.
    package func rouse() {
        desk.rouse(self)
    }

    // MARK: - Channel events

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        desk.add(self)
        application.opened(self, at: desk.clock.read())
        flush()
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        gone()
        self.context = nil
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .open else { return }
        let bytes = unwrapInboundIn(data)
        if input == nil { input = bytes } else { input?.writeImmutableBuffer(bytes) }
        process(at: desk.clock.read())
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        flush()
        if readsForItself { read(context: context) }
    }

    /// Holds reading back while the socket is over its own message rate.
    package func read(context: ChannelHandlerContext) {
        guard phase != .open || application.isReading else {
            wantsRead = true
            return
        }
        context.read()
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            isOverLimit = false
            if phase == .open { application.outboundDrained() }
        } else {
            judgeOutbound(context)
        }
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: peerClosed(context)
        case is ChannelShouldQuiesceEvent:
            let now = desk.clock.read()
            let spread = Int64(UInt(bitPattern: ObjectIdentifier(self)) >> 4 % UInt(max(settings.drainWindow, 1)))
            application.draining(closesAt: now.uptime + spread % max(settings.drainWindow, 1))
            desk.rouse(self)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    package func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if phase == .open { drop(.transport) } else { context.close(promise: nil) }
    }

    /// A REST channel that was upgraded late still stands behind this handler; its wish to close is not the socket's.
    package func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        promise?.succeed(())
    }

    /// Hears that the server gives the socket up.
    package func triggerUserOutboundEvent(
        context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
    ) {
        guard event is Abandon else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        promise?.succeed(())
        if phase == .open { drop(.abandoned) } else { context.close(promise: nil) }
    }

    // MARK: - Frames

    private func process(at now: Moment) {
        while phase == .open, application.isReading, input != nil {
            takePlainTexts(at: now)
            guard phase == .open, application.isReading, let event = nextEvent() else { break }
            framesReceived += 1
            handle(event, at: now)
        }
        if desk.scratch.capacity > LoopDesk.scratchKept { desk.scratch = ByteBuffer() }
        if phase != .open || input?.readableBytes == 0 {
            input = nil
        } else if var rest = input, rest.readerIndex > 0 {
            // What is left of a read must not keep the whole read alive.
            rest.discardReadBytes()
            input = rest
        }
    }

    /// Hands over the messages at the front of the input that are what nearly all are: see ``FrameReader/plainText``.
    private func takePlainTexts(at now: Moment) {
        guard var bytes = input.take() else { return }
        // Nothing that the application does reads on meanwhile: the input is here.
        let used = bytes.withUnsafeReadableBytes { bytes in
            var index = 0
            while phase == .open, application.isReading,
                let frame = reader.plainText(bytes, at: index, into: desk.room)
            {
                index = frame.end
                framesReceived += 1
                application.frameArrived(isPong: false, at: now)
                guard phase == .open else { break }
                application.text(UnsafeRawBufferPointer(rebasing: desk.room[..<frame.length]), at: now)
            }
            return index
        }
        bytes.moveReaderIndex(forwardBy: used)
        input = bytes
    }

    private func nextEvent() -> FrameReader.Event? {
        guard var bytes = input.take() else { return nil }
        defer { input = bytes }
        return reader.next(&bytes, scratch: &desk.scratch)
    }

    private func handle(_ event: FrameReader.Event, at now: Moment) {
        switch event {
        case .violation(let reason): return close(reason)
        case .close(let code): return close(FrameWriter.close(code: code), .closedByClient(code: code))
        case .pong(let payload):
            application.frameArrived(isPong: true, at: now)
            if phase == .open { application.ponged(payload, at: now) }
        case .ping(let payload):
            application.frameArrived(isPong: false, at: now)
            send(FrameWriter.frame(.pong, buffer: payload))
        case .fragment: application.frameArrived(isPong: false, at: now)
        case .text(let message):
            application.frameArrived(isPong: false, at: now)
            if phase == .open { message.withUnsafeReadableBytes { application.text($0, at: now) } }
        case .binary(let message):
            application.frameArrived(isPong: false, at: now)
            if phase == .open { application.binary(message, at: now) }
        }
    }

    // MARK: - Ends

    /// What nobody has tried to send yet says nothing about the reader, so the bytes leave before they are judged.
    private func judgeOutbound(_ context: ChannelHandlerContext) {
        guard phase == .open, !isOverLimit, !context.channel.isWritable else { return }
        context.flush()
        guard phase == .open, !isOverLimit, !context.channel.isWritable else { return }
        isOverLimit = true
        if application.outboundLimitReached() { drop(.slowReader) }
    }

    private func close(_ frame: ByteBuffer, _ cause: SocketEnd.Cause) {
        guard phase == .open, let context else { return }
        phase = .lingering(until: desk.clock.read().uptime + settings.closeGrace)
        input = nil
        // First, so that whoever reads the close frame finds the session gone.
        finish(cause)
        let end = context.writeAndFlush(wrapOutboundOut(frame))
        needsFlush = false
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let lingers = lingers
        end.whenComplete { _ in handler.value.closeFrameWritten(lingers: lingers) }
        desk.rouse(self)
        if wantsRead || readsForItself {
            wantsRead = false
            context.read()
        }
    }

    private func closeFrameWritten(lingers: Bool) {
        guard case .lingering = phase, let context else { return }
        if lingers { context.close(mode: .output, promise: nil) } else { context.close(promise: nil) }
    }

    private func peerClosed(_ context: ChannelHandlerContext) {
        switch phase {
        case .open:
            // What he said before he went counts, however slowly it is read.
            if input != nil, !application.isReading { isPeerDone = true } else { drop(.peerGone) }
        case .lingering:
            phase = .gone
            context.close(promise: nil)
        case .gone: break
        }
    }

    private func gone() {
        guard !isGone else { return }
        isGone = true
        if phase == .open { finish(.dropped(.peerGone)) }
        phase = .gone
        input = nil
        desk.remove(self)
        application.gone()
    }

    private func finish(_ cause: SocketEnd.Cause) {
        application.ended(SocketEnd(cause: cause, framesReceived: framesReceived), at: desk.clock.read())
    }
}

extension SocketHandler: LoopDesk.Swept {
    package var needsAttention: Bool { phase != .open || application.needsAttention }

    package func swept(at now: Moment) {
        switch phase {
        case .open:
            application.swept(at: now)
            flush()
        case .lingering(let until) where now.uptime >= until:
            phase = .gone
            context?.close(promise: nil)
        case .lingering, .gone: break
        }
    }
}

extension Channel {
    /// Bytes that wait to be taken by the peer. Asked on the channel's loop.
    var waitingBytes: Int {
        guard let waiting = try? syncOptions?.getOption(.bufferedWritableBytes) else { return 0 }
        return waiting
    }
}
