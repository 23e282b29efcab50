/// A JSON number as it was written, so that decimal fractions can be read exactly.
package struct JSONNumber: Sendable, Hashable {
    /// The literal, already known to follow the JSON grammar.
    package let text: String

    init(literal text: String) {
        self.text = text
    }

    /// The nearest double; infinite when the literal is too large.
    package var double: Double {
        var text = text
        return text.withUTF8 { NumberLiteral.double(UnsafeRawBufferPointer($0)) }
    }

    /// The exact whole number, or nil when there is a fraction or the value leaves the 64 bits.
    package var int64: Int64? {
        if let exact = Int64(text) { return exact }
        return scaled(byPowerOfTen: 0, exact: true)
    }

    /// This number times a power of ten as a whole number, computed on the decimal digits: `45.50` scaled by 2 is 4550.
    ///
    /// - Parameter exact: When true, a fraction that remains makes the result nil; otherwise it is rounded half away
    ///   from zero.
    package func scaled(byPowerOfTen scale: Int, exact: Bool = false) -> Int64? {
        NumberLiteral.scaled(Array(text.utf8), byPowerOfTen: scale, exact: exact)
    }
}

/// Reading number literals that already follow the JSON grammar.
enum NumberLiteral {
    static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]

    /// The nearest double of a literal.
    ///
    /// A mantissa below 2^53 and a power of ten up to 22 are both exact doubles, so one multiplication or division
    /// rounds correctly (Clinger 1990, "How to read floating point numbers accurately"). Everything else goes to the
    /// standard library.
    static func double(_ bytes: UnsafeRawBufferPointer) -> Double {
        var mantissa: UInt64 = 0
        var digits = 0
        var fraction = 0
        var seenPoint = false
        var index = 0
        let negative = !bytes.isEmpty && bytes[0] == UInt8(ascii: "-")
        if negative { index = 1 }
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: ".") {
                seenPoint = true
            } else if byte >= 0x30, byte <= 0x39 {
                mantissa = mantissa &* 10 &+ UInt64(byte &- 0x30)
                digits += 1
                if seenPoint { fraction += 1 }
            } else {
                return slowDouble(bytes)
            }
            index += 1
        }
        guard digits <= 19, mantissa < 1 << 53, fraction <= 22 else { return slowDouble(bytes) }
        let magnitude = Double(mantissa) / powersOfTen[fraction]
        return negative ? -magnitude : magnitude
    }

    private static func slowDouble(_ bytes: UnsafeRawBufferPointer) -> Double {
        Double(String(decoding: bytes, as: UTF8.self)) ?? .nan
    }

    /// The literal times a power of ten, on its digits.
    static func scaled(_ bytes: [UInt8], byPowerOfTen scale: Int, exact: Bool) -> Int64? {
        var digits: [UInt8] = []
        var pointPosition: Int?
        var exponent = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x30...0x39: digits.append(byte - 0x30)
            case UInt8(ascii: "."): pointPosition = digits.count
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                let text = String(decoding: bytes[(index + 1)...], as: UTF8.self)
                guard let value = Int(text), abs(value) < 400 else { return digits.allSatisfy { $0 == 0 } ? 0 : nil }
                exponent = value
            default: continue
            }
            if exponent != 0 || byte | 0x20 == UInt8(ascii: "e") { break }
        }
        let wholeDigits = (pointPosition ?? digits.count) + exponent + scale
        return assemble(digits, wholeDigits: wholeDigits, negative: bytes.first == UInt8(ascii: "-"), exact: exact)
    }

    private static func assemble(_ digits: [UInt8], wholeDigits: Int, negative: Bool, exact: Bool) -> Int64? {
        var value: Int64 = 0
        guard wholeDigits <= 0 || digits.contains(where: { $0 != 0 }) else { return 0 }
        for position in 0..<max(0, wholeDigits) {
            let digit = position < digits.count ? Int64(digits[position]) : 0
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = product.addingReportingOverflow(digit)
            guard !overflow, !overflowed else { return nil }
            value = sum
        }
        let rest = wholeDigits < 0 ? digits[...] : digits.dropFirst(wholeDigits)
        if exact, rest.contains(where: { $0 != 0 }) { return nil }
        if wholeDigits >= 0, let next = rest.first, next >= 5 { value += value < .max ? 1 : 0 }
        return negative ? -value : value
    }
}
