import Contract
import DispatchCore
import Fulfilment
import HTTPTypes
import Identity
import Synchronization

/// Log-ins and the tokens that come of them.
///
/// Owner of the limiter's state and of the list of those who wait: one `Mutex`, held for one look-up.
final class LogInDesk: Sendable {
    private let parts: API.Parts
    private let limiter = Mutex(Door())
    /// How many log-ins may wait for the outcome of others.
    private static let mostWaiting = 1000
    /// A log-in whose turn has not come after so long is told to come again, and costs nothing. The deployed app gives
    /// a call up after 15 s and its driver tries again: who works for those who are gone serves nobody. Milliseconds.
    private static let patience: Int64 = 10_000

    private struct Door {
        var limiter = LoginLimiter()
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    init(_ parts: API.Parts) {
        self.parts = parts
    }

    /// Checks name and password of an account of the wanted kind (nil: any) and begins a session.
    func logIn(_ request: LoginRequest, kind: AccountKind?, from address: String) async throws -> SessionAnswer {
        let isAwaited = isAwaited(since: parts.house.now())
        let attempt = try await begin(identity: request.identity, address: address)
        let credentials: Credentials?
        do {
            credentials = try await parts.house.accounts.credentials(identity: request.identity, kind: kind)
            let isRight = try await parts.hasher.matches(
                request.password, stored: credentials?.passwordHash, while: isAwaited)
            guard isRight else { throw Problems.badCredentials }
        } catch {
            // Only a wrong password is a failure of the one who asks; a busy server is not.
            end(attempt, error is Problem ? .failed : .abandoned)
            throw error
        }
        end(attempt, .succeeded)
        guard let credentials else { throw Problems.badCredentials }
        return try await beginSession(for: credentials)
    }

    /// Exchanges a refresh token for a new pair.
    func refresh(_ token: String) async throws -> SessionAnswer {
        let rejected = Problem(
            status: 401, code: "refresh_invalid", title: "Not authenticated",
            detail: "The refresh token is no longer valid; log in again.")
        guard let key = RefreshPolicy.lookupKey(of: token) else { throw rejected }
        let outcome = RefreshOutcome()
        let policy = parts.refresh
        let now = parts.house.now()
        _ = try await parts.house.accounts.rotateRefreshToken(hash: key) { kept in
            outcome.decide(token, kept, policy, at: now)
        }
        guard let (next, family, principal) = outcome.answer else { throw rejected }
        guard let credentials = try await parts.house.accounts.credentials(of: principal),
            credentials.standing != .blocked
        else { throw rejected }
        return try await answer(credentials, session: family, refreshToken: next)
    }

    /// Ends every session of the bearer's account.
    func logOut(_ bearer: Bearer) async throws {
        let accounts = parts.house.accounts
        switch bearer.role {
        case .driver: try await DriverDesk(parts.house).logOut(DriverID(bearer.id))
        case .admin:
            let id = AdminID(bearer.id)
            try await accounts.updateAdmin(id, passwordHash: nil, raisesTokenEpoch: true)
            try await accounts.revokeRefreshTokens(of: .admin(id), at: parts.house.now())
        }
        parts.epochs.end(AccountKey(role: bearer.role, id: bearer.id), through: bearer.epoch)
    }

    /// Changes the password, ends every session, and begins a new one for who asked.
    func changePassword(
        _ request: PasswordRequest, of bearer: Bearer, from address: String
    ) async throws -> SessionAnswer {
        let accounts = parts.house.accounts
        let principal: Principal = bearer.role == .driver ? .driver(DriverID(bearer.id)) : .admin(AdminID(bearer.id))
        guard let credentials = try await accounts.credentials(of: principal) else { throw Problems.badCredentials }
        let isAwaited = isAwaited(since: parts.house.now())
        let attempt = try await begin(identity: "\(bearer.role.rawValue) \(bearer.id)", address: address)
        let isRight: Bool
        do {
            isRight = try await parts.hasher.matches(
                request.current, stored: credentials.passwordHash, while: isAwaited)
        } catch {
            end(attempt, .abandoned)
            throw error
        }
        end(attempt, isRight ? .succeeded : .failed)
        // Not 401: the token is good, and a 401 would log the app out.
        guard isRight else { throw Problems.field("current_password", "is wrong") }
        let hash = try await parts.hasher.hash(request.new)
        switch bearer.role {
        case .driver: try await DriverDesk(parts.house).setPassword(hash: hash, of: DriverID(bearer.id))
        case .admin:
            try await accounts.updateAdmin(AdminID(bearer.id), passwordHash: hash, raisesTokenEpoch: true)
            try await accounts.revokeRefreshTokens(of: principal, at: parts.house.now())
        }
        parts.epochs.end(AccountKey(role: bearer.role, id: bearer.id), through: bearer.epoch)
        guard let renewed = try await accounts.credentials(of: principal) else { throw Problems.badCredentials }
        return try await beginSession(for: renewed)
    }

    private func isAwaited(since start: Timestamp) -> @Sendable () -> Bool {
        let now = parts.house.now
        return { now().millisecondsSince(start) < Self.patience }
    }

    /// Lets an attempt in. Where it depends on others that are under way, it waits for them.
    private func begin(identity: String, address: String) async throws -> LoginLimiter.Attempt {
        while true {
            let now = parts.house.now().milliseconds
            switch limiter.withLock({ $0.limiter.begin(identity: identity, address: address, at: now) }) {
            case .allowed(let attempt): return attempt
            case .undecided: guard await waitForAnEnd() else { throw PasswordFailure.busy }
            case .refused(let seconds):
                throw Refusal.retryLater(
                    Problem(
                        status: 429, code: "too_many_failures", title: "Too many failures",
                        detail: "Too many failed log-ins; try again in \(seconds) seconds."), seconds: seconds)
            }
        }
    }

