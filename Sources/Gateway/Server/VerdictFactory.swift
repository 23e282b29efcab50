import Contract
import DispatchCore
import NIOCore
import Synchronization

/// Makes the handler of a socket, verdict included. The verdict falls before the 101 and is told after it.
struct VerdictFactory: SocketFactory {
    let core: GatewayCore

    var settings: GatewaySettings { core.settings }

    func desk(of eventLoop: any EventLoop) -> LoopDesk { core.desk(of: eventLoop) }

    func socket(for route: SocketRoute, desk: LoopDesk) -> SocketHandler {
        switch verdict(on: route) {
        case .failure(let reason): return refused(route, reason, desk)
        case .success(let token):
            let application: any SocketApplication
            switch token.account {
            case .driver(let driver):
                application = DriverSession(core: core, desk: desk, driverID: driver, token: token)
            case .admin(let admin):
                application = AdminSession(core: core, desk: desk, adminID: admin, token: token)
            }
            return SocketHandler(application: application, desk: desk, settings: core.settings)
        }
    }

    /// Seconds to wait when the client's address floods us.
    func floodRefusal(peer: SocketAddress?, forwardedFor: [String]) -> Int64? {
        let client = core.addresses.client(peer: peer, forwardedFor: forwardedFor)
        let refusal = core.addresses.refusal(of: client, at: core.clock.read().uptime)
        if refusal != nil { core.meters.flooded() }
        return refusal
    }

    func enter(_ peer: SocketAddress?) -> Bool {
        let isAdmitted = core.undecided.enter(core.addresses.counted(peer))
        if !isAdmitted { core.meters.crowded() }
        return isAdmitted
    }

    func leave(_ peer: SocketAddress?) {
        core.undecided.leave(core.addresses.counted(peer))
    }

    private func verdict(on route: SocketRoute) -> Result<VerifiedToken, CloseReason> {
        if core.isDraining.load(ordering: .relaxed) { return .failure(.restart) }
        return core.verifier.verify(route.token, at: core.clock.read().wall).flatMap { token in
            switch (route.target, token.account) {
            case (.driver(let id), .driver(let driver)):
                guard id == driver.rawValue else { return .failure(.driverMismatch) }
            case (.admin, .admin): break
            case (.driver, .admin), (.admin, .driver): return .failure(.wrongRole)
            }
            if case .failure(let reason) = core.door.standing(of: token.account, epoch: token.epoch) {
                return .failure(reason)
            }
            return .success(token)
        }
    }

    private func refused(_ route: SocketRoute, _ reason: CloseReason, _ desk: LoopDesk) -> SocketHandler {
        let held = core.unauthenticated.add(1, ordering: .relaxed).newValue
        let kind: SocketKind = route.target == .admin ? .admin : .driver
        return SocketHandler(
            application: RefusedSession(core: core, kind: kind, reason: reason), desk: desk, settings: core.settings,
            lingers: held <= core.settings.unauthenticatedSockets)
    }
}
