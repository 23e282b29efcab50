import Foundation

/// Makes access tokens: signed JSON Web Tokens with a fixed set of claims.
package struct TokenIssuer: Sendable {
    private let keys: TokenKeys
    private let scope: TokenScope
    private let encodedHeader: String

    package init(keys: TokenKeys, scope: TokenScope = TokenScope()) {
        self.keys = keys
        self.scope = scope
        // The identifier's characters were checked when the keys were loaded, so no escaping is needed.
        let header = #"{"alg":"\#(keys.algorithm.rawValue)","kid":"\#(keys.signingKeyIdentifier)","typ":"JWT"}"#
        self.encodedHeader = Base64URL.encode(Array(header.utf8))
    }

    /// How long a token lives, in seconds; the answer's `expires_in`.
    package var lifetime: Int64 { scope.accessLifetime }

    /// An access token for `bearer`, good from `now` for the scope's lifetime. Synchronous.
    /// - Parameter now: Milliseconds since 1970.
    package func issue(to bearer: Bearer, at now: Int64) -> String {
        issue(to: bearer, at: now, type: TokenPayload.accessType)
    }

    func issue(to bearer: Bearer, at now: Int64, type: String) -> String {
        let seconds = now / 1000
        let payload = TokenPayload(
            sub: String(bearer.id), role: bearer.role.rawValue, epoch: bearer.epoch, sid: bearer.session,
            typ: type, iss: scope.issuer, aud: scope.audience, iat: seconds, nbf: seconds,
            exp: seconds + scope.accessLifetime)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let body = try? encoder.encode(payload) else {
            preconditionFailure("strings and integers always encode")
        }
        let signed = encodedHeader + "." + Base64URL.encode(body)
        return signed + "." + Base64URL.encode(keys.sign(Array(signed.utf8)))
    }
}
