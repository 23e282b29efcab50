/// What an account may do.
package enum Role: String, Sendable, Hashable, CaseIterable, Codable {
    case driver
    case admin
}

/// Who speaks: one account in one session.
package struct Bearer: Sendable, Hashable {
    /// What the account may do.
    package let role: Role
    /// The account's number: a driver's id for drivers, an admin's for admins.
    package let id: Int64
    /// The log-in that this token stems from: the id of its refresh family.
    package let session: String
    /// The account's token epoch at the time of issue. A token of an earlier epoch is worth nothing.
    package let epoch: Int64

    package init(role: Role, id: Int64, session: String, epoch: Int64) {
        self.role = role
        self.id = id
        self.session = session
        self.epoch = epoch
    }
}

/// A checked access token: who speaks and until when. Times are milliseconds since 1970.
package struct AccessClaims: Sendable, Hashable {
    package let bearer: Bearer
    package let issuedAt: Int64
    /// The first millisecond at which the token is no longer good.
    package let expiresAt: Int64

    package init(bearer: Bearer, issuedAt: Int64, expiresAt: Int64) {
        self.bearer = bearer
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
    }
}

/// The claims that tie a token to one installation, the same for issuing and for checking.
package struct TokenScope: Sendable, Hashable {
    package let issuer: String
    package let audience: String
    /// How long an access token lives, in seconds.
    package let accessLifetime: Int64

    /// - Parameter accessLifetime: Seconds; 12 hours by default, because deployed apps never refresh and a token must
    ///   outlive a shift.
    package init(issuer: String = "tiffin", audience: String = "tiffin-api", accessLifetime: Int64 = 43_200) {
        self.issuer = issuer
        self.audience = audience
        self.accessLifetime = accessLifetime
    }
}
