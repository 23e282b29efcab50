import Geo
import Testing

func place(_ latitude: Double, _ longitude: Double) throws -> GeoPoint {
    try #require(GeoPoint(latitude: latitude, longitude: longitude))
}

@Suite struct GreatCircleTests {
    @Test func aDegreeOfLatitudeIsAHundredAndElevenKilometres() throws {
        #expect(try abs(place(0, 0).distance(to: place(1, 0)).value - 111_195.08) < 0.01)
    }

    @Test func theAntimeridianIsNoWall() throws {
        #expect(try abs(place(0, 179.5).distance(to: place(0, -179.5)).value - 111_195.08) < 0.01)
    }

    @Test func everyLongitudeOfAPoleIsTheSamePlace() throws {
        #expect(try place(90, 10).distance(to: place(90, -120)).value < 1e-6)
    }

    @Test func oppositePlacesAreHalfTheGlobeApart() throws {
        #expect(try abs(place(0, 0).distance(to: place(0, 180)).value - Globe.farthest.value) < 0.01)
    }

    @Test func whatIsSurelyWithinReachIsWithinReach() throws {
        var random = SeededGenerator(seed: 2)
        var sure = 0
        for _ in 0..<5000 {
            let south = Double.random(in: -90...90, using: &random)
            let west = Double.random(in: -180...180, using: &random)
            let step =
                Double.random(in: 0...1, using: &random)
                * (try #require([1e-9, 1e-5, 1, 90].randomElement(using: &random)))
            let from = try place(south, west)
            let to = try place(min(90, south + step), max(-180, west - step * .random(in: 0...1, using: &random)))
            let reach = Metres(step * Globe.metresPerDegree * .random(in: 0.9...2, using: &random))
            guard from.isSurelyWithin(reach, of: to) else { continue }
            sure += 1
            #expect(from.distance(to: to) <= reach)
        }
        #expect(sure > 1000)
        // Along a meridian the bound is the distance itself.
        let (here, north) = (try place(12, 77), try place(12.001, 77))
        #expect(!here.isSurelyWithin(here.distance(to: north), of: north))
        #expect(here.isSurelyWithin(here.distance(to: north) * 1.000_001, of: north))
        #expect(!here.isSurelyWithin(Metres(.nan), of: here))
    }

    @Test func chordsHaveTheOrderOfGreatCircles() throws {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let points = try (0..<3).map { _ in
                try place(.random(in: -90...90, using: &random), .random(in: -180...180, using: &random))
            }
            let vectors = points.map(UnitVector.init)
            let (near, far) = (vectors[0].chordSquared(to: vectors[1]), vectors[0].chordSquared(to: vectors[2]))
            guard abs(near - far) > 1e-12 else { continue }
            #expect((near < far) == (points[0].distance(to: points[1]) < points[0].distance(to: points[2])))
            let metres = UnitVector.distance(chordSquared: near)
            #expect(abs(metres.value - points[0].distance(to: points[1]).value) < 0.2)
        }
    }

    @Test(arguments: [-Double.pi, -Double.pi / 2, -0.1, -0.0, 0, 1e-9, Double.pi / 4, Double.pi / 2, 3, Double.pi])
    func unitVectorsHaveLengthOne(_ angle: Double) throws {
        let degrees = angle * 180 / .pi
        let vector = UnitVector(try place(degrees / 2, degrees))
        #expect(abs(vector.x * vector.x + vector.y * vector.y + vector.z * vector.z - 1) < 4e-16)
    }

    @Test func placesOffTheGlobeAreRefused() {
        #expect(GeoPoint(latitude: .nan, longitude: 0) == nil)
        #expect(GeoPoint(latitude: 0, longitude: .infinity) == nil)
        #expect(GeoPoint(latitude: 90.000001, longitude: 0) == nil)
        #expect(GeoPoint(latitude: 0, longitude: -180.000001) == nil)
    }
}

@Suite struct LocalProjectionTests {
    @Test func distancesOfACityAreRightToOnePercent() throws {
        let centre = try place(12.97, 77.59)
        let projection = LocalProjection(centre: centre)
        var random = SeededGenerator(seed: 2)
        for _ in 0..<500 {
            let a = try place(.random(in: 12.77...13.17, using: &random), .random(in: 77.39...77.79, using: &random))
            let b = try place(.random(in: 12.77...13.17, using: &random), .random(in: 77.39...77.79, using: &random))
            let flat = projection.project(a).distance(to: projection.project(b)).value
            let round = a.distance(to: b).value
            #expect(abs(flat - round) <= 0.01 * round)
        }
    }

    @Test func aPlaceComesBackFromTheMap() throws {
        let projection = LocalProjection(centre: try place(-16.8, 179.99))
        let point = try place(-16.9, -179.95)
        let back = try #require(projection.unproject(projection.project(point)))
        #expect(point.distance(to: back).value < 0.001)
        #expect(abs(projection.project(point).x - 6387) < 20)
    }

    @Test func theMiddleOfABoxAcrossTheAntimeridianIsOnIt() throws {
        let projection = try #require(LocalProjection(around: [place(0, 179), place(0, -179)]))
        #expect(abs(abs(projection.centre.longitude) - 180) < 1e-9)
    }
}
