/// Writes JSON straight into bytes, in the order of the calls, without an intermediate tree.
///
/// The caller opens and closes what it opens; commas are the writer's. Numbers are always JSON numbers: money is
/// written in rupees with two decimals from integer paise, distances in kilometres from integer metres, both on decimal
/// digits.
package struct JSONWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// - Parameter capacity: A guess of the size in bytes, to avoid growing.
    package init(capacity: Int = 512) {
        bytes.reserveCapacity(capacity)
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { close(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes an object whose members the closure writes.
    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        beginObject()
        members(&self)
        endObject()
    }

    /// Writes an array with one element per call of the closure.
    package mutating func array<Elements: Sequence>(
        _ elements: Elements, _ element: (inout JSONWriter, Elements.Element) -> Void
    ) {
        beginArray()
        for next in elements { element(&self, next) }
        endArray()
    }

    /// Writes the key of the next value. Keys are ours: plain ASCII that needs no escape.
    package mutating func key(_ key: StaticString) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a key that is not known at compile time.
    package mutating func key(dynamic key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func null() { literal("null") }
    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    /// Writes a whole number.
    package mutating func integer(_ value: Int64) {
        comma()
        appendDigits(of: value)
        needsComma = true
    }

    /// Writes the shortest text that reads back as the same double; null when it is not finite.
    package mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        comma()
        bytes.append(contentsOf: value.description.utf8)
        needsComma = true
    }

    /// Writes a number of hundredths with exactly two decimals: 4550 becomes `45.50`.
    package mutating func rupees(paise: Int64) {
        decimal(paise, places: 2, trimmed: false)
    }

    /// Writes metres as kilometres without needless zeros: 3200 becomes `3.2`.
    package mutating func kilometres(metres: Int64) {
        decimal(metres, places: 3, trimmed: true)
    }

    /// Writes a moment as ISO 8601 in UTC; see ``WireTime``.
    package mutating func time(milliseconds: Int64) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        WireTime.append(milliseconds: milliseconds, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes a text, escaped.
    package mutating func string(_ text: String) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    /// Writes text that is already one complete JSON value, such as a stored GeoJSON document.
    package mutating func raw(_ json: [UInt8]) {
        comma()
        bytes.append(contentsOf: json)
        needsComma = true
    }

    /// Writes any JSON value.
    package mutating func value(_ json: JSON) {
        switch json {
        case .null: null()
        case .bool(let value): bool(value)
        case .number(let number): raw(Array(number.text.utf8))
        case .string(let text): string(text)
        case .array(let elements): array(elements) { writer, element in writer.value(element) }
        case .object(let members):
            object { writer in
                for member in members {
                    writer.key(dynamic: member.key)
                    writer.value(member.value)
                }
            }
        }
    }

    // MARK: - Bytes

    private mutating func open(_ bracket: UInt8) {
        comma()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func literal(_ text: StaticString) {
        comma()
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        needsComma = true
    }

    private mutating func decimal(_ value: Int64, places: Int, trimmed: Bool) {
        comma()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let scale: UInt64 = places == 2 ? 100 : 1000
        appendDigits(of: value.magnitude / scale)
        var digits: [UInt8] = []
        var rest = value.magnitude % scale
        for _ in 0..<places {
            digits.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        }
        var shown = digits.reversed()[...]
        if trimmed { while shown.last == UInt8(ascii: "0") { shown = shown.dropLast() } }
        if !shown.isEmpty {
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: shown)
        }
        needsComma = true
    }

    private mutating func appendDigits(of value: some FixedWidthInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = UInt64(value.magnitude)
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for (index, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
            bytes.append(contentsOf: text[start..<index])
            start = index + 1
            bytes.append(UInt8(ascii: "\\"))
            switch byte {
            case 0x22, 0x5C: bytes.append(byte)
            case 0x0A: bytes.append(UInt8(ascii: "n"))
            case 0x0D: bytes.append(UInt8(ascii: "r"))
            case 0x09: bytes.append(UInt8(ascii: "t"))
            default:
                let hex = Array("0123456789abcdef".utf8)
                bytes.append(contentsOf: Array("u00".utf8))
                bytes.append(hex[Int(byte >> 4)])
                bytes.append(hex[Int(byte & 15)])
            }
        }
        bytes.append(contentsOf: text[start...])
    }
}

/// What can be written as one JSON value.
package protocol JSONWritable {
    /// Writes exactly one value.
    func write(to writer: inout JSONWriter)
}

extension JSONWritable {
    /// This value as UTF-8 JSON without white space.
    package var jsonBytes: [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

extension JSONWriter {
    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ value: Int64?) {
        self.key(key)
        if let value { integer(value) } else { null() }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ value: Int?) {
        field(key, value.map(Int64.init))
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ value: Double?) {
        self.key(key)
        if let value { double(value) } else { null() }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ value: Bool?) {
        self.key(key)
        if let value { bool(value) } else { null() }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, paise: Int64?) {
        self.key(key)
        if let paise { rupees(paise: paise) } else { null() }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, metres: Int64?) {
        self.key(key)
        if let metres { kilometres(metres: metres) } else { null() }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, milliseconds: Int64?) {
        self.key(key)
        if let milliseconds { time(milliseconds: milliseconds) } else { null() }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ value: some JSONWritable) {
        self.key(key)
        value.write(to: &self)
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ values: [some JSONWritable]) {
        self.key(key)
        array(values) { writer, value in value.write(to: &writer) }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ values: [Int64]) {
        self.key(key)
        array(values) { writer, value in writer.integer(value) }
    }

    /// Writes a member; nil is written as null.
    package mutating func field(_ key: StaticString, _ values: [String]) {
        self.key(key)
        array(values) { writer, value in writer.string(value) }
    }
}
