import Contract
import DispatchCore
import Fulfilment
import Logging
import NIOCore
import Synchronization

/// One tab of an admin's console: many may be open with one token, all silent. No take-over, no idle limit. Of each
/// driver a tab is told the newest position when it can take it, and of what else it has missed only that it should
/// look again; one that makes us say much without reading it is dropped. One that says much is read more slowly.
final class AdminSession: SocketApplication {
    private static let pong = FrameWriter.frame(.text, ServerMessage.pongBytes)
    /// Drivers shown in one turn of the loop, so that other sockets have theirs.
    private static let shownAtOnce = 100

    private let core: GatewayCore
    private let desk: LoopDesk
    private let adminID: AdminID
    private let token: VerifiedToken
    private let connectedAt: Int64
    private var socket: SocketHandler?
    private var console: UInt64?
    private var isBehind = false
    /// Where drivers are that the tab has not been told yet: the map's first picture, and what has changed since.
    private var positions = LatestFrames()
    private var isPainting = false
    private var bucket: TokenBucket
    private var isThrottled = false
    private let presence = Presence()

    /// Whether the tab is there still, for who asks from another thread.
    private final class Presence: Sendable {
        let isHere = Atomic<Bool>(true)
    }
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
        bucket = TokenBucket(
            capacity: core.settings.messageBurst, rate: core.settings.messageRate, at: connectedAt)
    }

    var isReading: Bool { isAdmitted && !isThrottled }
    var needsAttention: Bool { !isAdmitted || closesAt != nil || isThrottled }

    func opened(_ socket: SocketHandler, at now: Moment) {
        self.socket = socket
        core.meters.connected(.admin, sessions: core.registry.count)
        core.logger.info("admin connected", metadata: ["admin_id": "\(adminID)"])
        let session = NIOLoopBound(self, eventLoop: desk.eventLoop)
        let eventLoop = desk.eventLoop
        let core = core
        let (adminID, epoch, presence) = (adminID, token.epoch, presence)
        core.joins.ask(.console(core.registry.nextEpoch()), while: { presence.isHere.load(ordering: .relaxed) }) {
            // Without an answer the console is told to come again: it shows what every driver does.
            let verdict = (try? await core.door.admits(adminID, epoch: epoch)) ?? .failure(.overloaded)
            // The whole fleet is looked through here and not on the loop, which other sockets wait for.
            let picture = if case .success = verdict { core.door.sightings() } else { [DriverSighting]() }
            let positions = AdminHub.positions(picture)
            eventLoop.execute { session.value.judged(verdict, positions) }
        }
    }

    private func judged(
        _ verdict: Result<Void, CloseReason>, _ picture: [(driver: DriverID, frame: ByteBuffer)]
    ) {
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
                show: { round in eventLoop.execute { session.value.show(round) } },
                end: { reason in eventLoop.execute { session.value.socket?.close(reason) } }))
        send(.connectionAck(serverTime: core.clock.read().wall.milliseconds))
        for position in picture { positions.put(position.frame, of: position.driver) }
        paint()
        socket.resumeReading()
        socket.flush()
    }

    /// Sends a portion of the positions and lets the loop's other sockets have their turn. A tab that does not read
    /// gets no further; what waits for it grows no longer than the fleet.
    private func paint() {
        guard !isPainting, let socket, socket.isOpen, socket.isWritable, !positions.isEmpty else { return }
        for frame in positions.take(Self.shownAtOnce) { socket.send(frame) }
        socket.flush()
        guard !positions.isEmpty else { return }
        isPainting = true
        let session = NIOLoopBound(self, eventLoop: desk.eventLoop)
        desk.eventLoop.execute {
            session.value.isPainting = false
            session.value.paint()
        }
    }

    /// Takes one round.
    private func show(_ round: AdminHub.Round) {
        guard let socket, socket.isOpen else { return }
        for position in round.positions { positions.put(position.frame, of: position.driver) }
        if socket.isWritable {
            for frame in round.others { socket.send(frame) }
        } else if !round.others.isEmpty {
            isBehind = true
        }
        paint()
        socket.flush()
    }

    func frameArrived(isPong: Bool, at now: Moment) {
        // Only its pong says that a tab still reads.
        if isPong { unanswered = 0 }
        _ = bucket.take(at: now.uptime)
        guard !bucket.hasToken(at: now.uptime), !isThrottled else { return }
        isThrottled = true
        core.meters.throttle()
        socket?.rouse()
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
        let wasThrottled = isThrottled
        if isThrottled, bucket.hasToken(at: now.uptime) {
            isThrottled = false
            socket?.resumeReading()
        }
        guard now.uptime >= pingDueAt else { return }
        guard unanswered < core.settings.unansweredPings else {
            socket?.drop(.unanswered)
            return
        }
        // While we read slowly, a pong may wait behind other frames: that silence is ours.
        if !wasThrottled { unanswered += 1 }
        pingDueAt = now.uptime + core.settings.pingInterval
        socket?.send(FrameWriter.frame(.ping, []))
    }

    func draining(closesAt: Int64) {
        self.closesAt = closesAt
        socket?.rouse()
    }

    func outboundLimitReached() -> Bool { false }

    func outboundDrained() {
        paint()
        guard isBehind else { return }
        isBehind = false
        send(.orderStatusUpdate)
        send(.driverStatusUpdate)
        socket?.flush()
    }

    func ended(_ end: SocketEnd, at now: Moment) {
        presence.isHere.store(false, ordering: .relaxed)
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
        socket?.send(AdminHub.frame(message))
    }
}
