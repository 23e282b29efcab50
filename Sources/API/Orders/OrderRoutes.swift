import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity

/// Orders: place, list, look, change by word, cancel.
struct OrderRoutes: RouteGroup {
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
            Route(.get, "/api/v1/orders", .either, list),
            Route(.post, "/api/v1/orders", .admin, place),
            Route(.get, "/api/v1/orders/{id}", .either, one),
            Route(.patch, "/api/v1/orders/{id}", .admin, edit),
            Route(.put, "/api/v1/orders/{id}/status", .either, setStatus),
            Route(.post, "/api/v1/orders/{id}/cancel", .admin, cancel),
            Route(.post, "/api/v1/orders/{id}/ready", .admin) { exchange in
                let order = try await MarkReady(house)(OrderID(try exchange.id("id")), by: try exchange.admin())
                return .json(view.object(order, for: .admin))
            },
            Route(.post, "/api/v1/orders/{id}/unassign", .admin) { exchange in
                let body = try BodyReader.reason(of: exchange.body)
                return try await step(.unassign(reason: body ?? "taken back by the dispatcher"), exchange)
            },
            Route(.post, "/api/v1/orders/{id}/admin-deliver", .admin) { try await step(.deliverByHand, $0) },
        ]
    }

    /// A driver sees his own: live ones in route order, then what he delivered in the last day, newest first. What was
    /// cancelled is left out unless it is asked for: the app would take it for an order in hand.
    private func driversList(_ driver: DriverID, _ exchange: Exchange) async throws -> Reply {
        let wanted = try states(exchange.query["status"])
        var query = OrderQuery()
        query.driverID = driver
        query.inRouteOrder = true
        query.states = wanted.isEmpty ? OrderState.held : wanted.filter(\.isHeld)
        query.endedSince = exchange.now.advanced(bySeconds: -86_400)
        query.endedStates = wanted.isEmpty ? [.delivered] : wanted.filter(\.isEnded)
        if let limit = try exchange.query.integer("limit", in: 1...10_000) { query.limit = Int(limit) }
        if query.states.isEmpty, query.endedStates.isEmpty { return .list([OrderObject]()) }
        return .list(try await house.orders.orders(matching: query).map { view.object($0, for: .driver(driver)) })
    }

    private func list(_ exchange: Exchange) async throws -> Reply {
        guard let bearer = exchange.bearer else { throw Problems.wrongRole }
        switch bearer.role {
        case .driver: return try await driversList(DriverID(bearer.id), exchange)
        case .admin: return try await adminsList(exchange)
        }
    }

    /// Newest first, `before` goes on from an order's number. The first page has every open order besides, however old:
    /// an order that waits must not fall off the end. Where there is more, `Link` names the next page.
    private func adminsList(_ exchange: Exchange) async throws -> Reply {
        var query = OrderQuery()
        query.states = try states(exchange.query["status"])
        if let limit = try exchange.query.integer("limit", in: 1...10_000) { query.limit = Int(limit) }
        query.driverID = try exchange.query.integer("driver_id", in: 1...(1 << 53)).map { DriverID($0) }
        query.poolID = try exchange.query.integer("pool_id", in: 1...(1 << 53)).map { PoolID($0) }
        query.externalID = exchange.query["external_order_id"]
        let before =
            try exchange.query.integer("before", in: 1...(1 << 53))
            ?? exchange.query.integer("cursor", in: 1...(1 << 53))
        query.before = before.map { OrderID($0) }
        var orders = try await house.orders.orders(matching: query)
        var headers: HTTPFields = [:]
        if orders.count == query.limit, let last = orders.last?.id {
            headers[.link] =
                "<\(exchange.path)?\(exchange.query.text(replacing: "before", with: "\(last)"))>; rel=\"next\""
            if before == nil {
                query.states = query.states.isEmpty ? OrderState.open : query.states.filter { !$0.isEnded }
                query.before = last
                query.limit = Self.mostOpen
                if !query.states.isEmpty { orders += try await house.orders.orders(matching: query) }
            }
        }
        var reply = Reply.list(orders.map { view.object($0, for: .admin) })
        reply.headers = headers
        return reply
    }

    /// Open orders beyond the first page at most: far more than a city has at once.
    private static let mostOpen = 10_000

    /// The word or the comma-separated words of a filter, in any spelling that is read elsewhere; `all` is none.
    private func states(_ text: String?) throws -> [OrderState] {
        guard let text, text.lowercased() != "all" else { return [] }
        return try text.split(separator: ",").map { word in
            guard let step = OrderStatusRequest.Step(tolerant: String(word)),
                let state = OrderState(rawValue: step.rawValue)
            else { throw Problems.field("status", "names no state of an order") }
            return state
        }
    }

    private func one(_ exchange: Exchange) async throws -> Reply {
        guard let bearer = exchange.bearer else { throw Problems.wrongRole }
        let id = OrderID(try exchange.id("id"))
        guard let order = try await house.orders.order(id),
            bearer.role == .admin || order.assignment?.driverID == DriverID(bearer.id)
        else { throw FulfilmentError.unknownOrder(id) }
        return .json(view.object(order, for: OrderView.Viewer(bearer)))
    }

    private func place(_ exchange: Exchange) async throws -> Reply {
        let request = try CreateOrderRequest(body: exchange.body)
        if let otp = request.otp, otp.utf8.count != 6 || !otp.utf8.allSatisfy({ (48...57).contains($0) }) {
            throw Problems.field("otp", "must be six digits")
        }
        var content = OrderContent(request)
        content.vehicles = try (request.vehicleTypes ?? []).map(VehicleType.listed)
        let (order, created) = try await PlaceOrder(house)(
            content, by: try exchange.principal(), idempotency: try exchange.idempotencyKey())
        return .json(view.object(order, for: .admin), status: created ? .created : .ok)
    }

    /// Corrects an order that waits.
    private func edit(_ exchange: Exchange) async throws -> Reply {
        let request = try EditOrderRequest(body: exchange.body)
        var edit = EditOrder.Edit()
        edit.delivery = request.delivery?.geoPoint
        edit.deliveryAddress = request.deliveryAddress
        edit.customerPhone = request.customerPhone
        edit.instructions = request.specialInstructions
        edit.readyAt = request.readyAt.map { Timestamp(milliseconds: $0) }
        edit.promisedAt = request.promisedAt.map { Timestamp(milliseconds: $0) }
        edit.bagUnits = request.bagUnits.map { Int($0) }
        edit.vehicles = try request.vehicleTypes?.map(VehicleType.listed)
        edit.delayWeight = request.delayWeight.map { Int($0) }
        let order = try await EditOrder(house)(
            edit, order: OrderID(try exchange.id("id")), by: try exchange.admin())
        return .json(view.object(order, for: .admin))
    }

    private func step(_ command: OrderCommand, _ exchange: Exchange, reason: String? = nil) async throws -> Reply {
        let order = try await change(
            command, order: OrderID(try exchange.id("id")), by: try exchange.principal(), reason: reason)
        guard let bearer = exchange.bearer else { throw Problems.wrongRole }
        return .json(view.object(order, for: OrderView.Viewer(bearer)))
    }

    private func cancel(_ exchange: Exchange) async throws -> Reply {
        let request = try CancelOrderRequest(body: exchange.body)
        let party: CancellingParty =
            switch request.by {
            case .customer: .customer
            case .restaurant: .restaurant
            case .admin: .admin
            }
        let reason = request.reason ?? "cancelled by the \(party.rawValue)"
        return try await step(.cancel(by: party, reason: reason), exchange, reason: reason)
    }

    /// The seed's one call for every step; what a word means depends on who says it.
    private func setStatus(_ exchange: Exchange) async throws -> Reply {
        guard let bearer = exchange.bearer else { throw Problems.wrongRole }
        let request = try OrderStatusRequest(body: exchange.body)
        let isAdmin = bearer.role == .admin
        let command: OrderCommand
        switch request.step {
        case .accepted: command = .accept
        case .pickedUp: command = .pickUp
        case .inTransit: command = .startTransit
        case .delivered: command = isAdmin ? .deliverByHand : .deliver(.otp(request.otp))
        case .rejected, .pending:
            command =
                isAdmin
                ? .unassign(reason: request.reason ?? "taken back by the dispatcher") : .reject(reason: request.reason)
        case .cancelled: command = .cancel(by: .admin, reason: request.reason ?? "cancelled by the dispatcher")
        case .assigned: return try await stay(exchange)
        }
        return try await step(command, exchange, reason: request.reason)
    }

    /// Nobody becomes assigned by this call: a success where the order is assigned already, otherwise an illegal step.
    private func stay(_ exchange: Exchange) async throws -> Reply {
        let reply = try await one(exchange)
        let id = OrderID(try exchange.id("id"))
        guard let order = try await house.orders.order(id), order.state == .assigned else {
            let current = try await house.orders.order(id)?.state ?? .pending
            throw FulfilmentError.illegalStep(order: id, current: current, allowed: OrderMachine.allowed(from: current))
        }
        return reply
    }
}

