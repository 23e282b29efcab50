internal import DispatchCore
internal import Foundation
internal import Geo

/// The places of a problem file, each once, and the travel times between them as the format defines them: whole
/// seconds, rounded up, along the great circle times the detour.
struct SnapshotPlaces {
    private var numbers: [[Double]: Int32] = [:]
    private var vectors: [SIMD3<Double>] = []

    var count: Int { vectors.count }

    /// A place that is driven to; each is kept once.
    mutating func stop(_ coordinates: [Double]) -> PlaceIndex {
        if let number = numbers[coordinates] { return PlaceIndex(number) }
        let place = position(coordinates)
        if place.value >= 0 { numbers[coordinates] = place.value }
        return place
    }

    /// A place that is driven from; -1 where the coordinates are none.
    mutating func position(_ coordinates: [Double]) -> PlaceIndex {
        guard coordinates.count == 2, let point = GeoPoint(latitude: coordinates[0], longitude: coordinates[1]) else {
            return PlaceIndex(-1)
        }
        let (latitude, longitude) = (point.latitude * .pi / 180, point.longitude * .pi / 180)
        vectors.append(SIMD3(cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)))
        return PlaceIndex(Int32(vectors.count - 1))
    }

    /// The sine of half the angle is half the chord, so one arcsine a pair is enough. (Haversine with the mean
    /// radius.)
    func matrix(columns: Int, secondsPerMetre: Double) -> TravelSeconds {
        var seconds = [Int32](repeating: 0, count: vectors.count * columns)
        let factor = 2 * 6_371_008.8 * secondsPerMetre
        seconds.withUnsafeMutableBufferPointer { cells in
            vectors.withUnsafeBufferPointer { vectors in
                for row in vectors.indices {
                    for column in 0..<columns where column != row {
                        if row < columns && column < row {
                            cells[row * columns + column] = cells[column * columns + row]
                            continue
                        }
                        let d = vectors[row] - vectors[column]
                        let half = (d * d).sum().squareRoot() / 2
                        let exact = asin(min(1, half)) * factor
                        let held = min((exact - 1e-9).rounded(.up), Double(TravelSeconds.unreachable))
                        cells[row * columns + column] = Int32(max(0, held))
                    }
                }
            }
        }
        return TravelSeconds(rows: vectors.count, columns: columns, seconds: seconds)
    }
}
