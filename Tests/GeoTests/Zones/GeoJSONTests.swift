import Geo
import Testing

@Suite struct GeoJSONTests {
    private func problem(_ text: String) -> ZoneProblem? {
        do {
            _ = try GeoJSON.zones(from: Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    private let square = #"{"type":"Polygon","coordinates":[[[77,12],[78,12],[78,13],[77,13],[77,12]]]}"#

    @Test func aCollectionIsReadWithIdsNamesAndProperties() throws {
        let text = """
            {"type":"FeatureCollection","features":[
            {"type":"Feature","id":7,"properties":{"name":"Koramangala \\u00e9\\ud83d\\ude00","fee":20},"geometry":\(square)},
            {"type":"Feature","properties":null,"geometry":{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}}]}
            """
        let zones = try GeoJSON.zones(from: Array(text.utf8))
        #expect(zones.map(\.id) == [7, nil])
        #expect(zones[0].name == "Koramangala é😀")
        #expect(zones[0].properties == [JSONText.Member("fee", .number(20))])
        #expect(zones[0].shape.polygons[0][0].count == 4)
        #expect(zones[0].shape.polygons[0][0][1] == GeoPolygon.Vertex(latitude: 12, longitude: 78))
    }

    @Test func whatIsWrittenReadsBackTheSame() throws {
        let zones = try GeoJSON.zones(from: Array(square.utf8))
        let again = try GeoJSON.zones(from: Array(GeoJSON.text(of: zones).utf8))
        #expect(again == zones)
        let clockwise = ZoneShape(polygons: zones[0].shape.polygons.map { $0.map { $0.reversed() } })
        let turned = ZoneFeature(id: 1, name: "x\"\n\u{1}", shape: clockwise)
        let read = try GeoJSON.zones(from: Array(GeoJSON.text(of: [turned]).utf8))
        #expect(read[0].name == turned.name)
        #expect(
            read[0].shape == zones[0].shape || Set(read[0].shape.polygons[0][0]) == Set(zones[0].shape.polygons[0][0]))
    }

    @Test(arguments: [
        ("", ZoneProblem.Code.notJSON), ("{", .notJSON), ("{\"type\":\"Polygon\"}x", .notJSON), ("[]", .notGeoJSON),
        (#"{"type":"Polygon"}"#, .notGeoJSON), (#"{"type":"Polygon","coordinates":[]}"#, .emptyGeometry),
        (#"{"type":"FeatureCollection","features":[]}"#, .noZones),
        (#"{"type":"MultiPolygon","coordinates":[]}"#, .emptyGeometry),
        (#"{"type":"GeometryCollection","geometries":[]}"#, .emptyGeometry),
        (#"{"type":"Feature","geometry":null}"#, .emptyGeometry),
        (#"{"type":"Point","coordinates":[1,2]}"#, .unsupportedGeometry),
        (#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[0,0]]]}"#, .coordinates),
        (#"{"type":"Polygon","coordinates":[[[0,0],[1,1],["a",2]]]}"#, .coordinates),
        (#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[1e999,2]]]}"#, .notJSON),
        (#"{"type":"Polygon","coordinates":[[[0,0],[1,1],[NaN,2]]]}"#, .notJSON),
        (#"{"type":"Polygon","coordinates":[[[12.9,177.5],[13,178],[13,177],[12.9,177.5]]]}"#, .swappedCoordinates),
        (#"{"type":"Polygon","coordinates":[[[600,12],[13,78],[13,77]]]}"#, .coordinates),
        (#"{"type":"Polygon","coordinates":[[[77,12],[78,12],[78,13],[77,13]]]}"#, .coordinates),
        (#"{"type":"Polygon","coordinates":[[[179,-1],[-179,-1],[-179,1],[179,1],[179,-1]]]}"#, .coordinates),
    ])
    func badFilesAreRefusedWithAReason(text: String, code: ZoneProblem.Code) {
        let problem = problem(text)
        #expect(problem?.code == code, "\(text): \(problem.map { "\($0)" } ?? "accepted")")
        #expect(problem?.description.isEmpty == false)
    }

    @Test func aRingOverTheAntimeridianGoesBeyond180AndNotAroundTheGlobe() throws {
        let ring = "[[[179,-1],[181,-1],[181,1],[179,1],[179,-1]]]"
        let zones = try GeoJSON.zones(from: Array("{\"type\":\"Polygon\",\"coordinates\":\(ring)}".utf8))
        #expect(zones[0].shape.areas?.first?.contains(try place(0, -179.5)) == true)
        let around = "[[[179,-1],[-179,-1],[-179,1],[179,1],[179,-1]]]"
        let reason = problem("{\"type\":\"Polygon\",\"coordinates\":\(around)}")?.reason ?? ""
        #expect(reason.contains("the long way around") && reason.contains("181"))
    }

    @Test func aByteOrderMarkAndABareFeatureAreRead() throws {
        let text = #"{"type":"Feature","name":"top","properties":null,"geometry":\#(square)}"#
        let zones = try GeoJSON.zones(from: [0xEF, 0xBB, 0xBF] + Array(text.utf8))
        #expect(zones.map(\.name) == ["top"])
        try ZoneFeature.check(zones)
    }

    @Test func zonesNeedNamesOfTheirOwnAndFactorsThatCanBeMeant() throws {
        func check(_ properties: [String]) -> ZoneProblem? {
            let features = properties.map { #"{"type":"Feature","properties":\#($0),"geometry":\#(square)}"# }
            let text = #"{"type":"FeatureCollection","features":[\#(features.joined(separator: ","))]}"#
            do throws(ZoneProblem) {
                try ZoneFeature.check(try GeoJSON.zones(from: Array(text.utf8)))
                return nil
            } catch {
                return error
            }
        }
        #expect(check([#"{"name":"a"}"#, #"{"name":"b","travel_factor":1.5}"#]) == nil)
        #expect(check([#"{"name":"a"}"#, "null"])?.code == .name)
        #expect(check([#"{"name":"a"}"#, #"{"name":"a"}"#])?.feature == 1)
        #expect(check([#"{"name":" "}"#])?.code == .name)
        #expect(check([#"{"name":"a\u0000b"}"#])?.code == .name)
        #expect(check([#"{"name":"a","travel_factor":"2"}"#])?.code == .property)
        #expect(check([#"{"name":"a","travel_factor":40}"#])?.code == .property)
    }

    @Test func swappedDegreesAreFoundOutByWhatIsKnown() throws {
        func shape(_ ring: String) throws -> ZoneShape {
            try GeoJSON.zones(from: Array(#"{"type":"Polygon","coordinates":[\#(ring)]}"#.utf8))[0].shape
        }
        let right = try shape("[[77.5,12.9],[77.7,12.9],[77.7,13.1],[77.5,13.1],[77.5,12.9]]")
        let swapped = try shape("[[12.9,77.5],[12.9,77.7],[13.1,77.7],[13.1,77.5],[12.9,77.5]]")
        let kitchen = try place(12.97, 77.59)
        #expect(swapped.isLikelySwapped(among: [kitchen], []))
        #expect(!right.isLikelySwapped(among: [kitchen], []))
        // Where nothing is known, or nothing near, nothing can be said.
        #expect(!swapped.isLikelySwapped(among: [], []))
        #expect(!swapped.isLikelySwapped(among: [try place(50, 8)], []))
        let old = try ZoneSet([ZoneFeature(id: 1, name: "old", shape: right)]).zones
        #expect(swapped.isLikelySwapped(among: [], old))
        #expect(!right.isLikelySwapped(among: [], old))
        // A zone beside the old one.
        let beside = try shape("[[77.8,12.9],[77.9,12.9],[77.9,13.1],[77.8,13.1],[77.8,12.9]]")
        #expect(!beside.isLikelySwapped(among: [kitchen], old))
        #expect(swapped.mayBeSwapped && !right.mayBeSwapped)
    }

    @Test func theFeatureAtFaultIsNamed() {
        let text =
            #"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":\#(square)},{"type":"Nothing"}]}"#
        #expect(problem(text)?.feature == 1)
    }

    @Test func deepNestingIsRefusedInsteadOfOverflowingTheStack() {
        #expect(problem(String(repeating: "[", count: 1_000_000))?.code == .notJSON)
    }

    @Test func brokenTextNeverTraps() throws {
        var random = SeededGenerator(seed: 5)
        let sound = Array(GeoJSON.text(of: try GeoJSON.zones(from: Array(square.utf8))).utf8)
        for _ in 0..<5000 {
            var text = sound
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[at] = UInt8.random(in: 0...255, using: &random)
                case 1: text.removeSubrange(at..<min(text.count, at + 5))
                default: text.insert(contentsOf: text[..<(at / 2)], at: at)
                }
                if text.isEmpty { text = [0x20] }
            }
            guard let zones = try? GeoJSON.zones(from: text) else { continue }
            _ = try? ZoneSet(zones)
        }
    }
}
