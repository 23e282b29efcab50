import DispatchCore
import Synchronization

/// The alarms for the admin: orders that only he may move, with drivers who are lost. Kept by the server that
/// dispatches, as of its last round.
///
/// Owner of its state: one `Mutex`, held for one exchange.
package final class LostOrders: Sendable {
    private let orders = Mutex<[LostOrder]>([])

    package init() {}

    /// The longest lost first.
    package var all: [LostOrder] { orders.withLock { $0 } }

    /// Puts these in the place of those of before.
    ///
    /// - Returns: Which are new, and which are none any more.
    package func replace(with lost: [LostOrder]) -> (new: [LostOrder], over: [LostOrder]) {
        let sorted = lost.sorted { ($0.lastSignAt, $0.orderID) < ($1.lastSignAt, $1.orderID) }
        let before = orders.withLock { orders in
            defer { orders = sorted }
            return orders
        }
        func missing(_ orders: [LostOrder], in others: [LostOrder]) -> [LostOrder] {
            let known = Set(others.map { Exclusion(orderID: $0.orderID, driverID: $0.driverID) })
            return orders.filter { !known.contains(Exclusion(orderID: $0.orderID, driverID: $0.driverID)) }
        }
        return (missing(sorted, in: before), missing(before, in: sorted))
    }
}
