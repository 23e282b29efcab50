package import DispatchCore
package import Geo

/// An admin corrects what is known of an order that waits: where it goes above all, because an order without a place
/// waits for a hand for ever.
package struct EditOrder: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// What is to be set; what is nil stays.
    package struct Edit: Sendable, Equatable {
        package var delivery: GeoPoint?
        package var deliveryAddress: String?
        package var customerPhone: String?
        package var instructions: String?
        package var readyAt: Timestamp?
        package var promisedAt: Timestamp?
        package var bagUnits: Int?
        package var vehicles: [VehicleType]?
        package var delayWeight: Int?

        package init() {}

        func applied(to content: OrderContent) -> OrderContent {
            var content = content
            content.dropoff.point = delivery ?? content.dropoff.point
            content.dropoff.address = deliveryAddress ?? content.dropoff.address
            content.customer.phone = customerPhone ?? content.customer.phone
            content.instructions = instructions ?? content.instructions
            content.readyAt = readyAt ?? content.readyAt
            content.promisedAt = promisedAt ?? content.promisedAt
            content.bagUnits = bagUnits ?? content.bagUnits
            content.vehicles = vehicles ?? content.vehicles
            content.delayWeight = delayWeight ?? content.delayWeight
            return content
        }
    }

    /// Sets what is given and asks for a round. Repeats are harmless.
    ///
    /// - Returns: The order as it is now.
    /// - Throws: ``FulfilmentError``: unknown order; `illegalStep` for one that does not wait any more, because its
    ///   driver was told what it was then; ``StoreError``.
    package func callAsFunction(_ edit: Edit, order id: OrderID, by admin: AdminID) async throws -> Order {
        var scope = TransactionScope(by: .admin(admin), at: house.now())
        scope.orderIDs = [id]
        let committed = try await house.orders.transact(scope) { rows -> OrderChanges<Bool> in
            guard let order = rows.orders.first else { throw FulfilmentError.unknownOrder(id) }
            guard order.state == .pending else { throw OrderMachine.illegal(order) }
            var after = order
            after.content = edit.applied(to: order.content)
            guard after != order else { return OrderChanges(result: false) }
            var changes = OrderChanges(result: true)
            changes.orders = [OrderChange(before: order, after: after, reason: "corrected")]
            return changes
        }
        guard let order = try await house.orders.order(id) else { throw FulfilmentError.unknownOrder(id) }
        if committed.result {
            house.feed.orderChanged(order.id, state: order.state, driverName: nil)
            house.rounds.raise()
        }
        return order
    }
}
