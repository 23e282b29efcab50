package import Contract
package import DispatchCore
package import Fulfilment

/// What the house knows of a driver at the moment he connects.
package struct Welcome: Sendable, Equatable {
    package var isOnline: Bool
    package var assignedCount: Int64
    /// Newest number of his event stream; nil when the event log did not answer, and the sweep replays later.
    package var lastSequence: Int64?
    package var undelivered: [DriverEvent]

    package init(isOnline: Bool, assignedCount: Int64, lastSequence: Int64?, undelivered: [DriverEvent]) {
        self.isOnline = isOnline
        self.assignedCount = assignedCount
        self.lastSequence = lastSequence
        self.undelivered = undelivered
    }
}

/// One driver's session from the accepted upgrade to its close, as a pure value: events go in, actions come out. It
/// reads no clock, owns no socket and no timer; ``DriverSession`` carries its actions out and tells it the time.
package struct DriverSessionMachine: Sendable {
    package enum Action: Equatable, Sendable {
        case none
        /// Store and index the position.
        case accept(LocationUpdate)
        case pong
        case send(ServerMessage)
        /// Send these and record them as sent; ``eventsWritten(_:)`` is told when the network has taken them.
        case sendEvents([EventMessage])
        /// A protocol ping that carries the number; its pong proves that everything up to there has arrived.
        case ping(sequence: Int64)
        /// Record everything up to the number as delivered.
        case delivered(through: Int64)
        case holdReading
        case resumeReading
        case close(CloseReason)
        case drop(DropReason)
        /// Several, in this order.
        case all([Action])
    }

    private enum Phase: Equatable {
        /// Waiting for the house's word; frames stay unread.
        case joining(since: Int64)
        /// Too many connections of this driver: held unread, then closed.
        case penalised(until: Int64)
        case live
        case ended
    }

    package let driverID: DriverID
    private let settings: GatewaySettings
    private let tokenExpiresAt: Timestamp
    private let tokenEpoch: Int64
    private var phase: Phase
    private var cursor = DeliveryCursor()
    private var outbox: EventOutbox
    private var bucket: TokenBucket
    private var isThrottled = false
    private var badInRow = 0
    private var lastFrameAt: Int64
    private var pingDueAt: Int64
    private var unanswered = 0
    private var closesAt: Int64?

    /// - Parameter isPenalised: True when the driver connects too often.
    package init(
        driverID: DriverID, tokenExpiresAt: Timestamp, tokenEpoch: Int64 = 0, isPenalised: Bool,
        settings: GatewaySettings, at now: Moment
    ) {
        self.tokenEpoch = tokenEpoch
        self.driverID = driverID
        self.settings = settings
        self.tokenExpiresAt = tokenExpiresAt
        phase = isPenalised ? .penalised(until: now.uptime + settings.connectPenalty) : .joining(since: now.uptime)
        outbox = EventOutbox(limit: settings.outboundLimit)
        bucket = TokenBucket(capacity: settings.messageBurst, rate: settings.messageRate, at: now.uptime)
        lastFrameAt = now.uptime
        pingDueAt = now.uptime + settings.pingInterval
    }

    /// Whether frames may be handed in now.
    package var isReading: Bool { phase == .live && !isThrottled }

    package var isLive: Bool { phase == .live }

    /// Whether a timer finer than a second is wanted.
    package var needsAttention: Bool { phase != .live || isThrottled || closesAt != nil }

    /// The number up to which events have been sent; 0 while that is unknown.
    package var sentThrough: Int64 { outbox.isEmpty ? takenThrough : outbox.sentThrough }

    /// The number up to which events have been sent or wait for room; 0 while that is unknown.
    package var takenThrough: Int64 { cursor.takenThrough ?? 0 }

    // MARK: - From the house

    /// The house has answered, or its time is up and `welcome` is what memory knows.
    package mutating func welcomed(_ welcome: Welcome, at now: Moment) -> Action {
        switch phase {
        // The fall-back has been used meanwhile; the late answer still knows the stream.
        case .live: return replayed(welcome.undelivered, through: welcome.lastSequence)
        case .penalised, .ended: return .none
        case .joining: break
        }
        phase = .live
        lastFrameAt = now.uptime
        let events = cursor.replay(welcome.undelivered, through: welcome.lastSequence)
        let ack = ConnectionAck(
            driverID: driverID.rawValue, serverTime: now.wall.milliseconds,
            status: welcome.isOnline ? "online" : "offline", idleTimeoutSeconds: settings.idleTimeout / 1000,
            assignedCount: welcome.assignedCount, lastEventSequence: takenThrough)
        return .all([.send(.connectionAck(ack)), send(events), .resumeReading])
    }

    /// The account may not have a session after all.
    package mutating func refused(_ reason: CloseReason) -> Action {
        end(with: reason)
    }

    /// Hints of committed events.
    package mutating func pushed(_ events: [DriverEvent]) -> Action {
        guard phase != .ended else { return .none }
        // While joining the cursor knows no number yet, so nothing is ready; the hints wait in it.
        let ready = cursor.pushed(events)
        guard outbox.addHints(EventMessages.messages(for: ready, settings.batchMessages)) else {
            return drop(.slowReader)
        }
        return nextPage()
    }

    /// What the event log lists as undelivered beyond what this session sent.
    package mutating func replayed(_ events: [DriverEvent], through last: Int64? = nil) -> Action {
        guard phase == .live else { return .none }
        return send(cursor.replay(events, through: last))
    }

    /// The network has taken a page of events.
    package mutating func eventsWritten(_ page: [EventMessage]) -> Action {
        outbox.written(page)
        guard phase == .live else { return .none }
        return nextPage()
    }

    private mutating func send(_ events: [DriverEvent]) -> Action {
        outbox.add(EventMessages.messages(for: events, settings.batchMessages))
        return nextPage()
    }

    private mutating func nextPage() -> Action {
        let page = outbox.page()
        guard !page.isEmpty else { return .none }
        cursor.sent(page)
        return .all([.sendEvents(page), .ping(sequence: sentThrough)])
    }

    // MARK: - From the phone

    /// A text message.
    package mutating func received(_ message: Result<DriverMessage, MessageRefusal>, at now: Moment) -> Action {
        guard phase == .live else { return .none }
        switch message {
        case .success(.location(let update)):
            switch located(orderID: update.orderID) {
            case .ignored: return .none
            case .accepted(nil): return .accept(update)
            case .accepted(let known?): return .all([.accept(update), .delivered(through: known)])
            }
        case .success(.ping): return pinged() ? .pong : .none
        case .success(.ack(let sequence)):
            badInRow = 0
            return delivered(through: sequence)
        case .success(.unknown(let type)):
            // Harmless, so it does not count as bad: newer apps may say more than we know.
            let error = ErrorMessage(code: "unknown_type", detail: "The type \"\(type)\" is not known.")
            return .send(.error(error))
        case .failure(let refusal):
            badInRow += 1
            if badInRow >= settings.badMessagesInRow { return end(with: .tooManyBadMessages) }
            return .send(.error(ErrorMessage(refusal)))
        }
    }

    /// What becomes of a position: the answer of ``received(_:at:)`` without carrying the position through it.
    package enum Located: Equatable, Sendable {
        case ignored
        /// Store and index it, and record everything up to the number, if there is one, as delivered.
        case accepted(delivered: Int64?)
    }

    /// A ping; false when it stays unanswered.
    package mutating func pinged() -> Bool {
        guard phase == .live else { return false }
        badInRow = 0
        return true
    }

    /// A position, which speaks of an order or of none.
    package mutating func located(orderID: Int64?) -> Located {
        guard phase == .live else { return .ignored }
        badInRow = 0
        return .accepted(delivered: orderID.flatMap { cursor.spokeOf($0) })
    }

    /// Any frame but a pong counts as life and costs a token; the last one that there was a token for still is handled.
    package mutating func frameArrived(isPong: Bool, at now: Moment) -> Action {
        exhausts(isPong: isPong, at: now) ? .holdReading : .none
    }

    /// The same in one bit: whether reading is to be held after this frame.
    package mutating func exhausts(isPong: Bool, at now: Moment) -> Bool {
        guard phase == .live else { return false }
        if !isPong { lastFrameAt = now.uptime }
        _ = bucket.take(at: now.uptime)
        guard !bucket.hasToken(at: now.uptime) else { return false }
        isThrottled = true
        return true
    }

    /// The pong of a protocol ping; nil for one that was not asked for.
    package mutating func ponged(sequence: Int64?) -> Action {
        guard phase == .live, let sequence else { return .none }
        unanswered = 0
        return delivered(through: sequence)
    }

    private mutating func delivered(through sequence: Int64) -> Action {
        cursor.delivered(through: min(sequence, sentThrough)).map { .delivered(through: $0) } ?? .none
    }

    // MARK: - From outside

    /// Called about once a second, and more often while ``needsAttention`` says so.
    package mutating func timerFired(at now: Moment) -> Action {
        switch phase {
        case .ended: return .none
        case .penalised(let until): return now.uptime >= until ? end(with: .tooManyConnections) : .none
        case .joining, .live: break
        }
        if let closesAt, now.uptime >= closesAt { return end(with: .restart) }
        if now.wall >= tokenExpiresAt { return end(with: .tokenExpired) }
        guard phase == .live else { return .none }
        if now.uptime - lastFrameAt >= settings.idleTimeout, !isThrottled { return end(with: .idle) }
        var actions: [Action] = []
        let wasThrottled = isThrottled
        if isThrottled, bucket.hasToken(at: now.uptime) {
            isThrottled = false
            actions.append(.resumeReading)
        }
        if now.uptime >= pingDueAt {
            guard unanswered < settings.unansweredPings else { return drop(.unanswered) }
            // While we read slowly, a pong may wait behind other frames: that silence is ours.
            if !wasThrottled { unanswered += 1 }
            pingDueAt = now.uptime + settings.pingInterval
            actions.append(.ping(sequence: sentThrough))
        }
        return actions.isEmpty ? .none : .all(actions)
    }

    /// Whether the house has kept a new session waiting too long.
    package func isOverdue(at now: Moment) -> Bool {
        if case .joining(let since) = phase { now.uptime - since >= settings.joinTimeout } else { false }
    }

    /// The server stops: closes at its moment within the drain's window.
    package mutating func draining(closesAt moment: Int64) {
        closesAt = min(closesAt ?? moment, moment)
    }

    /// The house or the registry ends the session: cut off, taken over.
    package mutating func ended(by reason: CloseReason) -> Action {
        end(with: reason)
    }

    /// Tokens of an earlier epoch are worth nothing any more.
    package mutating func revoked(before epoch: Int64) -> Action {
        tokenEpoch < epoch ? end(with: .tokenRevoked) : .none
    }

    /// The socket is gone or going.
    package mutating func socketEnded() {
        phase = .ended
    }

    private mutating func end(with reason: CloseReason) -> Action {
        guard phase != .ended else { return .none }
        phase = .ended
        return .close(reason)
    }

    private mutating func drop(_ reason: DropReason) -> Action {
        phase = .ended
        return .drop(reason)
    }
}
