/// Where a travel time comes from, so that whoever uses it can tell a guess from a route.
package enum TravelTimeSource: UInt8, Hashable, Sendable {
    /// Great circle, detour factor and speed table.
    case estimate
    /// A way through the road network.
    case route
}

/// The way from one place to another: how long, how far, and who says so.
package struct TravelLeg: Hashable, Sendable {
    /// Whole milliseconds, never negative.
    package let milliseconds: Int64
    /// Whole metres along the way, never negative.
    package let metres: Int64
    package let source: TravelTimeSource

    package init(milliseconds: Int64, metres: Int64, source: TravelTimeSource) {
        self.milliseconds = max(0, milliseconds)
        self.metres = max(0, metres)
        self.source = source
    }
}

/// Vehicles that differ in speed.
package enum VehicleClass: UInt8, Hashable, Sendable, CaseIterable {
    case bicycle
    case scooter
    case motorcycle
    case car
}

/// What a travel time depends on besides the two places.
package struct TravelConditions: Hashable, Sendable {
    package let vehicle: VehicleClass
    /// Hour of the local day, 0 to 23.
    package let hour: Int

    /// Any integer is taken as an hour of some day: 24 is 0, -1 is 23.
    package init(vehicle: VehicleClass, hour: Int) {
        self.vehicle = vehicle
        let remainder = hour % 24
        self.hour = remainder < 0 ? remainder + 24 : remainder
    }
}

/// Travel legs from every origin to every destination, not symmetric. Complete: there is a leg for each pair.
package struct TravelMatrix: Hashable, Sendable {
    package let origins: Int
    package let destinations: Int
    private var legs: ContiguousArray<TravelLeg>

    /// Fills the matrix by asking for each pair once, row by row.
    package init(origins: Int, destinations: Int, leg: (_ origin: Int, _ destination: Int) -> TravelLeg) {
        precondition(origins >= 0 && destinations >= 0, "a matrix has no negative side")
        self.origins = origins
        self.destinations = destinations
        legs = []
        legs.reserveCapacity(origins * destinations)
        for origin in 0..<origins {
            for destination in 0..<destinations { legs.append(leg(origin, destination)) }
        }
    }

    package subscript(origin: Int, destination: Int) -> TravelLeg {
        get {
            precondition(origin < origins && destination < destinations, "a pair outside the matrix")
            return legs[origin * destinations + destination]
        }
        set {
            precondition(origin < origins && destination < destinations, "a pair outside the matrix")
            legs[origin * destinations + destination] = newValue
        }
    }

    /// How many legs come from `source`.
    package func count(of source: TravelTimeSource) -> Int {
        legs.reduce(0) { $0 + ($1.source == source ? 1 : 0) }
    }
}

/// Something that knows how long ways take. It always answers: what it cannot know it estimates, and marks so.
package protocol TravelTimes: Sendable {
    func matrix(
        from origins: [GeoPoint], to destinations: [GeoPoint], under conditions: TravelConditions
    ) async -> TravelMatrix
}
