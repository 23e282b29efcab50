package import DispatchCore
package import Geo
import Synchronization

/// The map the house works on: which zones a point lies in, and where ways take longer than elsewhere.
package final class Atlas: Sendable {
    private struct State {
        var zones: @Sendable (GeoPoint) -> [ZoneID] = { _ in [] }
        var depth: @Sendable (GeoPoint, ZoneID) -> Metres? = { _, _ in nil }
        var slowZones: [TravelTimeEstimator.SlowZone] = []
        var hasZones = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes a new division of the land into zones; in force from the next order on.
    ///
    /// - Parameters:
    ///   - slowZones: Where ways take longer or shorter, most telling first.
    ///   - depth: How far inside a zone a point lies, negative outside; nil for a zone that is not in force.
    ///   - zones: All zones that hold a point, the one that counts first.
    package func replace(
        hasZones: Bool, slowZones: [TravelTimeEstimator.SlowZone] = [],
        depth: @escaping @Sendable (GeoPoint, ZoneID) -> Metres? = { _, _ in nil },
        _ zones: @escaping @Sendable (GeoPoint) -> [ZoneID]
    ) {
        state.withLock { $0 = State(zones: zones, depth: depth, slowZones: slowZones, hasZones: hasZones) }
    }

    /// Metres to the border of a zone, positive inside; nil when the zone is not in force.
    package func depth(of point: GeoPoint, in zone: ZoneID) -> Metres? {
        let depth = state.withLock { $0.depth }
        return depth(point, zone)
    }

    /// Whether there are zones at all; without them every order belongs to the catch-all pool.
    package var hasZones: Bool { state.withLock { $0.hasZones } }

    /// Parts of the land in which ways take longer or shorter than the speed table says.
    package var slowZones: [TravelTimeEstimator.SlowZone] { state.withLock { $0.slowZones } }

    /// The zone that the point lies in, of several the one that counts; nil for the catch-all pool.
    package func zone(containing point: GeoPoint) -> ZoneID? { zones(containing: point).first }

    /// All zones that the point lies in.
    package func zones(containing point: GeoPoint) -> [ZoneID] {
        let zones = state.withLock { $0.zones }
        return zones(point)
    }
}
