/// A Swift type that cells of some PostgreSQL types can be read as.
package protocol PostgresDecodable {
    /// The value of a cell in binary format, `nil` for `bytes` when NULL.
    ///
    /// - Returns: `nil` when the cell is not readable as this type.
    static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> Self?
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> Wrapped?? {
        guard let bytes else { return .some(nil) }
        return Wrapped.decode(bytes, type: type).map { .some($0) }
    }
}

/// Reads big-endian integers.
enum BinaryReader {
    static func integer<Value: FixedWidthInteger>(
        _ bytes: ArraySlice<UInt8>, as type: Value.Type = Value.self
    ) -> Value? {
        guard bytes.count == MemoryLayout<Value>.size else { return nil }
        return bytes.reduce(into: Value.zero) { $0 = $0 << 8 | Value(truncatingIfNeeded: $1) }
    }
}

extension Int64: PostgresDecodable {
    /// Reads `int8`, `int4` and `int2`, and `timestamptz` as milliseconds since 1970.
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> Int64? {
        guard let bytes else { return nil }
        switch type {
        case TypeID.int8: return BinaryReader.integer(bytes)
        case TypeID.int4: return BinaryReader.integer(bytes, as: Int32.self).map(Int64.init)
        case TypeID.int2: return BinaryReader.integer(bytes, as: Int16.self).map(Int64.init)
        case TypeID.timestamptz, TypeID.timestamp: return BinaryReader.integer(bytes).map(TimestampCoding.milliseconds)
        default: return nil
        }
    }
}

extension Int: PostgresDecodable {
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> Int? {
        Int64.decode(bytes, type: type).map(Int.init)
    }
}

extension Bool: PostgresDecodable {
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> Bool? {
        guard let byte = bytes?.first, type == TypeID.bool else { return nil }
        return byte != 0
    }
}

extension Double: PostgresDecodable {
    /// Reads `float8`, `float4`, `numeric` and the integers.
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> Double? {
        guard let bytes else { return nil }
        switch type {
        case TypeID.float8: return BinaryReader.integer(bytes, as: UInt64.self).map(Double.init(bitPattern:))
        case TypeID.float4: return BinaryReader.integer(bytes, as: UInt32.self).map { Double(Float(bitPattern: $0)) }
        case TypeID.numeric: return NumericText.decode(bytes).flatMap(Double.init)
        default: return Int64.decode(bytes, type: type).map(Double.init)
        }
    }
}

extension String: PostgresDecodable {
    /// Reads every text type (enumerations among them), `json`, `jsonb`, `uuid` and `numeric` as text.
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> String? {
        guard let bytes else { return nil }
        switch type {
        case TypeID.int8, TypeID.int4, TypeID.int2, TypeID.float4, TypeID.float8, TypeID.bool, TypeID.bytea,
            TypeID.timestamptz, TypeID.timestamp, TypeID.date:
            return nil
        case TypeID.numeric: return NumericText.decode(bytes)
        case TypeID.jsonb: return bytes.first == 1 ? String(validating: bytes.dropFirst(), as: UTF8.self) : nil
        case TypeID.uuid: return uuidText(bytes)
        default: return String(validating: bytes, as: UTF8.self)
        }
    }

    private static func uuidText(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.count == 16 else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    /// Reads `bytea` as `[UInt8]`, and one-dimensional arrays of readable elements.
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> [Element]? {
        guard let bytes else { return nil }
        if type == TypeID.bytea, let raw = [UInt8](bytes) as? [Element] { return raw }
        return ArrayReader(bytes)?.elements()
    }
}

extension UInt8: PostgresDecodable {
    /// A single byte is no PostgreSQL type of its own; this conformance lets `[UInt8]` be read from `bytea`.
    package static func decode(_ bytes: ArraySlice<UInt8>?, type: UInt32) -> UInt8? { nil }
}

/// Walks the elements of an array in binary format.
private struct ArrayReader {
    private var rest: ArraySlice<UInt8>
    private let count: Int
    private let element: UInt32

    init?(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
        guard bytes.count >= 12, let dimensions = BinaryReader.integer(bytes.prefix(4), as: Int32.self),
            let element = BinaryReader.integer(bytes.dropFirst(8).prefix(4), as: UInt32.self)
        else { return nil }
        self.element = element
        rest = bytes.dropFirst(12)
        switch dimensions {
        case 0: count = 0
        case 1:
            guard rest.count >= 8, let length = BinaryReader.integer(rest.prefix(4), as: Int32.self) else { return nil }
            count = Int(length)
            rest = rest.dropFirst(8)
        default: return nil
        }
    }

    func elements<Element: PostgresDecodable>() -> [Element]? {
        var rest = rest
        var values: [Element] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            guard let length = BinaryReader.integer(rest.prefix(4), as: Int32.self) else { return nil }
            rest = rest.dropFirst(4)
            let bytes = length < 0 ? nil : rest.prefix(Int(length))
            guard let value = Element.decode(bytes, type: element) else { return nil }
            values.append(value)
            if length > 0 { rest = rest.dropFirst(Int(length)) }
        }
        return values
    }
}
