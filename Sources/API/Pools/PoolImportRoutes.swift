import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// Closed pools coming in, by the upstream's webhook or by an admin's hand, and the repair of what could not become
/// orders at once.
struct PoolImportRoutes: RouteGroup {
    private let house: House

    init(_ parts: API.Parts) {
        house = parts.house
    }

    var routes: [Route] {
        [
            // The path that the restaurants' portal calls, and the same below our own prefix.
            Route(.post, "/api/webhook/receive-orders", .integration, takesImport: true, webhook),
            Route(.post, "/api/v1/webhook/receive-orders", .integration, takesImport: true, webhook),
            Route(.post, "/api/v1/pools/import", .admin, takesImport: true) { exchange in
                let request = try PoolImportRequest(body: exchange.body)
                return try await take(request, exchange, by: try exchange.principal(), listing: "all")
            },
            Route(.get, "/api/v1/pools/{id}/rows", .admin, rows),
            Route(.post, "/api/v1/pools/{id}/repair", .admin) { exchange in
                let id = PoolID(try exchange.id("id"))
                guard let pool = try await house.pools.pool(id) else { throw FulfilmentError.unknownPool(id) }
                return .json(try await retry([pool], by: try exchange.principal()))
            },
            Route(.post, "/api/v1/sync/trigger-sync", .admin) { exchange in
                let answer = try await retryEverything(exchange)
                return .object { writer in
                    writer.field("message", "Rows that waited for repair were tried again.")
                    writer.key("details")
                    writer.object { writer in
                        writer.field("synced", answer.count("inserted") + answer.count("repaired"))
                        writer.field("skipped", answer.count("skipped"))
                        writer.field("errors", answer.count("kept") + answer.count("refused"))
                    }
                }
            },
            Route(.post, "/api/v1/pools/sync", .admin) { exchange in
                let answer = try await retryEverything(exchange)
                let newest = try await house.pools.pools().first
                return .object { writer in
                    writer.field("success", true)
                    writer.field("orders_synced", answer.count("inserted") + answer.count("repaired"))
                    writer.field("external_pool_id", newest?.draft.externalID)
                    writer.field("message", "Pools are pushed to this server; what waited for repair was tried again.")
                    writer.field("error", nil as String?)
                }
            },
        ]
    }

    private func webhook(_ exchange: Exchange) async throws -> Reply {
        let request = try PoolImportRequest(body: exchange.body)
        return try await take(request, exchange, by: .integration("webhook"), listing: "problems")
    }

    /// - Parameter listing: Which rows the answer lists unless the query says otherwise: `all` or `problems`.
    private func take(
        _ request: PoolImportRequest, _ exchange: Exchange, by principal: Principal, listing: String
    ) async throws -> Reply {
        let wanted = exchange.query["rows"]?.lowercased() ?? listing
        guard wanted == "all" || wanted == "problems" else {
            throw Problems.field("rows", "must be all or problems")
        }
        let now = exchange.now
        let heads = request.pools.map { head in
            PoolDraft(
                externalID: head.externalPoolID, name: head.name, closedAt: head.isOpen ? nil : now,
                expectedOrders: head.expectedOrders.map { Int($0) })
        }
        let rows = try await take(request.rows, heads, by: principal)
        return .json(PoolImportAnswer(rows: rows, listsProblemsOnly: wanted == "problems"))
    }

