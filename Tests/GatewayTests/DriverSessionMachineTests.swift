import Contract
import DispatchCore
import Fulfilment
import Gateway
import Testing

/// Transcripts: what happens to a session and what it answers, without sockets or clocks.
@Suite struct DriverSessionMachineTests {
    static let driver = DriverID(123)

    private func at(_ milliseconds: Int64) -> Moment { ManualClock.moment(milliseconds) }

    private func machine(
        isPenalised: Bool = false, expiresIn: Int64 = .max / 4, _ change: (inout GatewaySettings) -> Void = { _ in }
    ) -> DriverSessionMachine {
        var settings = GatewaySettings()
        change(&settings)
        return DriverSessionMachine(
            driverID: Self.driver, tokenExpiresAt: at(0).wall.advanced(byMilliseconds: expiresIn),
            isPenalised: isPenalised, settings: settings, at: at(0))
    }

    private func joined(
        last: Int64? = 0, undelivered: [DriverEvent] = [], _ change: (inout GatewaySettings) -> Void = { _ in }
    ) -> DriverSessionMachine {
        var machine = machine(change)
        _ = machine.welcomed(
            Welcome(isOnline: true, assignedCount: 0, lastSequence: last, undelivered: undelivered), at: at(10))
        return machine
    }

    private func event(_ seq: Int64, _ body: DriverEventBody) -> DriverEvent {
        DriverEvent(driverID: Self.driver, seq: seq, body: body, createdAt: Timestamp(milliseconds: 0))
    }

    /// The event numbers that an action sends.
    private func sent(_ action: DriverSessionMachine.Action) -> [Int64] {
        switch action {
        case .sendEvents(let messages): messages.map(\.sequence)
        case .all(let actions): actions.flatMap(sent)
        case .none, .accept, .pong, .send, .ping, .delivered, .holdReading, .resumeReading, .close, .drop: []
        }
    }

    // MARK: Joining

    @Test func theFirstMessageIsTheAckThenComesWhatWasMissedThenReadingBegins() {
        var machine = machine()
        #expect(!machine.isReading)
        let welcome = Welcome(
            isOnline: true, assignedCount: 2, lastSequence: 41,
            undelivered: [event(40, .offer(7)), event(41, .offer(8))])
        guard case .all(let actions) = machine.welcomed(welcome, at: at(5)) else {
            Issue.record("a welcome is several actions")
            return
        }
        let ack = ConnectionAck(
            driverID: 123, serverTime: at(5).wall.milliseconds, status: "online", idleTimeoutSeconds: 300,
            assignedCount: 2, lastEventSequence: 41)
        #expect(actions.first == .send(.connectionAck(ack)))
        #expect(sent(.all(actions)) == [40, 41])
        #expect(actions.last == .resumeReading)
        #expect(machine.isReading)
    }

    @Test func aPositionAndAPingMeanTheSameOnTheShortWay() {
        let told = [event(5, .offer(7))]
        for orderID in [nil, 7, 8] as [Int64?] {
            var (long, short) = (joined(last: 5, undelivered: told), joined(last: 5, undelivered: told))
            let update = LocationUpdate(latitude: 1, longitude: 2, orderID: orderID)
            let action = long.received(.success(.location(update)), at: at(20))
            switch short.located(orderID: orderID) {
            case .ignored: #expect(action == .none)
            case .accepted(nil): #expect(action == .accept(update))
            case .accepted(let known?): #expect(action == .all([.accept(update), .delivered(through: known)]))
            }
            #expect((action == .accept(update)) == (orderID != 7))
        }
        var waiting = machine()
        let (early, unanswered) = (waiting.located(orderID: nil), waiting.pinged())
        #expect(early == .ignored)
        #expect(!unanswered)
        var live = joined { $0.badMessagesInRow = 2 }
        for _ in 0..<4 {
            // A good message on the short way ends a row of bad ones, too.
            let bad = live.received(.failure(.missingType), at: at(20))
            let pinged = live.pinged()
            let worse = live.received(.failure(.missingType), at: at(20))
            let located = live.located(orderID: nil)
            #expect(bad != .close(.tooManyBadMessages) && worse != .close(.tooManyBadMessages))
            #expect(pinged)
            #expect(located == .accepted(delivered: nil))
        }
    }

    @Test func anOrderAssignedAndTakenAwayMeanwhileIsToldByItsEndOnly() {
        var machine = machine()
        let missed = [event(1, .offer(7)), event(2, .offer(8)), event(3, .orderCancelled(order: 7, reason: "x"))]
        let action = machine.welcomed(
            Welcome(isOnline: true, assignedCount: 0, lastSequence: 3, undelivered: missed), at: at(5))
        #expect(sent(action) == [2, 3])
    }

