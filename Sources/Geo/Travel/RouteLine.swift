/// A route as straight pieces on a local map, for short routes: a plain value, pure, without GEOS.
package struct RouteLine: Hashable, Sendable {
    private let projection: LocalProjection
    private let corners: [LocalPoint]

    /// Returns nil for a route without points.
    package init?(route: [GeoPoint]) {
        guard let projection = LocalProjection(around: route) else { return nil }
        self.projection = projection
        corners = route.map(projection.project)
    }

    /// The distance from a place to the nearest point of the route.
    ///
    /// - Complexity: O(points of the route)
    package func distance(to point: GeoPoint) -> Metres {
        let local = projection.project(point)
        var nearest = local.distance(to: corners[0])
        for index in corners.indices.dropFirst() {
            nearest = min(nearest, local.distance(toSegmentFrom: corners[index - 1], to: corners[index]))
        }
        return nearest
    }

    /// Whether a place lies within `width` of the route, on either side and at both ends.
    package func contains(_ point: GeoPoint, within width: Metres) -> Bool {
        distance(to: point) <= width
    }
}
