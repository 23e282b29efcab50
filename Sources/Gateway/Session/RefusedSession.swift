import Logging
import NIOCore
import Synchronization

/// A socket whose verdict is bad: the upgrade is finished, the reason is told in the close frame, nothing is read.
final class RefusedSession: SocketApplication {
    private let core: GatewayCore
    private let kind: SocketKind
    private let reason: CloseReason

    init(core: GatewayCore, kind: SocketKind, reason: CloseReason) {
        self.core = core
        self.kind = kind
        self.reason = reason
    }

    var isReading: Bool { false }
    var needsAttention: Bool { true }

    func opened(_ socket: SocketHandler, at now: Moment) {
        // A storm of them must not drown every other word.
        if let unsaid = core.refusalLog.speaks(at: now.uptime) {
            var metadata: Logger.Metadata = [
                "kind": "\(kind.rawValue)", "code": "\(reason.code)", "reason": "\(reason.rawValue)",
            ]
            if unsaid > 0 { metadata["unsaid"] = "\(unsaid)" }
            core.logger.info("socket refused", metadata: metadata)
        }
        socket.close(reason)
    }

    func frameArrived(isPong: Bool, at now: Moment) {}
    func text(_ message: ByteBuffer, at now: Moment) {}
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
