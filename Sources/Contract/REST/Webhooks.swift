/// The body of `POST` and `PATCH /webhooks`; what is absent stays as it is.
package struct WebhookRequest: Equatable, Sendable {
    package var url: String?
    package var secret: String?
    /// Of ``WebhookBody/events``.
    package var events: [String]?
    package var isActive: Bool?

    package init(body: [UInt8], isNew: Bool) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        url = isNew ? reader.requiredText("url", limit: 2000) : reader.text("url", limit: 2000)
        if let address = url?.lowercased(), !address.isEmpty, !address.hasPrefix("https://"),
            !address.hasPrefix("http://")
        {
            reader.reject("url", "must be an absolute http or https address")
        }
        events = reader.words("events", from: WebhookBody.events)
        secret = reader.text("secret", limit: 200)
        if let secret, secret.utf8.count < 16 { reader.reject("secret", "must have at least 16 characters") }
        isActive = reader.boolean("is_active")
        try reader.finish()
    }
}

/// A target of webhooks.
package struct WebhookObject: Equatable, Sendable {
    package var id: Int64
    package var url: String
    package var events: [String]
    package var isActive: Bool
    package var createdAt: Int64
    /// Shown once, when the target is made.
    package var secret: String?

    package init(id: Int64, url: String, events: [String], isActive: Bool, createdAt: Int64, secret: String? = nil) {
        self.id = id
        self.url = url
        self.events = events
        self.isActive = isActive
        self.createdAt = createdAt
        self.secret = secret
    }
}

extension WebhookObject: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("url", url)
            writer.field("events", events)
            writer.field("is_active", isActive)
            writer.field("created_at", milliseconds: createdAt)
            if let secret { writer.field("secret", secret) }
        }
    }
}

/// One event for one target, and how far it has come.
package struct WebhookDeliveryObject: Equatable, Sendable {
    package var id: Int64
    package var targetID: Int64
    package var event: String
    package var orderID: Int64
    /// `waiting`, `delivered` or `failed`.
    package var state: String
    package var attempts: Int64
    package var createdAt: Int64
    package var nextAttemptAt: Int64?
    package var deliveredAt: Int64?
    /// Of the last answer; nil where there was none.
    package var lastStatus: Int64?
    package var lastError: String?
    /// As it is sent.
    package var body: JSON

    package init(
        id: Int64, targetID: Int64, event: String, orderID: Int64, state: String, attempts: Int64, createdAt: Int64,
        body: JSON
    ) {
        self.id = id
        self.targetID = targetID
        self.event = event
        self.orderID = orderID
        self.state = state
        self.attempts = attempts
        self.createdAt = createdAt
        self.body = body
    }
}

extension WebhookDeliveryObject: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("target_id", targetID)
            writer.field("event", event)
            writer.field("order_id", orderID)
            writer.field("state", state)
            writer.field("attempts", attempts)
            writer.field("created_at", milliseconds: createdAt)
            writer.field("next_attempt_at", milliseconds: nextAttemptAt)
            writer.field("delivered_at", milliseconds: deliveredAt)
            writer.field("last_status", lastStatus)
            writer.field("last_error", lastError)
            writer.key("body")
            writer.value(body)
        }
    }
}

/// What a target is sent. The database writes it, in the transaction of the change; this is its shape for those who
/// read it.
package struct WebhookBody: Equatable, Sendable {
    /// The same for every target and every attempt.
    package var id: String
    package var event: String
    /// As ISO 8601 in UTC.
    package var createdAt: String
    package var orderID: Int64
    package var externalOrderID: String?
    /// Grows with every change of the order: an older one that comes late is known by it.
    package var version: Int64
    package var status: String
    package var poolID: Int64?
    package var externalPoolID: String?
    package var restaurantID: Int64?
    package var externalRestaurantID: String?
    package var driverID: Int64?
    package var driverName: String?
    package var reason: String?

    /// Every `type` that there is.
    package static let events = ["order.assigned", "order.picked_up", "order.delivered", "order.cancelled"]

    package init(id: String, event: String, createdAt: String, orderID: Int64, version: Int64, status: String) {
        self.id = id
        self.event = event
        self.createdAt = createdAt
        self.orderID = orderID
        self.version = version
        self.status = status
    }

    /// Reads a body; nil when it lacks what each has.
    package init?(_ json: JSON) {
        guard let id = json["id"]?.text, let event = json["type"]?.text, let createdAt = json["created_at"]?.text,
            let data = json["data"], let orderID = data["order_id"]?.int64, let version = data["version"]?.int64,
            let status = data["status"]?.text
        else { return nil }
        self.init(id: id, event: event, createdAt: createdAt, orderID: orderID, version: version, status: status)
        externalOrderID = data["external_order_id"]?.text
        poolID = data["pool_id"]?.int64
        externalPoolID = data["external_pool_id"]?.text
        restaurantID = data["restaurant_id"]?.int64
        externalRestaurantID = data["external_restaurant_id"]?.text
        driverID = data["driver_id"]?.int64
        driverName = data["driver_name"]?.text
        reason = data["reason"]?.text
    }
}

extension WebhookBody: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id)
            writer.field("type", event)
            writer.field("created_at", createdAt)
            writer.key("data")
            writer.object { writer in
                writer.field("order_id", orderID)
                writer.field("external_order_id", externalOrderID)
                writer.field("version", version)
                writer.field("status", status)
                writer.field("pool_id", poolID)
                writer.field("external_pool_id", externalPoolID)
                writer.field("restaurant_id", restaurantID)
                writer.field("external_restaurant_id", externalRestaurantID)
                writer.field("driver_id", driverID)
                writer.field("driver_name", driverName)
                writer.field("reason", reason)
            }
        }
    }
}
