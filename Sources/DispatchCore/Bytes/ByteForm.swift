/// A value with one byte form: equal values have equal bytes, on every machine. What a tick is stored as, and what a
/// replay is compared with.
package protocol ByteForm {
    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(ByteError)
}

extension ByteForm {
    /// The bytes of this value, with the version of the form in front.
    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt8(ByteWriter.version))
        write(to: &writer)
        return writer.bytes
    }

    /// Reads a value back. Every byte must belong to it.
    package init(bytes: [UInt8]) throws(ByteError) {
        var reader = ByteReader(bytes)
        let version = try reader.readByte()
        guard version == ByteWriter.version else { throw .otherVersion(version) }
        try self.init(from: &reader)
        guard reader.isAtEnd else { throw .trailingBytes }
    }
}

/// Why bytes are not the form of a value.
package enum ByteError: Error, Hashable, Sendable {
    case tooShort
    case trailingBytes
    /// Written under the version of the forms that is named.
    case otherVersion(UInt8)
    case invalidValue
}

extension ByteError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .otherVersion(let version):
            "it is kept in form \(version) and this program reads form \(ByteWriter.version): ask the version that wrote it"
        case .tooShort, .trailingBytes, .invalidValue: "it is damaged"
        }
    }
}

/// Appends values as bytes: integers as little groups of seven bits, signs folded in, so that small numbers are short.
package struct ByteWriter {
    /// Raised with every change of any form: what was written under another is refused by its number and never read
    /// as something else. A test holds the bytes of each form.
    ///
    /// 2: policies by zone, weights of delay, orders without places, orders that are likely to come.
    /// 3: batches told in parts, routes that take only orders placed before a moment.
    package static let version: UInt8 = 3

    package private(set) var bytes: [UInt8] = []

    package init() {}

    package mutating func write(_ byte: UInt8) { bytes.append(byte) }
    package mutating func write(_ flag: Bool) { bytes.append(flag ? 1 : 0) }

    package mutating func write(unsigned value: UInt64) {
        var rest = value
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    package mutating func write(_ value: Int64) { write(unsigned: UInt64(bitPattern: value << 1 ^ value >> 63)) }

    /// The bits of a number; every NaN is the same one, and minus zero is zero.
    package mutating func write(_ value: Double) {
        let bits = value.isNaN ? Double.nan.bitPattern : value == 0 ? 0 : value.bitPattern
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    }

    package mutating func write(_ value: some ByteForm) { value.write(to: &self) }

    package mutating func write(_ value: (some ByteForm)?) {
        write(value != nil)
        if let value { write(value) }
    }

    package mutating func write(_ values: [some ByteForm]) {
        write(unsigned: UInt64(values.count))
        for value in values { write(value) }
    }
}

/// Reads what `ByteWriter` wrote. Never reads beyond its end and never allocates more than the bytes can hold.
package struct ByteReader {
    private let bytes: [UInt8]
    private var next = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { next == bytes.count }

    /// Throws at the end.
    package mutating func readByte() throws(ByteError) -> UInt8 {
        guard next < bytes.count else { throw .tooShort }
        defer { next += 1 }
        return bytes[next]
    }

    /// Only 0 and 1 are flags.
    package mutating func readFlag() throws(ByteError) -> Bool {
        switch try readByte() {
        case 0: return false
        case 1: return true
        default: throw .invalidValue
        }
    }

    /// Groups of seven bits, least first; at most 64 bits.
    package mutating func readUnsigned() throws(ByteError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try readByte()
            if shift == 63, byte > 1 { throw .invalidValue }
            value |= UInt64(byte & 127) << shift
            if byte < 128 { return value }
            shift += 7
            if shift > 63 { throw .invalidValue }
        }
    }

    /// A number whose sign was folded in.
    package mutating func readInteger() throws(ByteError) -> Int64 {
        let folded = try readUnsigned()
        return Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1)
    }

    /// Throws where the number needs more bits.
    package mutating func readInt32() throws(ByteError) -> Int32 {
        guard let value = Int32(exactly: try readInteger()) else { throw .invalidValue }
        return value
    }

    /// Eight bytes, least first.
    package mutating func readDouble() throws(ByteError) -> Double {
        var bits: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 8) { bits |= UInt64(try readByte()) << UInt64(shift) }
        return Double(bitPattern: bits)
    }

    package mutating func read<T: ByteForm>(_ type: T.Type = T.self) throws(ByteError) -> T { try T(from: &self) }

    /// A flag, then the value if there is one.
    package mutating func readOptional<T: ByteForm>(_ type: T.Type = T.self) throws(ByteError) -> T? {
        try readFlag() ? try T(from: &self) : nil
    }

    /// A count, then the values; a count beyond the bytes left throws before anything is allocated.
    package mutating func readList<T: ByteForm>(_ type: T.Type = T.self) throws(ByteError) -> [T] {
        let count = try readUnsigned()
        guard count <= UInt64(bytes.count - next) else { throw .tooShort }
        var values: [T] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count { values.append(try T(from: &self)) }
        return values
    }
}
