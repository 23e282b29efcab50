/// A place on the globe in WGS 84 degrees, known to be valid: latitude within ±90, longitude within ±180, neither NaN.
package struct GeoPoint: Hashable, Sendable {
    /// Degrees north, -90 to 90.
    package let latitude: Double
    /// Degrees east, -180 to 180.
    package let longitude: Double

    /// Returns nil where either coordinate is NaN, infinite or outside the globe.
    package init?(latitude: Double, longitude: Double) {
        guard latitude >= -90, latitude <= 90, longitude >= -180, longitude <= 180 else { return nil }
        self.latitude = latitude
        self.longitude = longitude
    }

    /// For coordinates that came from a `GeoPoint`.
    @inline(__always)
    init(known latitude: Double, _ longitude: Double) {
        self.latitude = latitude
        self.longitude = longitude
    }
}
