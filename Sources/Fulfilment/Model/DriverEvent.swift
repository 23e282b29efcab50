package import DispatchCore
import Geo

/// One entry of a driver's event stream: kept in the database, sent after the commit, replayed until delivered.
package struct DriverEvent: Sendable, Equatable {
    package let driverID: DriverID
    /// Gap-free per driver, from 1.
    package let seq: Int64
    package let body: DriverEventBody
    package let createdAt: Timestamp

    package init(driverID: DriverID, seq: Int64, body: DriverEventBody, createdAt: Timestamp) {
        self.driverID = driverID
        self.seq = seq
        self.body = body
        self.createdAt = createdAt
    }
}

/// What an event tells.
package enum DriverEventBody: Sendable, Equatable, Codable {
    /// The driver has a new order. A batch of n orders is n entries in route order, written in one transaction.
    case orderAssigned(AssignedOrder)
    case orderCancelled(order: Int64, reason: String)
    /// The order lives but was taken from this driver; `code` is `reassigned`, `unassigned` or `timeout`.
    case orderUnassigned(order: Int64, reason: String, code: String)

    /// The order that the event is about.
    package var orderID: Int64 {
        switch self {
        case .orderAssigned(let assigned): assigned.orderID
        case .orderCancelled(let order, _), .orderUnassigned(let order, _, _): order
        }
    }
}

/// What a driver is told of one order that he was given.
package struct AssignedOrder: Sendable, Equatable, Codable {
    package var orderID: Int64
    /// Place in the batch's route, from 1.
    package var sequence: Int
    package var restaurantName: String
    package var pickupAddress: String
    package var deliveryAddress: String
    package var pickupLatitude: Double?
    package var pickupLongitude: Double?
    package var deliveryLatitude: Double?
    package var deliveryLongitude: Double?
    /// For this order alone.
    package var earnings: Paise
    /// Metres from pickup to dropoff along the planned sequence.
    package var distance: Int
    /// When the food can leave the restaurant; nil means as soon as possible.
    package var pickupAt: Timestamp?
    /// The same by the region's clock, as drivers read it.
    package var pickupClock: String?
    package var batch: AssignedBatch

    package init(order: Order, sequence: Int, earnings: Paise, distance: Int, batch: AssignedBatch) {
        orderID = order.id.rawValue
        self.sequence = sequence
        restaurantName = order.content.pickup.name ?? ""
        pickupAddress = order.content.pickup.address
        deliveryAddress = order.content.dropoff.address
        pickupLatitude = order.content.pickup.point?.latitude
        pickupLongitude = order.content.pickup.point?.longitude
        deliveryLatitude = order.content.dropoff.point?.latitude
        deliveryLongitude = order.content.dropoff.point?.longitude
        self.earnings = earnings
        self.distance = distance
        pickupAt = order.content.readyAt
        self.batch = batch
    }
}

/// What every order of a batch is told about the whole of it.
package struct AssignedBatch: Sendable, Equatable, Codable {
    package var batchID: Int64
    /// The external pool that the orders came from; nil for the continuous pool.
    package var poolID: Int64?
    package var source: AssignmentSource
    /// In route order.
    package var orderIDs: [Int64]
    /// Names, each once, in route order.
    package var restaurants: [String]
    package var earnings: Paise
    /// Metres of the whole route, from the first pickup to the last dropoff.
    package var distance: Int

    package init(
        batchID: Int64, poolID: Int64?, source: AssignmentSource, orderIDs: [Int64], restaurants: [String],
        earnings: Paise, distance: Int
    ) {
        self.batchID = batchID
        self.poolID = poolID
        self.source = source
        self.orderIDs = orderIDs
        self.restaurants = restaurants
        self.earnings = earnings
        self.distance = distance
    }
}

/// What a driver still holds of a batch, in route order.
package struct BatchRest: Sendable, Equatable {
    package var orderIDs: [Int64]
    /// The restaurant of each order; empty where it has no name.
    package var restaurants: [String]
    package var earnings: Paise

    package init(orderIDs: [Int64], restaurants: [String], earnings: Paise) {
        self.orderIDs = orderIDs
        self.restaurants = restaurants
        self.earnings = earnings
    }
}

extension DriverEvent {
    /// The event as it is told later: an offer names of its batch only what the driver still holds. The length of the
    /// route stays as it was planned.
    package func telling(_ rest: BatchRest) -> DriverEvent {
        guard case .orderAssigned(var order) = body else { return self }
        let left = order.batch.orderIDs.filter(Set(rest.orderIDs).contains)
        guard left != order.batch.orderIDs, left == rest.orderIDs else { return self }
        order.batch.orderIDs = left
        order.batch.restaurants = rest.restaurants.filter { !$0.isEmpty }.uniqued()
        order.batch.earnings = rest.earnings
        return DriverEvent(driverID: driverID, seq: seq, body: .orderAssigned(order), createdAt: createdAt)
    }
}

extension Timestamp: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(milliseconds: try decoder.singleValueContainer().decode(Int64.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}
