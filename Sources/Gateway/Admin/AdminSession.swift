import Contract
import DispatchCore
import Logging
import NIOCore

/// One tab of an admin's console: many may be open with one token, all silent. No take-over, no idle limit; a tab that
/// does not read is skipped, because the newest state is all that counts.
final class AdminSession: SocketApplication {
    private static let pong = FrameWriter.frame(.text, ServerMessage.pongBytes)

    private let core: GatewayCore
    private let desk: LoopDesk
    private let adminID: AdminID
    private let token: VerifiedToken
    private let connectedAt: Int64
    private var socket: SocketHandler?
    private var console: UInt64?
    private var isBehind = false
    private var pingDueAt: Int64
    private var unanswered = 0
    private var closesAt: Int64?
    /// False until the store has said that the token is still good; until then nothing is told or read.
    private var isAdmitted = false

    init(core: GatewayCore, desk: LoopDesk, adminID: AdminID, token: VerifiedToken) {
        self.core = core
        self.desk = desk
        self.adminID = adminID
        self.token = token
        connectedAt = core.clock.read().uptime
        pingDueAt = connectedAt + core.settings.pingInterval
    }

    var isReading: Bool { isAdmitted }
    var needsAttention: Bool { !isAdmitted || closesAt != nil }

    func opened(_ socket: SocketHandler, at now: Moment) {
        self.socket = socket
        core.meters.connected(.admin, sessions: core.registry.count)
        core.logger.info("admin connected", metadata: ["admin_id": "\(adminID)"])
        let session = NIOLoopBound(self, eventLoop: desk.eventLoop)
        let eventLoop = desk.eventLoop
        let core = core
        let (adminID, epoch) = (adminID, token.epoch)
        core.joins.ask {
            // Without an answer the console is told to come again: it shows what every driver does.
            let verdict = (try? await core.door.admits(adminID, epoch: epoch)) ?? .failure(.overloaded)
            eventLoop.execute { session.value.judged(verdict) }
        }
    }

    private func judged(_ verdict: Result<Void, CloseReason>) {
        guard let socket, socket.isOpen, !isAdmitted else { return }
        if case .failure(let reason) = verdict {
            socket.close(reason)
            return
        }
        isAdmitted = true
        let session = NIOLoopBound(self, eventLoop: desk.eventLoop)
        let eventLoop = desk.eventLoop
        console = core.admins.add(
            AdminHub.Console(
                admin: adminID, tokenEpoch: token.epoch,
                show: { frames in eventLoop.execute { session.value.show(frames) } },
                end: { reason in eventLoop.execute { session.value.socket?.close(reason) } }))
        send(.connectionAck(serverTime: core.clock.read().wall.milliseconds))
        for message in AdminHub.locations(core.door.sightings()) { send(message) }
        socket.resumeReading()
        socket.flush()
    }

    /// Takes the frames of one round.
    private func show(_ frames: [ByteBuffer]) {
        guard let socket, socket.isOpen else { return }
        guard socket.isWritable else {
            isBehind = true
            return
        }
        for frame in frames { socket.send(frame) }
        socket.flush()
    }

    func frameArrived(isPong: Bool, at now: Moment) {
        unanswered = 0
    }

    func text(_ message: UnsafeRawBufferPointer, at now: Moment) {
        let decoded = Result { () throws(MessageRefusal) in try DriverMessage.decode(message) }
        switch decoded {
        case .success(.ping): socket?.send(Self.pong)
        case .success(.ack), .success(.location), .success(.unknown): break
        case .failure(let refusal):
            core.meters.refusedMessage(refusal.rawValue)
            socket?.send(FrameWriter.frame(.text, ServerMessage.error(ErrorMessage(refusal)).jsonBytes))
        }
    }

    func binary(_ message: ByteBuffer, at now: Moment) {
        socket?.close(.binary)
    }

    func ponged(_ payload: ByteBuffer, at now: Moment) {}

    func swept(at now: Moment) {
        if let closesAt, now.uptime >= closesAt {
            socket?.close(.restart)
            return
        }
        if !isAdmitted, now.uptime - connectedAt >= core.settings.joinTimeout {
            socket?.close(.overloaded)
            return
        }
        if now.wall >= token.expiresAt {
            socket?.close(.tokenExpired)
            return
        }
        guard now.uptime >= pingDueAt else { return }
        guard unanswered < core.settings.unansweredPings else {
            socket?.drop(.unanswered)
            return
        }
        unanswered += 1
        pingDueAt = now.uptime + core.settings.pingInterval
        socket?.send(FrameWriter.frame(.ping, []))
    }

    func draining(closesAt: Int64) {
        self.closesAt = closesAt
        socket?.rouse()
    }

    func outboundLimitReached() -> Bool { false }

    func outboundDrained() {
        guard isBehind else { return }
        isBehind = false
        send(.orderStatusUpdate)
        send(.driverStatusUpdate)
        socket?.flush()
    }

    func ended(_ end: SocketEnd, at now: Moment) {
        if let console { core.admins.remove(console) }
        core.meters.ended(.admin, end, sessions: core.registry.count)
        core.logger.info(
            "admin disconnected",
            metadata: [
                "admin_id": "\(adminID)", "code": "\(end.code)", "reason": "\(end.reason)",
                "seconds": "\((now.uptime - connectedAt) / 1000)",
            ])
        socket = nil
    }

    func gone() {}

    private func send(_ message: AdminMessage) {
        socket?.send(FrameWriter.frame(.text, message.jsonBytes))
    }
}
