package import Geo

/// Everything that a plan is made from, frozen at one moment. Orders and drivers may stand in any sequence: the engine
/// sorts by id first, so the sequence never decides anything.
package struct DispatchSnapshot: Hashable, Sendable {
    package var now: Timestamp
    package var policy: DispatchPolicy
    /// Zones whose orders are judged by other rules.
    package var zonePolicies: [ZonePolicy]
    /// Where stops and drivers are; orders and drivers name them by number. May be empty with a matrix: then
    /// closeness is judged by travel time alone.
    package var places: [GeoPoint]
    package var travel: Travel
    package var orders: [WaitingOrder]
    package var drivers: [DriverState]
    /// Orders that nobody has placed but that are likely to come (`ExpectedDemand`). They claim drivers by their small
    /// weight while the plan is made; they are never told, share no batch with an order that exists, and are in no
    /// figure of the plan.
    package var expected: [WaitingOrder] = []

    package init(
        now: Timestamp, policy: DispatchPolicy, travel: Travel = .estimate(TravelEstimate())
    ) {
        self.now = now
        self.policy = policy
        self.zonePolicies = []
        self.travel = travel
        self.places = []
        self.orders = []
        self.drivers = []
    }

    /// The drivers who may get anything at this tick.
    package var eligibleDrivers: [DriverState] {
        let eligibility = Eligibility(now: now, policy: policy.bounded)
        return drivers.filter { eligibility.refusal(of: $0) == nil }
    }

    /// Adds a place and gives its number.
    package mutating func place(_ point: GeoPoint) -> PlaceIndex {
        places.append(point)
        return PlaceIndex(Int32(places.count - 1))
    }
}

/// An order that waits in the pool.
package struct WaitingOrder: Hashable, Sendable {
    package var id: OrderID
    /// The zone by whose rules it is judged; nil is the catch-all pool.
    package var zone: ZoneID?
    package var restaurant: RestaurantID?
    package var pickup: PlaceIndex
    package var dropoff: PlaceIndex
    package var placedAt: Timestamp
    /// When the order last entered the pool; windows and bounds count from here.
    package var pooledAt: Timestamp
    /// Nil where the kitchen says nothing: then the time of placing stands for it.
    package var readyAt: Timestamp?
    /// How much later than that this kitchen usually is: than its word, or than the placing where there is none.
    package var readyDeviation = Seconds.zero
    package var promisedAt: Timestamp?
    /// Space in the driver's bag.
    package var bagUnits: Int32 = 1
    /// How much a second of this order's delay counts.
    package var weight = Weight.one
    /// Never given to these by the engine.
    package var excluded: [DriverID] = []
    /// Given to this driver or to nobody.
    package var pinned: DriverID?
    /// Classes that can carry it; empty means all.
    package var vehicles: [VehicleClass] = []

    package init(id: OrderID, pickup: PlaceIndex, dropoff: PlaceIndex, placedAt: Timestamp) {
        self.id = id
        self.pickup = pickup
        self.dropoff = dropoff
        self.placedAt = placedAt
        self.pooledAt = placedAt
    }
}

/// A stop that a driver has been told and still has to make. Its order is locked to him.
package struct RunningStop: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        case pickup
        case dropoff
    }

    package var kind: Kind
    package var order: OrderID
    package var place: PlaceIndex
    /// For a pickup: when the food is ready, nil means it is. For a dropoff: nothing.
    package var readyAt: Timestamp?
    package var restaurant: RestaurantID?
    package var bagUnits: Int32 = 1
    /// As of the order while it waited.
    package var zone: ZoneID?
    package var weight = Weight.one
    /// When the order was placed, for the bound on its delivery.
    package var placedAt: Timestamp
    package var promisedAt: Timestamp?

    package init(kind: Kind, order: OrderID, place: PlaceIndex, placedAt: Timestamp) {
        self.kind = kind
        self.order = order
        self.place = place
        self.placedAt = placedAt
    }
}

/// A driver as dispatch sees him.
package struct DriverState: Hashable, Sendable {
    /// How a driver feels about a restaurant's orders, or the house about him there.
    package struct RestaurantRule: Hashable, Sendable {
        package enum Kind: UInt8, Hashable, Sendable {
            /// Where a driver has any of these, he gets orders only of these restaurants and of those he prefers.
            case allow
            /// Chosen where it makes little difference.
            case prefer
            case forbid
        }

        package var restaurant: RestaurantID
        package var kind: Kind

        package init(restaurant: RestaurantID, kind: Kind) {
            self.restaurant = restaurant
            self.kind = kind
        }
    }

    package var id: DriverID
    /// Where he can be redirected from.
    package var place: PlaceIndex
    /// When: now for an idle driver; the end of the present leg for one who is driving to a stop.
    package var freeAt: Timestamp
    /// Most orders at once, told and on board together.
    package var capacity: Int32 = 3
    /// Most bag units at once.
    package var bagUnits: Int32 = 6
    package var vehicle = VehicleClass.motorcycle
    package var shiftEndsAt: Timestamp?
    package var lastFixAt: Timestamp
    /// His word: offline drivers finish what they have and get nothing new.
    package var isOnline = true
    /// The stops that he still has to make, in the sequence in which he makes them.
    package var running: [RunningStop] = []
    /// Orders placed later are not mixed into those stops; nil: all may be.
    package var mixesPlacedUntil: Timestamp?
    /// Orders that he holds and that are not among the stops, because nobody knows where they go: they take up room.
    package var unplacedOrders: Int32 = 0
    package var unplacedUnits: Int32 = 0
    package var rules: [RestaurantRule] = []
    /// When he got the newest of the orders that he has and has not answered; nil where he has answered all.
    package var offeredAt: Timestamp?

    package init(id: DriverID, place: PlaceIndex, freeAt: Timestamp, lastFixAt: Timestamp) {
        self.id = id
        self.place = place
        self.freeAt = freeAt
        self.lastFixAt = lastFixAt
    }
}

extension DriverState {
    /// What he can have besides the orders of which nobody knows where they go.
    var room: (orders: Int32, units: Int32) {
        (capacity.subtractingHeld(unplacedOrders), bagUnits.subtractingHeld(unplacedUnits))
    }

    /// Whether he may be told these besides all that he was told and has not delivered: counted as the commit counts.
    func hasRoom(for orders: [WaitingOrder]) -> Bool {
        if running.isEmpty, unplacedOrders == 0 { return true }
        var told: Set<OrderID> = []
        var units = orders.reduce(Int64(0)) { $0 + Int64($1.bagUnits) }
        for stop in running where told.insert(stop.order).inserted { units += Int64(stop.bagUnits) }
        return told.count + orders.count <= Int(room.orders) && units <= Int64(room.units)
    }
}

extension Int32 {
    /// The difference, inside the range.
    fileprivate func subtractingHeld(_ other: Int32) -> Int32 {
        let (difference, isBeyond) = subtractingReportingOverflow(other)
        return isBeyond ? .min : difference
    }
}
