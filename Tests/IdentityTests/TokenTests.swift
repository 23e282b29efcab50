import Foundation
import Identity
import JWTKit
import Testing

@Suite struct TokenTests {
    @Test func anIssuedTokenGivesItsPrincipalBack() async throws {
        let keys = try await TokenKeys(secret: secret)
        let token = TokenIssuer(keys: keys).issue(to: driver, at: noon)
        let claims = try TokenVerifier(keys: keys).verify(token, at: noon)
        #expect(claims.bearer == driver)
        #expect(claims.issuedAt == noon)
        #expect(claims.expiresAt == noon + 43_200_000)
        #expect(token.split(separator: ".").count == 3)
    }

    @Test func aTokenIsGoodUntilTheMillisecondOfItsEndAndNotAfter() async throws {
        let keys = try await TokenKeys(secret: secret)
        let scope = TokenScope(accessLifetime: 60)
        let token = TokenIssuer(keys: keys, scope: scope).issue(to: driver, at: noon)
        let verifier = TokenVerifier(keys: keys, scope: scope)
        #expect(try verifier.verify(token, at: noon + 59_999).bearer == driver)
        for late: Int64 in [60_000, 60_001, 10_000_000_000] {
            #expect(throws: TokenRejection(code: .expired, cause: .expired)) {
                try verifier.verify(token, at: noon + late)
            }
        }
    }

    @Test func anotherServersClockMayBeHalfAMinuteAheadAndNoMore() async throws {
        let keys = try await TokenKeys(secret: secret)
        let token = TokenIssuer(keys: keys).issue(to: driver, at: noon)
        let verifier = TokenVerifier(keys: keys)
        #expect(try verifier.verify(token, at: noon - 30_000).bearer == driver)
        #expect(throws: TokenRejection(code: .invalid, cause: .notYetValid)) {
            try verifier.verify(token, at: noon - 31_000)
        }
    }

    @Test(arguments: [nil, ""]) func noTokenIsMissingAndNotInvalid(_ token: String?) async throws {
        let verifier = TokenVerifier(keys: try await TokenKeys(secret: secret))
        #expect(throws: TokenRejection(code: .missing, cause: .absent)) { try verifier.verify(token, at: noon) }
    }

    @Test func ellipticCurveKeysSignAndTheirPublicHalfChecks() async throws {
        let key = ES256PrivateKey()
        let signing = try await TokenKeys(
            algorithm: .es256, signing: "k1", keys: ["k1": .privatePEM(key.pemRepresentation)])
        let other = ES256PrivateKey()
        let rotated = try await TokenKeys(
            algorithm: .es256, signing: "k2",
            keys: ["k1": .publicPEM(key.publicKey.pemRepresentation), "k2": .privatePEM(other.pemRepresentation)])
        let token = TokenIssuer(keys: signing).issue(to: driver, at: noon)
        #expect(try TokenVerifier(keys: rotated).verify(token, at: noon).bearer == driver)
        let stranger = try await TokenKeys(
            algorithm: .es256, signing: "k1", keys: ["k1": .privatePEM(other.pemRepresentation)])
        #expect(throws: TokenRejection(code: .invalid, cause: .signature)) {
            try TokenVerifier(keys: stranger).verify(token, at: noon)
        }
    }

    @Test func tokensAreOrdinaryOnesThatJWTKitItselfAccepts() async throws {
        let keys = try await TokenKeys(algorithm: .hs256, signing: "main", keys: ["main": .secret(secret)])
        let token = TokenIssuer(keys: keys).issue(to: driver, at: noon)
        let collection = JWTKeyCollection()
        await collection.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: "main")
        let payload = try await collection.verify(token, as: PlainPayload.self)
        #expect(payload.sub.value == "123")
        #expect(payload.exp.value.timeIntervalSince1970 == Double(noon / 1000 + 43_200))
    }

    @Test func unusableKeysAreRefusedWhenTheyAreLoaded() async throws {
        await #expect(throws: TokenKeys.Failure.self) { try await TokenKeys(secret: Array("short".utf8)) }
        await #expect(throws: TokenKeys.Failure.unusableKey(keyIdentifier: "a")) {
            try await TokenKeys(algorithm: .es256, signing: "a", keys: ["a": .privatePEM("no key")])
        }
        await #expect(throws: TokenKeys.Failure.unusableKey(keyIdentifier: "a")) {
            try await TokenKeys(algorithm: .es256, signing: "a", keys: ["a": .secret(secret)])
        }
        await #expect(throws: TokenKeys.Failure.badKeyIdentifier) {
            try await TokenKeys(algorithm: .hs256, signing: "../a", keys: ["../a": .secret(secret)])
        }
        let publicHalf = ES256PrivateKey().publicKey.pemRepresentation
        await #expect(throws: TokenKeys.Failure.noSigningKey) {
            try await TokenKeys(algorithm: .es256, signing: "a", keys: ["a": .publicPEM(publicHalf)])
        }
    }

    private struct PlainPayload: JWTPayload {
        var sub: SubjectClaim
        var exp: ExpirationClaim
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }
}
