/// Why a token was refused. It never holds the token or any part of it.
package struct TokenRejection: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the client is told; also the reason of a close code.
    package enum Code: String, Sendable, Hashable, CaseIterable {
        /// No token came with the request.
        case missing = "token_missing"
        /// The token is not one of ours, or not for this use.
        case invalid = "token_invalid"
        /// The token was good once.
        case expired = "token_expired"
        /// The account logged out, changed its password or was blocked after the token was issued.
        case revoked = "token_revoked"
    }

    /// What was wrong, for operators and tests; clients only learn the ``Code``.
    package enum Cause: String, Sendable, Hashable, CaseIterable {
        case absent, tooLong, malformed, algorithm, keyIdentifier, signature
        case issuer, audience, type, subject, role, times, notYetValid, expired, epoch, blocked
    }

    package let code: Code
    package let cause: Cause

    package init(code: Code, cause: Cause) {
        self.code = code
        self.cause = cause
    }

    static func invalid(_ cause: Cause) -> TokenRejection { TokenRejection(code: .invalid, cause: cause) }

    package var description: String { "\(code.rawValue) (\(cause.rawValue))" }
}
