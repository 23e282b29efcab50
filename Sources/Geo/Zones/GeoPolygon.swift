/// An area on the globe bounded by rings in degrees, by the even-odd rule: holes are simply further rings.
///
/// Edges are straight in degrees, as GeoJSON has it. Longitudes of a ring may go beyond ±180 so that an area across the
/// antimeridian is one piece; a place is inside when its longitude, or that plus or minus 360, is inside. No pole
/// inside.
package struct GeoPolygon: Hashable, Sendable {
    /// A corner in degrees.
    package struct Vertex: Hashable, Sendable {
        package let latitude: Double
        package let longitude: Double

        package init(latitude: Double, longitude: Double) {
            self.latitude = latitude
            self.longitude = longitude
        }
    }

    package let rings: [[Vertex]]
    let south: Double
    let north: Double
    let west: Double
    let east: Double

    /// Returns nil without a ring, for a ring of fewer than three vertices, and for vertices that are not on the globe:
    /// latitude within ±90, longitude within ±540, no NaN. A last vertex equal to the first is dropped.
    package init?(rings: [[Vertex]]) {
        var closed: [[Vertex]] = []
        var (south, north, west, east) = (90.0, -90.0, 540.0, -540.0)
        for ring in rings {
            var ring = ring
            if ring.count > 1, ring.first == ring.last { ring.removeLast() }
            guard ring.count >= 3 else { return nil }
            for vertex in ring {
                guard abs(vertex.latitude) <= 90, abs(vertex.longitude) <= 540 else { return nil }
                south = min(south, vertex.latitude)
                north = max(north, vertex.latitude)
                west = min(west, vertex.longitude)
                east = max(east, vertex.longitude)
            }
            closed.append(ring)
        }
        guard !closed.isEmpty else { return nil }
        self.rings = closed
        (self.south, self.north, self.west, self.east) = (south, north, west, east)
    }

    /// An area of one ring.
    package init?(ring: [GeoPoint]) {
        self.init(rings: [ring.map { Vertex(latitude: $0.latitude, longitude: $0.longitude) }])
    }

    /// - Complexity: O(vertices) inside the bounding box, O(1) outside.
    package func contains(_ point: GeoPoint) -> Bool {
        contains(latitude: point.latitude, longitude: point.longitude)
    }

    func contains(latitude: Double, longitude: Double) -> Bool {
        guard latitude >= south, latitude <= north else { return false }
        for turned in [longitude, longitude + 360, longitude - 360] where turned >= west && turned <= east {
            if isInside(latitude: latitude, longitude: turned) { return true }
        }
        return false
    }

    private func isInside(latitude: Double, longitude: Double) -> Bool {
        var inside = false
        for ring in rings {
            var previous = ring[ring.count - 1]
            for vertex in ring {
                if (vertex.latitude > latitude) != (previous.latitude > latitude) {
                    let share = (latitude - vertex.latitude) / (previous.latitude - vertex.latitude)
                    let crossing = vertex.longitude + share * (previous.longitude - vertex.longitude)
                    if longitude < crossing { inside.toggle() }
                }
                previous = vertex
            }
        }
        return inside
    }
}
