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
                .list(try await store().webhookTargets().map { WebhookTargetView($0) })
            },
            Route(.post, "/api/v1/webhooks", .admin, create),
            Route(.patch, "/api/v1/webhooks/{id}", .admin) { exchange in
                var reader = try BodyReader(exchange.body)
                let isActive = reader.boolean("is_active") ?? true
                try reader.finish()
                return try await set(isActive, exchange)
            },
            // Its deliveries stay as the record of what was told, so it is put to rest instead.
            Route(.delete, "/api/v1/webhooks/{id}", .admin) { try await set(false, $0) },
            Route(.get, "/api/v1/webhooks/deliveries", .admin, deliveries),
            Route(.post, "/api/v1/webhooks/deliveries/{id}/replay", .admin) { exchange in
                let id = WebhookDeliveryID(try exchange.id("id"))
                guard let delivery = try await store().replay(id, at: exchange.now) else { throw Problems.notFound }
                return .json(WebhookDeliveryView(delivery), status: .accepted)
            },
        ]
    }

    private func store() throws -> any WebhookStore {
        guard let store = parts.webhooks else { throw Problems.notOffered("Webhooks") }
        return store
    }

    private func create(_ exchange: Exchange) async throws -> Reply {
        let store = try store()
        var reader = try BodyReader(exchange.body)
        let url = reader.requiredText("url", limit: 2000)
        let lowered = url.lowercased()
        if reader.errors.isEmpty, !lowered.hasPrefix("https://"), !lowered.hasPrefix("http://") {
            reader.reject("url", "must be an absolute http or https address")
        }
        let words = reader.body.first(of: ["events"])?.elements?.map { $0.text ?? "" }
        let events = words.map { $0.compactMap(WebhookEvent.init(rawValue:)) } ?? WebhookEvent.allCases
        if let words, events.count != words.count || events.isEmpty {
            reader.reject(
                "events", "must be a list of \(WebhookEvent.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let stated = reader.text("secret", limit: 200)
        if let stated, stated.utf8.count < 16 { reader.reject("secret", "must have at least 16 characters") }
        try reader.finish()
        let secret = stated ?? hexadecimal(parts.randomBytes(24))
        let target = try await store.createWebhookTarget(
            WebhookDraft(url: url, secret: secret, events: events), at: exchange.now)
        return .json(WebhookTargetView(target, showsSecret: true), status: .created)
    }

    private func set(_ isActive: Bool, _ exchange: Exchange) async throws -> Reply {
        let id = WebhookID(try exchange.id("id"))
        guard let target = try await store().setWebhookTarget(id, isActive: isActive) else { throw Problems.notFound }
        return .json(WebhookTargetView(target))
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
        return .list(try await store().deliveries(matching: query).map { WebhookDeliveryView($0) })
    }
}

/// A target; its secret is shown once, when it is made.
private struct WebhookTargetView: JSONWritable {
    let target: WebhookTarget
    let showsSecret: Bool

    init(_ target: WebhookTarget, showsSecret: Bool = false) {
        self.target = target
        self.showsSecret = showsSecret
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", target.id.rawValue)
            writer.field("url", target.draft.url)
            writer.field("events", target.draft.events.map(\.rawValue))
            writer.field("is_active", target.isActive)
            writer.field("created_at", milliseconds: target.createdAt.milliseconds)
            if showsSecret { writer.field("secret", target.draft.secret) }
        }
    }
}

private struct WebhookDeliveryView: JSONWritable {
    let delivery: WebhookDelivery

    init(_ delivery: WebhookDelivery) {
        self.delivery = delivery
    }

    func write(to writer: inout JSONWriter) {
        let state: WebhookQuery.State =
            delivery.dueAt != nil ? .waiting : delivery.deliveredAt != nil ? .delivered : .failed
        writer.object { writer in
            writer.field("id", delivery.id.rawValue)
            writer.field("target_id", delivery.targetID.rawValue)
            writer.field("event", delivery.event.rawValue)
            writer.field("order_id", delivery.orderID.rawValue)
            writer.field("state", state.rawValue)
            writer.field("attempts", delivery.attempts)
            writer.field("created_at", milliseconds: delivery.createdAt.milliseconds)
            writer.field("next_attempt_at", milliseconds: delivery.dueAt?.milliseconds)
            writer.field("delivered_at", milliseconds: delivery.deliveredAt?.milliseconds)
            writer.field("last_status", delivery.lastStatus.map { Int64($0) })
            writer.field("last_error", delivery.lastError)
            writer.key("body")
            writer.value((try? JSON(parsing: delivery.body)) ?? .null)
        }
    }
}
