import Geo

/// SplitMix64, and places in a city, half of them in one square kilometre.
struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func place() -> GeoPoint {
        let isCrowded = next() % 2 == 0
        let spread = isCrowded ? 0.01 : 0.36
        let (south, west) = isCrowded ? (12.97, 77.59) : (12.8, 77.4)
        let latitude = south + Double.random(in: 0..<spread, using: &self)
        let longitude = west + Double.random(in: 0..<spread, using: &self)
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            preconditionFailure("the city is on the globe")
        }
        return point
    }

    /// Up to 100 m away, and in the city.
    mutating func step(from place: GeoPoint) -> GeoPoint {
        let latitude = place.latitude + Double.random(in: -0.0006..<0.0006, using: &self)
        let longitude = place.longitude + Double.random(in: -0.0006..<0.0006, using: &self)
        return GeoPoint(latitude: min(13.16, max(12.8, latitude)), longitude: min(77.77, max(77.4, longitude))) ?? place
    }

    mutating func flags() -> PointFlags { PointFlags(rawValue: UInt8(truncatingIfNeeded: next() & 7)) }
}