    /// - Returns: False when too many wait already.
    private func waitForAnEnd() async -> Bool {
        if limiter.withLock({ $0.waiting.count >= Self.mostWaiting }) { return false }
        await withCheckedContinuation { turn in
            let isAlone = limiter.withLock { door in
                // The last one may have ended since the look: then nobody would call.
                guard door.limiter.hasAttemptsUnderWay else { return true }
                door.waiting.append(turn)
                return false
            }
            if isAlone { turn.resume() }
        }
        return true
    }

    private enum Ending {
        case succeeded
        case failed
        case abandoned
    }

    /// Notes how an attempt ended and lets those look again who wait for it.
    private func end(_ attempt: LoginLimiter.Attempt, _ ending: Ending) {
        let now = parts.house.now().milliseconds
        let waiting = limiter.withLock { door in
            switch ending {
            case .succeeded: door.limiter.succeeded(attempt)
            case .failed: door.limiter.failed(attempt, at: now)
            case .abandoned: door.limiter.abandoned(attempt)
            }
            defer { door.waiting.removeAll() }
            return door.waiting
        }
        for turn in waiting { turn.resume() }
    }

    private func beginSession(for credentials: Credentials) async throws -> SessionAnswer {
        guard credentials.standing != .blocked else { throw Problems.accountBlocked }
        guard let (role, id) = credentials.principal.account else { throw Problems.badCredentials }
        let (token, record) = parts.refresh.begin(
            role: role, account: id, at: parts.house.now().milliseconds, randomBytes: parts.randomBytes)
        try await parts.house.accounts.insertRefreshToken(Fulfilment.RefreshToken(record, of: credentials.principal))
        return try await answer(credentials, session: record.family, refreshToken: token)
    }

    private func answer(_ credentials: Credentials, session: String, refreshToken: String) async throws -> SessionAnswer
    {
        guard let (role, id) = credentials.principal.account, let account = try await account(credentials.principal)
        else {
            throw Problems.badCredentials
        }
        let bearer = Bearer(role: role, id: id, session: session, epoch: credentials.tokenEpoch)
        return SessionAnswer(
            accessToken: parts.issuer.issue(to: bearer, at: parts.house.now().milliseconds), refreshToken: refreshToken,
            expiresIn: parts.issuer.lifetime, account: account)
    }

    private func account(_ principal: Principal) async throws -> SessionAnswer.Account? {
        switch principal {
        case .driver(let id):
            try await parts.house.accounts.driver(id).map { account in
                .driver(
                    LoginDriver(
                        id: account.id.rawValue, name: account.name, email: account.email, phone: account.phone,
                        accountStatus: account.standing.rawValue, isOnline: account.availability == .online))
            }
        case .admin(let id):
            try await parts.house.accounts.admin(id).map {
                .admin(LoginAdmin(id: $0.id.rawValue, email: $0.email, fullName: $0.fullName))
            }
        case .engine, .integration: nil
        }
    }
}

/// Carries what the rule of refresh tokens decided out of the store's transaction, which may run it more than once: the
/// last run counts.
private final class RefreshOutcome: Sendable {
    private let state = Mutex<(token: String, family: String, principal: Principal)?>(nil)

    /// The token to hand out, its family and its owner; nil when there is none to hand out.
    var answer: (token: String, family: String, principal: Principal)? { state.withLock { $0 } }

    func decide(
        _ token: String, _ kept: Fulfilment.RefreshToken?, _ policy: RefreshPolicy, at now: Timestamp
    ) -> Fulfilment.RefreshRotation {
        let (rotation, answer) = Self.decision(token, kept, policy, at: now)
        state.withLock { $0 = answer }
        return rotation
    }

    private static func decision(
        _ token: String, _ kept: Fulfilment.RefreshToken?, _ policy: RefreshPolicy, at now: Timestamp
    ) -> (Fulfilment.RefreshRotation, (token: String, family: String, principal: Principal)?) {
        guard let kept, kept.revokedAt == nil, let record = RefreshRecord(kept) else { return (.refuse, nil) }
        switch policy.present(token, record: record, at: now.milliseconds) {
        case .rotate(let next, let successor):
            let row = Fulfilment.RefreshToken(successor, of: kept.principal)
            return (.rotate(successor: row, at: now), (next, kept.family, kept.principal))
        // Nothing is to be written: the successor is in the store already.
        case .repeated(let next): return (.refuse, (next, kept.family, kept.principal))
        case .expired: return (.refuse, nil)
        case .endFamily: return (.revokeFamily(at: now), nil)
        }
    }
}

extension Principal {
    /// Role and number of an account that can log in.
    var account: (Role, Int64)? {
        switch self {
        case .driver(let id): (.driver, id.rawValue)
        case .admin(let id): (.admin, id.rawValue)
        case .engine, .integration: nil
        }
    }
}

extension Fulfilment.RefreshToken {
    fileprivate init(_ record: RefreshRecord, of principal: Principal) {
        self.init(
            hash: record.digest, family: record.family, principal: principal,
            issuedAt: Timestamp(milliseconds: record.issuedAt), expiresAt: Timestamp(milliseconds: record.expiresAt))
    }
}

extension RefreshRecord {
    fileprivate init?(_ kept: Fulfilment.RefreshToken) {
        guard let (role, id) = kept.principal.account else { return nil }
        self.init(
            digest: kept.hash, family: kept.family, role: role, account: id, issuedAt: kept.issuedAt.milliseconds,
            expiresAt: kept.expiresAt.milliseconds, retiredAt: kept.rotatedAt?.milliseconds)
    }
}
