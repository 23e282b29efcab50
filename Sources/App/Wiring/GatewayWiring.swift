import DispatchCore
import Fulfilment
import Gateway
import Identity

/// The gateway's question about a token, answered by `Identity`.
struct GatewayTokens: TokenVerifying {
    let verifier: TokenVerifier
    let epochs: EpochRegister
    let fleet: Fleet

    func verify(_ token: String?, at now: Timestamp) -> Result<VerifiedToken, CloseReason> {
        do {
            let claims = try verifier.verify(token, at: now.milliseconds)
            if case .refused(let rejection) = epochs.check(claims.bearer, at: now.milliseconds) {
                return .failure(isBlocked(claims.bearer, rejection) ? .driverBlocked : .tokenRevoked)
            }
            let account: VerifiedToken.Account =
                switch claims.bearer.role {
                case .driver: .driver(DriverID(claims.bearer.id))
                case .admin: .admin(AdminID(claims.bearer.id))
                }
            return .success(
                VerifiedToken(
                    account: account, epoch: claims.bearer.epoch, expiresAt: Timestamp(milliseconds: claims.expiresAt)))
        } catch {
            return .failure(Self.reason(for: error.code))
        }
    }

    /// Who is blocked has a newer epoch as well, and the register may know of that first.
    private func isBlocked(_ bearer: Bearer, _ rejection: TokenRejection) -> Bool {
        if rejection.cause == .blocked { return true }
        return bearer.role == .driver && fleet.member(DriverID(bearer.id))?.account.standing == .blocked
    }

    private static func reason(for code: TokenRejection.Code) -> CloseReason {
        switch code {
        case .missing: .tokenMissing
        case .invalid: .tokenInvalid
        case .expired: .tokenExpired
        case .revoked: .tokenRevoked
        }
    }
}

extension GatewaySettings {
    init(_ configuration: AppConfiguration) {
        self.init()
        let socket = configuration.socket
        idleTimeout = Int64(socket.idleSeconds * 1000)
        pingInterval = Int64(socket.pingSeconds * 1000)
        connectBurst = Double(socket.connectBurst)
        connectRefill = socket.connectRefill
        messageRate = socket.messageRate
        messageBurst = Double(socket.messageBurst)
        maxMessage = socket.maxMessage
        batchMessages = socket.sendsBatchAsOne ? .perBatch : .perOrder
        trustedProxies = configuration.http.trustedProxies
        corsOrigins = Set(configuration.http.corsOrigins)
        // Sweeps must be finer than the shortest limit that they watch.
        sweepInterval = min(sweepInterval, max(50, min(idleTimeout, pingInterval) / 4))
    }
}

extension GatewayClock {
    /// The real clocks.
    static var real: GatewayClock {
        GatewayClock(
            read: { Moment(uptime: RealWorld.monotonicMicroseconds() / 1000, wall: RealWorld.now()) },
            sleep: { try await Task.sleep(for: .milliseconds($0)) })
    }
}
