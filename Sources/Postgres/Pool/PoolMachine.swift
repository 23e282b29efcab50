/// Who has which connection and who waits: the decisions of the pool, without threads, clocks or continuations.
///
/// A slot stands for one connection. Waiters are served first come, first served, up to a limit, each until its
/// deadline. A slot whose connection failed rests for a growing, jittered time before it connects again; meanwhile
/// waiters keep waiting, so that a restart of the server is bridged by those whose deadlines allow it. Who comes while
/// the server is known to be away waits for a shorter time, so that an outage is answered with a plain word.
package struct PoolMachine {
    package typealias WaiterID = UInt64

    package enum Slot: Equatable {
        case resting(until: MonotonicTime, failures: Int)
        case connecting(failures: Int)
        case idle
        case leased
    }

    package enum Action: Equatable {
        /// Lend the slot to the waiter.
        case grant(waiter: WaiterID, slot: Int)
        /// Tell the waiter that it gets nothing.
        case refuse(waiter: WaiterID, PostgresError.Code, String)
        /// Open a connection in this slot and report.
        case connect(slot: Int)
        /// Nothing is lent any more after `close`.
        case drained
    }

    package enum Answer: Equatable {
        case lease(slot: Int)
        case wait
        case refuse(PostgresError.Code, String)
    }

    package struct Backoff: Sendable {
        let first: Duration
        let longest: Duration

        package init(first: Duration, longest: Duration) {
            self.first = first
            self.longest = longest
        }
    }

    private struct Waiter {
        let id: WaiterID
        let deadline: MonotonicTime
    }

    package private(set) var slots: [Slot]
    private var idle: [Int] = []
    private var waiters: [Waiter] = []
    private let waiterLimit: Int
    private let backoff: Backoff
    package private(set) var isClosed = false
    private var lastFailure: String?

    /// How long a caller waits at most while every connection is lost and the last attempt to connect has failed.
    package static let patienceInOutage = Duration.milliseconds(1500)

    package init(slots count: Int, waiterLimit: Int, backoff: Backoff) {
        slots = Array(repeating: .resting(until: MonotonicTime(nanoseconds: 0), failures: 0), count: count)
        self.waiterLimit = waiterLimit
        self.backoff = backoff
    }

    package var waitingCount: Int { waiters.count }
    package var leasedCount: Int { slots.count { $0 == .leased } }
    package var idleCount: Int { idle.count }
    package var failure: String? { lastFailure }

    /// A caller wants a connection. The most recently used idle one is lent, because its caches are warm.
    package mutating func requested(_ id: WaiterID, deadline: MonotonicTime, now: MonotonicTime) -> (Answer, [Action]) {
        if isClosed { return (.refuse(.closed, "the connection pool is closed"), []) }
        if waiters.isEmpty, let slot = idle.popLast() {
            slots[slot] = .leased
            return (.lease(slot: slot), [])
        }
        if deadline <= now { return (.refuse(.unavailable, "the deadline passed before a connection was free"), []) }
        if waiters.count >= waiterLimit {
            return (.refuse(.overloaded, "\(waiterLimit) callers wait for a database connection already"), [])
        }
        let isOutage = lastFailure != nil && leasedCount == 0
        let limit = isOutage ? min(deadline, now.advanced(by: Self.patienceInOutage)) : deadline
        waiters.append(Waiter(id: id, deadline: limit))
        return (.wait, connectionsToOpen(now))
    }

    /// The waiter's task was cancelled. False when it was served already.
    package mutating func withdrew(_ id: WaiterID) -> Bool {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// A lease ended.
    package mutating func returned(slot: Int, isConnected: Bool, now: MonotonicTime) -> [Action] {
        guard isConnected else {
            slots[slot] = .resting(until: now, failures: 0)
            return afterReturn() + connectionsToOpen(now)
        }
        return offer(slot) + afterReturn()
    }

    /// The connection that was asked for is there.
    package mutating func connected(slot: Int) -> [Action] {
        lastFailure = nil
        return offer(slot)
    }

    /// The connection could not be made. `jitter` is in 0..<1. A final failure is one that waiting cannot mend, such
    /// as a wrong password: all who wait are told at once.
    package mutating func failedToConnect(
        slot: Int, reason: String, isFinal: Bool, jitter: Double, now: MonotonicTime
    ) -> [Action] {
        var failures = 0
        if case .connecting(let earlier) = slots[slot] { failures = earlier }
        lastFailure = reason
        let longest = min(backoff.longest, backoff.first * (1 << min(failures, 16)))
        slots[slot] = .resting(until: now.advanced(by: longest * (0.5 + jitter / 2)), failures: failures + 1)
        guard isFinal else { return [] }
        defer { waiters.removeAll() }
        return waiters.map { .refuse(waiter: $0.id, .misuse, reason) }
    }

    /// Time has passed: late waiters are refused, rested slots connect when someone waits.
    package mutating func ticked(now: MonotonicTime) -> [Action] {
        var actions: [Action] = []
        if waiters.contains(where: { $0.deadline <= now }) {
            let message =
                lastFailure.map { "no connection to the database: \($0)" }
                ?? "no connection was free within the deadline"
            for waiter in waiters where waiter.deadline <= now {
                actions.append(.refuse(waiter: waiter.id, .unavailable, message))
            }
            waiters.removeAll { $0.deadline <= now }
        }
        return actions + connectionsToOpen(now)
    }

    /// When `ticked` is needed next.
    package var nextTick: MonotonicTime {
        var next = waiters.map(\.deadline).min() ?? .never
        // A slot that has rested matters only while a waiter has no connection coming.
        guard missingConnections > 0 else { return next }
        for case .resting(let until, _) in slots { next = min(next, until) }
        return next
    }

    /// No new leases; who waits is refused. `drained` follows with the last return, or at once.
    package mutating func close() -> [Action] {
        isClosed = true
        defer { waiters.removeAll() }
        return waiters.map { .refuse(waiter: $0.id, .closed, "the connection pool is closed") } + afterReturn()
    }

    private func afterReturn() -> [Action] {
        isClosed && leasedCount == 0 ? [.drained] : []
    }

    private mutating func offer(_ slot: Int) -> [Action] {
        guard let first = waiters.first else {
            slots[slot] = .idle
            idle.append(slot)
            return []
        }
        waiters.removeFirst()
        slots[slot] = .leased
        return [.grant(waiter: first.id, slot: slot)]
    }

    /// Waiters who have no connection coming.
    private var missingConnections: Int {
        waiters.count - slots.count { if case .connecting = $0 { true } else { false } }
    }

    /// Opens as many connections as there are waiters who have none coming.
    private mutating func connectionsToOpen(_ now: MonotonicTime) -> [Action] {
        if isClosed { return [] }
        var wanted = missingConnections
        var actions: [Action] = []
        for index in slots.indices where wanted > 0 {
            guard case .resting(let until, let failures) = slots[index], until <= now else { continue }
            slots[index] = .connecting(failures: failures)
            actions.append(.connect(slot: index))
            wanted -= 1
        }
        return actions
    }
}
