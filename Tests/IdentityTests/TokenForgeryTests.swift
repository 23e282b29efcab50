import Foundation
import Identity
import JWTKit
import Testing

/// Each way to forge a token that is known to us, against the one verifier.
@Suite struct TokenForgeryTests {
    private static let head = #"{"alg":"HS256","kid":"k1","typ":"JWT"}"#
    private static func body(
        sub: String = #""123""#, role: String = "driver", typ: String = "access", iss: String = "tiffin",
        aud: String = #""tiffin-api""#, iat: String = "1763548200", nbf: String = "1763548200",
        exp: String = "1763591400"
    ) -> String {
        #"{"sub":\#(sub),"role":"\#(role)","epoch":7,"sid":"f","typ":"\#(typ)","iss":"\#(iss)","aud":\#(aud),"#
            + #""iat":\#(iat),"nbf":\#(nbf),"exp":\#(exp)}"#
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let head: String
        let body: String
        let expected: TokenRejection.Cause

        init(_ name: String, head: String = TokenForgeryTests.head, body: String, _ expected: TokenRejection.Cause) {
            self.testDescription = name
            self.head = head
            self.body = body
            self.expected = expected
        }
    }

    /// All of these carry a right signature under the right secret: only the rule named may refuse them.
    static let signed: [Forgery] = [
        Forgery("another algorithm", head: #"{"alg":"HS512","kid":"k1","typ":"JWT"}"#, body: body(), .algorithm),
        Forgery("no algorithm", head: #"{"alg":"none","kid":"k1","typ":"JWT"}"#, body: body(), .algorithm),
        Forgery("no algorithm, shouted", head: #"{"alg":"nOnE","kid":"k1","typ":"JWT"}"#, body: body(), .algorithm),
        Forgery("an asymmetric one", head: #"{"alg":"ES256","kid":"k1","typ":"JWT"}"#, body: body(), .algorithm),
        Forgery("an algorithm list", head: #"{"alg":["HS256"],"kid":"k1","typ":"JWT"}"#, body: body(), .malformed),
        Forgery(
            "a key from a path", head: #"{"alg":"HS256","kid":"../../dev/null","typ":"JWT"}"#, body: body(),
            .keyIdentifier),
        Forgery(
            "a key from SQL", head: #"{"alg":"HS256","kid":"' OR 1=1 --","typ":"JWT"}"#, body: body(),
            .keyIdentifier),
        Forgery("no key named", head: #"{"alg":"HS256","typ":"JWT"}"#, body: body(), .malformed),
        Forgery(
            "extensions", head: #"{"alg":"HS256","kid":"k1","typ":"JWT","crit":["b64"],"b64":false}"#,
            body: body(), .type),
        Forgery(
            "another kind of token", head: #"{"alg":"HS256","kid":"k1","typ":"secevent+jwt"}"#, body: body(),
            .type),
        Forgery("another issuer", body: body(iss: "other"), .issuer),
        Forgery("another audience", body: body(aud: #""console""#), .audience),
        Forgery("a list of audiences", body: body(aud: #"["tiffin-api","x"]"#), .malformed),
        Forgery("a refresh token used for access", body: body(typ: "refresh"), .type),
        Forgery("an unknown role", body: body(role: "root"), .role),
        Forgery("a role in capitals", body: body(role: "ADMIN"), .role),
        Forgery("a subject with a sign", body: body(sub: #""+123""#), .subject),
        Forgery("a subject with zeros", body: body(sub: #""0123""#), .subject),
        Forgery("a negative subject", body: body(sub: #""-1""#), .subject),
        Forgery("a numeric subject", body: body(sub: "123"), .malformed),
        Forgery("good from tomorrow", body: body(nbf: "1763634600"), .notYetValid),
        Forgery("issued tomorrow", body: body(iat: "1763634600", exp: "1763721000"), .notYetValid),
        Forgery("expired", body: body(iat: "1763500000", nbf: "1763500000", exp: "1763500001"), .expired),
        Forgery("ends before it begins", body: body(exp: "1763548199"), .times),
        Forgery("an end beyond all time", body: body(exp: "9223372036854775807"), .times),
        Forgery("an end that is no integer", body: body(exp: "1e400"), .malformed),
        Forgery("claims that are a list", body: "[]", .malformed),
        Forgery("claims that are no JSON", body: "{", .malformed),
    ]

    @Test(arguments: signed) func aWellSignedTokenStillHasToBeForThisUse(_ forgery: Forgery) async throws {
        let verifier = TokenVerifier(keys: try await keys())
        let token = try await sign(head: forgery.head, body: forgery.body)
        let error = #expect(throws: TokenRejection.self) { try verifier.verify(token, at: noon) }
        #expect(error?.cause == forgery.expected)
        #expect(error?.code == (forgery.expected == .expired ? .expired : .invalid))
    }

    @Test func theUnchangedTokenOfTheTablePasses() async throws {
        let token = try await sign(head: Self.head, body: Self.body())
        #expect(try TokenVerifier(keys: try await keys()).verify(token, at: noon).bearer.id == 123)
    }

    @Test func hintsToForeignKeysAreNotFollowed() async throws {
        let head = #"{"alg":"HS256","kid":"k1","typ":"JWT","jku":"http://127.0.0.1:1/k","jwk":{"kty":"oct"}}"#
        let token = try await sign(head: head, body: Self.body())
        #expect(try TokenVerifier(keys: try await keys()).verify(token, at: noon).bearer.id == 123)
    }

    @Test func eachChangedBitOfATokenRefusesIt() async throws {
        let keys = try await keys()
        let verifier = TokenVerifier(keys: keys)
        let token = Array(TokenIssuer(keys: keys).issue(to: driver, at: noon).utf8)
        var accepted: [String] = []
        for index in token.indices {
            for bit in 0..<8 {
                var changed = token
                changed[index] ^= 1 << UInt8(bit)
                let text = String(decoding: changed, as: UTF8.self)
                if (try? verifier.verify(text, at: noon)) != nil { accepted.append("byte \(index), bit \(bit)") }
            }
        }
        #expect(accepted.isEmpty)
    }

    @Test func aPublicKeyIsNoSecret() async throws {
        let key = ES256PrivateKey()
        let pem = key.publicKey.pemRepresentation
        let keys = try await TokenKeys(
            algorithm: .es256, signing: "k1", keys: ["k1": .privatePEM(key.pemRepresentation)])
        let token = try await sign(head: Self.head, body: Self.body(), secret: Array(pem.utf8))
        #expect(throws: TokenRejection(code: .invalid, cause: .algorithm)) {
            try TokenVerifier(keys: keys).verify(token, at: noon)
        }
    }

    @Test func aTokenWithoutSignatureIsRefused() async throws {
        let verifier = TokenVerifier(keys: try await keys())
        let token = try await sign(head: Self.head, body: Self.body())
        let unsigned = token.split(separator: ".").dropLast().joined(separator: ".")
        for text in [unsigned, unsigned + ".", unsigned + ".AAAA", token + "=", token + ".", "." + token, token + " "] {
            #expect(throws: TokenRejection.self) { try verifier.verify(text, at: noon) }
        }
    }

    @Test func aHugeTokenIsRefusedBeforeItIsRead() async throws {
        let verifier = TokenVerifier(keys: try await keys())
        #expect(throws: TokenRejection(code: .invalid, cause: .tooLong)) {
            try verifier.verify(String(repeating: "a", count: 1_000_000), at: noon)
        }
    }

    @Test func aRejectionNeverRepeatsTheToken() async throws {
        let verifier = TokenVerifier(keys: try await keys())
        let error = #expect(throws: TokenRejection.self) { try verifier.verify("eyJhbGciOi.x.y", at: noon) }
        #expect(error.map { !"\($0)".contains("eyJ") } == true)
    }

    private func keys() async throws -> TokenKeys {
        try await TokenKeys(algorithm: .hs256, signing: "k1", keys: ["k1": .secret(secret)])
    }

    private func sign(head: String, body: String, secret key: [UInt8] = secret) async throws -> String {
        let signed = encode(Data(head.utf8)) + "." + encode(Data(body.utf8))
        let collection = JWTKeyCollection()
        await collection.add(hmac: HMACKey(from: key), digestAlgorithm: .sha256)
        return signed + "." + encode(Data(try await collection.getKey().sign(Data(signed.utf8))))
    }

    private func encode(_ data: Data) -> String {
        data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
