/// Appends integers in network byte order.
struct BinaryWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 8) { bytes.reserveCapacity(capacity) }

    mutating func append(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func append(contentsOf more: [UInt8]) { bytes.append(contentsOf: more) }

    /// The bytes that `write` produces for one value.
    static func single<Value>(_ write: @escaping (inout BinaryWriter, Value) -> Void) -> (Value) -> [UInt8] {
        { value in
            var writer = BinaryWriter()
            write(&writer, value)
            return writer.bytes
        }
    }

    /// The UTF-8 of `text` without the NUL that PostgreSQL refuses in every text type.
    static func storable(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        return bytes.contains(0) ? bytes.filter { $0 != 0 } : bytes
    }
}

/// Conversion between milliseconds since 1970 and the wire's microseconds since 2000-01-01.
enum TimestampCoding {
    private static let epochDifference: Int64 = 946_684_800_000

    /// Saturates at the server's `infinity` and `-infinity`.
    static func wire(_ milliseconds: Int64) -> Int64 {
        let (shifted, low) = milliseconds.subtractingReportingOverflow(epochDifference)
        if low { return .min }
        let (product, overflow) = shifted.multipliedReportingOverflow(by: 1000)
        return overflow ? (shifted > 0 ? .max : .min) : product
    }

    /// Rounds down to whole milliseconds; `infinity` and `-infinity` become the ends of `Int64`.
    static func milliseconds(_ wire: Int64) -> Int64 {
        if wire == .max || wire == .min { return wire }
        let quotient = wire / 1000 - (wire % 1000 < 0 ? 1 : 0)
        return quotient + epochDifference
    }
}
