/// A JSON value as it was read, with numbers kept as their text so that money and ids lose nothing.
///
/// This is the general, tolerant way into a message: every body and every unusual socket message goes through it. The
/// two messages that arrive all day are read by ``DriverMessageScanner`` instead.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSON])
    case object([JSONMember])

    /// Parses one complete JSON text (RFC 8259) in UTF-8.
    ///
    /// Refuses what the grammar refuses, and also lone surrogate escapes, more than 32 levels of nesting and anything
    /// but white space after the value. Of a repeated key the last one counts.
    ///
    /// - Complexity: O(n) in the number of bytes.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        guard UTF8Validator.isValid(bytes) else { throw JSONError(offset: 0, problem: .invalidUTF8) }
        var parser = JSONParser(bytes)
        self = try parser.parse()
    }

    /// Parses one complete JSON text; see ``init(parsing:)-(UnsafeRawBufferPointer)``.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(JSONError) in try JSON(parsing: buffer) }
        }
        self = try result.get()
    }

    /// Parses one complete JSON text; see ``init(parsing:)-(UnsafeRawBufferPointer)``.
    package init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }
}

/// One key and its value, in the order of the text.
package struct JSONMember: Equatable, Sendable {
    package let key: String
    package let value: JSON

    package init(_ key: String, _ value: JSON) {
        self.key = key
        self.value = value
    }
}

/// Why a text is not JSON, with the byte where that showed. Never holds a part of the text.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package enum Problem: String, Sendable {
        case invalidUTF8 = "not UTF-8"
        case unexpectedEnd = "ends too early"
        case unexpectedByte = "unexpected character"
        case badNumber = "not a JSON number"
        case badEscape = "bad escape sequence"
        case tooDeep = "nested too deeply"
        case trailingBytes = "something follows the value"
    }

    package let offset: Int
    package let problem: Problem

    package var description: String { "\(problem.rawValue) at byte \(offset)" }
}

extension JSON {
    /// The value of a key of this object; nil when this is no object or has no such key.
    ///
    /// - Complexity: O(m) in the number of members.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    /// The value of the first of these keys that is present and not null.
    package func first(of keys: [String]) -> JSON? {
        for key in keys {
            if let value = self[key], !value.isNull { return value }
        }
        return nil
    }

    package var isNull: Bool {
        if case .null = self { true } else { false }
    }

    package var isObject: Bool {
        if case .object = self { true } else { false }
    }

    /// The text of a string; nil for anything else.
    package var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var boolean: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The number as the nearest double; nil for anything else, digits in a string included.
    package var double: Double? {
        if case .number(let number) = self { number.double } else { nil }
    }

    /// A whole number; `105.0` counts, `105.5` does not.
    package var int64: Int64? {
        if case .number(let number) = self { number.int64 } else { nil }
    }

    /// An id: a whole number, or its digits in a string, as the deployed apps send both.
    package var identifier: Int64? {
        switch self {
        case .number(let number): number.int64
        case .string(let text): Int64(text)
        case .null, .bool, .array, .object: nil
        }
    }

    package var elements: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }
}

extension JSON: Equatable {
    /// Equal in meaning: the order of members and the spelling of numbers do not count.
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left.text == right.text || left.double == right.double
        case (.string(let left), .string(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): meaning(of: left) == meaning(of: right)
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }

    private static func meaning(of members: [JSONMember]) -> [String: JSON] {
        Dictionary(members.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
    }
}
