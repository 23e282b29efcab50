package import DispatchCore

/// A batch about to be bound to a driver: the one way for orders to become assigned, whoever decided it.
package struct AssignmentDraft: Sendable {
    package var batchID: BatchID
    package var driver: DriverAccount
    package var source: AssignmentSource
    package var pinnedBy: AdminID?
    package var sketch: RouteSketch
    /// For the whole batch; nil lets the policy and the orders' own statements decide.
    package var earnings: Paise?
    package var reason: String?
    package var now: Timestamp

    package init(
        batchID: BatchID, driver: DriverAccount, source: AssignmentSource, pinnedBy: AdminID?, sketch: RouteSketch,
        earnings: Paise?,
        reason: String?, now: Timestamp
    ) {
        self.batchID = batchID
        self.driver = driver
        self.source = source
        self.pinnedBy = pinnedBy
        self.sketch = sketch
        self.earnings = earnings
        self.reason = reason
        self.now = now
    }

    /// Adds to `changes`: the batch, each order's new holder, the event for him in route order, and before it the event
    /// for whoever held an order until now.
    package func apply<Result: Sendable>(
        to orders: [Order], settings: HouseSettings, changes: inout OrderChanges<Result>
    ) {
        let byID = Dictionary(uniqueKeysWithValues: orders.map { ($0.id, $0) })
        let inRoute = sketch.orderIDs.compactMap { byID[$0] }
        let distances = inRoute.enumerated().map { distance(of: $1, at: $0) }
        let quotes = quotes(for: inRoute, settings: settings)
        let pools = Set(inRoute.map(\.content.externalPoolID))
        let poolID = pools.count == 1 ? pools.first ?? nil : nil
        let summary = AssignedBatch(
            batchID: batchID.rawValue, poolID: poolID?.rawValue, source: source, orderIDs: inRoute.map(\.id.rawValue),
            restaurants: inRoute.compactMap(\.content.pickup.name).uniqued(),
            earnings: quotes.reduce(.zero) { $0 + $1.total }, distance: sketch.distance)
        changes.batches.append(
            BatchDraft(
                id: batchID, driverID: driver.id, source: source, poolID: poolID, distance: sketch.distance,
                orderIDs: inRoute.map(\.id), reason: reason))
        for order in inRoute {
            if let former = order.holder, former != driver.id {
                changes.events.append(
                    EventDraft(
                        driverID: former,
                        body: .orderUnassigned(
                            order: order.id.rawValue, reason: "given to another driver", code: "reassigned")))
            }
        }
        for (index, order) in inRoute.enumerated() {
            var after = bound(order, sequence: index + 1, quote: quotes[index], distance: distances[index])
            after.assignment?.durationSeconds = sketch.orderSeconds[index]
            changes.orders.append(OrderChange(before: order, after: after, reason: reason))
            var told = AssignedOrder(
                order: after, sequence: index + 1, earnings: quotes[index].total, distance: distances[index],
                batch: summary)
            if let ready = told.pickupAt, ready > now { told.pickupClock = settings.clockFace(at: ready) }
            changes.events.append(EventDraft(driverID: driver.id, body: .orderAssigned(told)))
        }
    }

    private func bound(_ order: Order, sequence: Int, quote: EarningsQuote, distance: Int) -> Order {
        var after = order
        after.state = .assigned
        after.acceptedAt = nil
        after.assignment = Assignment(
            driverID: driver.id, driverName: driver.name, batchID: batchID, sequence: sequence, source: source,
            pinnedBy: pinnedBy,
            earnings: quote, distance: distance, durationSeconds: nil, assignedAt: now)
        return after
    }

    /// What was stated with the order wins over the planned way.
    private func distance(of order: Order, at index: Int) -> Int {
        order.content.statedDistance ?? sketch.orderDistances[index]
    }

    /// What each of `orders` pays when no amount is given for the batch, in their order.
    func policyTotals(of orders: [Order], settings: HouseSettings) -> [Paise] {
        let byID = Dictionary(uniqueKeysWithValues: orders.map { ($0.id, $0) })
        let inRoute = sketch.orderIDs.compactMap { byID[$0] }
        let totals = Dictionary(
            uniqueKeysWithValues: zip(inRoute.map(\.id), policyQuotes(for: inRoute, settings: settings).map(\.total)))
        return orders.map { totals[$0.id] ?? .zero }
    }

    /// An amount for the whole batch is split by the policy's own weights, so that the parts add up to it to the paisa.
    private func quotes(for orders: [Order], settings: HouseSettings) -> [EarningsQuote] {
        let byPolicy = policyQuotes(for: orders, settings: settings)
        guard let earnings else { return byPolicy }
        let parts = earnings.split(by: byPolicy.map(\.total.rawValue))
        return zip(byPolicy, parts).map { quote, part in
            var quote = quote
            quote.adjustment += part - quote.total
            return quote
        }
    }

    private func policyQuotes(for orders: [Order], settings: HouseSettings) -> [EarningsQuote] {
        let hour = settings.hour(at: now)
        return orders.enumerated().map { index, order in
            settings.earnings.quote(
                stated: order.content.statedEarnings, distance: distance(of: order, at: index),
                batchSize: orders.count, hour: hour)
        }
    }
}
