import Contract
import NIOCore
import NIOWebSocket

/// The double's side of one driver's socket: the contract in its plainest form, with one fault if asked.
final class DoubleSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// Seconds of silence after which the double closes a connection; it tells so in its confirmation.
    static let idleSeconds: Int64 = 2

    private let state: DoubleState
    private let driver: Int64
    private let token: String?
    private var isOpen = true
    private var lastFrame = NIODeadline.now()

    init(state: DoubleState, driver: Int64, token: String?) {
        self.state = state
        self.driver = driver
        self.token = token
    }

    func handlerAdded(context: ChannelHandlerContext) {
        state.log("connect driver=\(driver)" + (state.fault == .logsTokens ? " token=\(token ?? "")" : ""))
        guard state.admits(token, to: driver), state.fault != .closesValidTokens else {
            return close(4001, context: context)
        }
        if state.attempt(driver) > 30, state.fault != .noRateLimit { return close(1008, context: context) }
        let (old, missed) = state.enter(driver, context.channel)
        if state.fault == .closesNewConnection, !old.isEmpty { return close(4003, context: context) }
        if state.fault != .keepsOldConnection {
            for channel in old { Self.close(channel, 4003) }
        }
        DoubleState.send(
            """
            {"type":"connection_ack","data":{"driver_id":\(driver),"idle_timeout_s":\(Self.idleSeconds)}}
            """, on: context.channel)
        for text in missed { DoubleState.send(text, on: context.channel) }
        watch(context)
    }

    /// Pings, and looks whether the connection has been silent for too long.
    private func watch(_ context: ChannelHandlerContext) {
        let channel = context.channel
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(150)) {
            guard self.isOpen, channel.isActive else { return }
            let limit: Int64 = self.state.fault == .idleTooEarly ? 500 : Self.idleSeconds * 1000
            let silence = NIODeadline.now() - self.lastFrame
            if silence > .milliseconds(limit), self.state.fault != .neverIdle {
                self.isOpen = false
                return Self.close(channel, 1001)
            }
            if self.state.fault != .neverPingsByItself {
                let ping = WebSocketFrame(fin: true, opcode: .ping, data: channel.allocator.buffer(string: "p"))
                channel.writeAndFlush(ping, promise: nil)
            }
            self.watch(context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text:
            lastFrame = .now()
            received(String(buffer: frame.unmaskedData), context: context)
        case .connectionClose:
            var payload = frame.unmaskedData
            let code = payload.readInteger(as: UInt16.self) ?? 1000
            close(state.fault == .answersCloseWrongly ? 1011 : code, context: context)
        default: break
        }
    }

    private func received(_ text: String, context: ChannelHandlerContext) {
        let json = try? JSON(parsing: text)
        if json?["type"]?.text == "ping" {
            if state.fault == .ignoresPing { return }
            let pong = state.fault == .talkativePong ? #"{"type":"pong","at":1}"# : #"{"type":"pong"}"#
            DoubleState.send(pong, on: context.channel)
        } else if let latitude = json?["data"]?["latitude"]?.double, abs(latitude) <= 90,
            let longitude = json?["data"]?["longitude"]?.double
        {
            state.save(driver, latitude, longitude)
        } else if state.fault == .diesOfBadMessage {
            context.close(promise: nil)
        } else {
            DoubleState.send(#"{"type":"error","data":{"code":"bad","detail":"bad"}}"#, on: context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isOpen = false
        state.leave(driver, context.channel)
        state.log("disconnect driver=\(driver)")
    }

    private func close(_ code: UInt16, context: ChannelHandlerContext) {
        isOpen = false
        Self.close(context.channel, code)
    }

    static func close(_ channel: any Channel, _ code: UInt16) {
        var payload = channel.allocator.buffer(capacity: 2)
        payload.writeInteger(code)
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: payload)
        channel.writeAndFlush(frame).whenComplete { _ in channel.close(promise: nil) }
    }
}
