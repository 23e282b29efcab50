/// Reads the two messages that phones send all day, `location_update` and `ping`, straight from the bytes.
///
/// It checks the whole grammar of what it reads and returns nil, without a verdict, for whatever is unusual: escapes,
/// bytes outside ASCII, nested unknown values, other types, refusals. ``DriverMessage/decodeGenerally(_:)`` judges
/// those. A test feeds both the same mutated messages and requires that they agree.
///
/// - Complexity: O(n), without allocation on the usual path.
package enum DriverMessageScanner {
    /// The message, or nil when it is not one of the two hot ones in their plain form.
    package static func scan(_ bytes: UnsafeRawBufferPointer) -> DriverMessage? {
        var scanner = Scanner(bytes: bytes)
        return scanner.message()
    }

    /// A position with the places of its values, in order. Nil also where values depend on each other: a key that comes
    /// twice, both names of a coordinate.
    static func locationWithValues(_ bytes: UnsafeRawBufferPointer) -> (LocationUpdate, [ScannedValue])? {
        var scanner = Scanner(bytes: bytes)
        scanner.values = []
        guard case .location(let update)? = scanner.message(), scanner.objects == 1, let values = scanner.values,
            Set(values.map(\.field.exclusive)).count == values.count
        else { return nil }
        return (update, values)
    }
}

/// Where the value of a key stands.
struct ScannedValue {
    enum Field: UInt8 {
        case latitude, longitude, lat, lng, accuracy, heading, speed, battery, timestamp, orderID

        /// The same for two names of one thing.
        var exclusive: Field { self == .lat ? .latitude : self == .lng ? .longitude : self }
    }

    var field: Field
    var isNumber: Bool
    /// Without the quotation marks of a text.
    var start: Int
    var end: Int
}

private struct Scanner {
    enum Scalar {
        case null
        case number(start: Int, end: Int)
        case text(start: Int, end: Int)
        case boolean
    }

    enum Kind {
        case unread
        case ping
        case location
    }

    let bytes: UnsafeRawBufferPointer
    var index = 0
    /// The values of known keys, where somebody wants to know.
    var values: [ScannedValue]?
    /// Objects under the key "data".
    var objects = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    mutating func message() -> DriverMessage? {
        var kind = Kind.unread
        var readings: LocationReadings?
        skipSpace()
        guard take(UInt8(ascii: "{")) else { return nil }
        repeat {
            guard let key = nextKey() else { return nil }
            if matches(key, "data") {
                if peek() == UInt8(ascii: "{") {
                    guard let data = data() else { return nil }
                    objects += 1
                    readings = data
                } else {
                    guard scalar() != nil else { return nil }
                    readings = nil
                }
            } else {
                guard let value = scalar() else { return nil }
                if matches(key, "type") {
                    guard case .text(let start, let end) = value, let read = kindNamed(start..<end) else { return nil }
                    kind = read
                }
            }
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { return nil }
        skipSpace()
        guard index == bytes.count else { return nil }
        switch kind {
        case .unread: return nil
        case .ping: return .ping
        case .location:
            guard let update = try? readings?.update() else { return nil }
            return .location(update)
        }
    }

    private func kindNamed(_ range: Range<Int>) -> Kind? {
        if matches(range, "location_update") { return .location }
        return matches(range, "ping") ? .ping : nil
    }

    private mutating func data() -> LocationReadings? {
        index += 1
        var readings = LocationReadings()
        skipSpace()
        if take(UInt8(ascii: "}")) { return readings }
        repeat {
            guard let key = nextKey(), let value = scalar() else { return nil }
            store(value, under: key, in: &readings)
            skipSpace()
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "}")) ? readings : nil
    }

    private mutating func store(_ value: Scalar, under key: Range<Int>, in readings: inout LocationReadings) {
        guard let field = field(named: key) else { return }
        if values != nil { note(value, of: field) }
        switch field {
        case .latitude: readings.latitude = reading(value)
        case .longitude: readings.longitude = reading(value)
        case .lat: readings.lat = reading(value)
        case .lng: readings.lng = reading(value)
        case .accuracy: readings.accuracy = reading(value)
        case .heading: readings.heading = reading(value)
        case .speed: readings.speed = reading(value)
        case .battery: readings.battery = reading(value)
        case .timestamp: readings.timestamp = time(value)
        case .orderID: readings.orderID = identifier(value)
        }
    }

