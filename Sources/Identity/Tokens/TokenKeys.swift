import Foundation
import JWTKit

/// The fixed set of keys that sign and check tokens, all of one algorithm.
///
/// The algorithm is pinned by configuration, never taken from a token: a token whose header names another one is
/// refused before its signature is looked at. A key identifier is looked up in this set and nowhere else.
package struct TokenKeys: Sendable {
    /// The one algorithm in use.
    package enum Algorithm: String, Sendable, Hashable {
        /// HMAC with SHA-256: one secret signs and checks.
        case hs256 = "HS256"
        /// ECDSA on P-256: a private key signs, its public key checks.
        case es256 = "ES256"
    }

    /// Where one key comes from.
    package enum Material: Sendable {
        /// At least 32 bytes, for ``Algorithm/hs256``.
        case secret([UInt8])
        /// A PEM private key on P-256, for ``Algorithm/es256``.
        case privatePEM(String)
        /// A PEM public key on P-256, for ``Algorithm/es256``: checks tokens, cannot sign.
        case publicPEM(String)
    }

    /// Why a set of keys cannot be used. Never holds key material.
    package enum Failure: Error, Sendable, Hashable {
        /// The secret has fewer than 32 bytes.
        case weakSecret(keyIdentifier: String)
        /// The material does not belong to the algorithm, or is no PEM of a P-256 key.
        case unusableKey(keyIdentifier: String)
        /// Letters, digits, `-` and `_`, 1 to 32 of them.
        case badKeyIdentifier
        /// The signing key is not in the set, or can only check.
        case noSigningKey
    }

    static let shortestSecret = 32  // RFC 7518, section 3.2: as long as the hash

    package let algorithm: Algorithm
    package let signingKeyIdentifier: String
    private let keys: [String: any JWTAlgorithm]

    /// - Parameters:
    ///   - signing: The identifier of the key that signs; it must be in `keys` and be able to sign.
    ///   - keys: All keys whose tokens are accepted, by identifier.
    package init(algorithm: Algorithm, signing: String, keys: [String: Material]) async throws(Failure) {
        self.algorithm = algorithm
        self.signingKeyIdentifier = signing
        var loaded: [String: any JWTAlgorithm] = [:]
        for (identifier, material) in keys {
            guard Self.isKeyIdentifier(identifier) else { throw .badKeyIdentifier }
            loaded[identifier] = try await Self.load(material, algorithm, identifier)
        }
        self.keys = loaded
        guard let key = loaded[signing], (try? key.sign([0])) != nil else { throw .noSigningKey }
    }

    /// One secret under the identifier that is derived from it, which is the usual configuration.
    package init(secret: [UInt8]) async throws(Failure) {
        let identifier = Base64URL.encode(sha256(Array("tiffin key id".utf8) + secret).prefix(6))
        try await self.init(algorithm: .hs256, signing: identifier, keys: [identifier: .secret(secret)])
    }

    /// Whether `signature` is the named key's signature of `message`. Synchronous: an HMAC or an ECDSA check.
    func isValid(_ signature: [UInt8], of message: some DataProtocol, keyIdentifier: String) -> Bool? {
        guard let key = keys[keyIdentifier] else { return nil }
        return (try? key.verify(signature, signs: message)) ?? false
    }

    /// The signing key's signature of `message`.
    func sign(_ message: [UInt8]) -> [UInt8] {
        guard let key = keys[signingKeyIdentifier], let signature = try? key.sign(message) else {
            preconditionFailure("the signing key was tried when the set was made")
        }
        return signature
    }

    private static func isKeyIdentifier(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// jwt-kit hands its checked key objects out through the collection actor; once out, they check synchronously,
    /// which is what an event loop needs.
    private static func load(
        _ material: Material, _ algorithm: Algorithm, _ identifier: String
    ) async throws(Failure) -> any JWTAlgorithm {
        let collection = JWTKeyCollection()
        do {
            switch (material, algorithm) {
            case (.secret(let secret), .hs256):
                guard secret.count >= shortestSecret else { throw Failure.weakSecret(keyIdentifier: identifier) }
                await collection.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
            case (.privatePEM(let pem), .es256):
                await collection.add(ecdsa: try ES256PrivateKey(pem: pem))
            case (.publicPEM(let pem), .es256):
                await collection.add(ecdsa: try ES256PublicKey(pem: pem))
            case (.secret, .es256), (.privatePEM, .hs256), (.publicPEM, .hs256):
                throw Failure.unusableKey(keyIdentifier: identifier)
            }
            return try await collection.getKey()
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .unusableKey(keyIdentifier: identifier)
        }
    }
}
