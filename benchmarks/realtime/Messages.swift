import Glibc

/// The frames that a phone sends, masked.
enum Messages {
    static let mask: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

    /// A client's frame.
    static func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, masked: Bool = true) -> [UInt8] {
        var frame: [UInt8] = [(isFinal ? 0x80 : 0) | opcode]
        let maskBit: UInt8 = masked ? 0x80 : 0
        if payload.count < 126 {
            frame.append(maskBit | UInt8(payload.count))
        } else {
            frame += [maskBit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        }
        guard masked else { return frame + payload }
        frame += mask
        for (index, byte) in payload.enumerated() { frame.append(byte ^ mask[index & 3]) }
        return frame
    }

    static let ping = frame(1, Array(#"{"type":"ping"}"#.utf8))

    /// What a broken or hostile client may send, one violation or refused message each. The gateway closes after some
    /// of them and answers others with an error.
    static let bad: [[UInt8]] = [
        frame(1, Array("{not json".utf8)),
        frame(1, Array(#"{"type":"location_update","data":{"latitude":"x","longitude":500}}"#.utf8)),
        frame(1, Array(#"{"type":"nonsense"}"#.utf8)),
        frame(1, Array(#"{"type":"location_update"}"#.utf8)),
        frame(1, [UInt8](repeating: UInt8(ascii: "["), count: 16_000)),
        frame(1, [0xC0, 0xAF, 0xFF]),
        frame(2, [1, 2, 3]),
        frame(1, Array(#"{"type":"ping"}"#.utf8), masked: false),
        frame(3, []),
        frame(9, [UInt8](repeating: 7, count: 126)),
        frame(9, [], isFinal: false),
        frame(0, Array("astray".utf8)),
        [0x81, 0xFF, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4],
        [0xF1, 0x80, 1, 2, 3, 4],
        frame(8, [0x03]),
        frame(8, [0x03, 0xEC]),
        frame(1, Array("half".utf8), isFinal: false) + frame(1, Array("another".utf8)),
        frame(1, [UInt8](repeating: UInt8(ascii: "a"), count: 20_000)),
    ]
}

/// A position's frame whose digits are changed in place: the load generator must cost less than the server.
struct PositionFrame {
    private(set) var bytes: [UInt8]
    private let latitude: Int
    private let longitude: Int
    private let clock: Int

    init() {
        let text =
            #"{"type":"location_update","data":{"latitude":12.900000,"longitude":77.500000,"accuracy":10.5,"heading":180.0,"#
            + #""speed":25.5,"battery_level":75,"timestamp":"2026-01-01T00:00:00.000Z"}}"#
        let payload = Array(text.utf8)
        bytes = Messages.frame(1, payload)
        let start = bytes.count - payload.count
        func end(of part: String) -> Int {
            let part = Array(part.utf8)
            let found = payload.indices.first { payload[$0...].starts(with: part) }
            return start + (found ?? 0) + part.count
        }
        latitude = end(of: #""latitude":12."#)
        longitude = end(of: #""longitude":77."#)
        clock = end(of: #""timestamp":""#)
    }

    /// Sets where and when; degrees are in millionths beyond 12 and 77.
    mutating func set(latitude north: Int, longitude east: Int, milliseconds: Int) {
        put(north, digits: 6, at: latitude)
        put(east, digits: 6, at: longitude)
        let (days, within) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let (year, month, day) = Self.date(days)
        put(year, digits: 4, at: clock)
        put(month, digits: 2, at: clock + 5)
        put(day, digits: 2, at: clock + 8)
        put(within / 3_600_000, digits: 2, at: clock + 11)
        put(within / 60_000 % 60, digits: 2, at: clock + 14)
        put(within / 1000 % 60, digits: 2, at: clock + 17)
        put(within % 1000, digits: 3, at: clock + 20)
    }

    private mutating func put(_ value: Int, digits: Int, at start: Int) {
        var value = value
        for index in stride(from: start + digits - 1, through: start, by: -1) {
            // The header has 8 bytes, so a byte's place in the mask is its index.
            bytes[index] = UInt8(0x30 + value % 10) ^ Messages.mask[index & 3]
            value /= 10
        }
    }

    /// Year, month and day of a count of days since 1970 (H. Hinnant, "chrono-compatible low-level date algorithms").
    private static func date(_ days: Int) -> (Int, Int, Int) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the text stands anywhere in these bytes.
    func contains(_ text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard let start = baseAddress, count >= length else { return false }
        return (0...(count - length)).contains { memcmp(start + $0, text.utf8Start, length) == 0 }
    }
}
