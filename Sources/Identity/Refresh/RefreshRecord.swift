/// What is kept of one refresh token: its SHA-256, never the token. One row of the store.
package struct RefreshRecord: Sendable, Hashable {
    /// SHA-256 of the token's text, 32 bytes; the key of the row.
    package let digest: [UInt8]
    /// The log-in it stems from, the same through all rotations; `sid` of the access tokens.
    package let family: String
    package let role: Role
    /// The account's number.
    package let account: Int64
    package let issuedAt: Int64
    /// When the whole family ends, however often it is rotated, in milliseconds since 1970.
    package let expiresAt: Int64
    /// When it was exchanged for its successor; nil for the family's live token.
    package var retiredAt: Int64?

    package init(
        digest: [UInt8], family: String, role: Role, account: Int64, issuedAt: Int64, expiresAt: Int64,
        retiredAt: Int64? = nil
    ) {
        self.digest = digest
        self.family = family
        self.role = role
        self.account = account
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.retiredAt = retiredAt
    }
}
