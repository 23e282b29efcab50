import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// A driver's own orders and the steps that he reports.
struct DriverOrderRoutes: RouteGroup {
    private let house: House
    private let view: OrderView
    private let change: ChangeOrder

    init(_ parts: API.Parts) {
        house = parts.house
        view = OrderView(showsOTPToDriver: parts.settings.showsOTPToDriver)
        change = ChangeOrder(parts.house)
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/orders/assigned", .driver, assigned),
            Route(.get, "/api/v1/driver/orders/{id}", .driver, one),
            Route(.post, "/api/v1/driver/orders/{id}/accept", .driver) { try await step(.accept, $0) },
            Route(.post, "/api/v1/driver/orders/{id}/pickup", .driver, pickUp),
            Route(.post, "/api/v1/driver/orders/{id}/in-transit", .driver) { try await step(.startTransit, $0) },
            Route(.post, "/api/v1/driver/orders/{id}/deliver", .driver, deliver),
            // No body, whatever the content type says.
            Route(.post, "/api/v1/driver/orders/{id}/reject", .driver) { try await step(.reject(reason: nil), $0) },
            Route(.post, "/api/v1/orders/verify-otp", .driver, verify),
            Route(.get, "/api/v1/driver/active-pool", .driver, activePool),
            Route(.patch, "/api/v1/pools/{id}/pickup/{restaurant}", .driver, collect),
            Route(.get, "/api/v1/pools/{id}/delivery-orders", .driver, deliveries),
        ]
    }

    private func live(of driver: DriverID, pool: PoolID? = nil) async throws -> [Order] {
        var query = OrderQuery()
        query.driverID = driver
        query.poolID = pool
        query.states = OrderState.held
        query.inRouteOrder = true
        return try await house.orders.orders(matching: query)
    }

    private func assigned(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        return .list(try await live(of: driver).map { view.object($0, for: .driver(driver)) })
    }

    private func one(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        let id = OrderID(try exchange.id("id"))
        guard let order = try await house.orders.order(id), order.assignment?.driverID == driver else {
            throw FulfilmentError.unknownOrder(id)
        }
        return .json(view.object(order, for: .driver(driver)))
    }

    private func step(_ command: OrderCommand, _ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        let order = try await change(command, order: OrderID(try exchange.id("id")), by: .driver(driver))
        return .json(view.object(order, for: .driver(driver)))
    }

    /// The pool screen sends it again for all orders of a restaurant, also for those that are further on already: a
    /// success that changes nothing.
    private func pickUp(_ exchange: Exchange) async throws -> Reply {
        do {
            return try await step(.pickUp, exchange)
        } catch FulfilmentError.illegalStep(_, .inTransit, _), FulfilmentError.illegalStep(_, .delivered, _) {
            return try await one(exchange)
        }
    }

    /// One call for all that one customer gets.
    private func deliver(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        let request = try DeliverRequest(body: exchange.body)
        let order = try await change.deliverAllOfCustomer(
            OrderID(try exchange.id("id")), otp: request.otp, by: driver)
        return .json(view.object(order, for: .driver(driver)))
    }

    private func verify(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        let request = try VerifyOTPRequest(body: exchange.body)
        let order = try await change.verify(otp: request.otp, of: OrderID(request.orderID), by: driver)
        return .object { writer in
            writer.field("order_id", order.id.rawValue)
            writer.field("is_valid", true)
            writer.field("otp_required", order.content.otp != nil)
            writer.field(
                "message", order.content.otp == nil ? "This order needs no password." : "The password is right.")
        }
    }

    /// The external pool of the driver's orders in hand, with its restaurants.
    private func activePool(_ exchange: Exchange) async throws -> Reply {
        let orders = try await live(of: try exchange.driver()).filter { $0.content.externalPoolID != nil }
        guard let pool = orders.first?.content.externalPoolID else {
            return .object { writer in
                writer.key("pool")
                writer.null()
                writer.field("restaurants", [String]())
            }
        }
        let inPool = orders.filter { $0.content.externalPoolID == pool }
        let stops = inPool.map { PoolStop($0.content) }.uniqued()
        return .object { writer in
            writer.key("pool")
            writer.object { writer in
                writer.field("id", pool.rawValue)
                writer.field("pool_id", pool.rawValue)
                writer.field("total_orders", inPool.count)
            }
            writer.field("restaurants", stops)
        }
    }

    /// Every order of the pool that waits at the restaurant is picked up.
    private func collect(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        let pool = PoolID(try exchange.id("id"))
        let restaurant = RestaurantID(try exchange.id("restaurant"))
        let orders = try await live(of: driver, pool: pool).filter { $0.content.restaurantID == restaurant }
        guard !orders.isEmpty else { throw Problems.notFound }
        for order in orders where !order.state.isOnBoard {
            _ = try await change(.pickUp, order: order.id, by: .driver(driver))
        }
        return .message("Collected.")
    }

    private func deliveries(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.driver()
        let orders = try await live(of: driver, pool: PoolID(try exchange.id("id")))
        return .object { $0.field("orders", orders.map { view.object($0, for: .driver(driver)) }) }
    }
}

/// A restaurant as the driver's pool screen shows it.
private struct PoolStop: Hashable, JSONWritable {
    let id: Int64?
    let name: String
    let address: String

    init(_ content: OrderContent) {
        id = content.restaurantID?.rawValue
        name = content.pickup.name ?? ""
        address = content.pickup.address
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("restaurant_id", id)
            writer.field("name", name)
            writer.field("address", address)
        }
    }
}
