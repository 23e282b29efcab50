package import NIOCore

/// What a socket speaks once it is open: a driver's session, an admin's feed, an echo. Called on the socket's loop
/// only.
package protocol SocketApplication: AnyObject {
    /// Whether the socket may read now.
    var isReading: Bool { get }
    var needsAttention: Bool { get }
    /// The 101 has been written; frames may be sent.
    func opened(_ socket: SocketHandler, at now: Moment)
    /// Every frame, before what it means. False for a pong alone.
    func frameArrived(isPong: Bool, at now: Moment)
    /// A whole text message, known to be UTF-8. The bytes are valid during the call only.
    func text(_ message: UnsafeRawBufferPointer, at now: Moment)
    func binary(_ message: ByteBuffer, at now: Moment)
    func ponged(_ payload: ByteBuffer, at now: Moment)
    func swept(at now: Moment)
    /// The server stops; the socket is to be closed at this uptime.
    func draining(closesAt: Int64)
    /// More bytes wait than the limit allows. Returns whether to drop the socket.
    func outboundLimitReached() -> Bool
    func outboundDrained()
    /// The socket is closing or gone; called once.
    func ended(_ end: SocketEnd, at now: Moment)
    /// The connection itself is gone; called once, after ``ended(_:at:)``.
    func gone()
}

/// How a socket ended.
package struct SocketEnd: Equatable {
    package enum Cause: Equatable {
        case closed(CloseReason)
        /// The client closed, with its code if it gave one.
        case closedByClient(code: UInt16?)
        case dropped(DropReason)
    }

    package var cause: Cause
    package var framesReceived: Int

    package init(cause: Cause, framesReceived: Int) {
        self.cause = cause
        self.framesReceived = framesReceived
    }

    /// The close code for logs and counters; 1006 where no close frame was exchanged.
    package var code: UInt16 {
        switch cause {
        case .closed(let reason): reason.code
        case .closedByClient(let code): code ?? 1005
        case .dropped: 1006
        }
    }

    /// The code where we or the protocol chose it; a client may say any number, and each would be a series of its own.
    package var codeForMeters: String {
        guard case .closedByClient(let code?) = cause else { return String(code) }
        switch code {
        case 1000...1003, 1007...1014: return String(code)
        case 3000..<4000: return "3xxx"
        case 4000..<5000: return "4xxx"
        default: return "other"
        }
    }

    package var reason: String {
        switch cause {
        case .closed(let reason): reason.rawValue
        case .closedByClient: "closed_by_client"
        case .dropped(let reason): reason.rawValue
        }
    }
}
