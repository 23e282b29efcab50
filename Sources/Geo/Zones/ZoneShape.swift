/// The shape of a zone as its author drew it: polygons, each an outer ring and its holes, in degrees. Not yet known to
/// be valid; see `ZoneShape.checked`.
package struct ZoneShape: Hashable, Sendable {
    package typealias Ring = [GeoPolygon.Vertex]

    /// Polygon by polygon: the outer ring first, then the holes. Rings are not closed: the first corner is not
    /// repeated.
    package let polygons: [[Ring]]

    package init(polygons: [[Ring]]) {
        self.polygons = polygons.map { rings in
            rings.map { ring in ring.count > 1 && ring.first == ring.last ? Array(ring.dropLast()) : ring }
        }
    }

    /// The polygons as areas for `contains`; nil where a ring has fewer than three corners or leaves the globe.
    package var areas: [GeoPolygon]? {
        var areas: [GeoPolygon] = []
        for rings in polygons {
            guard let area = GeoPolygon(rings: rings) else { return nil }
            areas.append(area)
        }
        return areas
    }
}

/// Why a zone was refused, in words for the person who drew it.
package struct ZoneProblem: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: Hashable, Sendable {
        case notJSON
        case notGeoJSON
        /// A collection without a feature: not a fault of the file, but never meant by accident either.
        case noZones
        case tooMany
        case name
        case property
        case unsupportedGeometry
        case emptyGeometry
        case coordinates
        case swappedCoordinates
        case invalidShape
        case duplicateID
        case unavailable
    }

    package let code: Code
    /// Which feature, counted from 0; nil when the problem is the file's.
    package let feature: Int?
    package let reason: String

    package init(_ code: Code, feature: Int? = nil, _ reason: String) {
        self.code = code
        self.feature = feature
        self.reason = reason
    }

    package var description: String { feature.map { "feature \($0): \(reason)" } ?? reason }

    func inFeature(_ number: Int) -> ZoneProblem { ZoneProblem(code, feature: number, reason) }
}
