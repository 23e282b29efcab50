/// A driver came to a place, or left it, as admins see it.
package struct PresenceObject: Equatable, Sendable {
    package enum Place: String, Sendable {
        case zone
        case restaurant
        /// Where an order without a known restaurant is picked up.
        case pickup
        case customer
    }

    /// In the order of the record; nil for what has not been written down yet.
    package var id: Int64?
    package var driverID: Int64
    package var place: Place
    /// Of the zone, the restaurant, or the order.
    package var placeID: Int64
    package var name: String?
    /// Milliseconds since 1970.
    package var beganAt: Int64
    /// Nil when he came, and while he is there.
    package var endedAt: Int64?
    /// How long he waited for food that should have been ready.
    package var waitedMilliseconds: Int64?

    package init(driverID: Int64, place: Place, placeID: Int64, beganAt: Int64) {
        self.driverID = driverID
        self.place = place
        self.placeID = placeID
        self.beganAt = beganAt
    }

    private var event: String {
        switch (place, endedAt) {
        case (.zone, nil): "entered"
        case (.zone, _?): "left"
        case (_, nil): "arrived"
        case (_, _?): "departed"
        }
    }
}

extension PresenceObject: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("driver_id", driverID)
            writer.field("event", event)
            writer.field("place", place.rawValue)
            writer.field("place_id", placeID)
            writer.field("name", name)
            writer.field("at", milliseconds: endedAt ?? beganAt)
            writer.field("began_at", milliseconds: beganAt)
            writer.field("ended_at", milliseconds: endedAt)
            writer.field("waited_s", waitedMilliseconds.map { Double($0) / 1000 })
        }
    }
}

/// Where a driver is now, and where he was lately.
package struct DriverPresenceObject: Equatable, Sendable {
    package var driverID: Int64
    package var now: [PresenceObject]
    /// Newest first.
    package var events: [PresenceObject]

    package init(driverID: Int64, now: [PresenceObject], events: [PresenceObject]) {
        self.driverID = driverID
        self.now = now
        self.events = events
    }
}

extension DriverPresenceObject: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", driverID)
            writer.field("now", now)
            writer.field("events", events)
        }
    }
}

/// How long a restaurant lets drivers wait beyond its word.
package struct RestaurantWaiting: Equatable, Sendable {
    package var restaurantID: Int64
    package var name: String?
    /// Stays that are remembered.
    package var stays: Int
    package var medianMilliseconds: Int64
    package var ninetiethMilliseconds: Int64
    /// What dispatch reckons with.
    package var expectedMilliseconds: Int64

    package init(
        restaurantID: Int64, name: String?, stays: Int, medianMilliseconds: Int64, ninetiethMilliseconds: Int64,
        expectedMilliseconds: Int64
    ) {
        self.restaurantID = restaurantID
        self.name = name
        self.stays = stays
        self.medianMilliseconds = medianMilliseconds
        self.ninetiethMilliseconds = ninetiethMilliseconds
        self.expectedMilliseconds = expectedMilliseconds
    }
}

extension RestaurantWaiting: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("restaurant_id", restaurantID)
            writer.field("name", name)
            writer.field("stays", stays)
            writer.field("median_s", Double(medianMilliseconds) / 1000)
            writer.field("p90_s", Double(ninetiethMilliseconds) / 1000)
            writer.field("expected_s", Double(expectedMilliseconds) / 1000)
        }
    }
}
