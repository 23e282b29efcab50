import Contract
import Logging
import NIOCore
import Synchronization

/// A socket whose verdict is bad: the upgrade is finished, the reason is told in the close frame, nothing is read.
final class RefusedSession: SocketApplication {
    private let core: GatewayCore
    private let target: SocketRoute.Target
    private let client: IPAddress?
    private let reason: CloseReason

    /// - Parameter target: The socket that was asked for; whether its driver asked for it is not known.
    init(core: GatewayCore, target: SocketRoute.Target, client: IPAddress?, reason: CloseReason) {
        self.core = core
        self.target = target
        self.client = client
        self.reason = reason
    }

    private var kind: SocketKind { target == .admin ? .admin : .driver }

    var isReading: Bool { false }
    var needsAttention: Bool { true }

    func opened(_ socket: SocketHandler, at now: Moment) {
        // A storm of them must not drown every other word.
        if let unsaid = core.refusalLog.speaks(at: now.uptime) {
            var metadata: Logger.Metadata = [
                "kind": "\(kind.rawValue)", "code": "\(reason.code)", "reason": "\(reason.rawValue)",
            ]
            if case .driver(let id?) = target { metadata["driver_id"] = "\(id)" }
            if let client { metadata["address"] = "\(client)" }
            if unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
            core.logger.info("socket refused", metadata: metadata)
        }
        socket.close(reason)
    }

    func frameArrived(isPong: Bool, at now: Moment) {}
    func text(_ message: UnsafeRawBufferPointer, at now: Moment) {}
    func binary(_ message: ByteBuffer, at now: Moment) {}
    func ponged(_ payload: ByteBuffer, at now: Moment) {}
    func swept(at now: Moment) {}
    func draining(closesAt: Int64) {}
    func outboundLimitReached() -> Bool { true }
    func outboundDrained() {}

    func ended(_ end: SocketEnd, at now: Moment) {
        core.meters.ended(kind, end, sessions: core.registry.count)
    }

    func gone() {
        core.unauthenticated.subtract(1, ordering: .relaxed)
    }
}
