import Logging
import ServiceLifecycle

/// The first to hear of the end: tells the load balancer and every socket, then gives the phones time to go.
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
