import Contract
import Testing

/// The hand-written scanner and the general decoder must never disagree, whatever the bytes.
@Suite struct ScannerAgreementTests {
    /// SplitMix64 (Steele, Lea, Flood 2014): small, seeded, good enough to mutate text.
    struct SeededGenerator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    static let corpus = [
        #"{"type":"ping"}"#,
        #" { "type" : "ping" , "data" : null } "#,
        #"{"type":"location_update","data":{"latitude":28.7041,"longitude":77.1025,"accuracy":10.5,"heading":180.0,"speed":25.5,"battery_level":75,"timestamp":"2025-11-19T10:30:00Z"}}"#,
        #"{"type":"location_update","data":{"lat":-28.7041e0,"lng":1.771025E2,"status":"ONLINE","order_id":"105","accuracy":null,"heading":-1,"speed":0.1,"battery_level":100.4,"timestamp":1763548200}}"#,
        #"{"data":{"lat":0.30000000000000004,"lng":179.99999999999999999,"order_id":1e2},"type":"location_update"}"#,
        #"{"type":"ack","seq":12}"#,
    ]
    static let pieces = [
        "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "true", "-", "0", "00", "1e5", ".5", "5.", " ", "\t", "\n",
        "\u{0}", "é",
        "\"type\":\"ping\"", "\"lat\":1", "\"longitude\":-181", "\"data\":{}", "e", "E+", "-1", "\\u0041",
        "999999999999999999999",
        "\"timestamp\":\"2024-02-30T00:00:00Z\"", "\"heading\":360.00001", "\"order_id\":\"9\"",
    ]

    static func mutate(_ text: String, using generator: inout SeededGenerator) -> [UInt8] {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let at = Int.random(in: 0...bytes.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where at < bytes.count: bytes[at] = UInt8.random(in: 0...255, using: &generator)
            case 1 where at < bytes.count: bytes.remove(at: at)
            case 2: bytes.insert(contentsOf: Array((pieces.randomElement(using: &generator) ?? "").utf8), at: at)
            case 3: bytes = Array(bytes[..<at])
            default:
                let end = Int.random(in: at...bytes.count, using: &generator)
                bytes.insert(contentsOf: Array(bytes[at..<end]), at: end)
            }
        }
        return bytes
    }

    /// The scanner alone, so that a disagreement cannot hide behind the fallback.
    static func disagreement(on bytes: [UInt8], scan: (UnsafeRawBufferPointer) -> DriverMessage?) -> String? {
        let copy = bytes
        return copy.withUnsafeBytes { buffer in
            guard let scanned = scan(buffer) else { return nil }
            let general = try? DriverMessage.decodeGenerally(buffer)
            return general == scanned ? nil : String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4])
    func theyAgreeOnMutatedMessages(seed: UInt64) {
        var generator = SeededGenerator(state: seed)
        var scanned = 0
        for round in 0..<40_000 {
            let bytes = Self.mutate(Self.corpus[round % Self.corpus.count], using: &generator)
            if let text = Self.disagreement(on: bytes, scan: DriverMessageScanner.scan) {
                Issue.record("seed \(seed): \(text)")
                return
            }
            if bytes.withUnsafeBytes({ DriverMessageScanner.scan($0) }) != nil { scanned += 1 }
        }
        #expect(scanned > 1000, "most mutations break the message, but not all: \(scanned)")
    }

    @Test func theScannerItselfReadsTheHotMessages() {
        for text in Self.corpus.prefix(5) {
            let read = Array(text.utf8).withUnsafeBytes { DriverMessageScanner.scan($0) }
            #expect(read != nil, "\(text)")
        }
    }

    @Test func theCheckerNoticesAScannerThatForgetsTheLastBrace() {
        let careless: (UnsafeRawBufferPointer) -> DriverMessage? = { $0.count > 10 ? .ping : nil }
        #expect(Self.disagreement(on: Array(#"{"type":"ping""#.utf8), scan: careless) != nil)
    }
}