    private func field(named key: Range<Int>) -> ScannedValue.Field? {
        switch key.count {
        case 3: matches(key, "lat") ? .lat : matches(key, "lng") ? .lng : nil
        case 5: matches(key, "speed") ? .speed : nil
        case 7: matches(key, "heading") ? .heading : nil
        case 8:
            matches(key, "latitude")
                ? .latitude : matches(key, "accuracy") ? .accuracy : matches(key, "order_id") ? .orderID : nil
        case 9: matches(key, "longitude") ? .longitude : matches(key, "timestamp") ? .timestamp : nil
        case 13: matches(key, "battery_level") ? .battery : nil
        default: nil
        }
    }

    private mutating func note(_ value: Scalar, of field: ScannedValue.Field) {
        let noted: ScannedValue =
            switch value {
            case .number(let start, let end): ScannedValue(field: field, isNumber: true, start: start, end: end)
            case .text(let start, let end): ScannedValue(field: field, isNumber: false, start: start, end: end)
            case .null, .boolean: ScannedValue(field: field, isNumber: false, start: index, end: index)
            }
        values?.append(noted)
    }

    private func reading(_ value: Scalar) -> LocationReadings.Reading {
        switch value {
        case .null: .absent
        case .number(let start, let end): .number(NumberLiteral.double(slice(start, end)))
        case .text, .boolean: .unusable
        }
    }

    private func time(_ value: Scalar) -> LocationReadings.Reading {
        guard case .text(let start, let end) = value else { return reading(value).asEpoch }
        return LocationReadings.Reading(time: WireTime.parse(slice(start, end)))
    }

    private func identifier(_ value: Scalar) -> Int64? {
        switch value {
        case .null, .boolean: nil
        case .number(let start, let end):
            JSONNumber(literal: String(decoding: slice(start, end), as: UTF8.self)).int64
        case .text(let start, let end): Int64(String(decoding: slice(start, end), as: UTF8.self))
        }
    }

    // MARK: - Grammar

    private func slice(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    private func peek() -> UInt8 { index < bytes.count ? bytes[index] : 0 }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }

    /// Takes a key and its colon; the next byte that is no white space starts the value.
    private mutating func nextKey() -> Range<Int>? {
        skipSpace()
        guard peek() == UInt8(ascii: "\""), let key = plainText() else { return nil }
        skipSpace()
        guard take(UInt8(ascii: ":")) else { return nil }
        skipSpace()
        return key
    }

    /// A string of printable ASCII without escapes; nil for any other.
    private mutating func plainText() -> Range<Int>? {
        index += 1
        let start = index
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                index += 1
                return start..<index - 1
            }
            guard byte >= 0x20, byte < 0x80, byte != UInt8(ascii: "\\") else { return nil }
            index += 1
        }
        return nil
    }

    private mutating func scalar() -> Scalar? {
        switch peek() {
        case UInt8(ascii: "\""): return plainText().map { .text(start: $0.lowerBound, end: $0.upperBound) }
        case UInt8(ascii: "n"): return word("null") ? .null : nil
        case UInt8(ascii: "t"): return word("true") ? .boolean : nil
        case UInt8(ascii: "f"): return word("false") ? .boolean : nil
        case UInt8(ascii: "-"), 0x30...0x39:
            guard let end = JSONGrammar.endOfNumber(bytes, from: index) else { return nil }
            defer { index = end }
            return .number(start: index, end: end)
        default: return nil
        }
    }

    private mutating func word(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard index + length <= bytes.count, matches(index..<index + length, word) else { return false }
        index += length
        return true
    }

    @inline(__always)
    private func matches(_ range: Range<Int>, _ word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        for offset in 0..<range.count where bytes[range.lowerBound + offset] != word.utf8Start[offset] { return false }
        return true
    }
}
