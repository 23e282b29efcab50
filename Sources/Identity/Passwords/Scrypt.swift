import CLibCrypto

/// scrypt (RFC 7914) by the system's libcrypto, which the distribution patches and which is fast in debug builds too.
enum Scrypt {
    /// The derived key, or nil when the library refuses the parameters or has no memory. Blocks for up to a second.
    static func key(password: [UInt8], salt: [UInt8], parameters: ScryptParameters, length: Int) -> [UInt8]? {
        var key = [UInt8](repeating: 0, count: length)
        let working = UInt64(128 * parameters.r) * (UInt64(1) << UInt64(parameters.logN) + UInt64(parameters.p) + 2)
        let status = password.withUnsafeBytes { bytes in
            EVP_PBE_scrypt(
                bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, salt, salt.count,
                UInt64(1) << UInt64(parameters.logN), UInt64(parameters.r), UInt64(parameters.p),
                working + 1 << 20, &key, length)
        }
        return status == 1 ? key : nil
    }
}
