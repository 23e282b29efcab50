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
    /// Throws when the server stops meanwhile: the tick ends without a plan.
    package typealias Solver = @Sendable (DispatchSnapshot, DispatchPlan?, UInt64) async throws -> DispatchPlan

    /// Who holds the lease, as far as this dispatcher knows.
    private enum Standing {
        case unknown
        case dispatches
        case standsBy
    }

    private let house: House
    private let policy: @Sendable () -> DispatchPolicy
    private let solve: Solver
    private let holder: String
    private let microseconds: @Sendable () -> Int64
    private let log: Logger
    private var previous: DispatchPlan?
    /// What admins have ruled, as of the last tick.
    private var rules = RuleBook()
    private var rounds: UInt64 = 0
    private var lastSolveMicroseconds: Int64 = 0
    private var standing = Standing.unknown
    /// Orders of the conflicts since the last round without one.
    private var conflicted: Set<OrderID> = []
    /// Since when this dispatcher has looked at the drivers without a gap, and when it looked last.
    private var watch: (since: Timestamp, last: Timestamp)?
    private let conflicts = Counter(label: "dispatch_conflicts_total")
    private let parked = Counter(label: "dispatch_parked_batches_total")
    private let ticks = Counter(label: "dispatch_ticks_total")
    private let degradedTicks = Counter(label: "dispatch_degraded_ticks_total")
    private let gapGauge = Gauge(label: "dispatch_plan_gap_ratio")
    private let tickTime = Timer(label: "dispatch_tick_duration_seconds")
    private let routedWays = Counter(label: "dispatch_travel_ways_total", dimensions: [("source", "route")])
    private let estimatedWays = Counter(label: "dispatch_travel_ways_total", dimensions: [("source", "estimate")])
    private let poolGauge = Gauge(label: "pool_orders")
    private let oldestGauge = Gauge(label: "pool_oldest_age_seconds")
    private let lostGauge = Gauge(label: "orders_with_lost_drivers")

    /// How long a lease lasts without renewal; a second server takes over after this.
    package static let leaseMilliseconds: Int64 = 5000
    /// The lease is renewed this often, however long the pause between two ticks is: two renewals may fail.
    private static let renewalMilliseconds: Int64 = 1600
    /// Wishes for a round that come within this time of each other are one round: a driver's phone rejects the orders
    /// of a batch in as many calls as there are orders.
    package static let gatheringMilliseconds: Int64 = 50
    /// However many wishes follow each other, a round waits for them no longer than this many gatherings.
    private static let gatherings = 10
    /// For a batch that is given back order by order a round waits until no more of it has come for so many gatherings…
    private static let patientGatherings = 20
    /// …and no longer than so many.
    private static let mostGatherings = 60
    /// A round that is asked for in passing comes no sooner after the last one than this part of the pause between two
    /// ticks, and leaves the planning threads as many times as long alone as the last plan took.
    private static let passingShare: Int64 = 5
    private static let passingRest: Int64 = 4
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

    /// Ticks until cancelled: at the policy's pace, and at once when a round was asked for. The lease is kept between
    /// the ticks, and stays; see ``release()``.
    ///
    /// - Parameter onTick: Told of every finished tick.
    package func run(clock: some Clock<Duration>, onTick: @Sendable @escaping (TickSummary) -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepLease(clock: clock) }
            group.addTask { await self.ticks(clock: clock, onTick: onTick) }
        }
    }

    private func keepLease(clock: some Clock<Duration>) async {
        while !Task.isCancelled {
            try? await clock.sleep(for: .milliseconds(Self.renewalMilliseconds))
            await renewLease()
        }
    }

    /// Keeps the lease if this dispatcher has it.
    package func renewLease() async {
        guard standing == .dispatches else { return }
        do {
            _ = try await claimLease()
        } catch {
            // The next renewal or the next tick tells.
        }
    }

    private func claimLease() async throws -> Fence? {
        let fence = try await house.ledger.claimLease(holder: holder, lasting: Self.leaseMilliseconds)
        standing = fence == nil ? .standsBy : .dispatches
        house.rounds.isStandingBy = fence == nil
        return fence
    }

    private func ticks(clock: some Clock<Duration>, onTick: @Sendable (TickSummary) -> Void) async {
        var wish: RoundSignal.Wish?
        while !Task.isCancelled {
            do {
                if let summary = try await tick(byHand: wish == .byHand) { onTick(summary) }
            } catch let error as StoreError {
                log.warning(
                    "dispatch tick failed", metadata: ["reason": "\(error.code.rawValue)", "detail": "\(error.detail)"])
            } catch is CancellationError {
                break
            } catch {
                log.error("dispatch tick failed", metadata: ["reason": "\(type(of: error))"])
            }
            wish = await pause(clock: clock)
        }
    }

    /// Gives the lease back, so that another server takes over at once. To be called when ``run(clock:onTick:)`` has
    /// ended, and not in its task: that is cancelled, and the store turns away who is.
    package func release() async {
        try? await house.ledger.releaseLease(holder: holder)
    }

    /// - Returns: The wish that ended it; nil when its time was up.
    private func pause(clock: some Clock<Duration>) async -> RoundSignal.Wish? {
        let rounds = house.rounds
        rounds.holdPassing()
        let distance = max(
            house.settings.tickMilliseconds / Self.passingShare, lastSolveMicroseconds * Self.passingRest / 1000)
        // A server that stands by looks often, so that it takes over soon after the lease has ended.
        let wait = standing == .standsBy ? min(house.settings.tickMilliseconds, 1000) : house.settings.tickMilliseconds
        return await withTaskGroup(of: RoundSignal.Wish?.self) { group in
            group.addTask {
                try? await clock.sleep(for: .milliseconds(wait))
                return nil
            }
            group.addTask {
                async let _ = Self.grantPassing(rounds, after: distance, clock)
                return await Self.gather(rounds, clock)
            }
            var wish = await group.next() ?? nil
            group.cancelAll()
            // A wish that was being gathered when the time was up is granted with this round.
            for await late in group { wish = wish ?? late }
            rounds.dropPassing()
            return wish
        }
    }

    private static func grantPassing(
        _ rounds: RoundSignal, after milliseconds: Int64, _ clock: some Clock<Duration>
    ) async {
        try? await clock.sleep(for: .milliseconds(milliseconds))
        rounds.grantPassing()
    }

    /// Waits for a wish, and then for those that belong to it.
    private static func gather(_ rounds: RoundSignal, _ clock: some Clock<Duration>) async -> RoundSignal.Wish {
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
            if quiet >= (isPatient ? patientGatherings : 1) { return wish }
            if passed >= (isPatient || isBusy ? mostGatherings : gatherings) { return wish }
        }
        return wish
    }

    /// One round: every waiting order is looked at.
    ///
    /// - Parameter byHand: An admin asked for it, so orders are given although automatic dispatch is off.
    /// - Returns: What happened; nil when another server holds the lease or automatic dispatch is off.
    /// - Throws: ``StoreError``; what the solver throws.
    package func tick(byHand: Bool = false) async throws -> TickSummary? {
        guard let fence = try await claimLease() else { return nil }
        let now = house.now()
        look(at: now)
        let open = try await house.orders.openOrders()
        guard house.settings.isAutomatic || byHand else {
            previous = nil
            await release(open, fence: fence, at: now)
            return nil
        }
        let exclusions = try await house.orders.exclusions()
        try await readRules()
        let policy = policy()
        var snapshot = SnapshotBuilder(house: house, policy: policy, rules: rules, now: now).snapshot(
            open: open, exclusions: exclusions, members: candidates(for: open, policy, at: now),
            kitchens: Kitchens(house.presence))
        var summary = TickSummary(at: now, waiting: snapshot.orders)
        poolGauge.record(summary.pool)
        oldestGauge.record(Double(summary.oldestWaitMilliseconds) / 1000)
        ticks.increment()
        guard !snapshot.orders.isEmpty else {
            previous = nil
            await release(open, fence: fence, at: now)
            return summary
        }
        let estimator = house.estimator
        if let travelTimes = house.travelTimes {
            let ways = await snapshot.takeWays(
                from: travelTimes, guessing: estimator, hour: house.settings.hour(at: now))
            summary.routedWays = ways.routed
            summary.estimatedWays = ways.estimated
            routedWays.increment(by: ways.routed)
            estimatedWays.increment(by: ways.estimated)
        } else if !house.atlas.slowZones.isEmpty {
            // Straight lines know nothing of zones in which ways take longer.
            _ = await snapshot.takeWays(from: estimator, guessing: estimator, hour: house.settings.hour(at: now))
        }
        rounds += 1
        let started = microseconds()
        let inputs = TickInputs(snapshot: snapshot, previous: previous, seed: rounds)
        let plan = try await solve(snapshot, previous, rounds)
        // A server that stops carries nothing out any more.
        try Task.checkCancellation()
        summary.solveMicroseconds = microseconds() - started
        lastSolveMicroseconds = summary.solveMicroseconds
        tickTime.recordMicroseconds(summary.solveMicroseconds)
        summary.note(plan)
        report(summary)
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
        await release(open, fence: fence, at: now)
        return summary
    }

    /// How good the plan is, for those who watch; a tick that fell short is told aloud.
    private func report(_ summary: TickSummary) {
        if let gap = summary.gapPerMille { gapGauge.record(Double(gap) / 1000) }
        var facts: Logger.Metadata = [
            "pool": "\(summary.pool)", "solve_us": "\(summary.solveMicroseconds)",
            "is_degraded": "\(summary.isDegraded)",
        ]
        facts["cost"] = summary.cost.map { "\($0.value)" }
        facts["bound"] = summary.bound.map { "\($0.value)" }
        facts["gap_per_mille"] = summary.gapPerMille.map { "\($0)" }
        if summary.isDegraded {
            degradedTicks.increment()
            log.warning("dispatch plan degraded to insertion", metadata: facts)
        } else {
            log.debug("dispatch plan made", metadata: facts)
        }
    }

    /// Reads the rules anew where anybody has changed them, on whatever server.
    private func readRules() async throws {
        guard let store = house.rules, try await store.ruleRevision() != rules.revision else { return }
        rules = try await store.ruleBook()
        log.info(
            "dispatch rules in force",
            metadata: [
                "policy_version": "\(rules.revision.policies)", "rules_revision": "\(rules.revision.driverRules)",
            ])
    }

    /// Four times as many for each order as the engine keeps, as in its own choice among many.
    private func candidates(for open: [OpenOrder], _ policy: DispatchPolicy, at now: Timestamp) -> [FleetMember] {
        house.fleet.candidates(
            near: open.filter { $0.state == .pending }.compactMap(\.pickup),
            each: 4 * Int(policy.limits.nearestDrivers),
            busy: Set(open.filter(\.state.isHeld).compactMap(\.driverID)), at: now)
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
            settings: house.settings, offerGap: policy().offerGap, now: now)
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
        await note(told.conflicts, of: plan)
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
            let name = house.fleet.member(batch.driver)?.account.name
            for order in batch.orders {
                house.fleet.noteHolder(batch.driver, of: order)
                house.feed.orderChanged(order, state: .assigned, driverName: name)
            }
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

    /// What did not fit is tried again at once, but not for ever: a conflict that repeats waits for the next tick. It
    /// may be that memory is behind the database about the driver, so his account is read anew.
    private func note(_ orders: [OrderID], of plan: DispatchPlan) async {
        guard !orders.isEmpty else {
            conflicted = []
            return
        }
        conflicts.increment(by: orders.count)
        if !conflicted.isSuperset(of: orders) { house.rounds.raise() }
        conflicted.formUnion(orders)
        for batch in plan.commits where orders.contains(where: batch.orders.contains) {
            if let account = try? await house.accounts.driver(batch.driver) { house.fleet.update(account) }
        }
    }

    /// What lapses, and what only an admin may move. A driver with a live socket is there.
    private func judge(_ open: [OpenOrder], at now: Timestamp) -> LapseRule.Verdict {
        let (fleet, push) = (house.fleet, house.push)
        let rule = LapseRule(
            now: now, watchedSince: watch?.since ?? now,
            lostAfterMilliseconds: house.settings.lostDriverAfterMilliseconds,
            lapseAfterMilliseconds: house.settings.lapseAfterMilliseconds,
            lastSign: { push.isConnected($0) ? now : fleet.member($0)?.lastSeen })
        return rule.judge(open)
    }

    /// A server that stands by watches too, so that its admins see the same alarms and a take-over loses no time; it
    /// moves nothing. To be called every few seconds.
    package func watch(_ open: [OpenOrder]) {
        guard standing == .standsBy else { return }
        let now = house.now()
        look(at: now)
        tell(of: judge(open, at: now).lost)
    }

    /// Takes back what lapses, and tells the admin of what only he may move.
    private func release(_ open: [OpenOrder], fence: Fence, at now: Timestamp) async {
        let verdict = judge(open, at: now)
        tell(of: verdict.lost)
        let change = ChangeOrder(house)
        for (order, reason) in verdict.lapsing {
            do {
                try await change.lapse(order, because: reason, fence: fence)
            } catch let error as StoreError where error.code == .staleFence {
                // Another dispatcher knows better who is lost.
                return
            } catch {
                log.debug("order to lapse moved meanwhile", metadata: ["order_id": "\(order.id)"])
            }
        }
    }

    private func tell(of lost: [LostOrder]) {
        lostGauge.record(lost.count)
        let changes = house.lostOrders.replace(with: lost)
        for order in changes.new {
            log.warning("driver lost with an order that only an admin may move", metadata: Self.metadata(of: order))
            house.feed.orderLost(order)
        }
        for order in changes.over {
            log.info("order of a lost driver is no alarm any more", metadata: Self.metadata(of: order))
        }
    }

    private static func metadata(of order: LostOrder) -> Logger.Metadata {
        [
            "order_id": "\(order.orderID)", "driver_id": "\(order.driverID)", "state": "\(order.state.rawValue)",
        ]
    }
}
