import DispatchCore
import Fulfilment
import Gateway
import Simulation
import Synchronization

/// Every chance of a run comes from here, so that a seed is the whole run.
final class Dice: Sendable {
    private struct State {
        var value: UInt64
        var isHonest = false
    }

    private let state: Mutex<State>

    init(seed: UInt64) {
        state = Mutex(State(value: seed &* 0x9E37_79B9_7F4A_7C15 &+ 0xD1B5_4A32_D192_ED03))
    }

    /// From now on nothing fails.
    func stopFaults() { state.withLock { $0.isHonest = true } }

    /// A number below the bound; splitmix64.
    func below(_ bound: Int64) -> Int64 {
        state.withLock { state in
            state.value &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state.value
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            mixed ^= mixed >> 31
            return Int64(mixed % UInt64(max(bound, 1)))
        }
    }

    func chance(_ perMille: Int64) -> Bool { below(1000) < perMille }

    /// A fault: never again once they have been stopped.
    func fault(_ perMille: Int64) -> Bool {
        let strikes = chance(perMille)
        return strikes && !state.withLock { $0.isHonest }
    }
}

/// The store in memory behind a connection that breaks: before the work, or after it and before the answer. Single
/// statements may also arrive after their sender has given up, later than others that were sent after them.
final class FaultyStore: OrderStore, EventLog, DispatchLedger {
    private let inner: InMemoryStore
    private let dice: Dice
    /// Told of committed and of failed transactions alike when the plant asks for it.
    private let tellsBeforeCommit: (@Sendable ([DriverEvent]) -> Void)?
    /// Statements that are still on their way.
    private let late = Mutex<[@Sendable () async throws -> Void]>([])
    private let arrivedLate = Atomic<Int>(0)

    init(_ inner: InMemoryStore, dice: Dice, tellsBeforeCommit: (@Sendable ([DriverEvent]) -> Void)? = nil) {
        self.inner = inner
        self.dice = dice
        self.tellsBeforeCommit = tellsBeforeCommit
    }

    private func read<Value>(_ work: () async throws -> Value) async throws -> Value {
        if dice.fault(30) { throw StoreError(.unavailable, detail: "before a read") }
        return try await work()
    }

    /// A mark whose answer is lost on its way may be done twice: once by the server, once by whoever asks again.
    private func mark(_ work: @Sendable @escaping () async throws -> Void) async throws {
        try await holdUp(50, work)
        try await write(work)
        if dice.fault(100) { try await work() }
    }

    /// With so much chance in a thousand the statement arrives at some later moment, and its sender never learns of it.
    private func holdUp(_ perMille: Int64, _ work: @Sendable @escaping () async throws -> Void) async throws {
        guard dice.fault(perMille) else { return }
        late.withLock { $0.append(work) }
        throw StoreError(.outcomeUnknown, detail: "on its way")
    }

    /// Some of what is on its way arrives, in any order.
    func settle() async {
        let waiting = late.withLock { late in
            defer { late = [] }
            return late
        }
        var rest: [@Sendable () async throws -> Void] = []
        for work in waiting.reversed() {
            if dice.chance(150) {
                try? await work()
                arrivedLate.add(1, ordering: .relaxed)
            } else {
                rest.append(work)
            }
        }
        late.withLock { $0 = rest.reversed() + $0 }
    }

    var lateArrivals: Int { arrivedLate.load(ordering: .relaxed) }

    private func write<Value>(_ work: () async throws -> Value) async throws -> Value {
        if dice.fault(40) { throw StoreError(.unavailable, detail: "before a write") }
        let value = try await work()
        if dice.fault(40) { throw StoreError(.outcomeUnknown, detail: "after a write") }
        return value
    }

    func insert(_ placement: Placement) async throws -> (order: Order, created: Bool) {
        try await holdUp(30) { [inner] in _ = try await inner.insert(placement) }
        return try await write { try await inner.insert(placement) }
    }

    func order(_ id: OrderID) async throws -> Order? { try await read { try await inner.order(id) } }

    func orders(matching query: OrderQuery) async throws -> [Order] {
        try await read { try await inner.orders(matching: query) }
    }

    func openOrders() async throws -> [OpenOrder] { try await read { try await inner.openOrders() } }

    func transact<Result: Sendable>(
        _ scope: TransactionScope, decide: @Sendable @escaping (LockedRows) throws -> OrderChanges<Result>
    ) async throws -> Committed<Result> {
        if dice.fault(40) {
            if let tellsBeforeCommit {
                var events: [DriverEvent] = []
                let drafts = Mutex<[EventDraft]>([])
                _ = try? await inner.transact(scope) { rows -> OrderChanges<Result> in
                    let changes = try decide(rows)
                    drafts.withLock { $0 = changes.events }
                    throw Undone()
                }
                for draft in drafts.withLock({ $0 }) {
                    let last = try await inner.lastSequence(of: draft.driverID)
                    events.append(
                        DriverEvent(driverID: draft.driverID, seq: last + 1, body: draft.body, createdAt: scope.at))
                }
                tellsBeforeCommit(events)
            }
            throw StoreError(.unavailable, detail: "before a commit")
        }
        let committed = try await inner.transact(scope, decide: decide)
        if dice.fault(60) { throw StoreError(.outcomeUnknown, detail: "after a commit") }
        return committed
    }

