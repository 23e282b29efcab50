/// What the server says over a driver's socket.
package enum ServerMessage: Equatable, Sendable {
    case connectionAck(ConnectionAck)
    case pong
    case error(ErrorMessage)
    case orderAssigned(sequence: Int64?, OrderAssigned)
    case orderCancelled(sequence: Int64?, OrderCancelled)
    case orderUnassigned(sequence: Int64?, OrderUnassigned)
    /// A type this version does not know.
    case unknown(type: String)

    /// The exact bytes of the answer to a ping.
    package static let pongBytes: [UInt8] = Array(#"{"type":"pong"}"#.utf8)

    /// The event's number in the driver's stream, where the message is an event.
    package var sequence: Int64? {
        switch self {
        case .orderAssigned(let sequence, _), .orderCancelled(let sequence, _), .orderUnassigned(let sequence, _):
            sequence
        case .connectionAck, .pong, .error, .unknown: nil
        }
    }
}

/// The first message on every accepted socket.
package struct ConnectionAck: Equatable, Sendable {
    package var driverID: Int64
    /// Milliseconds since 1970.
    package var serverTime: Int64
    /// `online` or `offline`: what the driver last said, never what the socket implies.
    package var status: String
    package var idleTimeoutSeconds: Int64
    /// Orders in the driver's hands now.
    package var assignedCount: Int64
    /// The number of the newest event of the driver's stream, delivered or not; 0 when there was none.
    package var lastEventSequence: Int64

    package init(
        driverID: Int64, serverTime: Int64, status: String, idleTimeoutSeconds: Int64, assignedCount: Int64,
        lastEventSequence: Int64
    ) {
        self.driverID = driverID
        self.serverTime = serverTime
        self.status = status
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.assignedCount = assignedCount
        self.lastEventSequence = lastEventSequence
    }
}

/// Something the phone sent could not be used; the socket stays open.
package struct ErrorMessage: Equatable, Sendable {
    package var code: String
    package var detail: String

    package init(code: String, detail: String) {
        self.code = code
        self.detail = detail
    }

    package init(_ refusal: MessageRefusal) {
        self.init(code: refusal.rawValue, detail: refusal.detail)
    }
}

/// An order lives no longer; only its present driver hears of it.
package struct OrderCancelled: Equatable, Sendable {
    package var orderID: Int64
    package var reason: String

    package init(orderID: Int64, reason: String) {
        self.orderID = orderID
        self.reason = reason
    }
}

/// An order lives on without this driver.
package struct OrderUnassigned: Equatable, Sendable {
    package var orderID: Int64
    package var reason: String
    /// `reassigned`, `unassigned` or `timeout`.
    package var code: String

    package init(orderID: Int64, reason: String, code: String) {
        self.orderID = orderID
        self.reason = reason
        self.code = code
    }
}
