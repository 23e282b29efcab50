/// The globe as a sphere of the mean radius that the International Union of Geodesy and Geophysics gives (R1).
package enum Globe {
    package static let radius = Metres(6_371_008.8)
    /// Length of one degree of latitude.
    package static let metresPerDegree = 6_371_008.8 * Double.pi / 180
    /// Half of the equator: no two places are farther apart.
    package static let farthest = Metres(6_371_008.8 * Double.pi)
}

extension GeoPoint {
    /// The length of the great circle between two places, on a sphere (haversine: exact for near and far alike, to the
    /// rounding of a `Double`; WGS 84's flattening makes it differ from the ellipsoid by at most 0.56 %).
    package func distance(to other: GeoPoint) -> Metres {
        let radians = Trigonometry.radiansPerDegree
        let vertical = Trigonometry.sine((other.latitude - latitude) * radians / 2)
        let horizontal = Trigonometry.sine((other.longitude - longitude) * radians / 2)
        let parallels = Trigonometry.cosine(latitude * radians) * Trigonometry.cosine(other.latitude * radians)
        let haversine = vertical * vertical + parallels * horizontal * horizontal
        return Metres(2 * Globe.radius.value * Trigonometry.arcsine(min(1, haversine).squareRoot()))
    }
}

extension GeoPoint {
    /// Whether the great circle to another place is no longer than `reach`, as far as that can be seen without
    /// trigonometry: false says nothing.
    ///
    /// Along the meridian and then along a parallel is never shorter than the great circle, and a degree of longitude
    /// never longer than one of latitude. A billionth more than covers the rounding of either side.
    @inline(__always)
    package func isSurelyWithin(_ reach: Metres, of other: GeoPoint) -> Bool {
        let degrees = abs(other.latitude - latitude) + abs(other.longitude - longitude)
        return degrees * (Globe.metresPerDegree * 1.000_000_001) <= reach.value
    }
}

/// A place as a vector of length 1 from the centre of the globe. It knows neither antimeridian nor poles, and squared
/// chords between such vectors have the order of great-circle distances, so comparing costs no trigonometry.
package struct UnitVector: Hashable, Sendable {
    package let x: Double
    package let y: Double
    package let z: Double

    package init(_ point: GeoPoint) {
        let (sineOfLatitude, cosineOfLatitude) = Trigonometry.sineAndCosine(
            point.latitude * Trigonometry.radiansPerDegree)
        let (sineOfLongitude, cosineOfLongitude) = Trigonometry.sineAndCosine(
            point.longitude * Trigonometry.radiansPerDegree)
        x = cosineOfLatitude * cosineOfLongitude
        y = cosineOfLatitude * sineOfLongitude
        z = sineOfLatitude
    }

    /// Square of the chord between two places on the unit sphere.
    @inline(__always)
    package func chordSquared(to other: UnitVector) -> Double {
        let (dx, dy, dz) = (x - other.x, y - other.y, z - other.z)
        return dx * dx + dy * dy + dz * dz
    }

    /// The great-circle distance that belongs to a squared chord.
    package static func distance(chordSquared: Double) -> Metres {
        Metres(2 * Globe.radius.value * Trigonometry.arcsine(min(1, chordSquared.squareRoot() / 2)))
    }
}
