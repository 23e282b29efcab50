import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// The admin's hand: orders to a driver, and the batches that came of it.
struct AssignmentRoutes: RouteGroup {
    private let house: House
    private let view: OrderView

    init(_ parts: API.Parts) {
        house = parts.house
        view = OrderView(showsOTPToDriver: parts.settings.showsOTPToDriver)
    }

    var routes: [Route] {
        [
            Route(.post, "/api/v1/orders/{id}/assign", .admin) { exchange in
                let request = try AssignRequest(body: exchange.body, needsOrders: false)
                return try await assign([try exchange.id("id")], request, exchange)
            },
            Route(.post, "/api/v1/orders/assign", .admin) { exchange in
                let request = try AssignRequest(body: exchange.body, needsOrders: true)
                return try await assign(request.orderIDs, request, exchange)
            },
            Route(.get, "/api/v1/batches", .admin, batches),
            Route(.get, "/api/v1/batches/{id}", .admin) { exchange in
                let id = BatchID(try exchange.id("id"))
                guard let batch = try await house.orders.batch(id) else { throw FulfilmentError.unknownBatch(id) }
                return .json(BatchObject(batch, view))
            },
        ]
    }

    private func assign(_ orders: [Int64], _ request: AssignRequest, _ exchange: Exchange) async throws -> Reply {
        var command = AssignOrders.Request(orderIDs: orders.map { OrderID($0) }, driverID: DriverID(request.driverID))
        command.earnings = request.driverEarningsPaise.map { Paise($0) }
        command.force = request.force
        command.reason = request.reason
        command.idempotency = try exchange.idempotencyKey()
        let outcome = try await AssignOrders(house)(command, by: try exchange.admin())
        return .json(
            AssignAnswer(
                orders: outcome.orders.map { view.object($0, for: .admin) }, batchID: outcome.batchID?.rawValue,
                warnings: outcome.warnings.map(\.rawValue)))
    }

    /// Newest first; `before` goes on from the last id of a page.
    private func batches(_ exchange: Exchange) async throws -> Reply {
        let limit = try exchange.query.integer("limit", in: 1...1000) ?? 100
        let before = try exchange.query.integer("before", in: 1...(1 << 53)).map { BatchID($0) }
        let batches = try await house.orders.batches(limit: Int(limit), before: before)
        return .list(batches.map { BatchObject($0, view) })
    }
}

extension BatchObject {
    fileprivate init(_ batch: Batch, _ view: OrderView) {
        self.init(
            id: batch.id.rawValue, driverID: batch.driverID.rawValue, source: batch.source.rawValue,
            poolID: batch.poolID?.rawValue, distanceMetres: Int64(batch.distance),
            createdAt: batch.createdAt.milliseconds, orders: batch.orders.map { view.object($0, for: .admin) })
    }
}
