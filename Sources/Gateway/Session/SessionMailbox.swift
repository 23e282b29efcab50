import DispatchCore
import NIOCore
import Synchronization

/// The way from other threads to one session: commands hop to the session's loop, in order.
final class SessionMailbox: SessionEndpoint {
    private let session: NIOLoopBound<DriverSession>
    private let eventLoop: any EventLoop
    private let sent = Atomic<Int64>(0)
    let tokenEpoch: Int64
    let openedAt: Timestamp

    init(_ session: DriverSession, tokenEpoch: Int64, openedAt: Timestamp, eventLoop: any EventLoop) {
        self.tokenEpoch = tokenEpoch
        self.openedAt = openedAt
        self.session = NIOLoopBound(session, eventLoop: eventLoop)
        self.eventLoop = eventLoop
    }

    func deliver(_ command: SessionCommand) {
        eventLoop.execute { self.session.value.perform(command) }
    }

    var sentThrough: Int64 { sent.load(ordering: .relaxed) }

    func noteSent(through sequence: Int64) {
        sent.store(sequence, ordering: .relaxed)
    }
}
