import Contract
import Foundation
import Testing

@Suite struct WireTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"), (1_763_548_200_000, "2025-11-19T10:30:00Z"),
        (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
        (-1, "1969-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func momentsReadAndWriteTheSame(milliseconds: Int64, text: String) {
        #expect(WireTime.format(milliseconds: milliseconds) == text)
        #expect(WireTime.parse(text) == milliseconds)
    }

    @Test func absurdMomentsAreClamped() {
        #expect(WireTime.format(milliseconds: .max) == "9999-12-31T23:59:59.999Z")
        #expect(WireTime.format(milliseconds: .min) == "0001-01-01T00:00:00Z")
    }

    @Test(arguments: [
        "2025-11-19T16:00:00+05:30", "2025-11-19T16:00:00+0530", "2025-11-19 10:30:00", "2025-11-19T10:30Z",
        "2025-11-19T10:30:00.000000Z",
        "2025-11-19t10:30:00z", "2025-11-19T00:30:00-10", "2025-11-19T10:30:00,0Z",
    ])
    func usualSpellingsAreRead(text: String) {
        #expect(WireTime.parse(text) == 1_763_548_200_000)
    }

    @Test(arguments: [
        "", "2025-11-19", "2025-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2025-11-19T24:00:00Z",
        "2025-11-19T10:60:00Z", "2025-11-19T10:30:61Z",
        "2025-11-19T10:30:00.Z", "2025-11-19T10:30:00Zx", "2025-11-19T10:30:00+5:30", "25-11-19T10:30:00Z",
        "2025-11-19T10:30:00+24:00",
    ])
    func whatIsNoTimeIsRefused(text: String) {
        #expect(WireTime.parse(text) == nil)
    }

    @Test func itAgreesWithFoundationAcrossTheCenturies() {
        var moment: Int64 = -2_208_988_800_000
        while moment < 7_258_118_400_000 {
            let expected = Date(timeIntervalSince1970: Double(moment / 1000)).formatted(.iso8601)
            #expect(WireTime.format(milliseconds: moment / 1000 * 1000) == expected)
            #expect(WireTime.parse(expected) == moment / 1000 * 1000)
            moment += 86_400_000 * 97 + 12_345_678
        }
    }

    @Test func aDayIsTheDayOfItsPlace() {
        #expect(WireTime.formatDay(milliseconds: 1_763_580_600_000, offsetSeconds: 19_800) == "2025-11-20")
        #expect(WireTime.formatDay(milliseconds: 1_763_580_600_000) == "2025-11-19")
        #expect(WireTime.parseDay("2025-11-19") == 1_763_510_400_000)
        #expect(WireTime.parseDay("2025-11-31") == nil)
    }
}
