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
        var reader = try BodyReader(exchange.body)
        if reader.text("url", limit: 2000) == nil { reader.reject("url", "is required") }
        let patch = Self.patch(&reader)
        try reader.finish()
        let draft = WebhookDraft(
            url: patch.url ?? "", secret: patch.secret ?? hexadecimal(parts.randomBytes(24)),
            events: patch.events ?? WebhookEvent.allCases)
        let target = try await store().createWebhookTarget(
            draft, at: exchange.now, idempotency: try exchange.idempotencyKey())
        return .json(WebhookTargetView(target, showsSecret: true), status: .created)
    }

    private static func patch(_ body: [UInt8]) throws -> WebhookPatch {
        var reader = try BodyReader(body)
        var patch = patch(&reader)
        patch.isActive = reader.boolean("is_active")
        try reader.finish()
        return patch
    }

    private static func patch(_ reader: inout BodyReader) -> WebhookPatch {
        var patch = WebhookPatch()
        patch.url = reader.text("url", limit: 2000)
        if let url = patch.url?.lowercased(), !url.hasPrefix("https://"), !url.hasPrefix("http://") {
            reader.reject("url", "must be an absolute http or https address")
        }
        if let given = reader.body.first(of: ["events"]) {
            let words = given.elements?.map { $0.text ?? "" } ?? []
            let events = words.compactMap(WebhookEvent.init(rawValue:))
            if events.count != words.count || events.isEmpty {
                reader.reject(
                    "events", "must be a list of \(WebhookEvent.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            patch.events = events
        }
        patch.secret = reader.text("secret", limit: 200)
        if let secret = patch.secret, secret.utf8.count < 16 {
            reader.reject("secret", "must have at least 16 characters")
        }
        return patch
    }

    private func change(_ patch: WebhookPatch, _ exchange: Exchange) async throws -> Reply {
        let id = WebhookID(try exchange.id("id"))
        guard let target = try await store().updateWebhookTarget(id, patch) else { throw Problems.notFound }
        return .json(WebhookTargetView(target))
    }

    /// Sends a delivery again. To a target that rests nothing is sent, and whoever asks is told so.
    private func replay(_ exchange: Exchange) async throws -> Reply {
        let id = WebhookDeliveryID(try exchange.id("id"))
        guard let known = try await store().delivery(id) else { throw Problems.notFound }
        let target = try await store().webhookTargets().first { $0.id == known.targetID }
        guard target?.isActive == true else { throw Problems.targetRests(known.targetID.rawValue) }
        guard let delivery = try await store().replay(id, at: exchange.now) else { throw Problems.notFound }
        return .json(WebhookDeliveryView(delivery), status: .accepted)
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
