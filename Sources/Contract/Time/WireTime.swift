/// Moments on the wire: ISO 8601, written in UTC, read with any offset.
///
/// Hand-written because a general formatter costs about a hundred times as much, and every position carries a time. The
/// calendar arithmetic is Howard Hinnant's "chrono-compatible low-level date algorithms" (days_from_civil and its
/// inverse).
package enum WireTime {
    private static let earliest: Int64 = -62_135_596_800_000  // 0001-01-01
    private static let latest: Int64 = 253_402_300_799_999  // 9999-12-31

    /// `2025-11-19T10:30:00Z`, with three decimals only when the moment is not on a whole second. Moments outside the
    /// years 1 to 9999 are clamped.
    package static func format(milliseconds: Int64) -> String {
        var bytes: [UInt8] = []
        append(milliseconds: milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends what ``format(milliseconds:)`` returns.
    package static func append(milliseconds: Int64, to bytes: inout [UInt8]) {
        let moment = min(max(milliseconds, earliest), latest)
        let (days, inDay) = floorDivide(moment, by: 86_400_000)
        let date = civil(fromDays: days)
        appendDigits(date.year, width: 4, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDigits(date.month, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "-"))
        appendDigits(date.day, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: "T"))
        appendDigits(inDay / 3_600_000, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(inDay / 60_000 % 60, width: 2, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
        appendDigits(inDay / 1000 % 60, width: 2, to: &bytes)
        if inDay % 1000 != 0 {
            bytes.append(UInt8(ascii: "."))
            appendDigits(inDay % 1000, width: 3, to: &bytes)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// `2025-11-19`: the calendar day of a moment in UTC shifted by an offset.
    package static func formatDay(milliseconds: Int64, offsetSeconds: Int64 = 0) -> String {
        let (shifted, _) = milliseconds.addingReportingOverflow(offsetSeconds * 1000)
        return String(format(milliseconds: shifted).prefix(10))
    }

    /// Reads a date and time; nil when it is none. Without an offset it is taken as UTC; a fraction is cut to
    /// milliseconds; a leap second reads as the second before it.
    package static func parse(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { parse(UnsafeRawBufferPointer($0)) }
    }

    /// The start of a calendar day `YYYY-MM-DD` in UTC; nil when it is none.
    package static func parseDay(_ text: String) -> Int64? {
        guard text.utf8.count == 10 else { return nil }
        return parse(text + "T00:00:00Z")
    }

    /// Reads a date and time from bytes; see ``parse(_:)-(String)``.
    package static func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        var reader = DigitReader(bytes: bytes)
        guard let days = date(&reader), reader.takeSeparator(),
            let hour = reader.digits(2), hour < 24, reader.take(UInt8(ascii: ":")),
            let minute = reader.digits(2), minute < 60
        else { return nil }
        var second: Int64 = 0
        var fraction: Int64 = 0
        if reader.take(UInt8(ascii: ":")) {
            guard let value = reader.digits(2), value <= 60 else { return nil }
            second = min(value, 59)
            if reader.take(UInt8(ascii: ".")) || reader.take(UInt8(ascii: ",")) {
                guard let value = reader.milliseconds() else { return nil }
                fraction = value
            }
        }
        guard let offset = reader.offsetMinutes(), reader.isAtEnd else { return nil }
        return (((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1000 + fraction
    }

    /// The day that was read last: the next time is nearly always of the same one.
    struct KnownDay: Sendable {
        /// "1970-01-" and "01" as they lie in memory.
        fileprivate var yearMonth = UInt64(littleEndian: 0x2D31_302D_3037_3931)
        fileprivate var day = UInt16(littleEndian: 0x3130)
        /// Its start, milliseconds since 1970.
        fileprivate var start: Int64 = 0

        init() {}

        fileprivate init(yearMonth: UInt64, day: UInt16, start: Int64) {
            (self.yearMonth, self.day, self.start) = (yearMonth, day, start)
        }
    }

    /// Reads `2025-11-19T10:30:00Z`, or `2025-11-19T10:30:00.000Z` with `millisecond`, and nothing else; see
    /// ``parse(_:)-(UnsafeRawBufferPointer)``, with which it agrees on what it reads.
    ///
    /// - Parameter text: 20 or 24 bytes.
    static func utc(_ text: UnsafeRawBufferPointer, millisecond: Bool, _ known: inout KnownDay) -> Int64? {
        guard text.count == (millisecond ? 24 : 20) else { return nil }
        let yearMonth = text.loadUnaligned(as: UInt64.self)
        let day = text.loadUnaligned(fromByteOffset: 8, as: UInt16.self)
        if yearMonth != known.yearMonth || day != known.day {
            guard let start = startOfDay(text) else { return nil }
            known = KnownDay(yearMonth: yearMonth, day: day, start: start)
        }
        let (hour, minute, second) = (pair(text, 11), pair(text, 14), pair(text, 17))
        var isSound = hour < 24 && minute < 60 && second < 60 && text[10] == UInt8(ascii: "T")
        isSound = isSound && text[13] == UInt8(ascii: ":") && text[16] == UInt8(ascii: ":")
        var time = ((hour &* 60 &+ minute) &* 60 &+ second) &* 1000
        if millisecond {
            let (tens, ones) = (pair(text, 20), text[22] &- 0x30)
            isSound = isSound && text[19] == UInt8(ascii: ".") && tens < 100 && ones < 10
            time &+= tens &* 10 &+ Int64(ones)
        }
        guard isSound, text[millisecond ? 23 : 19] == UInt8(ascii: "Z") else { return nil }
        return known.start + time
    }

    /// The number of two digits; a large one where there are none.
    @inline(__always)
    private static func pair(_ text: UnsafeRawBufferPointer, _ index: Int) -> Int64 {
        let (tens, ones) = (text[index] &- 0x30, text[index + 1] &- 0x30)
        return tens < 10 && ones < 10 ? Int64(tens) &* 10 &+ Int64(ones) : 1000
    }

    private static func startOfDay(_ text: UnsafeRawBufferPointer) -> Int64? {
        var reader = DigitReader(bytes: UnsafeRawBufferPointer(rebasing: text[..<10]))
        return date(&reader).map { $0 * 86_400_000 }
    }

    /// Days since 1970 of `2025-11-19`.
    private static func date(_ reader: inout DigitReader) -> Int64? {
        guard let year = reader.digits(4), reader.take(UInt8(ascii: "-")),
            let month = reader.digits(2), (1...12).contains(month), reader.take(UInt8(ascii: "-")),
            let day = reader.digits(2), day >= 1, day <= daysIn(month: month, year: year)
        else { return nil }
        return daysFromCivil(year: year, month: month, day: day)
    }

    // MARK: - Calendar

    private static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func daysFromCivil(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(shifted, by: 400)
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func appendDigits(_ value: Int64, width: Int, to bytes: inout [UInt8]) {
        var divisor: Int64 = width == 4 ? 1000 : width == 3 ? 100 : 10
        for _ in 0..<width {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

/// Reads fixed fields of digits out of a time.
private struct DigitReader {
    let bytes: UnsafeRawBufferPointer
    var index = 0

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index == bytes.count }

    mutating func digits(_ count: Int) -> Int64? {
        guard index + count <= bytes.count else { return nil }
        var value: Int64 = 0
        for offset in index..<index + count {
            guard JSONGrammar.isDigit(bytes[offset]) else { return nil }
            value = value * 10 + Int64(bytes[offset] - 0x30)
        }
        index += count
        return value
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    mutating func takeSeparator() -> Bool {
        take(UInt8(ascii: "T")) || take(UInt8(ascii: "t")) || take(UInt8(ascii: " "))
    }

    mutating func milliseconds() -> Int64? {
        var value: Int64 = 0
        var places = 0
        while index < bytes.count, JSONGrammar.isDigit(bytes[index]) {
            if places < 3 { value = value * 10 + Int64(bytes[index] - 0x30) }
            places += 1
            index += 1
        }
        guard places > 0, places <= 12 else { return nil }
        return places == 1 ? value * 100 : places == 2 ? value * 10 : value
    }

    mutating func offsetMinutes() -> Int64? {
        if isAtEnd || take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) { return 0 }
        let negative = take(UInt8(ascii: "-"))
        guard negative || take(UInt8(ascii: "+")), let hours = digits(2), hours < 24 else { return nil }
        var minutes: Int64 = 0
        if !isAtEnd {
            _ = take(UInt8(ascii: ":"))
            guard let value = digits(2), value < 60 else { return nil }
            minutes = value
        }
        let total = hours * 60 + minutes
        return negative ? -total : total
    }
}
