import CLibCrypto

/// SHA-256 of `bytes`, 32 bytes.
package func sha256(_ bytes: some Collection<UInt8>) -> [UInt8] {
    let input = Array(bytes)
    var digest = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    let status = EVP_Digest(input, input.count, &digest, &length, EVP_sha256(), nil)
    precondition(status == 1 && length == 32, "libcrypto always offers SHA-256")
    return digest
}

/// HMAC-SHA-256 of `bytes` under `key`, 32 bytes.
package func hmacSHA256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 32)
    var length = 0
    let result = EVP_Q_mac(
        nil, "HMAC", nil, "SHA256", nil, key, key.count, bytes, bytes.count, &code, code.count, &length)
    precondition(result != nil && length == 32, "libcrypto always offers HMAC with SHA-256")
    return code
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return CRYPTO_memcmp(left, right, left.count) == 0
}

/// Draws unpredictable bytes. The real one is ``secureRandomBytes(count:)`` and is handed in by the program; tests
/// hand in a seeded one.
package typealias RandomBytes = @Sendable (_ count: Int) -> [UInt8]

/// `count` unpredictable bytes from libcrypto's generator, which the kernel seeds.
package func secureRandomBytes(count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let status = RAND_bytes(&bytes, Int32(count))
    precondition(status == 1, "without a working random generator no secret may be made")
    return bytes
}
