/// The states of an order, in the words of the wire.
package enum OrderState: String, CaseIterable, Sendable, Codable {
    case pending = "PENDING"
    case assigned = "ASSIGNED"
    case accepted = "ACCEPTED"
    case pickedUp = "PICKED_UP"
    case inTransit = "IN_TRANSIT"
    case delivered = "DELIVERED"
    case cancelled = "CANCELLED"

    /// Delivered and cancelled orders never change again.
    package var isEnded: Bool { self == .delivered || self == .cancelled }
    /// A driver holds the order and the food is still at the restaurant.
    package var isHeldBeforePickup: Bool { self == .assigned || self == .accepted }
    /// The food is with a driver: nothing automatic may touch the order.
    package var isOnBoard: Bool { self == .pickedUp || self == .inTransit }
    /// Exactly one driver holds the order.
    package var isHeld: Bool { isHeldBeforePickup || isOnBoard }
}