    private func take(
        _ rows: [PoolImportRow], _ heads: [PoolDraft], by principal: Principal
    ) async throws -> [PoolImportAnswer.Row] {
        let named = rows.indices.filter { !rows[$0].externalOrderID.isEmpty && !rows[$0].externalPoolID.isEmpty }
        let reports = try await ImportPool(house)(
            named.map { ImportPool.Row(rows[$0]) }, pools: heads, by: principal)
        var answers = rows.indices.map { index in
            PoolImportAnswer.Row(
                index: index, externalOrderID: rows[index].externalOrderID, status: "refused", orderID: nil,
                problem: ImportProblem.invalidRow.rawValue, detail: rows[index].fault)
        }
        for (index, report) in zip(named, reports) {
            answers[index].problem = report.problem?.rawValue
            answers[index].detail = report.detail
            switch report.outcome {
            case .inserted(let id): (answers[index].status, answers[index].orderID) = ("inserted", id.rawValue)
            case .repaired(let id): (answers[index].status, answers[index].orderID) = ("repaired", id.rawValue)
            case .skipped(let id):
                (answers[index].status, answers[index].orderID) = ("skipped", id.rawValue)
                // The order as it is may lack nothing any more; what this row lacks does not matter.
                answers[index].problem = nil
                answers[index].detail = nil
            case .kept: answers[index].status = "kept"
            case nil: answers[index].status = "skipped"
            }
        }
        return answers
    }

    private func rows(_ exchange: Exchange) async throws -> Reply {
        let id = PoolID(try exchange.id("id"))
        guard try await house.pools.pool(id) != nil else { throw FulfilmentError.unknownPool(id) }
        return .list(try await house.pools.keptRows(of: id).map(KeptRowView.init))
    }

    private func retryEverything(_ exchange: Exchange) async throws -> PoolImportAnswer {
        let pools = try await house.pools.pools().filter { $0.keptRows > 0 }
        return try await retry(pools, by: try exchange.principal())
    }

    /// Tries rows that were kept again with the restaurants as they are now.
    private func retry(_ pools: [Pool], by principal: Principal) async throws -> PoolImportAnswer {
        var answers: [PoolImportAnswer.Row] = []
        for pool in pools {
            let rows = try await house.pools.keptRows(of: pool.id).compactMap { row in
                (try? JSON(parsing: row.body)).map { PoolImportRow($0, poolWhenUnsaid: pool.draft.externalID) }
            }
            guard !rows.isEmpty else { continue }
            answers += try await take(rows, [], by: principal)
        }
        return PoolImportAnswer(rows: answers, listsProblemsOnly: false)
    }
}

/// A row that waits for repair.
private struct KeptRowView: JSONWritable {
    let row: KeptRow

    init(_ row: KeptRow) {
        self.row = row
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("external_order_id", row.externalOrderID)
            writer.field("problem", row.problem.rawValue)
            writer.field("detail", row.detail)
            writer.field("received_at", milliseconds: row.receivedAt.milliseconds)
            writer.key("row")
            writer.value((try? JSON(parsing: row.body)) ?? .null)
        }
    }
}

extension ImportPool.Row {
    init(_ row: PoolImportRow) {
        var content = OrderContent(
            customer: Customer(name: row.customerName, phone: row.customerPhone, email: row.customerEmail),
            pickup: Place(
                name: row.restaurantName, address: row.restaurantAddress, phone: row.restaurantPhone,
                point: row.pickup?.geoPoint),
            dropoff: Place(address: row.deliveryAddress, point: row.delivery?.geoPoint))
        content.externalID = row.externalOrderID
        content.items = row.items.map {
            Fulfilment.OrderItem(name: $0.name, quantity: Int($0.quantity), price: Paise($0.pricePaise))
        }
        content.total = Paise(row.totalPaise)
        content.instructions = row.specialInstructions
        content.bagUnits = Int(row.bagUnits)
        content.readyAt = row.readyAt.map { Timestamp(milliseconds: $0) }
        content.promisedAt = row.promisedAt.map { Timestamp(milliseconds: $0) }
        content.otp = row.otp
        let source = row.source
        self.init(
            externalOrderID: row.externalOrderID, externalPoolID: row.externalPoolID, restaurant: row.restaurant,
            content: content, fault: row.fault,
            body: {
                var writer = JSONWriter()
                writer.value(source)
                return String(decoding: writer.bytes, as: UTF8.self)
            })
    }
}
