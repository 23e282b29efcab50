internal import CGEOS

/// A route as a line on a local map: is this drop-off on the way?
///
/// Holds GEOS's prepared line, which pays from about ten points of a route on; for short routes `distance` of
/// `RouteLine` is the same answer without a library. Not safe for two threads at once.
package struct RouteCorridor: ~Copyable {
    private let projection: LocalProjection
    private let context: GEOSContext
    private let prepared: OpaquePointer

    /// Throws for a route without points. A route of one point is that point.
    package init(route: [GeoPoint]) throws(GEOSError) {
        guard let projection = LocalProjection(around: route) else {
            throw GEOSError(code: .invalidGeometry, message: "a corridor needs a route of at least one point")
        }
        var context = try GEOSContext()
        let local = route.map(projection.project)
        let geometry: OpaquePointer
        if Set(local).count == 1 {
            geometry = try context.keep(context.point(x: local[0].x, y: local[0].y), doing: "make a point")
        } else {
            geometry = try context.keep(context.line(local.flatMap { [$0.x, $0.y] }), doing: "make a line")
        }
        prepared = try context.prepare(geometry)
        self.projection = projection
        self.context = context
    }

    /// The distance from a place to the nearest point of the route.
    package func distance(to point: GeoPoint) throws(GEOSError) -> Metres {
        let local = projection.project(point)
        guard let geometry = context.point(x: local.x, y: local.y) else {
            throw context.failure(.invalidGeometry, doing: "make a point")
        }
        defer { context.release(geometry) }
        var distance = 0.0
        guard GEOSPreparedDistance_r(context.handle, prepared, geometry, &distance) == 1 else {
            throw context.failure(.operationFailed, doing: "measure a distance")
        }
        return Metres(distance)
    }

    /// Whether a place lies within `width` of the route, on either side and at both ends.
    package func contains(_ point: GeoPoint, within width: Metres) throws(GEOSError) -> Bool {
        try distance(to: point) <= width
    }
}
