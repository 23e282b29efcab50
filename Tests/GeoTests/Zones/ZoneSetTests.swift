import Geo
import Testing

@Suite struct ZoneSetTests {
    private func shape(_ rings: [[(Double, Double)]]) -> ZoneShape {
        ZoneShape(polygons: [rings.map { $0.map { GeoPolygon.Vertex(latitude: $0.1, longitude: $0.0) } }])
    }

    private var bowTie: ZoneShape { shape([[(0, 0), (2, 2), (2, 0), (0, 2)]]) }

    @Test func aValidShapeIsLeftAlone() throws {
        let square = shape([[(0, 0), (2, 0), (2, 2), (0, 2)], [(0.5, 0.5), (0.5, 1), (1, 1), (1, 0.5)]])
        let checked = try square.checked(repair: true)
        #expect(checked.shape == square)
        #expect(checked.repairedBecause == nil)
    }

    @Test func aSelfCrossingZoneIsRefusedWithTheReasonAndThePlace() {
        #expect(throws: ZoneProblem(.invalidShape, "Self-intersection[1 1]")) { _ = try bowTie.checked(repair: false) }
    }

    @Test func aSelfCrossingZoneIsRepaired() throws {
        let checked = try bowTie.checked(repair: true)
        #expect(checked.repairedBecause == "Self-intersection[1 1]")
        #expect(checked.shape.polygons.count == 2)
        #expect(try checked.shape.checked(repair: false).repairedBecause == nil)
    }

    private func area(_ shape: ZoneShape) -> Double {
        // The shoelace formula; rings that GEOS gives back turn one way, holes the other.
        shape.polygons.reduce(0) { sum, rings in
            let areas = rings.map { ring in
                zip(ring, ring.dropFirst() + ring.prefix(1)).reduce(0) {
                    $0 + $1.0.longitude * $1.1.latitude - $1.1.longitude * $1.0.latitude
                }.magnitude / 2
            }
            return sum + areas[0] - areas.dropFirst().reduce(0, +)
        }
    }

    @Test func polygonsThatOverlapAreJoined() throws {
        let squares = ZoneShape(
            polygons: [
                [(0.0, 0.0), (2, 0), (2, 2), (0, 2)], [(1, 1), (3, 1), (3, 3), (1, 3)],
            ].map { [$0.map { GeoPolygon.Vertex(latitude: $0.1, longitude: $0.0) }] })
        let checked = try squares.checked(repair: true)
        #expect(checked.repairedBecause?.isEmpty == false)
        #expect(checked.shape.polygons.count == 1 && checked.shape.polygons[0].count == 1)
        #expect(area(checked.shape) == 7)
        #expect(try #require(checked.shape.areas)[0].contains(try place(1.5, 1.5)))
    }

    @Test func aPolygonInsideAnotherIsPartOfIt() throws {
        let nested = ZoneShape(
            polygons: [
                [(0.0, 0.0), (4, 0), (4, 4), (0, 4)], [(1, 1), (2, 1), (2, 2), (1, 2)],
            ].map { [$0.map { GeoPolygon.Vertex(latitude: $0.1, longitude: $0.0) }] })
        let checked = try nested.checked(repair: true)
        #expect(checked.shape.polygons.count == 1 && checked.shape.polygons[0].count == 1)
        #expect(area(checked.shape) == 16)
    }

    @Test(arguments: [false, true])
    func aHoleOutsideOfItsRingIsRefusedAndNotForgotten(repair: Bool) {
        let stray = shape([[(0, 0), (2, 0), (2, 2), (0, 2)], [(5, 5), (6, 5), (6, 6), (5, 6)]])
        let failure = #expect(throws: ZoneProblem.self) { _ = try stray.checked(repair: repair) }
        #expect(failure?.reason.contains("Hole lies outside shell") == true)
    }

    @Test func aHoleOutsideIsRefusedAlsoWhereTheRingCrossesItself() {
        let stray = shape([[(0, 0), (2, 2), (2, 0), (0, 2)], [(5, 5), (6, 5), (6, 6), (5, 6)]])
        #expect(throws: ZoneProblem.self) { _ = try stray.checked(repair: true) }
    }

    @Test func aZoneWithoutAreaCannotBeRepaired() {
        #expect(throws: ZoneProblem.self) { _ = try shape([[(0, 0), (1, 1), (2, 2)]]).checked(repair: true) }
    }

    @Test func aHoleIsOutside() throws {
        let set = try ZoneSet([
            ZoneFeature(
                id: 3, name: "ring",
                shape: shape([[(0, 0), (3, 0), (3, 3), (0, 3)], [(1, 1), (2, 1), (2, 2), (1, 2)]])),
            ZoneFeature(id: nil, name: nil, shape: shape([[(2.5, 2.5), (4, 2.5), (4, 4), (2.5, 4)]])),
        ])
        #expect(try set.zone(at: place(0.5, 0.5))?.name == "ring")
        #expect(try set.zone(at: place(1.5, 1.5)) == nil)
        #expect(try set.zones(containing: place(2.7, 2.7)).map(\.id) == [3, 4])
    }

    @Test func twoZonesOfOneIdAreRefused() {
        let feature = ZoneFeature(id: 1, name: nil, shape: shape([[(0, 0), (1, 0), (1, 1)]]))
        #expect(throws: ZoneProblem(.duplicateID, feature: 1, "the id 1 is taken")) {
            _ = try ZoneSet([feature, feature])
        }
    }

    @Test func aZoneAcrossTheAntimeridianHoldsBothSides() throws {
        let set = try ZoneSet([
            ZoneFeature(id: 1, name: nil, shape: shape([[(179, -1), (181, -1), (181, 1), (179, 1)]]))
        ])
        for longitude in [179.5, 180, -180, -179.5] {
            #expect(try set.zone(at: place(0, longitude))?.id == 1)
        }
        #expect(try set.zone(at: place(0, 178.9)) == nil)
        #expect(try set.zone(at: place(0, -178.9)) == nil)
    }

    @Test func ownTestAgreesWithGEOS() throws {
        var random = SeededGenerator(seed: 11)
        var features: [ZoneFeature] = []
        for id in 0..<Int64(30) {
            let corners = (0..<Int.random(in: 3...9, using: &random)).map { _ in
                (Double.random(in: 77...78, using: &random), Double.random(in: 12...13, using: &random))
            }
            features.append(ZoneFeature(id: id, name: nil, shape: shape([corners])))
        }
        let set = try ZoneSet(features)
        for _ in 0..<3000 {
            let point = try place(.random(in: 11.9...13.1, using: &random), .random(in: 76.9...78.1, using: &random))
            let own = set.zones.filter { $0.contains(point) }
            #expect(try set.zones(containing: point) == own)
        }
    }

    @Test func noZonesHoldNobody() throws {
        #expect(try ZoneSet([]).zone(at: place(0, 0)) == nil)
    }
}