extension BodyReader {
    /// The optional `reason` of calls that mostly come without a body.
    static func reason(of body: [UInt8]) throws(BodyRefusal) -> String? {
        var reader = try BodyReader(body)
        let reason = reader.text("reason", limit: 500)
        try reader.finish()
        return reason
    }
}

extension OrderContent {
    init(_ request: CreateOrderRequest) {
        let customer = Customer(
            name: request.customerName, phone: request.customerPhone, email: request.customerEmail)
        let dropoff = Place(address: request.deliveryAddress, point: request.delivery?.geoPoint)
        switch request.pickup {
        case .restaurant(let id):
            self.init(customer: customer, pickup: Place(address: ""), dropoff: dropoff)
            restaurantID = RestaurantID(id)
        case .inline(let name, let address, let phone, let point):
            let pickup = Place(name: name, address: address, phone: phone, point: point?.geoPoint)
            self.init(customer: customer, pickup: pickup, dropoff: dropoff)
        }
        items = request.items.map {
            Fulfilment.OrderItem(name: $0.name, quantity: Int($0.quantity), price: Paise($0.pricePaise))
        }
        total = Paise(request.orderTotalPaise ?? items.reduce(0) { $0 + $1.price.rawValue * Int64($1.quantity) })
        instructions = request.specialInstructions
        externalID = request.externalOrderID
        externalPoolID = request.poolID.map { PoolID($0) }
        bagUnits = Int(request.bagUnits ?? 1)
        delayWeight = Int(request.delayWeight ?? 1000)
        readyAt = request.readyAt.map { Timestamp(milliseconds: $0) }
        promisedAt = request.promisedAt.map { Timestamp(milliseconds: $0) }
        otp = request.otp
        statedEarnings = request.driverEarningsPaise.map { Paise($0) }
        statedDistance = request.distanceMetres.map { Int($0) }
    }
}
