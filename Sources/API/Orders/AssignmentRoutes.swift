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

/// A batch as admins see it.
struct BatchObject: JSONWritable {
    private let batch: Batch
    private let orders: [OrderObject]

    init(_ batch: Batch, _ view: OrderView) {
        self.batch = batch
        orders = batch.orders.map { view.object($0, for: .admin) }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", batch.id.rawValue)
            writer.field("batch_id", batch.id.rawValue)
            writer.field("driver_id", batch.driverID.rawValue)
            writer.field("source", batch.source.rawValue)
            writer.field("pool_id", batch.poolID?.rawValue)
            writer.field("order_count", orders.count)
            writer.field("order_ids", orders.map(\.id))
            writer.field("distance_km", metres: Int64(batch.distance))
            writer.field("earnings", paise: orders.reduce(0) { $0 + $1.driverEarningsPaise })
            writer.field("created_at", milliseconds: batch.createdAt.milliseconds)
            writer.field("orders", orders)
        }
    }
}
