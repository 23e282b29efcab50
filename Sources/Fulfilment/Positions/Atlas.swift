package import DispatchCore
package import Geo
import Synchronization

/// The map the house works on: which zone a point lies in.
package final class Atlas: Sendable {
    private let lookup = Mutex<@Sendable (GeoPoint) -> ZoneID?>({ _ in nil })

    package init() {}

    /// Takes a new division of the land into zones; in force from the next order on.
    package func replace(_ zone: @escaping @Sendable (GeoPoint) -> ZoneID?) {
        lookup.withLock { $0 = zone }
    }

    /// The zone that the point lies in, nil for the catch-all pool.
    package func zone(containing point: GeoPoint) -> ZoneID? {
        let lookup = lookup.withLock { $0 }
        return lookup(point)
    }
}
