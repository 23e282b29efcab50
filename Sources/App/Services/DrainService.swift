import Logging
import ServiceLifecycle

/// The first to hear of the end: from now on the server is not ready, and REST is told to ask elsewhere.
struct NoticeService: Service {
    let begin: @Sendable () -> Void

    func run() async throws {
        try? await gracefulShutdown()
        begin()
    }
}

/// Tells every socket to go, then gives the phones time to.
struct DrainService: Service {
    let begin: @Sendable () -> Void
    let remaining: @Sendable () -> Int
    let log: Logger

    /// The gateway's own window is 5 s; what is still open after this is cut.
    private static let patience = Duration.seconds(8)

    func run() async throws {
        try? await gracefulShutdown()
        let open = remaining()
        begin()
        log.info("draining", metadata: ["sockets": "\(open)"])
        let clock = ContinuousClock()
        let end = clock.now + Self.patience
        while remaining() > 0, clock.now < end { try? await clock.sleep(for: .milliseconds(50)) }
    }
}
