/// A stored password hash: parameters, salt and derived key in one line of text, in the manner of the PHC string
/// format: `$scrypt$ln=14,r=8,p=5$<salt>$<key>`, base64 without padding and with the URL alphabet.
package struct PasswordHash: Sendable, Hashable {
    static let saltLength = 16
    static let keyLength = 32

    package let parameters: ScryptParameters
    let salt: [UInt8]
    let key: [UInt8]

    init(parameters: ScryptParameters, salt: [UInt8], key: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.key = key
    }

    /// Reads a stored line; nil when it is none of ours or its parameters are out of bounds.
    package init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt",
            let parameters = Self.parameters(parts[2]),
            let salt = Base64URL.decode(Array(parts[3].utf8)), let key = Base64URL.decode(Array(parts[4].utf8)),
            (8...64).contains(salt.count), key.count == Self.keyLength
        else { return nil }
        self.init(parameters: parameters, salt: salt, key: key)
    }

    /// The line to store.
    package var text: String {
        let costs = "ln=\(parameters.logN),r=\(parameters.r),p=\(parameters.p)"
        return "$scrypt$\(costs)$\(Base64URL.encode(salt))$\(Base64URL.encode(key))"
    }

    private static func parameters(_ text: Substring) -> ScryptParameters? {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 3, let logN = number(fields[0], "ln="), let r = number(fields[1], "r="),
            let p = number(fields[2], "p=")
        else { return nil }
        let parameters = ScryptParameters(logN: logN, r: r, p: p)
        return parameters.isWithinBounds ? parameters : nil
    }

    private static func number(_ field: Substring, _ name: String) -> Int? {
        guard field.hasPrefix(name) else { return nil }
        return Int(field.dropFirst(name.count))
    }
}
