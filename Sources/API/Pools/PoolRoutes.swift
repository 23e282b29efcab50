import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// External pools, the groups formed of them, and the hand that gives them to drivers.
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
            Route(.post, "/api/v1/pools", .admin, create),
            Route(.get, "/api/v1/pools/{id}", .admin) { exchange in
                .json(try await detail(of: try await pool(exchange), exchange))
            },
            Route(.post, "/api/v1/pools/{id}/close", .admin) { exchange in
                let id = PoolID(try exchange.id("id"))
                guard let pool = try await house.pools.closePool(id, at: exchange.now) else {
                    throw FulfilmentError.unknownPool(id)
                }
                return .json(PoolRow(pool))
            },
            Route(.get, "/api/v1/pools/{id}/details", .admin) { exchange in
                let pool = try await pool(exchange)
                let orders = try await orders(of: pool.id)
                return .json(
                    PoolOrders(pool: PoolRow(pool), orders: orders.map { view.object($0, for: .admin) }))
            },
            Route(.post, "/api/v1/pools/{id}/assign-driver", .admin, assignDriver),
            Route(.post, "/api/v1/pools/{id}/group", .admin, group),
            Route(.post, "/api/v1/pools/{id}/groups/{group}/assign", .admin, assignGroup),
            Route(.post, "/api/v1/pools/{id}/assign-groups", .admin, assignAll),
        ]
    }

    private func list(_ exchange: Exchange) async throws -> Reply {
        let rows = try await house.pools.pools().map { PoolRow($0) }
        guard let wanted = exchange.query["status"]?.uppercased(), wanted != "ALL" else { return .list(rows) }
        return .list(rows.filter { $0.status == wanted })
    }

    /// An open pool, to be filled and closed; the same external id gives the first one back.
    private func create(_ exchange: Exchange) async throws -> Reply {
        let request = try PoolRequest(body: exchange.body)
        let draft = PoolDraft(
            externalID: request.externalPoolID, name: request.name,
            expectedOrders: request.expectedOrders.map { Int($0) })
        let pool = try await house.pools.createPool(
            draft, at: exchange.now, idempotency: try exchange.idempotencyKey())
        return .json(PoolRow(pool), status: .created)
    }

    private func pool(_ exchange: Exchange) async throws -> Pool {
        let id = PoolID(try exchange.id("id"))
        guard let pool = try await house.pools.pool(id) else { throw FulfilmentError.unknownPool(id) }
        return pool
    }

    private func orders(of pool: PoolID) async throws -> [Order] {
        var query = OrderQuery()
        query.poolID = pool
        query.limit = Self.mostOrders
        return try await house.orders.orders(matching: query)
    }

    private func detail(of pool: Pool, _ exchange: Exchange) async throws -> PoolDetail {
        PoolShape(house: house, now: exchange.now).detail(
            pool, orders: try await orders(of: pool.id), groups: try await house.pools.groups(of: pool.id))
    }

    /// One batch of the named orders, all or nothing. Like every assignment by an admin it takes over what another
    /// driver has, unless food is on board or another admin has pinned it.
    private func assignDriver(_ exchange: Exchange) async throws -> Reply {
        let request = try AssignRequest(body: exchange.body, needsOrders: true)
        let pool = try await pool(exchange)
        let ids = request.orderIDs.map { OrderID($0) }
        for id in ids {
            let order = try await house.orders.order(id)
            guard order?.content.externalPoolID == pool.id else { throw FulfilmentError.unknownOrder(id) }
        }
        var command = AssignOrders.Request(orderIDs: ids, driverID: DriverID(request.driverID))
        command.earnings = request.driverEarningsPaise.map { Paise($0) }
        command.force = request.force
        command.reason = request.reason
        command.idempotency = try exchange.idempotencyKey()
        return answer(try await AssignOrders(house)(command, by: try exchange.admin()))
    }

    /// A group that waits goes to the driver as one batch; a batch that a driver has is taken over.
    private func assignGroup(_ exchange: Exchange) async throws -> Reply {
        let pool = try await pool(exchange)
        let id = BatchID(try exchange.id("group"))
        let request = try AssignGroupRequest(body: exchange.body)
        let earnings = request.driverEarningsPaise.map { Paise($0) }
        guard let driver = try exchange.query.integer("driver_id", in: 1...(1 << 53)) ?? request.driverID else {
            throw Problems.field("driver_id", "is required")
        }
        let key = try exchange.idempotencyKey()
        let admin = try exchange.admin()
        if let batch = try await house.orders.batch(id),
            batch.orders.contains(where: { $0.content.externalPoolID == pool.id })
        {
            var command = AssignOrders.Request(orderIDs: batch.orders.map(\.id), driverID: DriverID(driver))
            command.selection = .members(batch: id)
            command.earnings = earnings
            command.idempotency = key
            return answer(try await AssignOrders(house)(command, by: admin))
        }
        guard let group = try await house.pools.groups(of: pool.id).first(where: { $0.id == id }) else {
            throw FulfilmentError.unknownBatch(id)
        }
        return answer(
            try await AssignGroups(house)(
                group, to: DriverID(driver), earnings: earnings, by: admin, idempotency: key))
    }

    private func answer(_ outcome: AssignOrders.Outcome) -> Reply {
        .json(
            AssignAnswer(
                orders: outcome.orders.map { view.object($0, for: .admin) }, batchID: outcome.batchID?.rawValue,
                warnings: outcome.warnings.map(\.rawValue)))
    }

    /// Runs the batching over what is pending; what is assigned stays as it is.
    private func group(_ exchange: Exchange) async throws -> Reply {
        let pool = try await pool(exchange)
        _ = try await GroupPool(house)(pool.id)
        return .json(try await detail(of: pool, exchange))
    }

    /// Every group that waits goes to the nearest available driver who can carry it.
    private func assignAll(_ exchange: Exchange) async throws -> Reply {
        let pool = try await pool(exchange)
        let given = try await AssignGroups(house).automatically(
            in: pool.id, by: try exchange.admin(), idempotency: try exchange.idempotencyKey(longest: 200))
        return .json(
            AssignGroupsAnswer(
                groups: given.map { group in
                    AssignGroupsAnswer.Group(
                        id: group.groupID.rawValue, driverID: group.driverID?.rawValue,
                        batchID: group.batchID?.rawValue, reason: group.reason)
                }))
    }
}

extension PoolRow {
    init(_ pool: Pool) {
        self.init(
            id: pool.id.rawValue, externalPoolID: pool.draft.externalID, status: pool.status.rawValue,
            name: pool.draft.name, createdAt: pool.createdAt.milliseconds)
        closedAt = pool.draft.closedAt?.milliseconds
        syncedAt = pool.syncedAt?.milliseconds
        totalOrders = Int64(pool.totalOrders)
        totalPaise = pool.value.rawValue
        pendingOrders = Int64(pool.pendingOrders)
        assignedOrders = Int64(pool.assignedOrders)
        deliveredOrders = Int64(pool.deliveredOrders)
        restaurantCount = Int64(pool.restaurantCount)
        keptRows = Int64(pool.keptRows + pool.ordersWithoutPlace)
    }
}
