/// Why the server ends a socket: the one place that turns reasons into close codes. What the driver app does next
/// stands with each.
package enum CloseReason: String, Error, Sendable, CaseIterable {
    // 4001: the app shows "session expired" and asks for a new log-in. Only for real failures of authentication.
    case tokenMissing = "token_missing"
    case tokenInvalid = "token_invalid"
    case tokenExpired = "token_expired"
    case tokenRevoked = "token_revoked"
    case driverMismatch = "driver_mismatch"
    case driverBlocked = "driver_blocked"
    case wrongRole = "wrong_role"
    case loggedOut = "logged_out"
    case passwordChanged = "password_changed"
    /// 4003: the app stays disconnected; the same account has a newer socket.
    case takenOver = "duplicate_connection"

    // Every other code makes the app reconnect, after one second at first.
    /// 1000, only in answer to the client's own close.
    case clientClosed = "client_closed"
    case idle = "idle"
    case restart = "restart"
    case tooManyConnections = "too_many_connections"
    case tooManyBadMessages = "too_many_bad_messages"
    case messageTooBig = "message_too_big"
    case binary = "binary_not_supported"
    case invalidUTF8 = "invalid_utf8"
    case protocolError = "protocol_error"
    case overloaded = "overloaded"

    /// The WebSocket close code.
    package var code: UInt16 {
        switch self {
        case .tokenMissing, .tokenInvalid, .tokenExpired, .tokenRevoked, .driverMismatch, .driverBlocked, .wrongRole,
            .loggedOut, .passwordChanged:
            4001
        case .takenOver: 4003
        case .clientClosed: 1000
        case .idle: 1001
        case .protocolError: 1002
        case .binary: 1003
        case .invalidUTF8: 1007
        case .tooManyConnections, .tooManyBadMessages: 1008
        case .messageTooBig: 1009
        case .restart: 1012
        case .overloaded: 1013
        }
    }
}

/// Why a socket is gone without a close frame.
package enum DropReason: String, Sendable, CaseIterable {
    /// The peer ended the connection without a close frame.
    case peerGone = "peer_gone"
    /// Keep-alive pings stayed unanswered.
    case unanswered = "pings_unanswered"
    /// More waited to be sent than the limit allows.
    case slowReader = "slow_reader"
    /// Reading or writing failed.
    case transport = "transport_error"
    /// The server was stopped without a drain.
    case abandoned = "abandoned"
}
