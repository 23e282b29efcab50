/// A JSON number in its usual form, read in one pass: an optional sign, digits, perhaps a point and digits.
struct PlainNumber {
    private(set) var mantissa: UInt64 = 0
    /// Digits behind the point.
    private(set) var fraction = 0
    private(set) var isNegative = false
    private(set) var hasPoint = false

    /// Reads as many bytes as belong to the number. Nil, with the index anywhere, for what is not a JSON number, has an
    /// exponent, or more digits than a double holds exactly.
    @inline(__always)
    init?(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) {
        let count = bytes.count
        if index < count, bytes[index] == UInt8(ascii: "-") {
            isNegative = true
            index += 1
        }
        let first = index
        while index < count {
            let digit = bytes[index] &- 0x30
            guard digit < 10 else { break }
            mantissa = mantissa &* 10 &+ UInt64(digit)
            index += 1
        }
        var digits = index - first
        guard digits > 0, digits == 1 || bytes[first] != UInt8(ascii: "0") else { return nil }
        guard index < count else { return nil }
        if bytes[index] == UInt8(ascii: ".") {
            hasPoint = true
            index += 1
            let start = index
            while index < count {
                let digit = bytes[index] &- 0x30
                guard digit < 10 else { break }
                mantissa = mantissa &* 10 &+ UInt64(digit)
                index += 1
            }
            fraction = index - start
            digits += fraction
            guard fraction > 0, index < count else { return nil }
        }
        // The lower bound of digits that could wrap 64 bits is 20.
        guard digits <= 18, mantissa < 1 << 53, bytes[index] | 0x20 != UInt8(ascii: "e") else { return nil }
    }

    /// The nearest double: both parts are exact, so that one division rounds correctly.
    @inline(__always)
    var double: Double {
        let magnitude = Double(mantissa) / NumberLiteral.powersOfTen[fraction]
        return isNegative ? -magnitude : magnitude
    }
}
