package import Contract

/// Every limit of the gateway in one place, with its unit and its reason. Made from the configuration by `App`.
package struct GatewaySettings: Sendable {
    /// How a batch is told to its driver.
    package enum BatchMessages: String, Sendable, CaseIterable {
        /// One `order_assigned` for each order, each with that order's earnings and distance.
        case perOrder
        /// One message for the batch, with the batch's totals: what the deployed app shows best.
        case perBatch
    }

    // MARK: Sessions

    /// A driver that sends no frame for so long is closed with 1001. Milliseconds.
    package var idleTimeout: Int64 = 300_000
    /// The server's own protocol ping; a load balancer cuts a socket that is silent from the server's side.
    /// Milliseconds.
    package var pingInterval: Int64 = 25_000
    /// So many keep-alive pings in a row may stay unanswered before the socket is dropped.
    package var unansweredPings = 2
    /// Bytes of one message, fragments together. A position is below 400.
    package var maxMessage = 16_384
    /// Frames a second that a connection may send; 0 means any number. Beyond it the socket is read more slowly.
    package var messageRate = 20.0
    /// Frames at once before the rate counts.
    package var messageBurst = 100.0
    /// So many refused messages in a row close with 1008.
    package var badMessagesInRow = 20
    /// Bytes that may wait for a slow phone. Beyond it the socket is dropped and replay serves the rest.
    package var outboundLimit = 65_536
    /// Bytes that may wait on any socket, also on one that is skipped instead of dropped when it is behind.
    package var outboundCap = 4_194_304
    /// The kernel's own room for what a phone or a console has not taken yet; the rest of a slow one's cost. Bytes.
    package var kernelSendBuffer: Int32 = 65_536
    /// How long a closed socket may linger for its close frame to arrive. With the tick that looks at it, a refused one
    /// is gone within two seconds. Milliseconds.
    package var closeGrace: Int64 = 1800
    /// How long a new session may wait for what the database knows of its driver. Milliseconds.
    package var joinTimeout: Int64 = 2000
    package var batchMessages = BatchMessages.perOrder
    /// A drain spreads its closes over so long, because the app reconnects after exactly one second. Milliseconds.
    package var drainWindow: Int64 = 5000

    // MARK: Connections

    /// Connections of one driver at once, then `connectRefill` a second.
    package var connectBurst = 30.0
    package var connectRefill = 0.5
    /// A driver over that rate is held so long before 1008, which slows his one-second loop. Milliseconds.
    package var connectPenalty: Int64 = 5000
    /// Upgrades of one address at once, then so many a second: loose, because many phones share one address.
    package var addressBurst = 2000.0
    package var addressRefill = 200.0
    /// A client on this machine is the operator's own, or a proxy that should be named in `trustedProxies`.
    package var guardsLoopback = false
    package var trustedProxies = TrustedProxies()
    /// Sockets without a verdict or with a bad one that may be open at once.
    package var unauthenticatedSockets = 1024

    // MARK: HTTP

    /// From the first moment of a connection to the end of its first request's head. Milliseconds.
    package var headDeadline: Int64 = 10_000
    /// From the head of any request to its end. Milliseconds.
    package var bodyDeadline: Int64 = 120_000
    /// An answer of which the client takes less than `outboundLimit / 2` bytes in so long is cut off. Milliseconds.
    package var writeDeadline: Int64 = 30_000
    /// Connections that have not sent their first request yet: of one address, and of all. Clients on this machine and
    /// trusted proxies are counted only among all.
    package var undecidedPerAddress = 1024
    package var undecidedConnections = 8192
    /// A kept-alive HTTP connection without a request is closed. Milliseconds.
    package var httpIdle: Int64 = 60_000
    /// Browser origins that may read what a request is told that becomes no socket.
    package var corsOrigins: Set<String> = []
    /// Bytes of all headers, and their number.
    package var headerBytes = 16_384
    package var headerCount = 100

    // MARK: Push

    /// Every so often the event log is asked for what a lost hint missed. Milliseconds.
    package var sweepInterval: Int64 = 1000
    /// Delivery marks are written every so often. Milliseconds.
    package var markInterval: Int64 = 100
    /// The admins' feed is sent every so often. Milliseconds.
    package var adminInterval: Int64 = 500
    /// Every so often the admins' feed looks who has not been shown for long. Milliseconds.
    package var reminderInterval: Int64 = 10_000

    package init() {}
}
