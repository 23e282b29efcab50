import Foundation

/// Checks access tokens. Synchronous and without state, so that an event loop can call it.
///
/// It proves that the token is ours, for this use, and good at the given time. Whether the account is still in good
/// standing is the question of ``EpochRegister``.
package struct TokenVerifier: Sendable {
    static let longestToken = 4096  // ours are below 600 bytes
    /// How far another server's clock may run ahead of ours, in seconds. Expiry gets no such grace.
    static let clockLeeway: Int64 = 30

    private let keys: TokenKeys
    private let scope: TokenScope

    package init(keys: TokenKeys, scope: TokenScope = TokenScope()) {
        self.keys = keys
        self.scope = scope
    }

    /// The claims of `token`, which must be good at `now` (milliseconds since 1970).
    package func verify(_ token: String?, at now: Int64) throws(TokenRejection) -> AccessClaims {
        guard let token, !token.isEmpty else { throw TokenRejection(code: .missing, cause: .absent) }
        let bytes = Array(token.utf8)
        guard bytes.count <= Self.longestToken else { throw .invalid(.tooLong) }
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64URL.decode(parts[0]), let body = Base64URL.decode(parts[1]),
            let signature = Base64URL.decode(parts[2])
        else { throw .invalid(.malformed) }
        try checkSignature(head: head, signed: bytes[..<parts[1].endIndex], signature: signature)
        guard let payload = try? JSONDecoder().decode(TokenPayload.self, from: Data(body)) else {
            throw .invalid(.malformed)
        }
        return try checkClaims(payload, at: now)
    }

    private func checkSignature(
        head: [UInt8], signed: ArraySlice<UInt8>, signature: [UInt8]
    ) throws(TokenRejection) {
        guard let header = try? JSONDecoder().decode(TokenHeader.self, from: Data(head)) else {
            throw .invalid(.malformed)
        }
        guard header.alg == keys.algorithm.rawValue else { throw .invalid(.algorithm) }
        guard header.typ == "JWT", header.crit == nil else { throw .invalid(.type) }
        switch keys.isValid(signature, of: signed, keyIdentifier: header.kid) {
        case .some(true): return
        case .some(false): throw .invalid(.signature)
        case .none: throw .invalid(.keyIdentifier)
        }
    }

    private func checkClaims(_ payload: TokenPayload, at now: Int64) throws(TokenRejection) -> AccessClaims {
        guard payload.iss == scope.issuer else { throw .invalid(.issuer) }
        guard payload.aud == scope.audience else { throw .invalid(.audience) }
        guard payload.typ == TokenPayload.accessType else { throw .invalid(.type) }
        guard let role = Role(rawValue: payload.role) else { throw .invalid(.role) }
        guard let id = Int64(payload.sub), id > 0, String(id) == payload.sub else { throw .invalid(.subject) }
        let seconds = now / 1000
        let latest = Int64.max / 1000 - Self.clockLeeway
        guard payload.iat >= 0, payload.nbf >= 0, payload.exp > payload.iat, payload.exp <= latest else {
            throw .invalid(.times)
        }
        guard payload.nbf <= seconds + Self.clockLeeway, payload.iat <= seconds + Self.clockLeeway else {
            throw .invalid(.notYetValid)
        }
        guard now < payload.exp * 1000 else { throw TokenRejection(code: .expired, cause: .expired) }
        let bearer = Bearer(role: role, id: id, session: payload.sid, epoch: payload.epoch)
        return AccessClaims(
            bearer: bearer, issuedAt: payload.iat * 1000, expiresAt: payload.exp * 1000)
    }
}
