/// A stored tick in figures, and whether planning it again gives the same.
package struct ReplayTick: Sendable {
    private let house: House

    package init(_ house: House) { self.house = house }

    /// - Returns: Nil where no such tick is stored.
    /// - Throws: ``StoreError``; whatever keeps the plan from being made, as a server that is stopping.
    package func callAsFunction(_ id: Int64) async throws -> TickReplay? {
        guard let tick = try await house.ledger.tick(id) else { return nil }
        return try await house.replay(tick)
    }
}
