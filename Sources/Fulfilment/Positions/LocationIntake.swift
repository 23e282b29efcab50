import DequeModule
import DispatchCore
import Metrics
import Synchronization

/// Takes every reported fix: into the live fleet at once, into the history in bulk soon after.
///
/// The buffer towards the database is bounded. When it is full, the oldest waiting fix of the same driver gives way and
/// is counted; a driver without a waiting fix takes the place of the driver who has waited longest. A socket never
/// waits.
package final class LocationIntake: Sendable {
    package struct Limits: Sendable {
        /// Fixes that may wait for the database: 64 MiB at about 150 bytes each would be 400,000; this is ten minutes
        /// of the database away for 1,000 drivers.
        package var waiting = 65_536
        /// A flush as soon as this many wait…
        package var flushRows = 1000
        /// …or this long after the last one.
        package var flushMilliseconds: Int64 = 250
        /// Rows in one statement.
        package var batchRows = 4096
        /// Batches on their way at once, when more than one waits: one is made ready while another is written.
        package var writers = 2

        package init() {}
    }

    private let fleet: Fleet
    private let store: any LocationStore
    private let accounts: any AccountStore
    private let feed: any AdminFeed
    private let presence: PresenceWatch?
    private let limits: Limits
    private let buffer: Mutex<FixBuffer>
    /// Batches that the store did not take, as they were: they go first next time. At most one for each writer, or the
    /// parts of one.
    private let refused = Mutex<Deque<[Fix]>>([])
    private let fullEnough = RoundSignal()
    private let accepted = Counter(label: "location_updates_total", dimensions: [("result", "accepted")])
    private let dropped = Counter(label: "location_dropped_total")
    private let stored = Counter(label: "location_stored_total")
    private let failures = Counter(label: "location_flush_failures_total")
    private let poisoned = Counter(label: "location_poison_total")
    private let waitingGauge = Gauge(label: "location_waiting")

    package init(
        fleet: Fleet, store: any LocationStore, accounts: any AccountStore, feed: any AdminFeed,
        presence: PresenceWatch? = nil, limits: Limits = Limits()
    ) {
        self.fleet = fleet
        self.store = store
        self.accounts = accounts
        self.feed = feed
        self.presence = presence
        self.limits = limits
        buffer = Mutex(FixBuffer(limit: limits.waiting))
    }

    /// Takes fixes in the order they were received. Never waits.
    ///
    /// - Complexity: O(1) for each fix; locks and look-ups for each run of one driver's fixes.
    package func accept(_ fixes: [Fix]) {
        let judged = fleet.accept(fixes)
        feed.driversMoved(judged.sightings)
        presence?.seen(fixes, without: judged.heldBack)
        accepted.increment(by: fixes.count)
        let (waiting, droppedNow) = buffer.withLock { buffer -> (Int, Int) in
            let before = buffer.dropped
            buffer.put(fixes)
            return (buffer.count, buffer.dropped - before)
        }
        if droppedNow > 0 { dropped.increment(by: droppedNow) }
        if waiting >= limits.flushRows { fullEnough.raise() }
    }

    /// Fixes that wait for the database, and how many had to give way so far.
    package var backlog: (waiting: Int, dropped: Int) {
        let again = refused.withLock { $0.reduce(0) { $0 + $1.count } }
        return buffer.withLock { ($0.count + again, $0.dropped) }
    }

    /// Writes until cancelled. What is left then is for ``flush()``, in a task that is not cancelled: the store turns
    /// away one that is.
    package func run(clock: some Clock<Duration>) async {
        var backOff: Int64 = 0
        while !Task.isCancelled {
            await pause(
                milliseconds: backOff == 0 ? limits.flushMilliseconds : backOff, clock: clock,
                wakesWhenFull: backOff == 0)
            backOff = await flush() ? 0 : min(max(backOff * 2, 250), 1000)
        }
    }

    /// Writes everything that waits, in batches.
    ///
    /// - Returns: False when the database refused; the fixes wait on.
    package func flush() async -> Bool {
        guard backlog.waiting > limits.batchRows else { return await writeAll() }
        return await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<limits.writers { group.addTask { await self.writeAll() } }
            return await group.reduce(true) { $0 && $1 }
        }
    }

    private func writeAll() async -> Bool {
        while true {
            let again = refused.withLock { $0.popFirst() }
            let batch = again ?? buffer.withLock { $0.take(limits.batchRows) }
            guard !batch.isEmpty else { return true }
            guard await write(batch) else { return false }
            waitingGauge.record(backlog.waiting)
        }
    }

    /// Writes a batch. What the store will never take is found by halving, dropped and counted, so that one bad fix
    /// keeps no others waiting; when the store can take nothing now, what is left goes into the list of the refused.
    private func write(_ batch: [Fix]) async -> Bool {
        var parts: [[Fix]] = [batch]
        while let part = parts.popLast() {
            do {
                try await store.append(part)
            } catch let error as StoreError where error.code == .constraint || error.code == .duplicate {
                guard part.count > 1 else {
                    poisoned.increment()
                    continue
                }
                let middle = part.count / 2
                parts.append(Array(part[middle...]))
                parts.append(Array(part[..<middle]))
                continue
            } catch {
                failures.increment()
                parts.append(part)
                let left = parts
                refused.withLock { refused in for part in left { refused.prepend(part) } }
                return false
            }
            stored.increment(by: part.count)
            await greetNewcomers(in: part)
        }
        return true
    }

    /// Contract: a driver who has never said anything becomes available with his first stored position.
    private func greetNewcomers(in batch: [Fix]) async {
        let unsaid = fleet.unsaid(among: batch.map(\.driverID))
        guard !unsaid.isEmpty, let changed = try? await accounts.makeAvailableIfUnsaid(unsaid) else { return }
        for driver in changed where fleet.greet(driver) { feed.driverStatusChanged(driver) }
    }

    private func pause(milliseconds: Int64, clock: some Clock<Duration>, wakesWhenFull: Bool) async {
        guard wakesWhenFull else {
            try? await clock.sleep(for: .milliseconds(milliseconds))
            return
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await clock.sleep(for: .milliseconds(milliseconds)) }
            group.addTask { await self.fullEnough.wait() }
            await group.next()
            group.cancelAll()
        }
    }
}
