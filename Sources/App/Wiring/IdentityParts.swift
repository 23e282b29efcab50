import Identity

/// Tokens and passwords, as the configuration wants them.
struct IdentityParts: Sendable {
    let issuer: TokenIssuer
    let verifier: TokenVerifier
    let refresh: RefreshPolicy
    let hasher: PasswordHasher
    let epochs = EpochRegister()

    init(_ configuration: AppConfiguration, cheap: Bool) async throws {
        guard let secret = configuration.secret else {
            throw ConfigurationError(
                "serve needs a key for its tokens: set TIFFIN_AUTH_SECRET to 32 random bytes or more")
        }
        let bytes = Array(secret.utf8)
        guard bytes.count >= 32 else {
            throw ConfigurationError("auth.secret has \(bytes.count) bytes; HS256 needs 32 at least")
        }
        let keys: TokenKeys
        do {
            keys = try await TokenKeys(secret: bytes)
        } catch {
            throw ConfigurationError("auth.secret cannot be used as a key")
        }
        let scope = TokenScope(accessLifetime: Int64(configuration.accessSeconds))
        issuer = TokenIssuer(keys: keys, scope: scope)
        verifier = TokenVerifier(keys: keys, scope: scope)
        refresh = RefreshPolicy(secret: bytes, lifetime: Int64(configuration.refreshSeconds) * 1000)
        hasher = PasswordHasher(
            parameters: cheap ? .cheap : .standard, randomBytes: { RealWorld.randomBytes($0) })
    }
}
