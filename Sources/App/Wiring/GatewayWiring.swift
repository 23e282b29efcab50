import DispatchCore
import Gateway
import Identity

/// The gateway's question about a token, answered by `Identity`.
struct GatewayTokens: TokenVerifying {
    let verifier: TokenVerifier
    let epochs: EpochRegister

    func verify(_ token: String?, at now: Timestamp) -> Result<VerifiedToken, CloseReason> {
        do {
            let claims = try verifier.verify(token, at: now.milliseconds)
            if case .refused(let rejection) = epochs.check(claims.bearer, at: now.milliseconds) {
                return .failure(rejection.cause == .blocked ? .driverBlocked : .tokenRevoked)
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
