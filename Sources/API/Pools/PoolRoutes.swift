import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// External pools, told from the orders that carry their number, and the batches formed of them.
struct PoolRoutes: RouteGroup {
    private let house: House
    private let view: OrderView

    private static let mostOrders = 10_000

    init(_ parts: API.Parts) {
        house = parts.house
        view = OrderView(showsOTPToDriver: parts.settings.showsOTPToDriver)
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/pools", .admin, list),
            Route(.get, "/api/v1/pools/{id}", .admin, detail),
            Route(.get, "/api/v1/pools/{id}/details", .admin) { exchange in
                let (id, orders) = try await pool(exchange)
                return .json(
                    PoolOrders(pool: PoolRow(id, orders), orders: orders.map { view.object($0, for: .admin) }))
            },
            Route(.post, "/api/v1/pools/{id}/assign-driver", .admin, assignDriver),
            Route(.post, "/api/v1/pools/{id}/group", .admin, group),
            Route(.post, "/api/v1/pools/{id}/groups/{group}/assign", .admin, assignGroup),
        ]
    }

    private func list(_ exchange: Exchange) async throws -> Reply {
        var query = OrderQuery()
        query.limit = Self.mostOrders
        let orders = try await house.orders.orders(matching: query)
        var pools: [PoolID: [Order]] = [:]
        for order in orders {
            if let pool = order.content.externalPoolID { pools[pool, default: []].append(order) }
        }
        let rows = pools.keys.sorted(by: >).map { PoolRow($0, pools[$0] ?? []) }
        guard let wanted = exchange.query["status"]?.uppercased(), wanted != "ALL" else { return .list(rows) }
        return .list(rows.filter { $0.status == wanted })
    }

    private func pool(_ exchange: Exchange) async throws -> (PoolID, [Order]) {
        let id = PoolID(try exchange.id("id"))
        var query = OrderQuery()
        query.poolID = id
        query.limit = Self.mostOrders
        let orders = try await house.orders.orders(matching: query)
        guard !orders.isEmpty else { throw Problems.notFound }
        return (id, orders)
    }

    private func detail(_ exchange: Exchange) async throws -> Reply {
        let (id, orders) = try await pool(exchange)
        return .json(PoolShape(house: house, now: exchange.now).detail(id, orders))
    }

    /// One batch of the named orders, all or nothing. An order that another driver has is a conflict here: the
    /// console's pool page shows a stale list, and a take-over is the business of its orders page.
    private func assignDriver(_ exchange: Exchange) async throws -> Reply {
        let request = try AssignRequest(body: exchange.body, needsOrders: true)
        let (_, orders) = try await pool(exchange)
        let ids = request.orderIDs.map { OrderID($0) }
        for id in ids {
            guard let order = orders.first(where: { $0.id == id }) else { throw FulfilmentError.unknownOrder(id) }
            guard order.holder == nil || order.holder == DriverID(request.driverID) || request.force else {
                throw Problem(
                    status: 409, code: "order_taken", title: "Taken already",
                    detail: "Order \(id) is with another driver already; none was assigned.")
            }
        }
        return try await assign(ids, to: request.driverID, request, exchange)
    }

    private func assignGroup(_ exchange: Exchange) async throws -> Reply {
        let (pool, _) = try await pool(exchange)
        let id = BatchID(try exchange.id("group"))
        guard let batch = try await house.orders.batch(id),
            batch.orders.contains(where: { $0.content.externalPoolID == pool })
        else { throw FulfilmentError.unknownBatch(id) }
        guard let driver = try exchange.query.integer("driver_id", in: 1...(1 << 53)) else {
            throw Problems.field("driver_id", "is required")
        }
        let open = batch.orders.filter { !$0.state.isEnded && !$0.state.isOnBoard }.map(\.id)
        return try await assign(open, to: driver, nil, exchange)
    }

    private func assign(
        _ orders: [OrderID], to driver: Int64, _ request: AssignRequest?, _ exchange: Exchange
    ) async throws -> Reply {
        var command = AssignOrders.Request(orderIDs: orders, driverID: DriverID(driver))
        command.earnings = request?.driverEarningsPaise.map { Paise($0) }
        command.force = request?.force ?? false
        command.reason = request?.reason
        command.idempotency = try exchange.idempotencyKey()
        let outcome = try await AssignOrders(house)(command, by: try exchange.admin())
        return .json(
            AssignAnswer(
                orders: outcome.orders.map { view.object($0, for: .admin) }, batchID: outcome.batchID?.rawValue,
                warnings: outcome.warnings.map(\.rawValue)))
    }

    /// Asks the engine for a round and answers with the batches there are: what waits is batched by that round.
    private func group(_ exchange: Exchange) async throws -> Reply {
        let (id, orders) = try await pool(exchange)
        house.rounds.raise()
        return .json(PoolShape(house: house, now: exchange.now).detail(id, orders), status: .accepted)
    }
}

extension PoolRow {
    /// A pool as its orders tell it. Its orders are in our database, so it is at least `SYNCED`.
    init(_ id: PoolID, _ orders: [Order]) {
        let live = orders.filter { $0.state != .cancelled }
        let delivered = live.filter { $0.state == .delivered }.count
        let pending = live.filter { $0.state == .pending }.count
        let hasMoved = live.contains { $0.state.isOnBoard || $0.state == .delivered }
        let status =
            !live.isEmpty && delivered == live.count
            ? "COMPLETED" : hasMoved ? "IN_PROGRESS" : pending == 0 && !live.isEmpty ? "ASSIGNED" : "SYNCED"
        let times = orders.map(\.createdAt.milliseconds)
        self.init(id: id.rawValue, externalPoolID: nil, status: status, name: nil, createdAt: times.min() ?? 0)
        closedAt = times.max()
        syncedAt = times.max()
        totalOrders = Int64(orders.count)
        totalPaise = live.reduce(0) { $0 + $1.content.total.rawValue }
        pendingOrders = Int64(pending)
        assignedOrders = Int64(live.filter { $0.state.isHeld }.count)
        deliveredOrders = Int64(delivered)
        restaurantCount = Int64(Set(orders.map { $0.content.restaurantID?.rawValue ?? 0 }).count)
    }
}
