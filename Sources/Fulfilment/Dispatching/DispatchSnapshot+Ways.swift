import DispatchCore
import Geo

extension DispatchSnapshot {
    /// Takes travel times between the snapshot's places from a road network, or from whatever stands in for it.
    ///
    /// Times are those of a motorbike, for every vehicle: routing servers know one profile. Places that several orders
    /// share are asked for once.
    ///
    /// - Returns: How many ways there are by source.
    mutating func takeWays(
        from times: any TravelTimes, hour: Int
    ) async -> (routed: Int, estimated: Int) {
        let stops = Int(drivers.map(\.place.value).min() ?? Int32(places.count))
        let origins = Numbered(places[...])
        let destinations = Numbered(places[..<stops])
        let matrix = await times.matrix(
            from: origins.places, to: destinations.places,
            under: TravelConditions(vehicle: .motorcycle, hour: hour))
        let whole = TravelMatrix(origins: places.count, destinations: stops) { origin, destination in
            matrix[origins.numbers[origin], destinations.numbers[destination]]
        }
        travel = .matrix(TravelSeconds(whole))
        let routed = matrix.count(of: .route)
        return (routed, matrix.origins * matrix.destinations - routed)
    }

    /// Different places, and which of them each of many is.
    private struct Numbered {
        var places: [GeoPoint] = []
        var numbers: [Int] = []

        init(_ all: ArraySlice<GeoPoint>) {
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
