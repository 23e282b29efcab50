package import DispatchCore

/// Why an order went where it went, or why it waits, in full: the newest decision about it, with the study of its tick.
/// A tick is studied once per order; the answer is kept with the decision.
package struct ExplainOrder: Sendable {
    private let house: House

    package init(_ house: House) { self.house = house }

    /// - Returns: Nil while no tick has looked at the order. The decision is without a study where the record of its
    ///   tick cannot be read any more.
    /// - Throws: ``StoreError``.
    package func callAsFunction(_ order: OrderID) async throws -> (tick: TickRecord, decision: OrderDecision)? {
        guard let (tick, noted) = try await house.ledger.newestDecision(about: order) else { return nil }
        var decision = noted
        if decision.study != nil { return (tick, decision) }
        do {
            decision.study = try await house.study(tick, order)
        } catch {
            // Written by another version: what was noted at the time still stands.
            return (tick, decision)
        }
        try await house.ledger.amend(decision, of: tick.id)
        return (tick, decision)
    }
}
