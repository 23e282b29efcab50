package import Contract
import DispatchCore
package import Fulfilment

/// A message that stands for one or more events of a driver's stream.
package struct EventMessage: Equatable, Sendable {
    package let message: ServerMessage
    /// The message as it goes over the wire.
    let bytes: [UInt8]
    /// The highest event number it stands for.
    package let sequence: Int64
    /// The orders it is about.
    package let orderIDs: [Int64]
    /// The external pool, which the deployed app reports in place of an order.
    package let poolID: Int64?

    init(message: ServerMessage, sequence: Int64, orderIDs: [Int64], poolID: Int64?) {
        self.message = message
        bytes = message.jsonBytes
        self.sequence = sequence
        self.orderIDs = orderIDs
        self.poolID = poolID
    }

    /// Whether it gives orders to the driver.
    var isOffer: Bool {
        if case .orderAssigned = message { true } else { false }
    }
}

/// Turns events of the house into messages of the contract.
package enum EventMessages {
    /// The messages for events that are in the order of their numbers.
    ///
    /// - Complexity: O(n).
    package static func messages(
        for events: [DriverEvent], _ setting: GatewaySettings.BatchMessages
    ) -> [EventMessage] {
        var messages: [EventMessage] = []
        var index = 0
        while index < events.count {
            let event = events[index]
            var end = index + 1
            if setting == .perBatch, case .orderAssigned(let first) = event.body {
                while end < events.count, case .orderAssigned(let next) = events[end].body,
                    next.batch.batchID == first.batch.batchID
                { end += 1 }
                messages.append(batchMessage(events[index..<end]))
            } else {
                messages.append(message(event))
            }
            index = end
        }
        return messages
    }

    /// What is left to tell a driver who was away: of each order only the last event, in the order of their numbers.
    ///
    /// An order that was assigned and then taken away while the driver was gone is told as its end only; whether an
    /// earlier socket showed it to him cannot be known, and its end without its beginning does no harm.
    package static func coalesced(_ events: [DriverEvent]) -> [DriverEvent] {
        var last: [Int64: Int64] = [:]
        for event in events { last[event.body.orderID] = max(event.seq, last[event.body.orderID] ?? 0) }
        return events.filter { last[$0.body.orderID] == $0.seq }.sorted { $0.seq < $1.seq }
    }

    private static func message(_ event: DriverEvent) -> EventMessage {
        var poolID: Int64?
        let message: ServerMessage
        switch event.body {
        case .orderAssigned(let order):
            poolID = order.batch.poolID
            message = .orderAssigned(sequence: event.seq, offer(order))
        case .orderCancelled(let order, let reason):
            message = .orderCancelled(sequence: event.seq, OrderCancelled(orderID: order, reason: reason))
        case .orderUnassigned(let order, let reason, let code):
            message = .orderUnassigned(
                sequence: event.seq, OrderUnassigned(orderID: order, reason: reason, code: code))
        }
        return EventMessage(message: message, sequence: event.seq, orderIDs: [event.body.orderID], poolID: poolID)
    }

    /// One message for the batch. Its totals are the batch's when all its orders are there, else the sum of those that
    /// are.
    private static func batchMessage(_ events: ArraySlice<DriverEvent>) -> EventMessage {
        var orders: [AssignedOrder] = []
        for event in events { if case .orderAssigned(let order) = event.body { orders.append(order) } }
        guard let first = orders.first, let last = events.last else {
            preconditionFailure("a batch message is made of at least one assigned order")
        }
        var offer = offer(first)
        let isWhole = orders.count == first.batch.orderIDs.count
        offer.orderIDs = isWhole ? first.batch.orderIDs : orders.map(\.orderID)
        offer.earningsPaise = isWhole ? first.batch.earnings.rawValue : orders.reduce(0) { $0 + $1.earnings.rawValue }
        offer.distanceMetres = isWhole ? Int64(first.batch.distance) : orders.reduce(0) { $0 + Int64($1.distance) }
        offer.batchEarningsPaise = offer.earningsPaise
        offer.batchDistanceMetres = offer.distanceMetres
        offer.isPooled = orders.count > 1 || first.batch.poolID != nil
        return EventMessage(
            message: .orderAssigned(sequence: last.seq, offer), sequence: last.seq, orderIDs: orders.map(\.orderID),
            poolID: first.batch.poolID)
    }

    private static func offer(_ order: AssignedOrder) -> OrderAssigned {
        var offer = OrderAssigned(
            orderID: order.orderID, restaurantName: order.restaurantName, pickupAddress: order.pickupAddress,
            deliveryAddress: order.deliveryAddress, earningsPaise: order.earnings.rawValue,
            distanceMetres: Int64(order.distance), source: order.batch.source.rawValue)
        offer.batchID = order.batch.batchID
        offer.sequenceInBatch = Int64(order.sequence)
        offer.orderIDs = order.batch.orderIDs
        offer.restaurants = order.batch.restaurants
        offer.isPooled = order.batch.orderIDs.count > 1 || order.batch.poolID != nil
        offer.poolID = order.batch.poolID
        offer.batchEarningsPaise = order.batch.earnings.rawValue
        offer.batchDistanceMetres = Int64(order.batch.distance)
        offer.pickup = point(order.pickupLatitude, order.pickupLongitude)
        offer.delivery = point(order.deliveryLatitude, order.deliveryLongitude)
        if let clock = order.pickupClock { offer.pickupTime = clock }
        offer.readyAt = order.pickupAt?.milliseconds
        return offer
    }

    private static func point(_ latitude: Double?, _ longitude: Double?) -> WirePoint? {
        guard let latitude, let longitude else { return nil }
        return WirePoint(latitude: latitude, longitude: longitude)
    }
}
