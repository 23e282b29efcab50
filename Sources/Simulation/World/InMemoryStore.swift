import DispatchCore
import Fulfilment
import Synchronization

/// Every port of the house in memory, with the same promises as the database: a transaction is all or nothing, versions
/// are compared, an order has one holder, event numbers have no gaps, an order is paid once.
///
/// Owner of its state: one `Mutex`, held for one call.
package final class InMemoryStore: Sendable {
    struct State {
        var orders: [OrderID: Order] = [:]
        var batches: [BatchID: BatchDraft] = [:]
        var batchTimes: [BatchID: Timestamp] = [:]
        var events: [DriverID: [EventState]] = [:]
        var exclusions: Set<Exclusion> = []
        var holders: Set<Exclusion> = []
        var earnings: [OrderID: EarningsEntry] = [:]
        var keys: [IdempotencyKey: (hash: String, orders: [OrderID])] = [:]
        /// What was noted under a key.
        var notes: [IdempotencyKey: [String]] = [:]
        var drivers: [DriverID: DriverAccount] = [:]
        var driverPasswords: [DriverID: String] = [:]
        var admins: [AdminID: AdminAccount] = [:]
        var adminPasswords: [AdminID: String] = [:]
        var tokens: [[UInt8]: RefreshToken] = [:]
        var restaurants: [RestaurantID: Restaurant] = [:]
        var zones: [Zone] = []
        var policies: [PolicyRecord] = []
        var driverRules: [DriverRule] = []
        var ruleRevision: Int64 = 0
        var payouts: [Int64: Payout] = [:]
        var pools: [PoolID: Pool] = [:]
        var keptRows: [String: (pool: PoolID?, row: KeptRow)] = [:]
        var poolGroups: [PoolID: [PoolGroup]] = [:]
        var fixes: [StoredFix] = []
        var ticks: [TickRecord] = []
        var lease: (holder: String, epoch: Int64)?
        var epoch: Int64 = 0
        var nextID: Int64 = 0
        var nextBatch: Int64 = 0
        var isDown = false
    }

    let state = Mutex(State())

    package init() {}

    /// Takes the store away, or gives it back: every call throws `unavailable` meanwhile.
    package func setDown(_ isDown: Bool) {
        state.withLock { $0.isDown = isDown }
    }

    /// Another dispatcher takes over: fences of the former are stale from now on.
    package func takeOverLease(by holder: String) {
        state.withLock { state in
            state.epoch += 1
            state.lease = (holder, state.epoch)
        }
    }

    /// Runs `body` on the state, unless the store is down.
    func with<Result: Sendable>(_ body: (inout State) throws -> Result) throws -> Result {
        try state.withLock { state in
            guard !state.isDown else { throw StoreError(.unavailable, detail: "the store is down") }
            return try body(&state)
        }
    }
}

extension InMemoryStore.State {
    mutating func newID() -> Int64 {
        nextID += 1
        return nextID
    }

    /// Remembers what a request with this key made; numbers of any kind, the request's digest says of which.
    mutating func keep(_ key: IdempotencyKey?, _ made: [Int64]) {
        if let key { keys[key] = (key.requestHash, made.map { OrderID($0) }) }
    }

    /// The same key with the same request gives what it gave before; with another request it is refused.
    func repeats(of key: IdempotencyKey?) throws -> [OrderID]? {
        guard let key else { return nil }
        let known = keys.first { $0.key.principal == key.principal && $0.key.key == key.key }
        guard let known else { return nil }
        guard known.value.hash == key.requestHash else {
            throw StoreError(.keyReused, detail: "the idempotency key came with another request")
        }
        return known.value.orders
    }
}
