/// What a socket tells its owner. `closed` comes exactly once and last.
package enum SocketEvent: Equatable, Sendable {
    case text(String)
    /// A protocol ping of the server; it has been answered unless the socket was told not to.
    case ping
    case closed(SocketClose)
}

/// How a socket ended.
package struct SocketClose: Equatable, Sendable, CustomStringConvertible {
    /// The code of the server's close frame; nil when the connection ended without one (a phone sees 1006).
    package let code: UInt16?
    /// The text of the close frame.
    package let reason: String

    package init(code: UInt16?, reason: String = "") {
        self.code = code
        self.reason = reason
    }

    package var description: String {
        guard let code else { return "ended without a close frame" }
        return reason.isEmpty ? "closed with \(code)" : "closed with \(code) \(reason)"
    }
}

/// Why a connection did not become a socket, or a call got no answer.
package enum DriverClientError: Error, Equatable, CustomStringConvertible {
    /// The server answered the upgrade with another status than 101. Retry-After in seconds, if it was sent.
    case refused(status: Int, retryAfter: Int?)
    /// No connection, or a broken handshake of TLS or HTTP.
    case unreachable(String)
    /// A REST call was answered with an unexpected status.
    case unexpectedStatus(Int, detail: String)
    /// The answer is not what the contract says.
    case unreadable(String)

    package var description: String {
        switch self {
        case .refused(let status, _): "the upgrade was refused with HTTP \(status)"
        case .unreachable(let why): "not reachable: \(why)"
        case .unexpectedStatus(let status, let detail): "HTTP \(status) \(detail)"
        case .unreadable(let what): "cannot read \(what)"
        }
    }
}
