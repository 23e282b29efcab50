package import DispatchCore

/// What positions have shown about where drivers were, and for how long.
package protocol PresenceLog: Sendable {
    /// Appends events in bulk, in order.
    func append(_ events: [PresenceEvent]) async throws

    /// The newest events of a driver, newest first.
    func presence(of driver: DriverID, limit: Int) async throws -> [PresenceEvent]

    /// Who entered and left zones, newest first.
    func crossings(matching query: CrossingQuery) async throws -> [RecordedPresence]

    /// The newest stays at each restaurant that ended with a pickup, at most `limit` of each, oldest first.
    func kitchenStays(limit: Int) async throws -> [RestaurantID: [KitchenStay]]

    /// The stays that were seen to begin and not to end, of those among each driver's newest events.
    func openStays() async throws -> [PresenceEvent]
}

/// What one pickup has taught about a kitchen.
package struct KitchenStay: Sendable, Equatable {
    /// Milliseconds from the driver's arrival, or from the ready time if that was later, to the pickup.
    package var waited: Int64
    /// Milliseconds from the order's placing to the pickup, where nobody had said when the food would be ready.
    package var preparation: Int64?
    /// Milliseconds from the ready time to the pickup, where somebody had said one; zero before it.
    package var beyondWord: Int64?

    package init(waited: Int64, preparation: Int64? = nil, beyondWord: Int64? = nil) {
        self.waited = waited
        self.preparation = preparation
        self.beyondWord = beyondWord
    }
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
    /// For a stay at a restaurant that ended with a pickup: how long he waited for food that should have been ready.
    package var waited: Int64?
    /// The same, where nobody had said when it would be ready: how long after the order's placing it was picked up.
    package var preparation: Int64?
    /// The same, where somebody had: how long after that it was picked up; zero before it.
    package var beyondWord: Int64?

    package init(
        driver: DriverID, spot: Spot, beganAt: Timestamp, endedAt: Timestamp? = nil, waited: Int64? = nil,
        preparation: Int64? = nil, beyondWord: Int64? = nil
    ) {
        self.driver = driver
        self.spot = spot
        self.beganAt = beganAt
        self.endedAt = endedAt
        self.waited = waited
        self.preparation = preparation
        self.beyondWord = beyondWord
    }
}
