package import DispatchCore
package import Logging
import Metrics

/// Runs the dispatch ticks: snapshot, decide, commit, tell.
///
/// Owner of its state: the previous plan, the lease, and since when it has watched without a gap. Between two ticks
/// nothing is remembered that the database does not know: each tick reads every open order, so no order can wait
/// unseen.
package actor Dispatcher {
    /// Makes a plan somewhere that may take its time, off the threads that serve everyone.
    package typealias Solver = @Sendable (DispatchSnapshot, DispatchPlan?, UInt64) async -> DispatchPlan

    private let house: House
    private let policy: @Sendable () -> DispatchPolicy
    private let solve: Solver
    private let holder: String
    private let microseconds: @Sendable () -> Int64
    private let log: Logger
    private var previous: DispatchPlan?
    private var rounds: UInt64 = 0
    private var standsBy = false
    /// Since when this dispatcher has looked at the drivers without a gap, and when it looked last.
    private var watch: (since: Timestamp, last: Timestamp)?
    private let conflicts = Counter(label: "dispatch_conflicts_total")
    private let parked = Counter(label: "dispatch_parked_batches_total")
    private let ticks = Counter(label: "dispatch_ticks_total")
    private let tickTime = Timer(label: "dispatch_tick_duration_seconds")
    private let routedWays = Counter(label: "dispatch_travel_ways_total", dimensions: [("source", "route")])
    private let estimatedWays = Counter(label: "dispatch_travel_ways_total", dimensions: [("source", "estimate")])
    private let poolGauge = Gauge(label: "pool_orders")
    private let oldestGauge = Gauge(label: "pool_oldest_age_seconds")

    /// How long a lease lasts without renewal; a second server takes over after this.
    package static let leaseMilliseconds: Int64 = 5000
    /// Wishes for a round that come within this time of each other are one round: a driver's phone rejects the orders
    /// of a batch in as many calls as there are orders.
    package static let gatheringMilliseconds: Int64 = 50
    /// However many wishes follow each other, a round waits for them no longer than this many gatherings.
    private static let gatherings = 10
    /// For a batch that is given back order by order a round waits until no more of it has come for so many gatherings…
    private static let patientGatherings = 20
    /// …and no longer than so many.
    private static let mostGatherings = 60
    /// After a longer time without a tick (the server stood still, or its clock was set) nobody could show a sign of
    /// life, and waiting for one begins anew.
    private static let watchGapMilliseconds: Int64 = 60_000

    /// - Parameters:
    ///   - holder: Names this server in the lease; unique among servers.
    ///   - microseconds: A monotonic clock for the duration of a solve; decides nothing.
    package init(
        _ house: House, policy: @escaping @Sendable () -> DispatchPolicy, holder: String, log: Logger,
        microseconds: @escaping @Sendable () -> Int64, solve: @escaping Solver
    ) {
        self.house = house
        self.policy = policy
        self.holder = holder
        self.log = log
        self.microseconds = microseconds
        self.solve = solve
    }

    /// Ticks until cancelled: at the policy's pace, and at once when a round was asked for. The lease stays; see
    /// ``release()``.
    ///
    /// - Parameter onTick: Told of every finished tick.
    package func run(clock: some Clock<Duration>, onTick: @Sendable @escaping (TickSummary) -> Void) async {
        while !Task.isCancelled {
            do {
                if let summary = try await tick() { onTick(summary) }
            } catch let error as StoreError {
                log.warning(
                    "dispatch tick failed", metadata: ["reason": "\(error.code.rawValue)", "detail": "\(error.detail)"])
            } catch is CancellationError {
                break
            } catch {
                log.error("dispatch tick failed", metadata: ["reason": "\(type(of: error))"])
            }
            await pause(clock: clock)
        }
    }

    /// Gives the lease back, so that another server takes over at once. To be called when ``run(clock:onTick:)`` has
    /// ended, and not in its task: that is cancelled, and the store turns away who is.
    package func release() async {
        try? await house.ledger.releaseLease(holder: holder)
    }

    private func pause(clock: some Clock<Duration>) async {
        let rounds = house.rounds
        // A server that stands by looks often, so that it takes over soon after the lease has ended.
        let wait = standsBy ? min(house.settings.tickMilliseconds, 1000) : house.settings.tickMilliseconds
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await clock.sleep(for: .milliseconds(wait)) }
            group.addTask { await Self.gather(rounds, clock) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Waits for a wish, and then for those that belong to it.
    private static func gather(_ rounds: RoundSignal, _ clock: some Clock<Duration>) async {
        var wish = await rounds.wait()
        var (passed, quiet) = (0, 0)
        while !Task.isCancelled {
            try? await clock.sleep(for: .milliseconds(gatheringMilliseconds))
            // Asked before the wish is taken: what is under way no more has left its wish.
            let isBusy = rounds.hasChangesUnderWay
            let next = rounds.take()
            passed += 1
            quiet = next == nil && !isBusy ? quiet + 1 : 0
            wish = max(wish, next ?? wish)
            let isPatient = wish == .whenComplete
            if quiet >= (isPatient ? patientGatherings : 1) { return }
            if passed >= (isPatient || isBusy ? mostGatherings : gatherings) { return }
        }
    }

    /// One round: every waiting order is looked at.
    ///
    /// - Returns: What happened; nil when another server holds the lease or automatic dispatch is off.
    /// - Throws: ``StoreError``.
    package func tick() async throws -> TickSummary? {
        guard house.settings.isAutomatic else { return nil }
        guard let fence = try await house.ledger.claimLease(holder: holder, lasting: Self.leaseMilliseconds) else {
            standsBy = true
            return nil
        }
        standsBy = false
        let now = house.now()
        look(at: now)
        let open = try await house.orders.openOrders()
        let exclusions = try await house.orders.exclusions()
        var snapshot = SnapshotBuilder(house: house, policy: policy(), now: now).snapshot(
            open: open, exclusions: exclusions, members: house.fleet.members(),
            readyDeviation: house.presence?.readyDeviation() ?? [:])
        var summary = TickSummary(at: now, waiting: snapshot.orders)
        poolGauge.record(summary.pool)
        oldestGauge.record(Double(summary.oldestWaitMilliseconds) / 1000)
        ticks.increment()
        guard !snapshot.orders.isEmpty else {
            previous = nil
            await releaseFromLostDrivers(open, fence: fence, at: now)
            return summary
        }
        if let travelTimes = house.travelTimes {
            let ways = await snapshot.takeWays(from: travelTimes, hour: house.settings.hour(at: now))
            summary.routedWays = ways.routed
            summary.estimatedWays = ways.estimated
            routedWays.increment(by: ways.routed)
            estimatedWays.increment(by: ways.estimated)
        }
        rounds += 1
        let started = microseconds()
        let inputs = TickInputs(snapshot: snapshot, previous: previous, seed: rounds)
        let plan = await solve(snapshot, previous, rounds)
        summary.solveMicroseconds = microseconds() - started
        tickTime.recordMicroseconds(summary.solveMicroseconds)
        summary.isDegraded = plan.isDegraded
        // The actor was free while the plan was made; what it says is checked again, row by row, inside the
        // transaction.
        previous = plan
        let told = try await commit(plan, versions: open, fence: fence, at: now)
        summary.note(told)
        do {
            try await house.ledger.record(TickRecord(inputs, plan: plan, told: told, summary: summary))
        } catch let error as StoreError {
            // What was decided is committed and told; only its explanation is lost.
            log.warning("record of a tick lost", metadata: ["reason": "\(error.code.rawValue)"])
        }
        await releaseFromLostDrivers(open, fence: fence, at: now)
        return summary
    }

    /// Notes that the drivers are watched now.
    private func look(at now: Timestamp) {
        let longest = max(Self.watchGapMilliseconds, 3 * house.settings.tickMilliseconds)
        let isGapless = watch.map { (0...longest).contains(now.millisecondsSince($0.last)) } ?? false
        watch = (isGapless ? watch?.since ?? now : now, now)
    }

    /// Commits every batch of the plan in one transaction. A batch of which anything changed meanwhile is left out
    /// whole: its orders are in the pool again at the next tick. When the database refuses the data of the whole, each
    /// batch gets a transaction of its own, so that one bad batch stops no other; the bad one is left out and counted.
    private func commit(
        _ plan: DispatchPlan, versions open: [OpenOrder], fence: Fence, at now: Timestamp
    ) async throws -> ToldBatches {
        guard !plan.commits.isEmpty else { return ToldBatches() }
        let ids = try await house.orders.reserveBatchIDs(plan.commits.count)
        let commit = PlanCommit(
            batches: plan.commits, ids: ids,
            versions: Dictionary(uniqueKeysWithValues: open.map { ($0.id, $0.version) }),
            settings: house.settings, now: now)
        var told = ToldBatches()
        do {
            told = try await transact(commit, fence: fence)
        } catch let error as StoreError where error.code == .constraint && plan.commits.count > 1 {
            for part in commit.parts {
                do {
                    told.add(try await transact(part, fence: fence))
                } catch let error as StoreError where error.code == .constraint { park(part, error) }
            }
        } catch let error as StoreError where error.code == .constraint { park(commit, error) }
        if !told.conflicts.isEmpty {
            conflicts.increment(by: told.conflicts.count)
            house.rounds.raise()
        }
        return told
    }

    private func transact(_ commit: PlanCommit, fence: Fence) async throws -> ToldBatches {
        var scope = TransactionScope(by: .engine, at: commit.now)
        scope.orderIDs = commit.batches.flatMap(\.orders).sorted()
        scope.driverIDs = commit.batches.map(\.driver).uniqued().sorted()
        scope.includesOrdersHeld = true
        scope.skipsLocked = true
        scope.fence = fence
        let committed = try await house.orders.transact(scope) { rows in commit.decide(rows) }
        house.push.push(committed.events)
        for batch in committed.result.batches {
            house.fleet.setDelivering(true, batch.driver)
            let name = house.fleet.member(batch.driver)?.account.name
            for order in batch.orders { house.feed.orderChanged(order, state: .assigned, driverName: name) }
        }
        var told = committed.result
        told.pushes = committed.events.count
        return told
    }

    /// The batch is left out of this round. The next one plans its orders anew; a word in the log and a count remain.
    private func park(_ commit: PlanCommit, _ error: StoreError) {
        parked.increment(by: commit.batches.count)
        for batch in commit.batches {
            log.error(
                "the database refused a batch",
                metadata: [
                    "driver_id": "\(batch.driver)", "orders": "\(batch.orders)", "detail": "\(error.detail)",
                ])
        }
    }

    /// Contract section 2: after a long time without a sign of life, orders not yet picked up return to the pool if the
    /// engine gave them; a forced one, or food on board, is an alarm for the admin. Time in which nobody watched does
    /// not count: after a restart or a step of the clock every driver has the whole time again.
    private func releaseFromLostDrivers(_ open: [OpenOrder], fence: Fence, at now: Timestamp) async {
        let change = ChangeOrder(house)
        for order in open where order.state.isHeld {
            guard let driver = order.driverID, let assignedAt = order.assignedAt else { continue }
            let sign = max(house.fleet.member(driver)?.lastSeen ?? assignedAt, assignedAt, watch?.since ?? now)
            guard now.millisecondsSince(sign) > house.settings.lostDriverAfterMilliseconds else { continue }
            guard order.state.isHeldBeforePickup, !order.pinned else {
                log.warning(
                    "driver lost with an order that only an admin may move",
                    metadata: [
                        "order_id": "\(order.id)", "driver_id": "\(driver)", "state": "\(order.state.rawValue)",
                    ])
                continue
            }
            do {
                try await change.lapse(order, fence: fence)
            } catch let error as StoreError where error.code == .staleFence {
                // Another dispatcher knows better who is lost.
                return
            } catch {
                log.debug("order of a lost driver moved meanwhile", metadata: ["order_id": "\(order.id)"])
            }
        }
    }
}
