import DispatchCore
import Geo

extension DispatchSnapshot {
    /// Takes travel times between the snapshot's places from a road network, or from whatever stands in for it.
    ///
    /// Routing servers know one profile, so times are asked for the class that is the fastest at this hour, and the
    /// others take as much longer for them as the speed table says. Asked for are the stops and the drivers who may get
    /// anything; the ways of all others are estimated, for whoever asks why. Places that several share are asked for
    /// once.
    ///
    /// - Returns: How many of the ways that were asked for there are by source.
    mutating func takeWays(
        from times: any TravelTimes, guessing estimator: TravelTimeEstimator, hour: Int
    ) async -> (routed: Int, estimated: Int) {
        let speeds = VehicleClass.allCases.map { estimator.speeds[$0, hour] }
        let fastest =
            VehicleClass.allCases.max { estimator.speeds[$0, hour] < estimator.speeds[$1, hour] } ?? .motorcycle
        let conditions = TravelConditions(vehicle: fastest, hour: hour)
        let paces = speeds.map { Int32((estimator.speeds[fastest, hour] / $0 * 1024).rounded(.up)) }
        let stops = Int(drivers.map(\.place.value).min() ?? Int32(places.count))
        let asked = Set(eligibleDrivers.map { Int($0.place.value) })
        let rows = places.indices.filter { $0 < stops || asked.contains($0) }
        let origins = Numbered(rows.map { places[$0] })
        let destinations = Numbered(Array(places[..<stops]))
        let matrix = await times.matrix(from: origins.places, to: destinations.places, under: conditions)
        var numbers = [Int?](repeating: nil, count: places.count)
        for (row, place) in rows.enumerated() { numbers[place] = origins.numbers[row] }
        let whole = TravelMatrix(origins: places.count, destinations: stops) { origin, destination in
            guard let number = numbers[origin] else {
                return estimator.leg(from: places[origin], to: places[destination], under: conditions)
            }
            return matrix[number, destinations.numbers[destination]]
        }
        travel = .matrix(TravelSeconds(whole, paces: paces))
        let routed = matrix.count(of: .route)
        return (routed, matrix.origins * matrix.destinations - routed)
    }

    /// Different places, and which of them each of many is.
    private struct Numbered {
        var places: [GeoPoint] = []
        var numbers: [Int] = []

        init(_ all: [GeoPoint]) {
            var known: [GeoPoint: Int] = [:]
            for place in all {
                if let number = known[place] {
                    numbers.append(number)
                } else {
                    known[place] = places.count
                    numbers.append(places.count)
                    places.append(place)
                }
            }
        }
    }
}
