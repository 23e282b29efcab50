import Contract
import DispatchCore
import Logging
import NIOCore
import Synchronization

/// Makes the handler of a socket, verdict included. The verdict falls before the 101 and is told after it.
struct VerdictFactory: SocketFactory {
    let core: GatewayCore

    var settings: GatewaySettings { core.settings }

    func desk(of eventLoop: any EventLoop) -> LoopDesk { core.desk(of: eventLoop) }

    func socket(for route: SocketRoute, from client: IPAddress?, desk: LoopDesk) -> SocketHandler {
        switch verdict(on: route) {
        case .failure(let reason): return refused(route, from: client, reason, desk)
        case .success(let token):
            let application: any SocketApplication
            switch token.account {
            case .driver(let driver):
                application = DriverSession(core: core, desk: desk, driverID: driver, token: token, client: client)
            case .admin(let admin):
                application = AdminSession(core: core, desk: desk, adminID: admin, token: token)
            }
            return SocketHandler(application: application, desk: desk, settings: core.settings)
        }
    }

    func client(peer: SocketAddress?, forwardedFor: [String]) -> IPAddress? {
        core.addresses.client(peer: peer, forwardedFor: forwardedFor)
    }

    /// Seconds to wait when the client's address floods us.
    func floodRefusal(of client: IPAddress?) -> Int64? {
        let now = core.clock.read().uptime
        guard let seconds = core.addresses.refusal(of: client, at: now) else { return nil }
        core.meters.flooded()
        if let unlogged = core.floodLines.admits(at: now) {
            core.logger.warning(
                "connection refused",
                metadata: [
                    "status": "429", "reason": "address_flood", "address": "\(client.map(\.description) ?? "?")",
                    "unlogged": "\(unlogged)",
                ])
        }
        return seconds
    }

    /// Unique on this server: when, and how many before it.
    func requestID() -> String {
        let number = core.refusedRequests.add(1, ordering: .relaxed).newValue
        return "g\(String(core.clock.read().wall.milliseconds, radix: 36))-\(String(number, radix: 36))"
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

    private func refused(
        _ route: SocketRoute, from client: IPAddress?, _ reason: CloseReason, _ desk: LoopDesk
    ) -> SocketHandler {
        let held = core.unauthenticated.add(1, ordering: .relaxed).newValue
        return SocketHandler(
            application: RefusedSession(core: core, target: route.target, client: client, reason: reason), desk: desk,
            settings: core.settings, lingers: held <= core.settings.unauthenticatedSockets)
    }
}
