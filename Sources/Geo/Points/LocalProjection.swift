/// A flat map in metres around a centre (equirectangular): x east, y north.
///
/// Within 50 km of the centre and below 70 degrees of latitude distances are off by less than 1 %; straight lines on
/// the ground stay straight enough for corridors and zones of a city. It works across the antimeridian, because
/// longitudes are taken relative to the centre. Not for places near a pole.
package struct LocalProjection: Hashable, Sendable {
    package let centre: GeoPoint
    private let metresPerLongitude: Double

    package init(centre: GeoPoint) {
        self.centre = centre
        let cosine = Trigonometry.cosine(centre.latitude * Trigonometry.radiansPerDegree)
        // At a pole every longitude is the same place; a floor keeps the map invertible.
        metresPerLongitude = Globe.metresPerDegree * max(cosine, 1e-9)
    }

    /// The map around the middle of the box that holds `points`; nil without points. The box takes the shorter way
    /// around the globe as seen from the first point.
    package init?(around points: some Collection<GeoPoint>) {
        guard let first = points.first else { return nil }
        var (south, north) = (first.latitude, first.latitude)
        var (west, east) = (0.0, 0.0)
        for point in points {
            south = min(south, point.latitude)
            north = max(north, point.latitude)
            let offset = Self.turn(point.longitude - first.longitude)
            west = min(west, offset)
            east = max(east, offset)
        }
        let longitude = Self.turn(first.longitude + (west + east) / 2)
        guard let centre = GeoPoint(latitude: (south + north) / 2, longitude: longitude) else { return nil }
        self.init(centre: centre)
    }

    /// The map around the median latitude and the median longitude of `points`, whatever their sequence; nil without
    /// points. A few that are far away do not move it.
    ///
    /// - Complexity: O(n log n)
    package init?(aroundMedianOf points: some Collection<GeoPoint>) {
        let latitudes = points.map(\.latitude).sorted()
        // Counted from the smallest longitude, so that the antimeridian is no wall and the sequence says nothing; where
        // the points lie on both sides of it, the western ones count as beyond 180.
        let plain = points.map(\.longitude).sorted()
        guard let west = plain.first, let east = plain.last else { return nil }
        let turned = plain.map { $0 < 0 ? $0 + 360 : $0 }.sorted()
        let isTorn = east - west > 180 && turned[turned.count - 1] - turned[0] < east - west
        let longitude = isTorn ? Self.turn(turned[turned.count / 2]) : plain[plain.count / 2]
        guard let centre = GeoPoint(latitude: latitudes[latitudes.count / 2], longitude: longitude) else { return nil }
        self.init(centre: centre)
    }

    /// Metres east and north of the centre.
    package func project(_ point: GeoPoint) -> LocalPoint {
        LocalPoint(
            x: Self.turn(point.longitude - centre.longitude) * metresPerLongitude,
            y: (point.latitude - centre.latitude) * Globe.metresPerDegree)
    }

    /// A corner of an area, whose longitude may go beyond ±180.
    func project(_ vertex: GeoPolygon.Vertex) -> LocalPoint {
        LocalPoint(
            x: (vertex.longitude - centre.longitude).remainder(dividingBy: 360) * metresPerLongitude,
            y: (vertex.latitude - centre.latitude) * Globe.metresPerDegree)
    }

    /// The place at a point of the map; nil where the map leaves the globe.
    package func unproject(_ local: LocalPoint) -> GeoPoint? {
        let offset = local.x / metresPerLongitude
        guard abs(offset) <= 180 else { return nil }
        return GeoPoint(
            latitude: centre.latitude + local.y / Globe.metresPerDegree,
            longitude: Self.turn(centre.longitude + offset))
    }

    /// A difference of longitudes brought into -180...180.
    static func turn(_ degrees: Double) -> Double {
        if degrees > 180 { return degrees - 360 }
        if degrees < -180 { return degrees + 360 }
        return degrees
    }
}

/// A point of a `LocalProjection`, in metres from its centre.
package struct LocalPoint: Hashable, Sendable {
    /// Metres to the east.
    package let x: Double
    /// Metres to the north.
    package let y: Double

    package init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }

    package func distance(to other: LocalPoint) -> Metres {
        let (dx, dy) = (x - other.x, y - other.y)
        return Metres((dx * dx + dy * dy).squareRoot())
    }

    /// The distance to the nearest point of the straight line from `start` to `end`, both ends included.
    package func distance(toSegmentFrom start: LocalPoint, to end: LocalPoint) -> Metres {
        let (dx, dy) = (end.x - start.x, end.y - start.y)
        let lengthSquared = dx * dx + dy * dy
        guard lengthSquared > 0 else { return distance(to: start) }
        let along = ((x - start.x) * dx + (y - start.y) * dy) / lengthSquared
        let share = min(1, max(0, along))
        return distance(to: LocalPoint(x: start.x + share * dx, y: start.y + share * dy))
    }
}
