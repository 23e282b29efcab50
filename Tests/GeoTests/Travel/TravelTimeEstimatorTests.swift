import Geo
import Testing

@Suite struct TravelTimeEstimatorTests {
    private let steady = TravelTimeEstimator(speeds: SpeedTable { _ in 36 }, detourFactor: 1.5)
    private let noon = TravelConditions(vehicle: .scooter, hour: 12)

    @Test func timeIsDistanceTimesDetourBySpeed() throws {
        let leg = try steady.leg(from: place(0, 0), to: place(0.01, 0), under: noon)
        #expect(leg == TravelLeg(milliseconds: 166_793, metres: 1668, source: .estimate))
    }

    @Test func stayingTakesNoTime() throws {
        let leg = try steady.leg(from: place(5, 5), to: place(5, 5), under: noon)
        #expect(leg == TravelLeg(milliseconds: 0, metres: 0, source: .estimate))
    }

    @Test func rushHourIsSlowerThanNight() throws {
        let (from, to) = try (place(12.9, 77.5), place(12.95, 77.6))
        let estimator = TravelTimeEstimator()
        let rush = estimator.leg(from: from, to: to, under: TravelConditions(vehicle: .car, hour: 18))
        let night = estimator.leg(from: from, to: to, under: TravelConditions(vehicle: .car, hour: 3))
        #expect(rush.milliseconds > night.milliseconds)
        #expect(rush.metres == night.metres)
    }

    @Test func aSlowZoneCountsHalfForEachEnd() throws {
        let area = try #require(GeoPolygon(ring: [place(-1, -1), place(-1, 0.005), place(1, 0.005), place(1, -1)]))
        var estimator = steady
        estimator.slowZones = [.init(area: area, factor: 2)]
        let (inside, outside) = try (place(0, 0), place(0, 0.01))
        let plain = steady.leg(from: inside, to: outside, under: noon).milliseconds
        #expect(abs(estimator.leg(from: inside, to: outside, under: noon).milliseconds * 2 - plain * 3) <= 2)
        #expect(estimator.leg(from: outside, to: outside, under: noon).milliseconds == 0)
    }

    @Test func aMatrixHoldsTheSameLegs() throws {
        let origins = try [place(12.9, 77.5), place(12.91, 77.52), place(13, 77.6)]
        let destinations = try [place(12.95, 77.55), place(12.9, 77.5)]
        let matrix = steady.matrix(from: origins, to: destinations, under: noon)
        for (row, origin) in origins.enumerated() {
            for (column, destination) in destinations.enumerated() {
                #expect(matrix[row, column] == steady.leg(from: origin, to: destination, under: noon))
            }
        }
        #expect(matrix.count(of: .estimate) == 6)
        #expect(matrix.count(of: .route) == 0)
    }

    @Test(arguments: [Double.nan, -5, 0, 1e9])
    func absurdSpeedsAreHeldToThePlausible(_ speed: Double) {
        let table = SpeedTable { _ in speed }
        #expect(SpeedTable.plausible.contains(table[.car, 12]))
    }

    @Test func hoursWrapAroundTheDay() {
        #expect(TravelConditions(vehicle: .car, hour: 24).hour == 0)
        #expect(TravelConditions(vehicle: .car, hour: -1).hour == 23)
    }
}
