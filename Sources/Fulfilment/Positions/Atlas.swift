package import DispatchCore
package import Geo
import Synchronization

/// The map the house works on: which zone a point lies in.
package final class Atlas: Sendable {
    private struct State {
        var zone: @Sendable (GeoPoint) -> ZoneID? = { _ in nil }
        var depth: @Sendable (GeoPoint, ZoneID) -> Metres? = { _, _ in nil }
        var hasZones = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes a new division of the land into zones; in force from the next order on.
    ///
    /// - Parameter depth: How far inside a zone a point lies, negative outside; nil for a zone that is not in force.
    package func replace(
        hasZones: Bool, depth: @escaping @Sendable (GeoPoint, ZoneID) -> Metres? = { _, _ in nil },
        _ zone: @escaping @Sendable (GeoPoint) -> ZoneID?
    ) {
        state.withLock { $0 = State(zone: zone, depth: depth, hasZones: hasZones) }
    }

    /// Metres to the border of a zone, positive inside; nil when the zone is not in force.
    package func depth(of point: GeoPoint, in zone: ZoneID) -> Metres? {
        let depth = state.withLock { $0.depth }
        return depth(point, zone)
    }

    /// Whether there are zones at all; without them every order belongs to the catch-all pool.
    package var hasZones: Bool { state.withLock { $0.hasZones } }

    /// The zone that the point lies in, nil for the catch-all pool.
    package func zone(containing point: GeoPoint) -> ZoneID? {
        let zone = state.withLock { $0.zone }
        return zone(point)
    }
}
