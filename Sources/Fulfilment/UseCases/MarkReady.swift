package import DispatchCore

/// The kitchen says that an order's food is ready now.
package struct MarkReady: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// Sets the order's ready time to now, unless it is earlier already, and asks for a round. Repeats are harmless.
    ///
    /// - Returns: The order as it is now.
    /// - Throws: ``FulfilmentError``: unknown order, or `orderEnded`; ``StoreError``.
    package func callAsFunction(_ id: OrderID, by admin: AdminID) async throws -> Order {
        let now = house.now()
        var scope = TransactionScope(by: .admin(admin), at: now)
        scope.orderIDs = [id]
        let committed = try await house.orders.transact(scope) { rows -> OrderChanges<Outcome> in
            guard let order = rows.orders.first else { throw FulfilmentError.unknownOrder(id) }
            guard !order.state.isEnded else { throw FulfilmentError.orderEnded(order: id, current: order.state) }
            guard order.content.readyAt.map({ $0 > now }) ?? true, !order.state.isOnBoard else {
                return OrderChanges(result: Outcome(order: order, isNew: false))
            }
            var after = order
            after.content.readyAt = now
            let change = OrderChange(before: order, after: after, reason: "kitchen ready")
            var changes = OrderChanges(result: Outcome(order: change.committed, isNew: true))
            changes.orders = [change]
            return changes
        }
        let order = committed.result.order
        if committed.result.isNew {
            house.feed.orderChanged(order.id, state: order.state, driverName: order.assignment?.driverName)
            house.rounds.raise()
        }
        return order
    }

    private struct Outcome: Sendable {
        /// As this commit leaves it.
        var order: Order
        var isNew: Bool
    }
}
