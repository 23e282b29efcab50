/// The claims as they stand in the token, with the names of RFC 7519. Times are whole seconds since 1970.
struct TokenPayload: Codable, Sendable {
    static let accessType = "access"

    var sub: String
    var role: String
    var epoch: Int64
    var sid: String
    var typ: String
    var iss: String
    var aud: String
    var iat: Int64
    var nbf: Int64
    var exp: Int64
}

/// The head of a token. Other fields (`jku`, `jwk`, `x5u`, …) are never read.
struct TokenHeader: Codable, Sendable {
    var alg: String
    var kid: String
    var typ: String
    /// Extensions that a reader must understand. We understand none, so a token that has some is refused.
    var crit: [String]?
}
