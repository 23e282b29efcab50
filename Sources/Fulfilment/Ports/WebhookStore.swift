package import DispatchCore

package enum WebhookKind {}
package enum WebhookDeliveryKind {}
package typealias WebhookID = Identifier<WebhookKind>
package typealias WebhookDeliveryID = Identifier<WebhookDeliveryKind>

/// Who in other systems wants to hear of orders, and what each was told. Deliveries come into being in the transaction
/// of the change that they tell of.
package protocol WebhookStore: Sendable {
    /// Every target, by number.
    func webhookTargets() async throws -> [WebhookTarget]
    /// The same key again gives the first target back.
    func createWebhookTarget(
        _ draft: WebhookDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> WebhookTarget
    /// Changes what is given; nil when there is no such target.
    func updateWebhookTarget(_ id: WebhookID, _ patch: WebhookPatch) async throws -> WebhookTarget?

    /// Takes deliveries that are due, oldest first, for one sender: nobody else gets them before `lease`.
    func takeDueDeliveries(
        of target: WebhookID, at now: Timestamp, until lease: Timestamp, limit: Int
    ) async throws -> [WebhookDelivery]
    /// Gives back what was taken until `lease` and not tried: it is due as before, ahead of what came later.
    func giveBack(_ deliveries: [WebhookDeliveryID], takenUntil lease: Timestamp, at now: Timestamp) async throws
    /// Keeps how an attempt ended.
    func note(_ attempt: WebhookAttempt, of delivery: WebhookDeliveryID) async throws

    /// The newest deliveries, newest first.
    func deliveries(matching query: WebhookQuery) async throws -> [WebhookDelivery]
    func delivery(_ id: WebhookDeliveryID) async throws -> WebhookDelivery?
    /// Makes a delivery due again, whatever became of it. Nil when there is no such delivery.
    func replay(_ id: WebhookDeliveryID, at now: Timestamp) async throws -> WebhookDelivery?
}

/// What a target may hear of.
package enum WebhookEvent: String, Sendable, CaseIterable {
    case assigned = "order.assigned"
    case pickedUp = "order.picked_up"
    case delivered = "order.delivered"
    case cancelled = "order.cancelled"
}

/// A new target.
package struct WebhookDraft: Sendable, Equatable {
    /// Absolute, `http` or `https`.
    package var url: String
    /// Signs what is sent.
    package var secret: String
    package var events: [WebhookEvent]

    package init(url: String, secret: String, events: [WebhookEvent]) {
        self.url = url
        self.secret = secret
        self.events = events
    }
}

/// What is to change about a target; nil stays.
package struct WebhookPatch: Sendable, Equatable {
    package var url: String?
    package var secret: String?
    package var events: [WebhookEvent]?
    /// False puts it to rest.
    package var isActive: Bool?

    package init() {}
}

/// A target as it is kept.
package struct WebhookTarget: Sendable, Equatable {
    package let id: WebhookID
    package var draft: WebhookDraft
    package var isActive: Bool
    package var createdAt: Timestamp

    package init(id: WebhookID, draft: WebhookDraft, isActive: Bool, createdAt: Timestamp) {
        self.id = id
        self.draft = draft
        self.isActive = isActive
        self.createdAt = createdAt
    }
}

/// One event for one target, and how far it has come.
package struct WebhookDelivery: Sendable, Equatable {
    package let id: WebhookDeliveryID
    package var targetID: WebhookID
    package var event: WebhookEvent
    package var orderID: OrderID
    /// JSON, as it is sent.
    package var body: String
    package var createdAt: Timestamp
    package var attempts: Int
    /// Nil when it was delivered or given up.
    package var dueAt: Timestamp?
    package var deliveredAt: Timestamp?
    package var lastStatus: Int?
    package var lastError: String?

    package init(
        id: WebhookDeliveryID, targetID: WebhookID, event: WebhookEvent, orderID: OrderID, body: String,
        createdAt: Timestamp, attempts: Int
    ) {
        self.id = id
        self.targetID = targetID
        self.event = event
        self.orderID = orderID
        self.body = body
        self.createdAt = createdAt
        self.attempts = attempts
    }
}

/// How one attempt ended.
package struct WebhookAttempt: Sendable, Equatable {
    package var at: Timestamp
    package var status: Int?
    package var error: String?
    /// When it is tried again; nil when it went well or is given up.
    package var nextAt: Timestamp?

    package init(at: Timestamp, status: Int?, error: String?, nextAt: Timestamp?) {
        self.at = at
        self.status = status
        self.error = error
        self.nextAt = nextAt
    }

    package var isSuccess: Bool { error == nil }
}

/// Which deliveries are wanted.
package struct WebhookQuery: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        case waiting
        case delivered
        /// Given up after the last attempt.
        case failed
    }

    package var target: WebhookID?
    package var state: State?
    package var order: OrderID?
    package var limit = 100

    package init() {}
}

/// When a delivery that failed is tried again.
package struct WebhookPolicy: Sendable, Equatable {
    package var attempts = 12
    package var firstPauseMilliseconds: Int64 = 1000
    package var longestPauseMilliseconds: Int64 = 3_600_000

    package init() {}

    /// The pause after the attempt with this number, from 1, doubling each time; nil after the last.
    package func pause(after attempt: Int) -> Int64? {
        guard attempt < attempts else { return nil }
        let doubled = firstPauseMilliseconds << Int64(min(max(attempt - 1, 0), 30))
        return min(max(doubled, firstPauseMilliseconds), longestPauseMilliseconds)
    }
}
