import Contract
import DispatchCore
import Fulfilment
import Geo
import Logging
import NIOCore
import Synchronization

/// One driver's socket: tells ``DriverSessionMachine`` what happens and carries out what it answers. Decides nothing.
final class DriverSession: SocketApplication {
    private static let pong = FrameWriter.frame(.text, ServerMessage.pongBytes)

    private let core: GatewayCore
    private let desk: LoopDesk
    private let driverID: DriverID
    private let token: VerifiedToken
    private let client: IPAddress?
    private let epoch: UInt64
    private let isPenalised: Bool
    private let connectedAt: Int64
    private var machine: DriverSessionMachine
    private var socket: SocketHandler?
    private var mailbox: SessionMailbox?
    private var wasSeen = true
    private var fixes = 0
    private var refusals = 0

    init(core: GatewayCore, desk: LoopDesk, driverID: DriverID, token: VerifiedToken, client: IPAddress?) {
        self.client = client
        let now = core.clock.read()
        self.core = core
        self.desk = desk
        self.driverID = driverID
        self.token = token
        connectedAt = now.uptime
        epoch = core.registry.nextEpoch()
        isPenalised = !core.limiter.admits(driverID, at: now.uptime)
        machine = DriverSessionMachine(
            driverID: driverID, tokenExpiresAt: token.expiresAt, tokenEpoch: token.epoch, isPenalised: isPenalised,
            settings: core.settings, at: now)
    }

    // MARK: - Commands from other threads

    func perform(_ command: SessionCommand) {
        let now = core.clock.read()
        switch command {
        case .pushed(let events): carryOut(machine.pushed(events), at: now)
        case .replayed(let events): carryOut(machine.replayed(events), at: now)
        case .welcomed(let welcome): carryOut(machine.welcomed(welcome, at: now), at: now)
        case .end(let reason): carryOut(machine.ended(by: reason), at: now)
        case .revoked(let epoch): carryOut(machine.revoked(before: epoch), at: now)
        case .drain(let closesAt): draining(closesAt: closesAt)
        }
        socket?.flush()
    }

    // MARK: - Actions

    private func carryOut(_ action: DriverSessionMachine.Action, at now: Moment) {
        switch action {
        case .none: break
        case .pong: socket?.send(Self.pong)
        case .accept(let update): accept(update, at: now)
        case .send(let message): send(message)
        case .sendEvents(let messages): sendEvents(messages, at: now)
        case .ping(let sequence):
            socket?.send(FrameWriter.frame(.ping, withUnsafeBytes(of: sequence.bigEndian) { Array($0) }))
        case .delivered(let through):
            core.recorder.delivered(EventMark(driverID: driverID, seq: through, at: now.wall))
        case .holdReading:
            core.meters.throttle()
            socket?.rouse()
        case .resumeReading: socket?.resumeReading()
        case .close(let reason): socket?.close(reason)
        case .drop(let reason): socket?.drop(reason)
        case .all(let actions): for action in actions { carryOut(action, at: now) }
        }
    }

    private func took(_ update: LocationUpdate, at now: Moment) {
        switch machine.located(orderID: update.orderID) {
        case .ignored: break
        case .accepted(let delivered):
            accept(update, at: now)
            if let delivered { carryOut(.delivered(through: delivered), at: now) }
        }
    }

    private func accept(_ update: LocationUpdate, at now: Moment) {
        // The decoder has checked the coordinates; a point that is none after all is a refused message, never a crash.
        guard let point = GeoPoint(latitude: update.latitude, longitude: update.longitude) else { return }
        if !update.rejected.isEmpty { core.meters.rejectedFields(update.rejected.names) }
        fixes += 1
        var fix = Fix(driverID: driverID, point: point, receivedAt: now.wall)
        fix.accuracy = update.accuracy
        fix.heading = update.heading
        fix.speed = update.speed
        fix.batteryLevel = update.batteryLevel
        fix.recordedAt = update.recordedAt.map(Timestamp.init(milliseconds:))
        desk.accept(fix)
    }

    private func send(_ message: ServerMessage) {
        if case .error(let error) = message {
            refusals += 1
            core.meters.refusedMessage(error.code)
        }
        socket?.send(FrameWriter.frame(.text, message.jsonBytes))
    }

    private func sendEvents(_ page: [EventMessage], at now: Moment) {
        guard let socket, let last = page.last else { return }
        for message in page.dropLast() { socket.send(FrameWriter.frame(.text, message.bytes)) }
        socket.send(FrameWriter.frame(.text, last.bytes)) { [weak self] in self?.eventsWritten(page) }
        guard socket.isOpen else { return }
        core.meters.eventsSent(page.count)
        mailbox?.noteSent(through: machine.takenThrough)
        core.recorder.sent(EventMark(driverID: driverID, seq: last.sequence, at: now.wall))
    }

