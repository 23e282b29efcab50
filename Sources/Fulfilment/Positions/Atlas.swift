package import DispatchCore
package import Geo
import Synchronization

/// The map the house works on: which zone a point lies in.
package final class Atlas: Sendable {
    private struct State {
        var zone: @Sendable (GeoPoint) -> ZoneID? = { _ in nil }
        var hasZones = false
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes a new division of the land into zones; in force from the next order on.
    package func replace(hasZones: Bool, _ zone: @escaping @Sendable (GeoPoint) -> ZoneID?) {
        state.withLock { $0 = State(zone: zone, hasZones: hasZones) }
    }

    /// Whether there are zones at all; without them every order belongs to the catch-all pool.
    package var hasZones: Bool { state.withLock { $0.hasZones } }

    /// The zone that the point lies in, nil for the catch-all pool.
    package func zone(containing point: GeoPoint) -> ZoneID? {
        let zone = state.withLock { $0.zone }
        return zone(point)
    }
}
