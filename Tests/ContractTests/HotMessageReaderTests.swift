import Contract
import Testing

/// A memory of earlier messages must not change what a message means.
@Suite struct HotMessageReaderTests {
    typealias Generator = ScannerAgreementTests.SeededGenerator

    static let forms = [
        #"{"type":"location_update","data":{"latitude":28.7041,"longitude":77.1025,"accuracy":10.5,"heading":180.0,"speed":25.5,"battery_level":75,"timestamp":"2025-11-19T10:30:00Z"}}"#,
        #"{"type":"location_update","data":{"latitude":12.900000,"longitude":77.500000,"accuracy":10.5,"heading":-1,"speed":null,"battery_level":75.6,"timestamp":"2026-01-01T00:00:00.000Z"}}"#,
        #"{"data": {"lng":-7.25, "lat":0,"status":"ONLINE","order_id":105,"timestamp":1763548200} , "type":"location_update" }"#,
        #"{"type":"location_update","data":{"lat":1.5,"lng":2.5,"speed":"fast","heading":999,"order_id":"9","extra":true}}"#,
        #"{"type":"location_update","data":{"lat":1.5,"lng":2.5,"timestamp":"2025-11-19T10:30:00+05:30"}}"#,
        #"{"type":"ping"}"#,
    ]
    /// What a number may become.
    static let numbers = [
        "0", "-0", "-1", "1e2", "00", "01", "-", "12.", ".5", "90", "90.0000001", "-180", "360", "100.5",
        "9007199254740993", "123456789012345678901", "0.30000000000000004", "179.99999999999999999", "null",
        "\"7\"", "1.25E1", "99999999999", "100000000000", "1e400", "+1", "7 ",
    ]
    static let times = [
        "2024-02-29T23:59:59Z", "2023-02-29T00:00:00Z", "2025-11-19T24:00:00Z", "2025-12-31T23:59:60Z",
        "2025-11-19t10:30:00Z", "2025-11-19T10:30:00.1Z", "2025-11-19T10:30:00.999Z", "0000-01-01T00:00:00Z",
        "2025-11-19T10:30:00,500Z", "2025-11-19T10:30:00.5000Z", "2025-11-19", "", "2025-11-1 T10:30:00Z",
        "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.00xZ",
    ]

    /// Replaces one number or time by another, or else breaks the text anywhere.
    static func vary(_ text: String, using generator: inout Generator) -> [UInt8] {
        guard Int.random(in: 0..<4, using: &generator) > 0 else {
            return ScannerAgreementTests.mutate(text, using: &generator)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        var varied = parts
        let at = Int.random(in: 1..<parts.count, using: &generator)
        let digits = parts[at].prefix { $0.isNumber || $0 == "." || $0 == "-" }
        if digits.isEmpty, parts[at].hasPrefix("\"20") {
            varied[at] = "\"" + (times.randomElement(using: &generator) ?? "") + "\"}}"
            return Array(varied[...at].joined(separator: ":").utf8)
        }
        if !digits.isEmpty {
            let number =
                Bool.random(using: &generator)
                ? numbers.randomElement(using: &generator) ?? ""
                : "\(Double(Int.random(in: -2_000_000...2_000_000, using: &generator)) / 10_000)"
            varied[at] = number + parts[at].dropFirst(digits.count)
        }
        return Array(varied.joined(separator: ":").utf8)
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func itAgreesWithTheGeneralDecoderWhateverCameBefore(seed: UInt64) {
        var generator = Generator(state: seed)
        var reader = HotMessageReader()
        var read = 0
        for _ in 0..<30_000 {
            let bytes = Self.vary(Self.forms.randomElement(using: &generator) ?? "", using: &generator)
            bytes.withUnsafeBytes { buffer in
                guard let update = reader.location(buffer) else {
                    // What it does not read, the scanner does not read either.
                    if case .location? = DriverMessageScanner.scan(buffer) {
                        Issue.record("seed \(seed): not read: \(String(decoding: bytes, as: UTF8.self))")
                    }
                    return
                }
                read += 1
                if (try? DriverMessage.decodeGenerally(buffer)) != .location(update) {
                    Issue.record("seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
                }
            }
        }
        #expect(read > 5000, "\(read)")
    }

    /// One skeleton alone, so that a disagreement cannot hide behind the scanner.
    @Test(arguments: [UInt64(5), 6, 7])
    func aSkeletonReadsNothingOtherwiseThanTheScanner(seed: UInt64) throws {
        var generator = Generator(state: seed)
        for form in Self.forms.prefix(4) {
            let known = Array(form.utf8)
            var skeleton = try #require(known.withUnsafeBytes { LocationSkeleton(of: $0) })
            var read = 0
            for _ in 0..<10_000 {
                let bytes = Self.vary(form, using: &generator)
                bytes.withUnsafeBytes { buffer in
                    guard let update = skeleton.read(buffer) else { return }
                    read += 1
                    if DriverMessageScanner.scan(buffer) != .location(update) {
                        Issue.record("seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
                    }
                }
            }
            #expect(read > 1000, "\(form): \(read)")
        }
    }

    @Test(arguments: [
        // A key that comes twice, both names of a coordinate, two objects, a time with an offset as its only value.
        #"{"type":"location_update","data":{"lat":1,"lng":2,"speed":3,"speed":null}}"#,
        #"{"type":"location_update","data":{"lat":1,"latitude":null,"lng":2}}"#,
        #"{"data":{"speed":3},"type":"location_update","data":{"lat":1,"lng":2}}"#,
        #"{"type":"location_update","data":{"lat":1e0,"lng":2}}"#,
        #"{"type":"location_update","data":{"lat":91,"lng":2}}"#,
        #"{"type":"ping"}"#,
    ])
    func whatCannotBeReadByItsFormAloneHasNoSkeleton(text: String) {
        #expect(Array(text.utf8).withUnsafeBytes { LocationSkeleton(of: $0) } == nil)
    }

    @Test func aRefusalOfTheFirstMessageIsNotRemembered() throws {
        let first = Array(#"{"type":"location_update","data":{"lat":1,"lng":2,"heading":999,"speed":"fast"}}"#.utf8)
        let second = Array(#"{"type":"location_update","data":{"lat":3,"lng":4,"heading":9,"speed":"fast"}}"#.utf8)
        var reader = HotMessageReader()
        #expect(first.withUnsafeBytes { reader.location($0) }?.rejected == [.heading, .speed])
        let update = try #require(second.withUnsafeBytes { reader.location($0) })
        #expect(update == LocationUpdate(latitude: 3, longitude: 4, heading: 9, rejected: .speed))
    }

    @Test func aPingIsKnownByItsBytes() {
        let texts = [#"{"type":"ping"}"#, #"{"type":"pinG"}"#, #"{"type": "ping"}"#, #"{"typf":"ping"}"#, ""]
        #expect(texts.map { Array($0.utf8).withUnsafeBytes { HotMessageReader.isPing($0) } }.filter(\.self).count == 1)
        #expect(Array(texts[0].utf8).withUnsafeBytes { HotMessageReader.isPing($0) })
    }
}