    private func eventsWritten(_ page: [EventMessage]) {
        carryOut(machine.eventsWritten(page), at: core.clock.read())
        socket?.flush()
    }

    // MARK: - SocketApplication

    var isReading: Bool { machine.isReading }
    var needsAttention: Bool { machine.needsAttention }

    func opened(_ socket: SocketHandler, at now: Moment) {
        self.socket = socket
        log(
            isPenalised ? "driver connects too often" : "driver connected",
            ["epoch": "\(epoch)", "address": "\(client.map(\.description) ?? "?")"])
        guard !isPenalised else {
            let held = core.unauthenticated.add(1, ordering: .relaxed).newValue
            if held > core.settings.unauthenticatedSockets { socket.close(.tooManyConnections) }
            return
        }
        // A token that is older than the one of the session there does not put it out, whatever memory knows of it.
        if let present = core.registry.session(of: driverID), present.tokenEpoch > token.epoch {
            carryOut(machine.ended(by: .tokenRevoked), at: now)
            return
        }
        let mailbox = SessionMailbox(
            self, tokenEpoch: token.epoch, openedAt: now.wall, eventLoop: desk.eventLoop)
        self.mailbox = mailbox
        core.registry.register(mailbox, of: driverID, epoch: epoch)?.deliver(.end(.takenOver))
        core.meters.connected(.driver, sessions: core.registry.count)
        let core = core
        let driverID = driverID
        let tokenEpoch = token.epoch
        let epoch = epoch
        core.joins.ask(.driver(driverID), while: { core.registry.isCurrent(driverID, epoch: epoch) }) {
            // Without an answer in time the session begins with what memory knows, and the sweep replays.
            guard let answer = try? await core.door.welcome(driverID, epoch: tokenEpoch) else { return }
            switch answer {
            case .success(var welcome):
                welcome.undelivered = core.recorder.unconfirmed(welcome.undelivered)
                mailbox.deliver(.welcomed(welcome))
            case .failure(let reason): mailbox.deliver(.end(reason))
            }
        }
    }

    func frameArrived(isPong: Bool, at now: Moment) {
        if !isPong { wasSeen = true }
        if machine.exhausts(isPong: isPong, at: now) { carryOut(.holdReading, at: now) }
    }

    func text(_ message: UnsafeRawBufferPointer, at now: Moment) {
        if HotMessageReader.isPing(message) {
            if machine.pinged() { socket?.send(Self.pong) }
            return
        }
        if let update = desk.hotMessages.location(message) { return took(update, at: now) }
        let decoded = Result { () throws(MessageRefusal) in try DriverMessage.decode(message) }
        carryOut(machine.received(decoded, at: now), at: now)
    }

    func binary(_ message: ByteBuffer, at now: Moment) {
        socket?.close(.binary)
    }

    func ponged(_ payload: ByteBuffer, at now: Moment) {
        var payload = payload
        let sequence: Int64? = payload.readableBytes == 8 ? payload.readInteger() : nil
        carryOut(machine.ponged(sequence: sequence), at: now)
    }

    func swept(at now: Moment) {
        if wasSeen {
            wasSeen = false
            core.door.seen(driverID, at: now.wall)
        }
        if machine.isOverdue(at: now) {
            core.meters.joinFallback()
            carryOut(machine.welcomed(core.door.fallbackWelcome(driverID), at: now), at: now)
        }
        carryOut(machine.timerFired(at: now), at: now)
    }

    func draining(closesAt: Int64) {
        machine.draining(closesAt: closesAt)
        socket?.rouse()
    }

    func outboundLimitReached() -> Bool { true }
    func outboundDrained() {}

    func ended(_ end: SocketEnd, at now: Moment) {
        machine.socketEnded()
        // As long as he was connected he was there.
        if core.registry.remove(driverID, epoch: epoch) { core.door.seen(driverID, at: now.wall) }
        core.meters.ended(.driver, end, sessions: core.registry.count)
        log(
            "driver disconnected",
            [
                "epoch": "\(epoch)", "code": "\(end.code)", "reason": "\(end.reason)",
                "seconds": "\((now.uptime - connectedAt) / 1000)", "frames": "\(end.framesReceived)",
                "fixes": "\(fixes)", "refused": "\(refusals)", "sent_through": "\(machine.sentThrough)",
            ])
        mailbox = nil
        socket = nil
    }

    func gone() {
        if isPenalised { core.unauthenticated.subtract(1, ordering: .relaxed) }
    }

    private func log(_ message: Logger.Message, _ metadata: Logger.Metadata) {
        var metadata = metadata
        metadata["driver_id"] = "\(driverID)"
        core.logger.info(message, metadata: metadata)
    }
}
