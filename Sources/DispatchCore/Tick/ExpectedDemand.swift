/// What is likely to be ordered soon, from what was ordered lately: the orders of the last `span` come again, as much
/// later. A plan that leaves room for them keeps drivers near the doors that are busy.
///
/// Every expected order is a sample of demand, not a forecast; its small weight says how little it is worth to be right
/// about it.
package struct ExpectedDemand: Hashable, Sendable {
    package var span: Seconds
    /// What a second of an expected order's delay counts, beside `Weight.one` of an order that exists.
    package var weight: Weight
    /// Expected orders at most; of more the latest.
    package var most = 400
    /// Nothing is expected where those who come and those who wait are more than this many for each driver.
    package var ordersPerDriver = Weight.one

    package init(span: Seconds, weight: Weight) {
        self.span = span
        self.weight = weight
    }

    /// - Parameter recent: Orders placed lately, whether told or not, as they were; those older than `span` and those
    ///   of the future are passed over. Their places are places of the snapshot.
    /// - Returns: What to hand to the engine as `DispatchSnapshot.expected`. Nothing where those who come and those who
    ///   wait are too many for the drivers: then there is nobody to spare, and a claim on one only delays who waits.
    package func orders(
        after recent: [WaitingOrder], now: Timestamp, waiting: Int, drivers: Int
    ) -> [WaitingOrder] {
        guard span > .zero, weight > .none else { return [] }
        let last = recent.filter { order in
            (0..<span.value * 1000).contains(now.millisecondsSince(order.placedAt))
        }.sorted { ($0.placedAt, $0.id) < ($1.placedAt, $1.id) }.suffix(max(0, most))
        if Int64(last.count + waiting) * 1000 > Int64(drivers) * Int64(ordersPerDriver.perMille) { return [] }
        return last.map { order in
            var next = order
            next.placedAt = order.placedAt.advanced(bySeconds: span.value)
            next.pooledAt = now
            next.readyAt = (order.readyAt ?? order.placedAt).advanced(bySeconds: span.value)
            next.promisedAt = nil
            next.weight = weight
            next.excluded = []
            next.pinned = nil
            return next
        }
    }
}
