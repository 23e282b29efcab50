/// The recursive reader behind ``JSON/init(parsing:)-(UnsafeRawBufferPointer)``. Works on bytes already known to be
/// UTF-8.
struct JSONParser {
    /// GeoJSON's deepest shape needs 8; 32 leaves room without letting a hostile body use up the stack.
    static let deepest = 32

    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func parse() throws(JSONError) -> JSON {
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw failure(.trailingBytes) }
        return value
    }

    private func failure(_ problem: JSONError.Problem) -> JSONError { JSONError(offset: index, problem: problem) }

    private mutating func skipSpace() {
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }

    private func peek() throws(JSONError) -> UInt8 {
        guard index < bytes.count else { throw failure(.unexpectedEnd) }
        return bytes[index]
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        guard depth < Self.deepest else { throw failure(.tooDeep) }
        switch try peek() {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), 0x30...0x39: return .number(try number())
        default: throw failure(.unexpectedByte)
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard index < bytes.count else { throw failure(.unexpectedEnd) }
            guard bytes[index] == word.utf8Start[offset] else { throw failure(.unexpectedByte) }
            index += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSON {
        index += 1
        var members: [JSONMember] = []
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            index += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard try peek() == UInt8(ascii: "\"") else { throw failure(.unexpectedByte) }
            let key = try string()
            skipSpace()
            guard try peek() == UInt8(ascii: ":") else { throw failure(.unexpectedByte) }
            index += 1
            skipSpace()
            members.append(JSONMember(key, try value(depth: depth + 1)))
            skipSpace()
            if try hasEnded(with: UInt8(ascii: "}")) { return .object(members) }
        }
    }

    private mutating func array(depth: Int) throws(JSONError) -> JSON {
        index += 1
        var elements: [JSON] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            index += 1
            return .array(elements)
        }
        while true {
            skipSpace()
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if try hasEnded(with: UInt8(ascii: "]")) { return .array(elements) }
        }
    }

    /// Takes a comma (false) or the closing bracket (true).
    private mutating func hasEnded(with bracket: UInt8) throws(JSONError) -> Bool {
        let byte = try peek()
        guard byte == bracket || byte == UInt8(ascii: ",") else { throw failure(.unexpectedByte) }
        index += 1
        return byte == bracket
    }

    private mutating func number() throws(JSONError) -> JSONNumber {
        guard let end = JSONGrammar.endOfNumber(bytes, from: index) else { throw failure(.badNumber) }
        let text = String(decoding: bytes[index..<end], as: UTF8.self)
        index = end
        return JSONNumber(literal: text)
    }

    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                let text = String(decoding: bytes[start..<index], as: UTF8.self)
                index += 1
                return text
            case UInt8(ascii: "\\"): return try stringWithEscapes(from: start)
            case 0..<0x20: throw failure(.unexpectedByte)
            default: index += 1
            }
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONError) -> String {
        var text = Array(bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw failure(.unexpectedByte)
            default: text.append(byte)
            }
        }
        throw failure(.unexpectedEnd)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let byte = try peek()
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: try unicodeEscape())
        default: throw failure(.badEscape)
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
        var code = UInt32(try fourHexDigits())
        if code >= 0xD800, code < 0xDC00 {
            guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
            else { throw failure(.badEscape) }
            index += 2
            let low = UInt32(try fourHexDigits())
            guard low >= 0xDC00, low < 0xE000 else { throw failure(.badEscape) }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw failure(.badEscape) }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func fourHexDigits() throws(JSONError) -> UInt16 {
        var code: UInt16 = 0
        for _ in 0..<4 {
            let byte = try peek()
            guard let digit = JSONGrammar.hexDigit(byte) else { throw failure(.badEscape) }
            code = code << 4 | UInt16(digit)
            index += 1
        }
        return code
    }
}

/// The parts of the grammar that the general reader and the scanner share.
enum JSONGrammar {
    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    /// Where the number that starts at `start` ends, or nil when it breaks the grammar.
    @inline(__always)
    static func endOfNumber(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        let count = bytes.count
        var index = start
        if index < count, bytes[index] == UInt8(ascii: "-") { index += 1 }
        guard index < count, isDigit(bytes[index]) else { return nil }
        if bytes[index] == UInt8(ascii: "0") {
            index += 1
            if index < count, isDigit(bytes[index]) { return nil }
        } else {
            index = endOfDigits(bytes, from: index)
        }
        if index < count, bytes[index] == UInt8(ascii: ".") {
            let first = index + 1
            index = endOfDigits(bytes, from: first)
            if index == first { return nil }
        }
        if index < count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            var first = index + 1
            if first < count, bytes[first] == UInt8(ascii: "+") || bytes[first] == UInt8(ascii: "-") { first += 1 }
            index = endOfDigits(bytes, from: first)
            if index == first { return nil }
        }
        return index
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    @inline(__always)
    private static func endOfDigits(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index < bytes.count, isDigit(bytes[index]) { index += 1 }
        return index
    }
}
