package import DispatchCore

/// Accounts of drivers and admins, and their refresh tokens.
package protocol AccountStore: Sendable {
    func driver(_ id: DriverID) async throws -> DriverAccount?
    func drivers(standing: AccountStanding?) async throws -> [DriverAccount]
    /// Phone and e-mail are each unique among drivers. The key is kept in the same transaction: a repetition gives the
    /// first account back.
    func createDriver(
        _ draft: DriverDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> DriverAccount
    /// - Returns: The account after the change, nil when there is none.
    func updateDriver(_ id: DriverID, _ patch: DriverPatch) async throws -> DriverAccount?
    /// Makes drivers who have never said anything available; others are left alone.
    ///
    /// - Returns: Those that changed.
    func makeAvailableIfUnsaid(_ drivers: [DriverID]) async throws -> [DriverID]

    func admin(_ id: AdminID) async throws -> AdminAccount?
    func createAdmin(email: String, fullName: String, passwordHash: String) async throws -> AdminAccount
    /// - Returns: False when there was an admin already and nothing was made.
    func createFirstAdmin(email: String, fullName: String, passwordHash: String) async throws -> Bool
    func updateAdmin(_ id: AdminID, passwordHash: String?, raisesTokenEpoch: Bool) async throws

    /// The account whose e-mail or phone this is, of the wanted kind (nil: drivers first, then admins).
    func credentials(identity: String, kind: AccountKind?) async throws -> Credentials?
    func credentials(of principal: Principal) async throws -> Credentials?

    func insertRefreshToken(_ token: RefreshToken) async throws
    /// Locks the token (and its family), asks the pure rule, writes what it decided, in one transaction.
    func rotateRefreshToken(
        hash: [UInt8], decide: @Sendable @escaping (RefreshToken?) -> RefreshRotation
    ) async throws -> RefreshRotation
    /// Revokes every refresh token of the principal.
    func revokeRefreshTokens(of principal: Principal, at now: Timestamp) async throws

    /// Token epochs raised since a revision, for the cache that cuts off old tokens; `revision` 0 gives all that ever
    /// changed.
    func tokenEpochs(since revision: Int64) async throws -> (revision: Int64, epochs: [TokenEpoch])
}

extension AccountStore {
    /// Makes an account without a promise about repetitions.
    package func createDriver(_ draft: DriverDraft, at now: Timestamp) async throws -> DriverAccount {
        try await createDriver(draft, at: now, idempotency: nil)
    }
}

/// Which accounts a log-in may mean.
package enum AccountKind: String, Sendable {
    case driver
    case admin
}

/// What a log-in is checked against.
package struct Credentials: Sendable {
    package var principal: Principal
    package var passwordHash: String
    package var tokenEpoch: Int64
    /// Drivers alone have a standing.
    package var standing: AccountStanding?

    package init(principal: Principal, passwordHash: String, tokenEpoch: Int64, standing: AccountStanding?) {
        self.principal = principal
        self.passwordHash = passwordHash
        self.tokenEpoch = tokenEpoch
        self.standing = standing
    }
}

/// A refresh token as it is kept: never the token itself, only its SHA-256.
package struct RefreshToken: Sendable, Equatable {
    package var hash: [UInt8]
    /// All descendants of one log-in.
    package var family: String
    package var principal: Principal
    package var issuedAt: Timestamp
    package var expiresAt: Timestamp
    package var rotatedAt: Timestamp?
    package var successorHash: [UInt8]?
    package var revokedAt: Timestamp?

    package init(hash: [UInt8], family: String, principal: Principal, issuedAt: Timestamp, expiresAt: Timestamp) {
        self.hash = hash
        self.family = family
        self.principal = principal
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// What the rule decided about a refresh token that was shown.
package enum RefreshRotation: Sendable, Equatable {
    /// Mark the shown token rotated and keep its successor.
    case rotate(successor: RefreshToken, at: Timestamp)
    /// Unknown, expired or revoked: nothing is written.
    case refuse
    /// Reused after its grace: revoke the whole family.
    case revokeFamily(at: Timestamp)
}

/// The epoch below which tokens of an account are dead.
package struct TokenEpoch: Sendable, Equatable {
    package var principal: Principal
    package var epoch: Int64
    package var isBlocked: Bool

    package init(principal: Principal, epoch: Int64, isBlocked: Bool) {
        self.principal = principal
        self.epoch = epoch
        self.isBlocked = isBlocked
    }
}
