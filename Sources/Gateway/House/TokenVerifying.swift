package import DispatchCore

/// Who a good access token speaks for.
package struct VerifiedToken: Sendable, Equatable {
    package enum Account: Sendable, Equatable {
        case driver(DriverID)
        case admin(AdminID)
    }

    package var account: Account
    /// The account's token epoch when the token was issued.
    package var epoch: Int64
    package var expiresAt: Timestamp

    package init(account: Account, epoch: Int64, expiresAt: Timestamp) {
        self.account = account
        self.epoch = epoch
        self.expiresAt = expiresAt
    }
}

/// Checks access tokens on an event loop: synchronous, without a look into any store.
package protocol TokenVerifying: Sendable {
    /// - Parameter token: Nil or empty when none came.
    /// - Returns: Whom it speaks for, or the close reason that the client is told.
    func verify(_ token: String?, at now: Timestamp) -> Result<VerifiedToken, CloseReason>
}
