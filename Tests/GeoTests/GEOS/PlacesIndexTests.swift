import Geo
import Testing

@Suite struct PlacesIndexTests {
    @Test(arguments: [(12.97, 77.59), (0, 180), (89.9, 0), (-60, -179.999)])
    func pairsAgreeWithBruteForce(latitude: Double, longitude: Double) throws {
        var random = SeededGenerator(seed: 7)
        let points = try (0..<300).map { _ in
            let east = longitude + .random(in: -0.05...0.05, using: &random)
            return try place(
                min(90, latitude + .random(in: -0.05...0.05, using: &random)),
                east > 180 ? east - 360 : east < -180 ? east + 360 : east)
        }
        let index = try PlacesIndex(points)
        for radius in [Metres(0), Metres(150), Metres(1500)] {
            var expected: [PlacePair] = []
            for a in points.indices {
                for b in points.indices where b > a && points[a].distance(to: points[b]) <= radius {
                    expected.append(PlacePair(first: a, second: b))
                }
            }
            #expect(try index.pairs(within: radius) == expected)
        }
    }

    @Test func anEmptyIndexHasNoPairs() throws {
        let index = try PlacesIndex([])
        #expect(try index.pairs(within: .unlimited).isEmpty)
        #expect(try index.indexes(within: .unlimited, of: place(0, 0)).isEmpty)
    }
}

@Suite struct RouteCorridorTests {
    @Test func ownDistanceAgreesWithGEOS() throws {
        var random = SeededGenerator(seed: 3)
        for length in [1, 2, 3, 12] {
            let route = try (0..<length).map { _ in
                try place(.random(in: 12.9...13.0, using: &random), .random(in: 77.5...77.6, using: &random))
            }
            let corridor = try RouteCorridor(route: route)
            let line = try #require(RouteLine(route: route))
            for _ in 0..<200 {
                let point = try place(
                    .random(in: 12.8...13.1, using: &random), .random(in: 77.4...77.7, using: &random))
                #expect(try abs(corridor.distance(to: point).value - line.distance(to: point).value) < 1e-6)
            }
        }
    }

    @Test func aDropoffBesideTheRouteIsOnTheWay() throws {
        let corridor = try RouteCorridor(route: [place(12.9, 77.5), place(13.0, 77.5)])
        let beside = try place(12.95, 77.5009)  // 97.5 m to the east
        #expect(try corridor.contains(beside, within: Metres(98)))
        #expect(try !corridor.contains(beside, within: Metres(97)))
    }

    @Test func aRouteWithoutPointsIsRefused() {
        #expect(throws: GEOSError.self) { _ = try RouteCorridor(route: []) }
        #expect(RouteLine(route: []) == nil)
    }
}