    func reserveBatchIDs(_ count: Int) async throws -> [BatchID] {
        try await write { try await inner.reserveBatchIDs(count) }
    }

    func batch(_ id: BatchID) async throws -> Batch? { try await read { try await inner.batch(id) } }

    func batches(limit: Int, before: BatchID?) async throws -> [Batch] {
        try await read { try await inner.batches(limit: limit, before: before) }
    }

    func wasHeld(_ order: OrderID, by driver: DriverID) async throws -> Bool {
        try await read { try await inner.wasHeld(order, by: driver) }
    }

    func exclusions() async throws -> [Exclusion] { try await read { try await inner.exclusions() } }

    func undelivered(for driver: DriverID) async throws -> [DriverEvent] {
        try await read { try await inner.undelivered(for: driver) }
    }

    func undelivered(beyond sent: [DriverID: Int64], limit: Int) async throws -> [DriverEvent] {
        try await read { try await inner.undelivered(beyond: sent, limit: limit) }
    }

    func lastSequence(of driver: DriverID) async throws -> Int64 {
        try await read { try await inner.lastSequence(of: driver) }
    }

    func markSent(_ marks: [EventMark]) async throws { try await mark { [inner] in try await inner.markSent(marks) } }

    func markDelivered(_ marks: [EventMark]) async throws {
        try await mark { [inner] in try await inner.markDelivered(marks) }
    }

    func states(of driver: DriverID, limit: Int) async throws -> [EventState] {
        try await read { try await inner.states(of: driver, limit: limit) }
    }

    func overdue(before: Timestamp, limit: Int) async throws -> [EventState] {
        try await read { try await inner.overdue(before: before, limit: limit) }
    }

    func claimLease(holder: String, lasting milliseconds: Int64) async throws -> Fence? {
        try await holdUp(20) { [self] in
            guard try await inner.claimLease(holder: holder, lasting: milliseconds) != nil else { return }
            // In memory a lease does not end by itself, and whoever asked for this one may be dead.
            late.withLock { $0.append { [inner] in try await inner.releaseLease(holder: holder) } }
        }
        return try await write { try await inner.claimLease(holder: holder, lasting: milliseconds) }
    }

    func releaseLease(holder: String) async throws { try await write { try await inner.releaseLease(holder: holder) } }

    func record(_ tick: TickRecord) async throws { try await write { try await inner.record(tick) } }

    func newestDecision(about order: OrderID) async throws -> (tick: TickRecord, decision: OrderDecision)? {
        try await read { try await inner.newestDecision(about: order) }
    }

    func amend(_ decision: OrderDecision, of tick: Int64) async throws {
        try await write { try await inner.amend(decision, of: tick) }
    }

    func tick(_ id: Int64) async throws -> TickRecord? { try await read { try await inner.tick(id) } }
}

/// Rolls a transaction back.
private struct Undone: Error {}

/// The way of hints from a commit to the sessions: loses, doubles, delays and so reorders them.
final class LossyBus: DriverPush {
    private struct State {
        var waiting: [(due: Int64, events: [DriverEvent])] = []
        var target: RegistryPush
    }

    private let dice: Dice
    private let now: @Sendable () -> Int64
    private let losesEverything: Bool
    private let state: Mutex<State>

    init(dice: Dice, target: RegistryPush, losesEverything: Bool, now: @escaping @Sendable () -> Int64) {
        self.dice = dice
        self.now = now
        self.losesEverything = losesEverything
        state = Mutex(State(target: target))
    }

    /// The server is a new one: what was under way is lost.
    func restart(target: RegistryPush) {
        state.withLock { $0 = State(target: target) }
    }

    func push(_ events: [DriverEvent]) {
        for event in events {
            if losesEverything || dice.fault(200) { continue }
            for _ in 0..<(dice.fault(100) ? 2 : 1) {
                let due = now() + (dice.fault(300) ? dice.below(3000) : 0)
                state.withLock { $0.waiting.append((due, [event])) }
            }
        }
    }

    /// Hands over what is due.
    func deliver() {
        let moment = now()
        let (due, target) = state.withLock { state in
            let due = state.waiting.filter { $0.due <= moment }
            state.waiting.removeAll { $0.due <= moment }
            return (due, state.target)
        }
        for hint in due { target.push(hint.events) }
    }

    func cutOff(_ driver: DriverID, because reason: CutOffReason) {}
    func isConnected(_ driver: DriverID) -> Bool { true }
    var connectionCount: Int { 0 }
}

/// Where the house leaves commands for a simulated session.
final class SimulatedEndpoint: SessionEndpoint {
    private let commands = Mutex<[SessionCommand]>([])
    private let sent = Atomic<Int64>(0)

    func deliver(_ command: SessionCommand) { commands.withLock { $0.append(command) } }
    var sentThrough: Int64 { sent.load(ordering: .relaxed) }
    var tokenEpoch: Int64 { 0 }
    var openedAt: Timestamp { Timestamp(milliseconds: 0) }
    func noteSent(through sequence: Int64) { sent.store(sequence, ordering: .relaxed) }

    func taken() -> [SessionCommand] {
        commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
    }
}
