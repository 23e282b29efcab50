package import DispatchCore
package import Geo

/// One customer's food: one pickup, one dropoff.
package struct Order: Sendable, Equatable {
    package let id: OrderID
    /// Grows by one with every change; the compare-and-set of the whole house.
    package var version: Int64
    package var state: OrderState
    package var content: OrderContent
    /// The zone whose pool the order waits in; nil is the catch-all pool.
    package var zoneID: ZoneID?
    /// Who holds the order, or held it last when it was delivered. Nil while it is pending.
    package var assignment: Assignment?
    package var createdAt: Timestamp
    /// When the order last entered the pool: its creation, or the moment it came back.
    package var pooledAt: Timestamp
    package var acceptedAt: Timestamp?
    package var pickedUpAt: Timestamp?
    package var deliveredAt: Timestamp?
    package var cancelledAt: Timestamp?
    package var cancelReason: String?
    /// Wrong one-time passwords given so far; tries are limited.
    package var otpFailures: Int
    /// Its last driver rejected it or was lost, so the engine may give it to another, whatever pool it is of. An admin
    /// who takes it back keeps it for a hand.
    package var isGivenBack = false

    package init(id: OrderID, version: Int64, state: OrderState, content: OrderContent, createdAt: Timestamp) {
        self.id = id
        self.version = version
        self.state = state
        self.content = content
        self.createdAt = createdAt
        self.pooledAt = createdAt
        self.otpFailures = 0
    }

    /// The driver who holds the order now, nil when nobody does.
    package var holder: DriverID? { state.isHeld ? assignment?.driverID : nil }
}

/// What was ordered, by whom, from where to where. An admin may correct a little of it while the
/// order waits; otherwise it never changes.
package struct OrderContent: Sendable, Equatable {
    package var externalID: String?
    package var externalPoolID: PoolID?
    package var customer: Customer
    package var pickup: Place
    package var dropoff: Place
    package var restaurantID: RestaurantID?
    package var items: [OrderItem]
    package var total: Paise
    package var instructions: String?
    /// Space in the driver's bag, 1 for an ordinary order.
    package var bagUnits: Int
    /// What can carry it; empty means everything.
    package var vehicles: [VehicleType]
    /// How much a second of its delay counts, in thousandths of an ordinary order's.
    package var delayWeight: Int
    package var readyAt: Timestamp?
    package var promisedAt: Timestamp?
    /// Six digits, where the order has one.
    package var otp: String?
    /// What the driver earns, where the one who placed the order said so.
    package var statedEarnings: Paise?
    /// Pickup to dropoff in metres, where the one who placed the order said so.
    package var statedDistance: Int?

    package init(customer: Customer, pickup: Place, dropoff: Place) {
        self.customer = customer
        self.pickup = pickup
        self.dropoff = dropoff
        self.items = []
        self.total = .zero
        self.bagUnits = 1
        self.vehicles = []
        self.delayWeight = 1000
    }
}

/// Who gets the food.
package struct Customer: Sendable, Equatable {
    package var name: String
    package var phone: String
    package var email: String?

    package init(name: String, phone: String, email: String? = nil) {
        self.name = name
        self.phone = phone
        self.email = email
    }
}

/// Where a stop is. Without a point the order waits for a hand.
package struct Place: Sendable, Equatable {
    package var name: String?
    package var address: String
    package var phone: String?
    package var point: GeoPoint?

    package init(name: String? = nil, address: String, phone: String? = nil, point: GeoPoint? = nil) {
        self.name = name
        self.address = address
        self.phone = phone
        self.point = point
    }
}

/// One line of what was ordered.
package struct OrderItem: Sendable, Equatable, Codable {
    package var name: String
    package var quantity: Int
    package var price: Paise

    package init(name: String, quantity: Int, price: Paise) {
        self.name = name
        self.quantity = quantity
        self.price = price
    }
}

/// The committed fact that a driver holds an order.
package struct Assignment: Sendable, Equatable {
    package var driverID: DriverID
    package var driverName: String
    package var batchID: BatchID
    /// Place of the order in its batch's route, from 1.
    package var sequence: Int
    package var source: AssignmentSource
    /// The admin who pinned the order to this driver; the engine never moves it.
    package var pinnedBy: AdminID?
    package var earnings: EarningsQuote
    /// Along the planned sequence, pickup to dropoff, in metres.
    package var distance: Int
    /// Estimated from assignment to dropoff.
    package var durationSeconds: Int?
    package var assignedAt: Timestamp

    package init(
        driverID: DriverID, driverName: String, batchID: BatchID, sequence: Int, source: AssignmentSource,
        pinnedBy: AdminID?,
        earnings: EarningsQuote, distance: Int, durationSeconds: Int?, assignedAt: Timestamp
    ) {
        self.driverID = driverID
        self.driverName = driverName
        self.batchID = batchID
        self.sequence = sequence
        self.source = source
        self.pinnedBy = pinnedBy
        self.earnings = earnings
        self.distance = distance
        self.durationSeconds = durationSeconds
        self.assignedAt = assignedAt
    }
}

/// Who decided an assignment.
package enum AssignmentSource: String, Sendable, Codable {
    case engine
    case admin
}

/// The parts of what a driver earns for one order, frozen when he got it.
package struct EarningsQuote: Sendable, Equatable, Codable {
    package var base: Paise
    package var distance: Paise
    package var peakHour: Paise
    package var multiOrder: Paise
    /// What an admin or the one who placed the order added or set on top; may be negative.
    package var adjustment: Paise

    package init(
        base: Paise = .zero, distance: Paise = .zero, peakHour: Paise = .zero, multiOrder: Paise = .zero,
        adjustment: Paise = .zero
    ) {
        self.base = base
        self.distance = distance
        self.peakHour = peakHour
        self.multiOrder = multiOrder
        self.adjustment = adjustment
    }

    package var total: Paise { base + distance + peakHour + multiOrder + adjustment }
}
