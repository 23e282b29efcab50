/// The rules of refresh tokens, as a pure value: what a presented token is worth and what takes its place.
///
/// A token is opaque: `rt_` and 256 bits. Each use exchanges it for a successor. The successor is derived from the
/// token under a server secret, so that a client that lost the answer and asks again, or asks twice at once, gets **the
/// same** successor, although only hashes are stored. A retired token is good for that for 60 seconds; presented later
/// it must have been stolen (or its successor was), and the whole family ends (RFC 9700, section 4.14.2).
package struct RefreshPolicy: Sendable {
    /// What to do with a presented token.
    package enum Decision: Sendable, Hashable {
        /// Retire the presented record and insert the successor, in one transaction that finds the presented one still
        /// live; if it finds it retired meanwhile, decide again.
        case rotate(token: String, successor: RefreshRecord)
        /// The presented token was exchanged moments ago: hand out its successor again, change nothing.
        case repeated(token: String)
        /// Past its family's end.
        case expired
        /// Reuse: end the family and, with it, its access tokens.
        case endFamily
    }

    private static let prefix = "rt_"

    /// How long a family lives from its log-in, in milliseconds; rotation does not prolong it.
    package let lifetime: Int64
    /// How long a retired token still yields its successor, in milliseconds.
    package let grace: Int64
    private let secret: [UInt8]

    /// - Parameter secret: At least 32 bytes, the same on all servers of an installation and over restarts.
    package init(secret: [UInt8], lifetime: Int64 = 90 * 86_400_000, grace: Int64 = 60_000) {
        precondition(secret.count >= TokenKeys.shortestSecret, "the secret of refresh tokens needs 32 bytes")
        self.secret = hmacSHA256(key: secret, Array("tiffin refresh successor".utf8))
        self.lifetime = lifetime
        self.grace = grace
    }

    /// The first token of a new family, after a log-in. The record is to be stored, the token to be handed out.
    package func begin(
        role: Role, account: Int64, at now: Int64, randomBytes: RandomBytes
    ) -> (token: String, record: RefreshRecord) {
        let token = Self.prefix + Base64URL.encode(randomBytes(32))
        let record = RefreshRecord(
            digest: Self.digest(of: token), family: Base64URL.encode(randomBytes(12)), role: role, account: account,
            issuedAt: now, expiresAt: now + lifetime)
        return (token, record)
    }

    /// Under what key a presented token is to be looked up; nil when it cannot be one of ours.
    package static func lookupKey(of token: String) -> [UInt8]? {
        guard token.hasPrefix(prefix), token.utf8.count == prefix.utf8.count + 43 else { return nil }
        return digest(of: token)
    }

    /// What `token`, whose stored record is `record`, is worth at `now`. The family must not have been ended: a store
    /// that keeps ended families treats their tokens as unknown.
    package func present(_ token: String, record: RefreshRecord, at now: Int64) -> Decision {
        guard now < record.expiresAt else { return .expired }
        let successor = successor(of: token)
        if let retiredAt = record.retiredAt {
            // The other server's clock may be a little ahead of ours; a retirement in the future is a fresh one.
            return now - retiredAt <= grace ? .repeated(token: successor) : .endFamily
        }
        let next = RefreshRecord(
            digest: Self.digest(of: successor), family: record.family, role: record.role, account: record.account,
            issuedAt: now, expiresAt: record.expiresAt)
        return .rotate(token: successor, successor: next)
    }

    private func successor(of token: String) -> String {
        Self.prefix + Base64URL.encode(hmacSHA256(key: secret, Array(token.utf8)))
    }

    private static func digest(of token: String) -> [UInt8] {
        sha256(token.utf8)
    }
}
