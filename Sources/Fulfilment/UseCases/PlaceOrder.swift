import DispatchCore

/// An order comes in and enters the pool of its zone.
package struct PlaceOrder: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// Stores the order and asks for a round. Placing the same external id again gives the first order back.
    ///
    /// - Throws: ``FulfilmentError/unknownRestaurant`` for a restaurant that does not exist, ``StoreError``.
    package func callAsFunction(
        _ content: OrderContent, by principal: Principal, idempotency: IdempotencyKey? = nil
    ) async throws -> (order: Order, created: Bool) {
        var content = content
        if let id = content.restaurantID {
            guard let restaurant = try await house.places.restaurant(id) else {
                throw FulfilmentError.unknownRestaurant
            }
            content.pickup.name = content.pickup.name ?? restaurant.place.name
            if content.pickup.address.isEmpty { content.pickup.address = restaurant.place.address }
            content.pickup.phone = content.pickup.phone ?? restaurant.place.phone
            content.pickup.point = content.pickup.point ?? restaurant.place.point
        }
        if content.otp == nil, house.settings.makesOTP { content.otp = house.settings.drawOTP() }
        let placement = Placement(
            content: content, zoneID: content.pickup.point.flatMap { house.atlas.zone(containing: $0) },
            at: house.now(),
            by: principal, idempotency: idempotency)
        let (order, created) = try await house.orders.insert(placement)
        if created {
            house.feed.orderChanged(order.id, state: order.state, driverName: nil)
        }
        return (order, created)
    }
}