    @Test func withoutAnAnswerOfTheStoreTheSessionBeginsAndTheSweepReplays() {
        var machine = machine()
        #expect(!machine.isOverdue(at: at(1999)))
        #expect(machine.isOverdue(at: at(2000)))
        _ = machine.welcomed(
            Welcome(isOnline: false, assignedCount: 0, lastSequence: nil, undelivered: []), at: at(2000))
        #expect(machine.isReading)
        // A hint cannot be sent yet: earlier numbers may be missing.
        #expect(sent(machine.pushed([event(5, .offer(9))])) == [])
        #expect(sent(machine.replayed([event(4, .offer(8)), event(5, .offer(9))])) == [4, 5])
        #expect(sent(machine.pushed([event(6, .offer(10))])) == [6])
    }

    @Test func aLateAnswerOfTheStoreStillReplays() {
        var machine = joined(last: nil)
        let late = Welcome(isOnline: true, assignedCount: 0, lastSequence: 2, undelivered: [event(2, .offer(1))])
        #expect(sent(machine.welcomed(late, at: at(3000))) == [2])
    }

    @Test func aDriverWhoConnectsTooOftenIsHeldThenClosedWith1008() {
        var machine = machine(isPenalised: true)
        #expect(!machine.isReading)
        #expect(machine.timerFired(at: at(4999)) == .none)
        #expect(machine.timerFired(at: at(5000)) == .close(.tooManyConnections))
        #expect(CloseReason.tooManyConnections.code == 1008)
    }

    // MARK: Messages

    @Test func aPingIsAnsweredAndAPositionAccepted() {
        var machine = joined()
        let update = LocationUpdate(latitude: 12, longitude: 77)
        #expect(machine.received(.success(.ping), at: at(20)) == .pong)
        #expect(machine.received(.success(.location(update)), at: at(20)) == .accept(update))
    }

    @Test func badMessagesAreAnsweredAndTheTwentiethInARowCloses() {
        var machine = joined()
        for _ in 1...19 {
            #expect(machine.received(.failure(.badLatitude), at: at(20)) == .send(.error(ErrorMessage(.badLatitude))))
        }
        #expect(machine.received(.success(.ping), at: at(20)) == .pong)
        for _ in 1...19 { _ = machine.received(.failure(.malformedJSON), at: at(20)) }
        #expect(machine.received(.failure(.malformedJSON), at: at(20)) == .close(.tooManyBadMessages))
        #expect(machine.received(.success(.ping), at: at(20)) == .none)
    }

    @Test func anUnknownTypeIsAnsweredAndDoesNotCountAsBad() {
        var machine = joined()
        for _ in 1...100 {
            guard case .send(.error(let error)) = machine.received(.success(.unknown(type: "x")), at: at(20)) else {
                Issue.record("an unknown type is answered")
                return
            }
            #expect(error.code == "unknown_type")
        }
    }

    @Test func aConnectionOverItsRateIsReadMoreSlowly() {
        var machine = joined { settings in
            settings.messageBurst = 3
            settings.messageRate = 10
        }
        #expect(machine.frameArrived(isPong: false, at: at(20)) == .none)
        #expect(machine.frameArrived(isPong: false, at: at(20)) == .none)
        #expect(machine.frameArrived(isPong: false, at: at(20)) == .holdReading)
        #expect(!machine.isReading)
        #expect(machine.timerFired(at: at(110)) == .none)
        #expect(machine.timerFired(at: at(120)) == .all([.resumeReading]))
        #expect(machine.isReading)
    }

    // MARK: Delivery

    @Test func aPongProvesEverythingUpToItsNumber() {
        var machine = joined()
        let pushed = machine.pushed([event(1, .offer(7)), event(2, .offer(8))])
        guard case .all(let actions) = pushed else {
            Issue.record("a push is messages and a ping")
            return
        }
        #expect(actions.last == .ping(sequence: 2))
        #expect(machine.ponged(sequence: 1) == .delivered(through: 1))
        #expect(machine.ponged(sequence: 1) == .none)
        #expect(machine.ponged(sequence: 2) == .delivered(through: 2))
        #expect(machine.ponged(sequence: 99) == .none)
        #expect(machine.ponged(sequence: nil) == .none)
    }

    @Test func anAckIsHonouredUpToWhatWasSent() {
        var machine = joined()
        _ = machine.pushed([event(1, .offer(7))])
        #expect(machine.received(.success(.ack(sequence: 50)), at: at(20)) == .delivered(through: 1))
    }

