import Contract
import Testing

@Suite struct DriverMessageTests {
    private func position(_ data: String) throws -> LocationUpdate {
        let message = try DriverMessage.decode(Array(#"{"type":"location_update","data":{\#(data)}}"#.utf8))
        guard case .location(let update) = message else { throw MessageRefusal.missingData }
        return update
    }

    @Test func integersAreAcceptedForFloats() throws {
        let update = try position(#""latitude":12,"longitude":77,"heading":90,"speed":0,"accuracy":5"#)
        #expect(update == LocationUpdate(latitude: 12, longitude: 77, accuracy: 5, heading: 90, speed: 0))
    }

    @Test func nullMeansAbsent() throws {
        let update = try position(
            #""latitude":null,"lat":12.5,"lng":77,"heading":null,"battery_level":null,"timestamp":null"#)
        #expect(update == LocationUpdate(latitude: 12.5, longitude: 77))
    }

    @Test func theSeedsNamesWinOverTheApps() throws {
        let update = try position(#""lat":1,"lng":2,"latitude":3,"longitude":4"#)
        #expect(update == LocationUpdate(latitude: 3, longitude: 4))
    }

    @Test(arguments: ["heading", "speed", "battery_level", "accuracy"])
    func minusOneMeansUnknownAndIsNoError(field: String) throws {
        #expect(try position(#""lat":1,"lng":2,"\#(field)":-1"#) == LocationUpdate(latitude: 1, longitude: 2))
        #expect(try position(#""lat":1,"lng":2,"\#(field)":-1.0"#) == LocationUpdate(latitude: 1, longitude: 2))
    }

    static let badValues: [(String, RejectedFields)] = [
        (#""heading":361"#, .heading), (#""heading":"north""#, .heading), (#""speed":-2"#, .speed),
        (#""speed":1e99"#, .speed), (#""battery_level":101"#, .battery), (#""battery_level":{"a":[1]}"#, .battery),
        (#""accuracy":true"#, .accuracy), (#""timestamp":"yesterday""#, .timestamp), (#""timestamp":-5"#, .timestamp),
        (#""heading":[],"speed":"x""#, [.heading, .speed]),
    ]

    @Test(arguments: badValues)
    func aBadOptionalValueIsReportedAndThePositionKept(value: String, rejected: RejectedFields) throws {
        let update = try position(#""lat":1,"lng":2,\#(value)"#)
        #expect(update == LocationUpdate(latitude: 1, longitude: 2, rejected: rejected))
    }

    @Test(arguments: ["90.0001", "-91", "\"12\"", "true", "{}", "1e400"])
    func aBadLatitudeRefusesTheMessage(value: String) {
        #expect(throws: MessageRefusal.badLatitude) { try position(#""latitude":\#(value),"longitude":1"#) }
    }

    @Test(arguments: ["180.0001", "-181", "\"12\"", "[1]"])
    func aBadLongitudeRefusesTheMessage(value: String) {
        #expect(throws: MessageRefusal.badLongitude) { try position(#""latitude":1,"longitude":\#(value)"#) }
    }

    @Test(arguments: ["90", "-90"], ["180", "-180"])
    func theEdgesOfTheGlobeAreOnIt(latitude: String, longitude: String) throws {
        #expect(try position(#""latitude":\#(latitude),"longitude":\#(longitude)"#).rejected.isEmpty)
    }

    @Test func aMissingCoordinateRefusesTheMessage() {
        #expect(throws: MessageRefusal.badLatitude) { try position(#""longitude":1"#) }
        #expect(throws: MessageRefusal.badLongitude) { try position(#""latitude":1"#) }
    }

    static let refusals: [(String, MessageRefusal)] = [
        ("", .malformedJSON), ("{", .malformedJSON), ("NaN", .malformedJSON), (#"{"type":"ping"}}"#, .malformedJSON),
        (#"{"type":"ping",}"#, .malformedJSON),
        (#"{"type":"location_update","data":{"latitude":NaN}}"#, .malformedJSON),
        (#"{"type":"location_update","data":{"latitude":01,"longitude":2}}"#, .malformedJSON),
        ("[]", .notAnObject), ("\"ping\"", .notAnObject), ("null", .notAnObject), ("{}", .missingType),
        (#"{"type":7}"#, .missingType), (#"{"type":"location_update"}"#, .missingData),
        (#"{"type":"location_update","data":null}"#, .missingData), (#"{"type":"ack"}"#, .badSequence),
        (#"{"type":"ack","seq":-1}"#, .badSequence), (#"{"type":"ack","seq":1.5}"#, .badSequence),
    ]

    @Test(arguments: refusals)
    func aRefusalNamesItsReason(text: String, refusal: MessageRefusal) {
        #expect(throws: refusal) { try DriverMessage.decode(Array(text.utf8)) }
        #expect(!refusal.detail.isEmpty)
    }

    @Test func unknownKeysAreIgnored() throws {
        let text = #"{"v":2,"type":"ping","extra":{"deep":[1,{"x":"\u0041"}]}}"#
        #expect(try DriverMessage.decode(Array(text.utf8)) == .ping)
        #expect(
            try position(#""lat":1,"lng":2,"altitude":920,"sensors":["gps"]"#)
                == LocationUpdate(latitude: 1, longitude: 2))
    }

    @Test func anUnknownTypeIsNamedAndCut() throws {
        let long = String(repeating: "x", count: 500)
        #expect(
            try DriverMessage.decode(Array(#"{"type":"\#(long)"}"#.utf8)) == .unknown(type: String(long.prefix(64))))
    }

    @Test(arguments: [("\"107\"", 107), ("107", 107), ("\"pool-7\"", nil), ("null", nil), ("{}", nil), ("1.5", nil)])
    func anOrderIDOfAnyKindNeverSpoilsThePosition(value: String, id: Int64?) throws {
        let update = try position(#""lat":1,"lng":2,"order_id":\#(value)"#)
        #expect(update == LocationUpdate(latitude: 1, longitude: 2, orderID: id))
    }

    @Test func timesComeInSecondsMillisecondsOrText() throws {
        let expected = LocationUpdate(latitude: 1, longitude: 2, recordedAt: 1_763_548_200_000)
        for value in ["1763548200", "1763548200000", "\"2025-11-19T16:00:00+05:30\"", "\"2025-11-19T10:30:00\""] {
            #expect(try position(#""lat":1,"lng":2,"timestamp":\#(value)"#) == expected, "\(value)")
        }
    }
}
