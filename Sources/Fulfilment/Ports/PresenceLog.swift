package import DispatchCore

/// What positions have shown about where drivers were, and for how long.
package protocol PresenceLog: Sendable {
    /// Appends events in bulk, in order.
    func append(_ events: [PresenceEvent]) async throws

    /// The newest events of a driver, newest first.
    func presence(of driver: DriverID, limit: Int) async throws -> [PresenceEvent]

    /// Who entered and left zones, newest first.
    func crossings(matching query: CrossingQuery) async throws -> [RecordedPresence]

    /// The newest waits at each restaurant in milliseconds, at most `limit` of each, oldest first.
    func waits(limit: Int) async throws -> [RestaurantID: [Int64]]
}

/// Which crossings of borders are wanted; what is left out does not restrict.
package struct CrossingQuery: Sendable, Equatable {
    package var zone: ZoneID?
    package var driver: DriverID?
    /// Only those recorded before this one.
    package var before: Int64?
    package var limit = 100

    package init() {}
}

/// An event with its number in the record, which grows in the order of writing.
package struct RecordedPresence: Sendable, Equatable {
    package var id: Int64
    package var event: PresenceEvent

    package init(id: Int64, event: PresenceEvent) {
        self.id = id
        self.event = event
    }
}

/// Somewhere a driver can be.
package enum Spot: Hashable, Sendable {
    case zone(ZoneID)
    case restaurant(RestaurantID)
    /// Where an order without a known restaurant is picked up.
    case pickup(OrderID)
    case customer(OrderID)
}

/// A driver came to a spot, or was there and is not any more.
package struct PresenceEvent: Sendable, Equatable {
    package var driver: DriverID
    package var spot: Spot
    package var beganAt: Timestamp
    /// Nil when he came.
    package var endedAt: Timestamp?
    /// For the end of a stay at a restaurant: how long he waited for food that should have been ready.
    package var waited: Int64?

    package init(
        driver: DriverID, spot: Spot, beganAt: Timestamp, endedAt: Timestamp? = nil, waited: Int64? = nil
    ) {
        self.driver = driver
        self.spot = spot
        self.beganAt = beganAt
        self.endedAt = endedAt
        self.waited = waited
    }
}
