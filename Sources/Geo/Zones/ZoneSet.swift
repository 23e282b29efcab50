internal import CGEOS
internal import Synchronization

/// One zone of a `ZoneSet`.
package struct ZoneBorder: Hashable, Sendable {
    package let id: Int64
    package let name: String
    package let shape: ZoneShape
    /// The same shape, ready for `contains` without a library.
    package let areas: [GeoPolygon]

    /// By the even-odd rule, straight edges in degrees. A place exactly on an edge may count either way.
    package func contains(_ point: GeoPoint) -> Bool {
        areas.contains { $0.contains(point) }
    }

    /// Metres to the border, positive inside and negative outside.
    ///
    /// - Complexity: O(corners)
    package func depth(of point: GeoPoint) -> Metres {
        areas.map { Geofence.area($0).depth(of: point) }.max() ?? Metres(-.infinity)
    }
}

/// All service zones at one moment: which of them hold a place? Immutable: an edit makes a new set, and the last good
/// set stays in use until the new one is complete.
///
/// A tree over the zones' boxes and prepared geometries, built before the set exists, in a GEOS context of its own
/// behind a lock. Safe from any thread.
package final class ZoneSet: Sendable {
    /// Sorted by id.
    package let zones: [ZoneBorder]
    private let topology: Mutex<ZoneTopology>

    /// Checks every zone, repairs what can be repaired, and builds the tree.
    ///
    /// - Parameter features: those without an id get the next free one, in order.
    /// - Throws: the first problem, with the number of the feature.
    package init(_ features: [ZoneFeature], repair: Bool = true) throws(ZoneProblem) {
        var zones: [ZoneBorder] = []
        var next = (features.compactMap(\.id).max() ?? 0) + 1
        var ids: Set<Int64> = []
        for (number, feature) in features.enumerated() {
            let shape: ZoneShape
            do throws(ZoneProblem) {
                shape = try feature.shape.checked(repair: repair).shape
            } catch {
                throw error.inFeature(number)
            }
            guard let areas = shape.areas else {
                throw ZoneProblem(.coordinates, feature: number, "a ring is too small")
            }
            let id = feature.id ?? next
            if feature.id == nil { next += 1 }
            guard ids.insert(id).inserted else {
                throw ZoneProblem(.duplicateID, feature: number, "the id \(id) is taken")
            }
            zones.append(ZoneBorder(id: id, name: feature.name ?? "zone \(id)", shape: shape, areas: areas))
        }
        zones.sort { $0.id < $1.id }
        self.zones = zones
        do throws(GEOSError) {
            topology = Mutex(try ZoneTopology(zones))
        } catch {
            throw ZoneProblem(.unavailable, error.message)
        }
    }

    /// The zones that hold a place, edges included, by ascending id.
    ///
    /// - Complexity: O(log zones + boxes that hold the place × log corners)
    package func zones(containing point: GeoPoint) throws(GEOSError) -> [ZoneBorder] {
        // The lock cannot pass on typed errors of its body as such; a result can.
        let found = topology.withLock { topology -> Result<[Int], GEOSError> in
            do throws(GEOSError) {
                return .success(try topology.indexes(containing: point))
            } catch {
                return .failure(error)
            }
        }
        return try found.get().map { zones[$0] }
    }

    /// The zone that counts for a place: of several the one with the smallest id.
    package func zone(at point: GeoPoint) throws(GEOSError) -> ZoneBorder? {
        try zones(containing: point).first
    }
}

/// The GEOS side of a `ZoneSet`.
private struct ZoneTopology: ~Copyable {
    private let context: GEOSContext
    private let tree: OpaquePointer
    private let prepared: [OpaquePointer]
    private let reachesBeyond: Bool

    init(_ zones: [ZoneBorder]) throws(GEOSError) {
        var context = try GEOSContext()
        var members: [OpaquePointer] = []
        var prepared: [OpaquePointer] = []
        for zone in zones {
            let geometry = try context.area(of: zone.shape)
            members.append(geometry)
            prepared.append(try context.prepare(geometry))
        }
        tree = try context.tree(over: members)
        self.prepared = prepared
        reachesBeyond = zones.contains { $0.areas.contains { $0.west <= -180 || $0.east >= 180 } }
        self.context = context
    }

    func indexes(containing point: GeoPoint) throws(GEOSError) -> [Int] {
        var found = try indexes(latitude: point.latitude, longitude: point.longitude)
        guard reachesBeyond else { return found }
        found += try indexes(latitude: point.latitude, longitude: point.longitude + 360)
        found += try indexes(latitude: point.latitude, longitude: point.longitude - 360)
        return Set(found).sorted()
    }

    private func indexes(latitude: Double, longitude: Double) throws(GEOSError) -> [Int] {
        let candidates = try context.query(tree, west: longitude, south: latitude, east: longitude, north: latitude)
        guard !candidates.isEmpty else { return [] }
        guard let point = context.point(x: longitude, y: latitude) else {
            throw context.failure(.invalidGeometry, doing: "make a point")
        }
        defer { context.release(point) }
        var found: [Int] = []
        for index in candidates {
            switch GEOSPreparedIntersects_r(context.handle, prepared[index], point) {
            case 1: found.append(index)
            case 0: break
            default: throw context.failure(.operationFailed, doing: "test a place")
            }
        }
        return found
    }
}
