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
            // Rows that name no pool.
            Route(.get, "/api/v1/pools/rows", .admin) { _ in
                .list(try await house.pools.keptRows(of: nil).map(KeptRowView.init))
            },
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
        let named = rows.indices.filter { !rows[$0].externalOrderID.isEmpty }
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

    /// What has to be repaired before the pool is whole: rows that are no orders yet, and orders without a place.
    private func rows(_ exchange: Exchange) async throws -> Reply {
        let id = PoolID(try exchange.id("id"))
        guard try await house.pools.pool(id) != nil else { throw FulfilmentError.unknownPool(id) }
        let kept = try await house.pools.keptRows(of: id).map(KeptRowView.init)
        return .list(kept + (try await ordersWithoutPlace(in: id)).map { KeptRowView($0) })
    }

    private func ordersWithoutPlace(in pool: PoolID) async throws -> [Order] {
        var query = OrderQuery()
        query.poolID = pool
        query.states = [.pending]
        query.limit = Self.mostOrders
        return try await house.orders.orders(matching: query).filter(\.lacksPlace).reversed()
    }

    private static let mostOrders = 100_000

    private func retryEverything(_ exchange: Exchange) async throws -> PoolImportAnswer {
        let pools = try await house.pools.pools().filter { $0.keptRows + $0.ordersWithoutPlace > 0 }
        let principal = try exchange.principal()
        var answer = try await retry(pools, by: principal)
        let loose = Self.readable(try await house.pools.keptRows(of: nil), poolWhenUnsaid: nil)
        if !loose.isEmpty { answer.rows += try await take(loose, [], by: principal) }
        return answer
    }

    /// Tries what waits again with the restaurants as they are now: kept rows, and orders whose restaurant had no place.
    private func retry(_ pools: [Pool], by principal: Principal) async throws -> PoolImportAnswer {
        var answers: [PoolImportAnswer.Row] = []
        for pool in pools {
            let rows = Self.readable(
                try await house.pools.keptRows(of: pool.id), poolWhenUnsaid: pool.draft.externalID)
            if !rows.isEmpty { answers += try await take(rows, [], by: principal) }
            let orders = pool.ordersWithoutPlace > 0 ? try await ordersWithoutPlace(in: pool.id) : []
            let reports = try await ImportPool(house)(
                orders.map { ImportPool.Row($0, of: pool) }, pools: [], by: principal)
            for (order, report) in zip(orders, reports) {
                answers.append(PoolImportAnswer.Row(answers.count, order: order, report))
            }
        }
        return PoolImportAnswer(rows: answers, listsProblemsOnly: false)
    }

    private static func readable(_ rows: [KeptRow], poolWhenUnsaid pool: String?) -> [PoolImportRow] {
        rows.compactMap { row in (try? JSON(parsing: row.body)).map { PoolImportRow($0, poolWhenUnsaid: pool) } }
    }
}

extension Order {
    /// Whether nobody knows where it comes from or goes to.
    fileprivate var lacksPlace: Bool { content.pickup.point == nil || content.dropoff.point == nil }
}

extension PoolImportAnswer.Row {
    /// An order that lacked a place, after its restaurant was looked up again.
    fileprivate init(_ index: Int, order: Order, _ report: ImportPool.Report) {
        var isRepaired = false
        if case .repaired = report.outcome { isRepaired = true }
        self.init(
            index: index, externalOrderID: order.content.externalID ?? "", status: isRepaired ? "repaired" : "skipped",
            orderID: order.id.rawValue, problem: report.problem?.rawValue, detail: report.detail)
    }
}

extension ImportPool.Row {
    /// An order as the row that would make it.
    fileprivate init(_ order: Order, of pool: Pool) {
        self.init(
            externalOrderID: order.content.externalID ?? "", externalPoolID: pool.draft.externalID ?? "",
            restaurant: order.content.restaurantID.map { "\($0)" }, content: order.content, fault: nil, body: { "" })
    }
}

/// Something that waits for repair: a row that is no order yet, or an order without a place.
private struct KeptRowView: JSONWritable {
    private let externalOrderID: String?
    private let orderID: Int64?
    private let problem: ImportProblem
    private let detail: String
    private let receivedAt: Int64
    /// The row as it came; nil for an order.
    private let body: String?

    init(_ row: KeptRow) {
        externalOrderID = row.externalOrderID
        orderID = nil
        problem = row.problem
        detail = row.detail
        receivedAt = row.receivedAt.milliseconds
        body = row.body
    }

    init(_ order: Order) {
        externalOrderID = order.content.externalID
        orderID = order.id.rawValue
        let lacksPickup = order.content.pickup.point == nil
        problem = lacksPickup ? .unknownPickupPlace : .unknownDeliveryPlace
        detail =
            lacksPickup
            ? "give the restaurant coordinates and repair the pool"
            : "give the order delivery_lat and delivery_lng (PATCH /orders/\(order.id)), or assign it by hand"
        receivedAt = order.createdAt.milliseconds
        body = nil
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("external_order_id", externalOrderID)
            writer.field("order_id", orderID)
            writer.field("problem", problem.rawValue)
            writer.field("detail", detail)
            writer.field("received_at", milliseconds: receivedAt)
            writer.key("row")
            writer.value(body.flatMap { try? JSON(parsing: $0) } ?? .null)
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
