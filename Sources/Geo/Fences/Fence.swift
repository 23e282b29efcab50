/// A place that one can be at: a circle around a point, or an area.
package enum Geofence: Hashable, Sendable {
    case circle(centre: GeoPoint, radius: Metres)
    case area(GeoPolygon)

    /// Metres to the edge, positive inside and negative outside.
    ///
    /// - Complexity: O(1) for a circle, O(vertices) for an area.
    package func depth(of point: GeoPoint) -> Metres {
        switch self {
        case .circle(let centre, let radius): radius - centre.distance(to: point)
        case .area(let area):
            area.contains(point) ? area.distanceToEdge(from: point) : Metres(0) - area.distanceToEdge(from: point)
        }
    }
}

extension GeoPolygon {
    /// The distance to the nearest edge, on a local map around the place: right to 1 % within some 50 km.
    package func distanceToEdge(from point: GeoPoint) -> Metres {
        let projection = LocalProjection(centre: point)
        let here = LocalPoint(x: 0, y: 0)
        var nearest = Metres.unlimited
        for ring in rings {
            var previous = projection.project(ring[ring.count - 1])
            for vertex in ring {
                let corner = projection.project(vertex)
                nearest = min(nearest, here.distance(toSegmentFrom: previous, to: corner))
                previous = corner
            }
        }
        return nearest
    }
}

/// What a sender does to a fence.
package enum FenceEvent: Hashable, Sendable {
    case entered(at: Int64)
    /// With the time of entering.
    case left(enteredAt: Int64, at: Int64)
}

/// Whether one sender is inside one fence, with hysteresis: he is in when inside, and out only when `hysteresis` metres
/// outside, so that a phone that wavers on the edge makes no stream of events.
package struct FencePresence: Hashable, Sendable {
    private enum State: Hashable, Sendable {
        case outside
        case inside(since: Int64)
    }

    private var state = State.outside
    private let hysteresis: Metres

    package init(hysteresis: Metres = Metres(30)) {
        self.hysteresis = max(Metres(0), hysteresis)
    }

    package var isInside: Bool { state != .outside }

    /// The sender was seen at `depth` metres inside the fence (negative outside). Sightings older than the entry change
    /// nothing.
    package mutating func seen(depth: Metres, at time: Int64) -> FenceEvent? {
        switch state {
        case .outside:
            guard depth.value >= 0 else { return nil }
            state = .inside(since: time)
            return .entered(at: time)
        case .inside(let since):
            guard time >= since, depth + hysteresis < Metres(0) else { return nil }
            state = .outside
            return .left(enteredAt: since, at: time)
        }
    }
}
