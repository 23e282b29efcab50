import Contract
import Foundation
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "01", "1.", ".1", "+1", "1e", "--1", "tru", "nul", "\"", "\"\\x\"",
        "\"\\u12\"",
        "\"\u{1}\"", "[1 2]", "{\"a\" 1}", "{a:1}", "1 2", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\u{FEFF}1", "'a'",
        "NaN", "Infinity",
    ])
    func whatIsNoJSONIsRefused(text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func escapesReadAsTheirCharacters() throws {
        let json = try JSON(parsing: #""\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00""#)
        #expect(json.text == "\"\\/\u{8}\u{C}\n\r\té😀")
    }

    @Test func theLastOfRepeatedKeysCounts() throws {
        #expect(try JSON(parsing: #"{"a":1,"a":2}"#)["a"]?.int64 == 2)
    }

    @Test(arguments: [(31, true), (32, true), (33, false)])
    func nestingIsBounded(depth: Int, isRead: Bool) {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(((try? JSON(parsing: text)) != nil) == isRead)
    }

    @Test func writtenValuesReadBack() throws {
        let text = #"{"a":[1,2.5,-3e10,null,true,false,"x\n\"\\é"],"b":{}}"#
        let json = try JSON(parsing: text)
        var writer = JSONWriter()
        writer.value(json)
        #expect(try JSON(parsing: writer.bytes) == json)
    }

    /// Foundation's parser as a second opinion on random edits of real texts. It is looser in two known points (it
    /// reads lone surrogates and other encodings), so only texts that we read are compared.
    @Test func whatWeReadFoundationReadsToo() throws {
        var generator = ScannerAgreementTests.SeededGenerator(state: 77)
        var read = 0
        for round in 0..<20_000 {
            let corpus = ScannerAgreementTests.corpus
            let bytes = ScannerAgreementTests.mutate(corpus[round % corpus.count], using: &generator)
            guard let ours = try? JSON(parsing: bytes) else { continue }
            read += 1
            guard !bytes.contains(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }) || ours.isObject else {
                continue
            }
            let theirs = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
            #expect(
                theirs != nil || bytes.count > 20 && Self.hasHugeNumber(bytes),
                "\(String(decoding: bytes, as: UTF8.self))")
        }
        #expect(read > 1000)
    }

    private static func hasHugeNumber(_ bytes: [UInt8]) -> Bool {
        bytes.contains(UInt8(ascii: "e")) || bytes.contains(UInt8(ascii: "E"))
    }

    static let amounts: [(String, Int, Int64?)] = [
        ("45.50", 2, 4550), ("45.5", 2, 4550), ("0.1", 2, 10), ("45.505", 2, 4551), ("-45.505", 2, -4551),
        ("1e2", 2, 10_000),
        ("1.25e1", 2, 1250), ("125e-1", 2, 1250), ("0", 2, 0), ("0.004", 2, 0), ("0.005", 2, 1),
        ("92233720368547758.07", 2, .max),
        ("92233720368547758.08", 2, nil), ("1e300", 2, nil), ("3.2", 3, 3200), ("0e999", 2, 0), ("4.35", 2, 435),
        ("1.005", 2, 101),
    ]

    @Test(arguments: amounts)
    func amountsAreReadOnTheirDigits(text: String, scale: Int, expected: Int64?) throws {
        #expect(try JSON(parsing: text).scaled(byPowerOfTen: scale) == expected)
    }

    @Test(arguments: [
        ("105", 105), ("105.0", 105), ("1.05e2", 105), ("105.5", nil), ("9223372036854775808", nil), ("-0", 0),
    ])
    func wholeNumbersAreExact(text: String, expected: Int64?) throws {
        #expect(try JSON(parsing: text).int64 == expected)
    }

    @Test(arguments: [
        "0.1", "28.7041", "77.10250000000001", "1e-320", "123456789012345678901234567890", "4.9e-324", "-0.0",
        "9007199254740993",
    ])
    func doublesAreTheNearest(text: String) throws {
        #expect(try JSON(parsing: text).double == Double(text))
    }

    @Test(arguments: [(4550, "45.50"), (0, "0.00"), (5, "0.05"), (-4551, "-45.51"), (100_000_000_001, "1000000000.01")])
    func moneyIsWrittenWithTwoDecimals(paise: Int64, text: String) {
        var writer = JSONWriter()
        writer.rupees(paise: paise)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test(arguments: [(3200, "3.2"), (0, "0"), (5125, "5.125"), (1000, "1"), (50, "0.05")])
    func kilometresCarryNoNeedlessZeros(metres: Int64, text: String) {
        var writer = JSONWriter()
        writer.kilometres(metres: metres)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test func aNumberThatIsNoneIsWrittenAsNull() {
        var writer = JSONWriter()
        writer.array([Double.nan, .infinity, -0.5]) { $0.double($1) }
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[null,null,-0.5]")
    }
}

@Suite struct UTF8ValidatorTests {
    static let texts: [([UInt8], Bool)] = [
        (Array("plain and long enough for words".utf8), true), (Array("é€😀".utf8), true), ([0xC0, 0xAF], false),
        ([0xE0, 0x80, 0x80], false),
        ([0xED, 0xA0, 0x80], false), ([0xF4, 0x90, 0x80, 0x80], false), ([0xF5], false), ([0x80], false),
        ([0xE2, 0x82], false), ([], true),
        ([0xF4, 0x8F, 0xBF, 0xBF], true), ([0xEF, 0xBF, 0xBF], true),
    ]

    @Test(arguments: texts)
    func itFollowsTheStandard(bytes: [UInt8], isValid: Bool) {
        #expect(bytes.withUnsafeBytes(UTF8Validator.isValid) == isValid)
        var piecewise = UTF8Validator()
        let all = bytes.allSatisfy { byte in [byte].withUnsafeBytes { piecewise.consume($0) } }
        #expect((all && piecewise.isComplete) == isValid)
    }

    @Test func itAgreesWithTheStandardLibraryOnRandomBytes() {
        var generator = ScannerAgreementTests.SeededGenerator(state: 5)
        let bytes: [UInt8] = [0x41, 0x80, 0xBF, 0xC2, 0xE0, 0xA0, 0xED, 0x9F, 0xF0, 0x90, 0xF4, 0x8F, 0xEF, 0xF1]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                bytes[Int.random(in: 0..<bytes.count, using: &generator)]
            }
            let expected = String(validating: text, as: UTF8.self) != nil
            #expect(text.withUnsafeBytes(UTF8Validator.isValid) == expected)
        }
    }
}