    @Test func aPositionThatNamesTheOrderIsAReceipt() {
        var machine = joined()
        _ = machine.pushed([event(1, .offer(7)), event(2, .offer(8)), event(3, .offer(9))])
        let update = LocationUpdate(latitude: 1, longitude: 2, orderID: 8)
        #expect(
            machine.received(.success(.location(update)), at: at(20))
                == .all([.accept(update), .delivered(through: 2)]))
        #expect(machine.received(.success(.location(update)), at: at(20)) == .accept(update))
    }

    @Test func onlyAnOfferIsProvenByThePositionThatNamesItsOrder() {
        var machine = joined()
        _ = machine.pushed([event(1, .offer(7)), event(2, .orderCancelled(order: 7, reason: "x"))])
        let update = LocationUpdate(latitude: 1, longitude: 2, orderID: 7)
        #expect(
            machine.received(.success(.location(update)), at: at(20))
                == .all([.accept(update), .delivered(through: 1)]))
        #expect(machine.received(.success(.location(update)), at: at(20)) == .accept(update))
    }

    @Test func aNumberThatIsAnOrderAndAPoolIsTheOrder() {
        var machine = joined()
        _ = machine.pushed([event(1, .offer(5)), event(2, .offer(8, pool: 5)), event(3, .offer(9, pool: 6))])
        let order = LocationUpdate(latitude: 1, longitude: 2, orderID: 5)
        let pool = LocationUpdate(latitude: 1, longitude: 2, orderID: 6)
        #expect(
            machine.received(.success(.location(order)), at: at(20)) == .all([.accept(order), .delivered(through: 1)]))
        #expect(
            machine.received(.success(.location(pool)), at: at(20)) == .all([.accept(pool), .delivered(through: 3)]))
    }

    // MARK: Pages

    /// The page that an action sends.
    private func page(_ action: DriverSessionMachine.Action) -> [EventMessage] {
        guard case .all(let actions) = action, case .sendEvents(let page)? = actions.first else { return [] }
        return page
    }

    @Test func aLongReplayLeavesInPagesAsTheNetworkTakesThem() {
        var machine = joined(last: nil) { $0.outboundLimit = 4000 }
        let events = (1...20).map { event($0, .offer($0)) }
        var page = page(machine.replayed(events))
        var numbers: [Int64] = []
        while !page.isEmpty {
            #expect(page.count < 8)
            numbers += page.map(\.sequence)
            #expect(machine.sentThrough == page.last?.sequence)
            #expect(machine.takenThrough == 20)
            // A phone cannot have what has not left.
            let known = machine.sentThrough
            #expect(machine.received(.success(.ack(sequence: 20)), at: at(20)) == .delivered(through: known))
            // The sweep lists what waits, which changes nothing.
            #expect(machine.replayed(events) == .none)
            page = self.page(machine.eventsWritten(page))
        }
        #expect(numbers == Array(1...20))
    }

    @Test func hintsBehindAPhoneThatDoesNotReadDropItAtTheLimit() {
        var machine = joined { $0.outboundLimit = 4000 }
        var last = Int64(0)
        var dropped = false
        while !dropped, last < 100 {
            last += 1
            dropped = machine.pushed([event(last, .offer(last))]) == .drop(.slowReader)
        }
        // Half the limit is under way, the limit waits.
        #expect((8...20).contains(last))
        #expect(machine.pushed([event(last + 1, .offer(1))]) == .none)
    }

    @Test func whatComesInOneGoMayBeLongerThanTheLimit() {
        var machine = joined { $0.outboundLimit = 4000 }
        #expect(!page(machine.pushed((1...40).map { event($0, .offer($0)) })).isEmpty)
        #expect(machine.isLive)
    }

    @Test func eventsLeaveByNumberWhateverTheOrderOfTheirHints() {
        var machine = joined(last: 4)
        #expect(sent(machine.pushed([event(6, .offer(2))])) == [])
        #expect(sent(machine.pushed([event(4, .offer(1))])) == [])
        #expect(sent(machine.pushed([event(5, .offer(1))])) == [5, 6])
        #expect(sent(machine.pushed([event(5, .offer(1)), event(6, .offer(2))])) == [])
    }

    @Test func whatALostHintMissedComesWithTheSweepOnce() {
        var machine = joined(last: 0)
        #expect(sent(machine.pushed([event(2, .offer(2))])) == [])
        #expect(sent(machine.replayed([event(1, .offer(1)), event(2, .offer(2))])) == [1, 2])
        #expect(sent(machine.replayed([event(1, .offer(1)), event(2, .offer(2))])) == [])
    }

    @Test func hintsDuringTheJoinAreNotLost() {
        var machine = machine()
        #expect(sent(machine.pushed([event(3, .offer(3))])) == [])
        let action = machine.welcomed(
            Welcome(isOnline: true, assignedCount: 0, lastSequence: 2, undelivered: [event(2, .offer(2))]), at: at(5))
        #expect(sent(action) == [2, 3])
    }

    @Test func aBatchIsOneMessageWithItsTotalsWhenSetSo() {
        var machine = joined { $0.batchMessages = .perBatch }
        let action = machine.pushed([
            event(1, .offer(7, batch: 5, of: [7, 8])), event(2, .offer(8, batch: 5, of: [7, 8])),
            event(3, .offer(9, batch: 6)),
        ])
        guard case .all(let actions) = action, case .sendEvents(let messages)? = actions.first,
            case .orderAssigned(let sequence, let offer)? = messages.first?.message
        else {
            Issue.record("two offers were expected")
            return
        }
        #expect(messages.map(\.sequence) == [2, 3])
        #expect(sequence == 2)
        #expect(offer.earningsPaise == 10_000)
        #expect(offer.distanceMetres == 6000)
        #expect(offer.orderIDs == [7, 8])
        #expect(offer.isPooled)
    }

    // MARK: Time

    @Test func aSilentDriverIsClosedWith1001AndAPongDoesNotCount() {
        var machine = joined { $0.unansweredPings = 1000 }
        #expect(machine.frameArrived(isPong: true, at: at(200_000)) == .none)
        #expect(machine.timerFired(at: at(300_009)) != .close(.idle))
        #expect(machine.timerFired(at: at(300_010)) == .close(.idle))
    }

    @Test func anyFrameOfTheDriverPutsTheIdleLimitOff() {
        var machine = joined { $0.unansweredPings = 1000 }
        _ = machine.frameArrived(isPong: false, at: at(200_000))
        #expect(machine.timerFired(at: at(499_999)) != .close(.idle))
        #expect(machine.timerFired(at: at(500_000)) == .close(.idle))
    }

    @Test func twoUnansweredPingsDropTheSocket() {
        var machine = joined()
        #expect(machine.timerFired(at: at(24_999)) == .none)
        #expect(machine.timerFired(at: at(25_000)) == .all([.ping(sequence: 0)]))
        #expect(machine.ponged(sequence: 0) == .none)
        #expect(machine.timerFired(at: at(50_000)) == .all([.ping(sequence: 0)]))
        #expect(machine.timerFired(at: at(75_000)) == .all([.ping(sequence: 0)]))
        #expect(machine.timerFired(at: at(100_000)) == .drop(.unanswered))
    }

    @Test func theTokensEndIsTheSessionsEnd() {
        var machine = machine(expiresIn: 60_000)
        _ = machine.welcomed(Welcome(isOnline: true, assignedCount: 0, lastSequence: 0, undelivered: []), at: at(10))
        #expect(machine.timerFired(at: at(59_999)) != .close(.tokenExpired))
        #expect(machine.timerFired(at: at(60_000)) == .close(.tokenExpired))
        #expect(CloseReason.tokenExpired.code == 4001)
    }

    @Test func aRevocationEndsOnlyWhatAnEarlierTokenOpened() {
        var machine = DriverSessionMachine(
            driverID: Self.driver, tokenExpiresAt: at(1_000_000).wall, tokenEpoch: 3, isPenalised: false,
            settings: GatewaySettings(), at: at(0))
        #expect(machine.revoked(before: 3) == .none)
        #expect(machine.revoked(before: 4) == .close(.tokenRevoked))
    }

    @Test func aDrainClosesAtItsMomentWith1012() {
        var machine = joined()
        machine.draining(closesAt: 3000)
        machine.draining(closesAt: 9000)
        #expect(machine.timerFired(at: at(2999)) == .none)
        #expect(machine.timerFired(at: at(3000)) == .close(.restart))
        #expect(CloseReason.restart.code == 1012)
    }

    @Test func afterItsEndASessionSaysNothing() {
        var machine = joined()
        #expect(machine.ended(by: .takenOver) == .close(.takenOver))
        #expect(machine.ended(by: .driverBlocked) == .none)
        #expect(machine.pushed([event(1, .offer(1))]) == .none)
        #expect(machine.received(.success(.ping), at: at(20)) == .none)
        #expect(machine.frameArrived(isPong: false, at: at(20)) == .none)
        #expect(machine.timerFired(at: at(1_000_000)) == .none)
        #expect(machine.ponged(sequence: 1) == .none)
    }

    @Test func only4001And4003StopTheDeployedApp() {
        let stopping = CloseReason.allCases.filter { $0.code >= 4000 }
        #expect(Set(stopping.map(\.code)) == [4001, 4003])
        #expect(stopping.filter { $0.code == 4003 } == [.takenOver])
        #expect(CloseReason.allCases.filter { $0.code == 1000 } == [.clientClosed])
    }
}
