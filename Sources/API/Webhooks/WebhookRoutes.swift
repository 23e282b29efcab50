import Contract
import DispatchCore
import Fulfilment
import HTTPTypes
import Identity

/// Webhooks out: who hears of orders, and what each was told.
struct WebhookRoutes: RouteGroup {
    private let parts: API.Parts

    init(_ parts: API.Parts) {
        self.parts = parts
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/webhooks", .admin) { _ in
                .list(try await store().webhookTargets().map { WebhookObject($0) })
            },
            Route(.post, "/api/v1/webhooks", .admin, create),
            Route(.patch, "/api/v1/webhooks/{id}", .admin) { exchange in
                try await change(try Self.patch(exchange.body), exchange)
            },
            // Its deliveries stay as the record of what was told, so it is put to rest instead.
            Route(.delete, "/api/v1/webhooks/{id}", .admin) { exchange in
                var patch = WebhookPatch()
                patch.isActive = false
                return try await change(patch, exchange)
            },
            Route(.get, "/api/v1/webhooks/deliveries", .admin, deliveries),
            Route(.post, "/api/v1/webhooks/deliveries/{id}/replay", .admin, replay),
        ]
    }

    private func store() throws -> any WebhookStore {
        guard let store = parts.webhooks else { throw Problems.notOffered("Webhooks") }
        return store
    }

    private func create(_ exchange: Exchange) async throws -> Reply {
        let request = try WebhookRequest(body: exchange.body, isNew: true)
        let draft = WebhookDraft(
            url: request.url ?? "", secret: request.secret ?? hexadecimal(parts.randomBytes(24)),
            events: request.events?.compactMap(WebhookEvent.init(rawValue:)) ?? WebhookEvent.allCases)
        let target = try await store().createWebhookTarget(
            draft, at: exchange.now, idempotency: try exchange.idempotencyKey())
        return .json(WebhookObject(target, showsSecret: true), status: .created)
    }

    private static func patch(_ body: [UInt8]) throws -> WebhookPatch {
        let request = try WebhookRequest(body: body, isNew: false)
        var patch = WebhookPatch()
        patch.url = request.url
        patch.events = request.events?.compactMap(WebhookEvent.init(rawValue:))
        patch.secret = request.secret
        patch.isActive = request.isActive
        return patch
    }

    private func change(_ patch: WebhookPatch, _ exchange: Exchange) async throws -> Reply {
        let id = WebhookID(try exchange.id("id"))
        guard let target = try await store().updateWebhookTarget(id, patch) else { throw Problems.notFound }
        return .json(WebhookObject(target))
    }

    /// Sends a delivery again. To a target that rests nothing is sent, and whoever asks is told so.
    private func replay(_ exchange: Exchange) async throws -> Reply {
        let id = WebhookDeliveryID(try exchange.id("id"))
        guard let known = try await store().delivery(id) else { throw Problems.notFound }
        let target = try await store().webhookTargets().first { $0.id == known.targetID }
        guard target?.isActive == true else { throw Problems.targetRests(known.targetID.rawValue) }
        guard let delivery = try await store().replay(id, at: exchange.now) else { throw Problems.notFound }
        return .json(WebhookDeliveryObject(delivery), status: .accepted)
    }

    /// `?target=`, `?order_id=`, `?state=waiting|delivered|failed`, newest first.
    private func deliveries(_ exchange: Exchange) async throws -> Reply {
        var query = WebhookQuery()
        query.target = try exchange.query.integer("target", in: 1...(1 << 53)).map { WebhookID($0) }
        query.order = try exchange.query.integer("order_id", in: 1...(1 << 53)).map { OrderID($0) }
        if let word = exchange.query["state"]?.lowercased() {
            guard let state = WebhookQuery.State(rawValue: word) else {
                throw Problems.field("state", "must be waiting, delivered or failed")
            }
            query.state = state
        }
        if let limit = try exchange.query.integer("limit", in: 1...1000) { query.limit = Int(limit) }
        return .list(try await store().deliveries(matching: query).map { WebhookDeliveryObject($0) })
    }
}

extension WebhookObject {
    fileprivate init(_ target: WebhookTarget, showsSecret: Bool = false) {
        self.init(
            id: target.id.rawValue, url: target.draft.url, events: target.draft.events.map(\.rawValue),
            isActive: target.isActive, createdAt: target.createdAt.milliseconds,
            secret: showsSecret ? target.draft.secret : nil)
    }
}

extension WebhookDeliveryObject {
    fileprivate init(_ delivery: WebhookDelivery) {
        let state: WebhookQuery.State =
            delivery.dueAt != nil ? .waiting : delivery.deliveredAt != nil ? .delivered : .failed
        self.init(
            id: delivery.id.rawValue, targetID: delivery.targetID.rawValue, event: delivery.event.rawValue,
            orderID: delivery.orderID.rawValue, state: state.rawValue, attempts: Int64(delivery.attempts),
            createdAt: delivery.createdAt.milliseconds, body: (try? JSON(parsing: delivery.body)) ?? .null)
        nextAttemptAt = delivery.dueAt?.milliseconds
        deliveredAt = delivery.deliveredAt?.milliseconds
        lastStatus = delivery.lastStatus.map { Int64($0) }
        lastError = delivery.lastError
    }
}
