/// Checks UTF-8 as it arrives, in pieces of any size.
///
/// Follows table 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF. A piece may end
/// inside a character; ``isComplete`` tells whether the last character has ended.
package struct UTF8Validator: Sendable {
    /// Continuation bytes that the present character still needs.
    private var missing: UInt8 = 0
    /// The bounds of the next continuation byte; the first one after some lead bytes is narrower.
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    package init() {}

    /// True between characters.
    package var isComplete: Bool { missing == 0 }

    /// Takes the next piece; false once a byte cannot belong to UTF-8. Do not continue after false.
    ///
    /// - Complexity: O(n); eight ASCII bytes at a step.
    package mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        let count = bytes.count
        while index < count {
            if missing == 0, index + 8 <= count {
                let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                if word & 0x8080_8080_8080_8080 == 0 {
                    index += 8
                    continue
                }
            }
            guard step(bytes[index]) else { return false }
            index += 1
        }
        return true
    }

    private mutating func step(_ byte: UInt8) -> Bool {
        if missing > 0 {
            guard byte >= lowest, byte <= highest else { return false }
            missing -= 1
            lowest = 0x80
            highest = 0xBF
            return true
        }
        switch byte {
        case 0x00...0x7F: break
        case 0xC2...0xDF: missing = 1
        case 0xE0: (missing, lowest) = (2, 0xA0)
        case 0xE1...0xEC, 0xEE, 0xEF: missing = 2
        case 0xED: (missing, highest) = (2, 0x9F)
        case 0xF0: (missing, lowest) = (3, 0x90)
        case 0xF1...0xF3: missing = 3
        case 0xF4: (missing, highest) = (3, 0x8F)
        default: return false
        }
        return true
    }

    /// Whether the bytes are one complete, valid text.
    package static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.consume(bytes) && validator.isComplete
    }
}
