import DispatchCore
import Fulfilment
import Simulation

/// The orders of a store in memory, with a word before each call and after each transaction.
final class HookedOrderStore: OrderStore {
    private let store: InMemoryStore
    private let before: @Sendable (TransactionScope?) throws -> Void
    private let after: @Sendable () -> Void

    /// - Parameters:
    ///   - before: Gets the scope of a transaction, or nil before the reads of one order and of a query.
    ///   - after: Called when a transaction is committed.
    init(
        _ store: InMemoryStore, before: @escaping @Sendable (TransactionScope?) throws -> Void = { _ in },
        after: @escaping @Sendable () -> Void = {}
    ) {
        self.store = store
        self.before = before
        self.after = after
    }

    func transact<Result: Sendable>(
        _ scope: TransactionScope, decide: @Sendable @escaping (LockedRows) throws -> OrderChanges<Result>
    ) async throws -> Committed<Result> {
        try before(scope)
        let committed = try await store.transact(scope, decide: decide)
        after()
        return committed
    }

    func order(_ id: OrderID) async throws -> Order? {
        try before(nil)
        return try await store.order(id)
    }

    func orders(matching query: OrderQuery) async throws -> [Order] {
        try before(nil)
        return try await store.orders(matching: query)
    }

    func insert(_ placement: Placement) async throws -> (order: Order, created: Bool) {
        try await store.insert(placement)
    }

    func openOrders() async throws -> [OpenOrder] { try await store.openOrders() }
    func reserveBatchIDs(_ count: Int) async throws -> [BatchID] { try await store.reserveBatchIDs(count) }
    func batch(_ id: BatchID) async throws -> Batch? { try await store.batch(id) }

    func batches(limit: Int, before: BatchID?) async throws -> [Batch] {
        try await store.batches(limit: limit, before: before)
    }

    func wasHeld(_ order: OrderID, by driver: DriverID) async throws -> Bool {
        try await store.wasHeld(order, by: driver)
    }

    func exclusions() async throws -> [Exclusion] { try await store.exclusions() }
}
