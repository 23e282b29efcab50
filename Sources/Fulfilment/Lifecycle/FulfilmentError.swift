package import DispatchCore

/// Why a command was refused. Each case is something that a user can cause; one place in `API` turns them into HTTP.
package enum FulfilmentError: Error, Equatable, Sendable {
    /// No such order, or it belongs to somebody else: the two are told alike.
    case unknownOrder(OrderID)
    case unknownDriver(DriverID)
    case unknownRestaurant
    case unknownBatch(BatchID)
    case unknownPool(PoolID)
    /// Nothing of the group waits any more.
    case nothingLeft(group: BatchID)
    /// The step is not legal from the state that the order is in.
    case illegalStep(order: OrderID, current: OrderState, allowed: [OrderState])
    /// The role may not do this at all.
    case notAllowed(String)
    case driverBlocked(DriverID)
    case orderEnded(order: OrderID, current: OrderState)
    /// The food is with a driver already.
    case foodOnBoard(order: OrderID, current: OrderState)
    /// Another admin has pinned the order; `force` takes it all the same.
    case pinnedByAnother(order: OrderID, admin: AdminID)
    case otpMissing(OrderID)
    case otpWrong(OrderID, triesLeft: Int)
    case otpLocked(OrderID)
    /// A value is out of its range; names the field.
    case invalid(field: String, detail: String)
}
