/// What the store says of an account, as far as tokens go.
package struct Standing: Sendable, Hashable {
    /// Tokens of an earlier epoch are worth nothing.
    package let epoch: Int64
    /// Whether the account may use its tokens at all.
    package let isActive: Bool

    package init(epoch: Int64, isActive: Bool) {
        self.epoch = epoch
        self.isActive = isActive
    }
}

/// A bounded memory of account standings that are at most five seconds old, so that a revocation takes effect within
/// five seconds without a look at the store for every request. A pure value; its owner guards it with a lock.
package struct StandingCache: Sendable {
    /// Which account.
    package struct Account: Sendable, Hashable {
        package let role: Role
        package let id: Int64

        package init(role: Role, id: Int64) {
            self.role = role
            self.id = id
        }
    }

    package enum Verdict: Sendable, Hashable {
        case good
        case refused(TokenRejection)
        /// Nothing recent enough is known: read the standing, ``learn(_:of:readAt:)`` it and ask ``judge(_:_:)``.
        case unknown
    }

    private var known: BoundedTable<Account, (standing: Standing, readAt: Int64)>
    private let maximumAge: Int64

    /// - Parameters:
    ///   - maximumAge: Milliseconds for which a standing is trusted. Below the promise of five seconds, because the read
    ///     itself takes time.
    ///   - capacity: How many accounts are remembered.
    package init(maximumAge: Int64 = 4000, capacity: Int = 50_000) {
        self.maximumAge = maximumAge
        self.known = BoundedTable(capacity: capacity)
    }

    /// What is known of the principal at `now`, in milliseconds.
    package mutating func check(_ principal: Principal, at now: Int64) -> Verdict {
        let account = Account(role: principal.role, id: principal.id)
        guard let entry = known.value(for: account), now >= entry.readAt, now - entry.readAt < maximumAge,
            // A token of a later epoch than we know was issued after our last look.
            principal.epoch <= entry.standing.epoch
        else { return .unknown }
        return Self.judge(principal, entry.standing)
    }

    /// Remembers what the store said. `readAt` is the time **before** the read began: a change during the read must not
    /// count as seen. An older answer never replaces a newer one.
    package mutating func learn(_ standing: Standing, of account: Account, readAt: Int64) {
        if let entry = known.value(for: account), entry.readAt > readAt { return }
        known.set((standing, readAt), for: account)
    }

    /// Forgets an account at once, after this server changed its standing itself.
    package mutating func forget(_ account: Account) {
        known.remove(account)
    }

    /// Whether a token is good against a standing just read. An unknown account's standing is nil.
    package static func judge(_ principal: Principal, _ standing: Standing?) -> Verdict {
        guard let standing else { return .refused(TokenRejection(code: .revoked, cause: .subject)) }
        guard standing.isActive else { return .refused(TokenRejection(code: .revoked, cause: .blocked)) }
        guard principal.epoch == standing.epoch else {
            return .refused(TokenRejection(code: .revoked, cause: .epoch))
        }
        return .good
    }
}
