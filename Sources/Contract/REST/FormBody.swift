/// Bodies and queries in `application/x-www-form-urlencoded`.
package enum FormBody {
    /// Reads pairs into an object of strings; broken escapes and invalid UTF-8 are refused.
    package static func parse(_ bytes: [UInt8]) throws(BodyRefusal) -> JSON {
        var members: [JSONMember] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(parts[0]), let value = decode(parts.count > 1 ? parts[1] : []) else {
                throw .unreadable("The form is not valid.")
            }
            members.append(JSONMember(name, .string(value)))
        }
        return .object(members)
    }

    /// Undoes percent encoding; nil when it is broken or the result is not UTF-8.
    package static func decode(_ text: some Sequence<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var high: UInt8?
        var pending = 0
        for byte in text {
            if pending > 0 {
                guard let digit = JSONGrammar.hexDigit(byte) else { return nil }
                pending -= 1
                if let first = high {
                    bytes.append(first << 4 | digit)
                    high = nil
                } else {
                    high = digit
                }
            } else if byte == UInt8(ascii: "%") {
                pending = 2
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        guard pending == 0, bytes.withUnsafeBytes(UTF8Validator.isValid) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
