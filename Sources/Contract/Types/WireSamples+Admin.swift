/// What admins and webhooks are told beside orders, drivers and pools: batches, pay, payments, deliveries.
extension WireSamples {
    static var adminValues: [Kind] {
        let batch = BatchObject(
            id: 1, driverID: 1, source: "engine", poolID: nil, distanceMetres: 1, createdAt: moment, orders: orders)
        var pooled = batch
        pooled.poolID = 1
        let payment = PayoutRow(
            id: 1, driverID: 1, driverName: "A", paise: 1, deliveries: 1, method: "UPI", reference: nil, paidAt: moment)
        var referenced = payment
        referenced.reference = "r"
        return [
            ("Batch", [batch, pooled]),
            (
                "AssignGroupsAnswer",
                [
                    AssignGroupsAnswer(groups: [
                        .init(id: 1, driverID: 1, batchID: 1, reason: nil),
                        .init(id: 2, driverID: nil, batchID: nil, reason: "nobody"),
                    ])
                ]
            ), ("PayRow", payRows),
            (
                "PayStats",
                [
                    PayStats(
                        pendingPaise: 1, paidThisMonthPaise: 1, driversPending: 1, cycle: "2025-11",
                        cycleEnds: "2025-11-30", nextPayout: "2025-12-01")
                ]
            ), ("PayStatementRow", [statementRow]),
            (
                "PayStatement",
                [
                    PayStatement(
                        driverID: 1, driverName: "A", pendingPaise: 1, paidPaise: 1, lifetimePaise: 1,
                        rows: [statementRow])
                ]
            ), ("PayoutAnswer", [PayoutAnswer(driversPaid: 1, totalPaise: 1, unknownDriverIDs: [1])]),
            ("Payout", [payment, referenced]),
            (
                "PayoutList",
                [nil, 1].map { next in
                    PayoutList(
                        rows: [payment, referenced], totalPaise: 1, totalPayouts: 1, driversPaid: 1, currency: "INR",
                        nextBefore: next)
                }
            ), ("Webhook", webhooks), ("WebhookBody", webhookBodies), ("WebhookDelivery", deliveries),
        ]
    }

    private static var payRows: [PayRow] {
        let bare = PayRow(driverID: 1, driverName: "A", driverPhone: nil, driverEmail: nil)
        var full = PayRow(driverID: 1, driverName: "A", driverPhone: "1", driverEmail: "a@example.org")
        full.bank = BankFields(accountHolder: "A", accountNumber: "1", ifsc: "I", bankName: "B", upi: "a@b")
        full.lastPaymentAt = moment
        full.lastPaymentPaise = 1
        full.lastPaymentReference = "r"
        full.lastCycle = "2025-11"
        return [full, bare]
    }

    private static var statementRow: PayStatementRow {
        PayStatementRow(orderID: 1, customerName: "A", deliveryAddress: "B", earnedAt: moment, isPaid: true)
    }

    private static var webhooks: [WebhookObject] {
        let kept = WebhookObject(
            id: 1, url: "https://example.org", events: ["order.assigned"], isActive: true, createdAt: moment)
        var made = kept
        made.secret = "s"
        return [kept, made]
    }

    private static var webhookBodies: [WebhookBody] {
        WebhookBody.events.map { event in
            var body = WebhookBody(
                id: "1-2", event: event, createdAt: "2025-11-19T10:30:00.000Z", orderID: 1, version: 2, status: "S")
            guard event == WebhookBody.events.first else { return body }
            body.externalOrderID = "o"
            body.poolID = 1
            body.externalPoolID = "p"
            body.restaurantID = 1
            body.externalRestaurantID = "r"
            body.driverID = 1
            body.driverName = "A"
            body.reason = "r"
            return body
        }
    }

    private static var deliveries: [WebhookDeliveryObject] {
        webhookBodies.enumerated().map { index, body in
            var delivery = WebhookDeliveryObject(
                id: 1, targetID: 1, event: "order.assigned", orderID: 1, state: "waiting", attempts: 1,
                createdAt: moment, body: (try? JSON(parsing: body.jsonBytes)) ?? .null)
            guard index == 0 else { return delivery }
            delivery.nextAttemptAt = moment
            delivery.deliveredAt = moment
            delivery.lastStatus = 200
            delivery.lastError = "e"
            return delivery
        }
    }
}
