import Synchronization

/// Which account a token or a standing belongs to.
package struct AccountKey: Sendable, Hashable {
    package let role: Role
    package let id: Int64

    package init(role: Role, id: Int64) {
        self.role = role
        self.id = id
    }
}

/// What the store says of an account, as far as tokens go.
package struct Standing: Sendable, Hashable {
    /// Tokens of an earlier epoch are worth nothing.
    package let epoch: Int64
    /// Whether the account is barred from using its tokens.
    package let isBlocked: Bool

    package init(epoch: Int64, isBlocked: Bool) {
        self.epoch = epoch
        self.isBlocked = isBlocked
    }

    /// Whether a token is good against this standing.
    package func judge(_ bearer: Bearer) throws(TokenRejection) {
        if isBlocked { throw TokenRejection(code: .revoked, cause: .blocked) }
        if bearer.epoch < epoch { throw TokenRejection(code: .revoked, cause: .epoch) }
    }
}

/// The rule that makes a revocation effective within five seconds without asking the store for every request: a list of
/// all accounts whose standing ever changed, brought up to date every second or two. A pure value.
package struct EpochList: Sendable {
    package enum Verdict: Sendable, Hashable {
        case good
        case refused(TokenRejection)
        /// The list is older than it may be: read the account itself.
        case unknown
    }

    private var standings: [AccountKey: Standing] = [:]
    private var syncedAt: Int64?
    /// Milliseconds for which the list is trusted.
    package let maximumAge: Int64

    package init(maximumAge: Int64 = 5000) {
        self.maximumAge = maximumAge
    }

    /// Takes over changes that the store gave. `readAt` is the time **before** that read began: what changed during it
    /// must not count as seen.
    package mutating func learn(_ changes: some Sequence<(AccountKey, Standing)>, readAt: Int64) {
        for (account, standing) in changes {
            if let known = standings[account], known.epoch > standing.epoch { continue }
            standings[account] = standing
        }
        syncedAt = max(syncedAt ?? readAt, readAt)
    }

    /// This server itself has just ended every token of the account up to `epoch`.
    package mutating func end(_ account: AccountKey, through epoch: Int64) {
        let known = standings[account]
        guard (known?.epoch ?? 0) <= epoch else { return }
        standings[account] = Standing(epoch: epoch + 1, isBlocked: known?.isBlocked ?? false)
    }

    /// Whether a token's bearer is still good, from memory.
    package func check(_ bearer: Bearer, at now: Int64) -> Verdict {
        do throws(TokenRejection) {
            // What is known to be revoked stays revoked, however old the list is.
            try standings[AccountKey(role: bearer.role, id: bearer.id)]?.judge(bearer)
        } catch {
            return .refused(error)
        }
        guard let syncedAt, now - syncedAt <= maximumAge else { return .unknown }
        return .good
    }
}

/// The ``EpochList`` of this process, behind a lock that is held for one look-up.
package final class EpochRegister: Sendable {
    private let list: Mutex<EpochList>

    package init(maximumAge: Int64 = 5000) {
        list = Mutex(EpochList(maximumAge: maximumAge))
    }

    package func learn(_ changes: [(AccountKey, Standing)], readAt: Int64) {
        list.withLock { $0.learn(changes, readAt: readAt) }
    }

    package func end(_ account: AccountKey, through epoch: Int64) {
        list.withLock { $0.end(account, through: epoch) }
    }

    /// Whether a token's bearer is still good, from memory.
    package func check(_ bearer: Bearer, at now: Int64) -> EpochList.Verdict {
        list.withLock { $0.check(bearer, at: now) }
    }
}
