internal import Geo

/// Why an order went to its driver, or waits: found out by planning again under changed rules, not guessed.
package struct Explanation: Hashable, Sendable {
    /// What the whole plan would be with the order forced to another driver.
    package struct Alternative: Hashable, Sendable {
        package var driver: DriverID
        /// Cost of the whole re-solved plan above that of the best one found without the force; never below zero.
        package var difference: Cost
        /// Whether the order really went to him in that plan; if not, leaving it is cheaper or he has no room for it.
        package var isPossible: Bool
    }

    /// A rule that, relaxed alone, would let a waiting order go.
    package enum Relaxation: UInt8, Hashable, Sendable, CaseIterable {
        /// The food counted as ready now.
        case readyTime
        /// No window for partners kept open.
        case window
        /// Drivers told at once instead of when they must leave.
        case lateCommitment
        /// Drivers who refused the order, or are kept from it, allowed.
        case exclusions
        /// Drivers' rules about restaurants lifted.
        case restaurantRules
        case pin
        case vehicleClass
        case staleFixes
        case lookAhead
        case shiftEnd
        case clickToDoor
        /// More orders, and larger ones, for each driver.
        case batchSize
        /// Any orders in one batch, however far apart.
        case orderGraph
        /// Leaving orders dearer than any way of serving them.
        case unservedCost
        case offlineDrivers
        /// No rule: one more driver, idle at the restaurant, takes it.
        case oneMoreDriver
        /// Nothing else lets it go.
        case nothing
        /// No rule: it takes several more drivers, idle at the restaurant, because others go before it.
        case moreDrivers
    }

    package var order: OrderID
    /// The batch that holds the order, told or meant.
    package var batch: PlannedBatch?
    package var isTold: Bool
    package var waiting: WaitingReason?
    /// The next best drivers, cheapest first.
    package var alternatives: [Alternative]
    /// Drivers as near as the chosen one, or nearer, who could not be taken, nearest first. Without a chosen driver:
    /// the nearest ones.
    package var refused: [RefusedDriver]
    /// For an order that waits: the first rule, in the sequence of the cases, that holds it. An order that is meant for
    /// a driver goes when he is told; any other when a driver is planned for it.
    package var heldBy: Relaxation?
}

extension DispatchEngine {
    /// Most steps that one re-solved plan of an explanation takes. It starts from the real plan, so it needs less work
    /// than that.
    private static let explanationSteps: Int64 = 1_000_000

    /// Explains one order of a tick. Plans the tick again as it was, then once for each alternative driver with the
    /// order pinned to him, each from the real plan and with the same seed and budget.
    ///
    /// - Parameters:
    ///   - real: The plan of that tick, where it is known already; nil plans again.
    ///   - alternatives: How many other drivers are tried, 0 to 8.
    /// - Complexity: That of `plan`, times the alternatives and rules tried.
    package static func explain(
        _ order: OrderID, in snapshot: DispatchSnapshot, previous: DispatchPlan? = nil, seed: UInt64 = 1,
        budget: WorkBudget? = nil, real: DispatchPlan? = nil, alternatives: Int = 4,
        lanes: some LaneRunner = SerialLanes()
    ) -> Explanation {
        let real = real ?? plan(snapshot, previous: previous, seed: seed, budget: budget, lanes: lanes)
        let told = real.commits.first { $0.orders.contains(order) }
        let batch = told ?? real.tentative.first { $0.orders.contains(order) }
        var explanation = Explanation(
            order: order, batch: batch, isTold: told != nil, waiting: real.waiting.first { $0.order == order },
            alternatives: [], refused: [], heldBy: nil)
        let work = min(budget ?? snapshot.policy.bounded.budget, WorkBudget(steps: explanationSteps))
        let question = Question(order: order, snapshot: snapshot, real: real, seed: seed, budget: work)
        let nearby = question.nearby(batch?.driver, most: alternatives.held(0, 8))
        explanation.refused = nearby.refused
        explanation.alternatives = question.alternatives(nearby.others, lanes: lanes)
        if told == nil, explanation.waiting != nil {
            explanation.heldBy = question.heldBy(isMeant: batch != nil, lanes: lanes)
        }
        return explanation
    }
}

/// One order of one tick, and the plans that would have been made had something been otherwise.
private struct Question {
    let order: OrderID
    /// Without switching costs: what was meant before says nothing about what is best.
    let snapshot: DispatchSnapshot
    let start: DispatchPlan
    let seed: UInt64
    let budget: WorkBudget

    init(order: OrderID, snapshot: DispatchSnapshot, real: DispatchPlan, seed: UInt64, budget: WorkBudget) {
        self.order = order
        var free = snapshot
        free.changePolicies { $0.weights.switching = .zero }
        self.snapshot = free
        var start = real
        start.tentative = real.commits + real.tentative
        self.start = start
        self.seed = seed
        self.budget = budget
    }

    private func plan(_ snapshot: DispatchSnapshot, _ lanes: some LaneRunner) -> DispatchPlan {
        DispatchEngine.plan(snapshot, previous: start, seed: seed, budget: budget, lanes: lanes)
    }

    private func change(_ snapshot: DispatchSnapshot, _ body: (inout WaitingOrder) -> Void) -> DispatchSnapshot {
        var changed = snapshot
        for index in changed.orders.indices where changed.orders[index].id == order { body(&changed.orders[index]) }
        return changed
    }

    /// The other drivers who come cheapest while everything else stays as planned, behind them those who have no room
    /// unless something else is moved, nearest first; and the refused ones nearby.
    func nearby(_ chosen: DriverID?, most: Int) -> (others: [DriverID], refused: [RefusedDriver]) {
        let tick = TickCompiler(snapshot, previous: start).compile(snapshot)
        guard let row = tick.row(of: order) else { return ([], []) }
        let vehicle = chosen.flatMap { tick.vehicle(of: $0) }.map(Int.init)
        return tick.problem.withTables { tables in
            let reasons = Reasons(tick: tick, tables: tables)
            let refused = reasons.refused(Int(row), vehicle: vehicle)
            var others: [DriverID] = []
            if let vehicle, let solution = tick.start(from: start) {
                var lane = Lane(tables, seed: RandomSource(seed: seed), memoryBits: 8)
                lane.load(solution)
                others = reasons.runnersUp(Int(row), vehicle: vehicle, most: most, lane: &lane).map(\.driver)
            }
            for index in tables.candidateFirst[Int(row)]..<tables.candidateFirst[Int(row) + 1] where others.count < most
            {
                let driver = tick.driver(ofVehicle: Int(tables.candidates[Int(index)].vehicle)).id
                if driver != chosen, !others.contains(driver) { others.append(driver) }
            }
            return (others, refused)
        }
    }

    func alternatives(_ drivers: [DriverID], lanes: some LaneRunner) -> [Explanation.Alternative] {
        var best = plan(snapshot, lanes).cost
        let found = drivers.map { driver in
            let forced = plan(change(snapshot) { $0.pinned = driver }, lanes)
            // A forced plan is a plan of the free problem too: where the search found a better one by the way, that is
            // what the others are compared with.
            best = min(best, forced.cost)
            let isPossible = (forced.commits + forced.tentative).contains {
                $0.driver == driver && $0.orders.contains(order)
            }
            return Explanation.Alternative(driver: driver, difference: forced.cost, isPossible: isPossible)
        }
        return found.map { found in
            Explanation.Alternative(
                driver: found.driver, difference: found.difference - best, isPossible: found.isPossible)
        }.sorted { ($0.difference, $0.driver) < ($1.difference, $1.driver) }
    }

    func heldBy(isMeant: Bool, lanes: some LaneRunner) -> Explanation.Relaxation {
        let telling: Set<Explanation.Relaxation> = [.readyTime, .window, .lateCommitment]
        for rule in Explanation.Relaxation.allCases where rule != .nothing && telling.contains(rule) == isMeant {
            if rule == .moreDrivers {
                if goesWithMoreDrivers(lanes) { return rule }
                continue
            }
            let relaxed = relax(rule)
            if relaxed == snapshot { continue }
            let plan = plan(relaxed, lanes)
            let going = isMeant ? plan.commits : plan.commits + plan.tentative
            if going.contains(where: { $0.orders.contains(order) }) { return rule }
        }
        return .nothing
    }

    /// Twice as many more drivers each time, until there is one for every order.
    private func goesWithMoreDrivers(_ lanes: some LaneRunner) -> Bool {
        var relaxed = snapshot
        var added = 0
        while added < snapshot.orders.count, added < Self.mostMoreDrivers {
            for _ in 0..<max(added, 2) { addDriver(to: &relaxed) }
            added = max(2 * added, 2)
            let plan = plan(relaxed, lanes)
            if (plan.commits + plan.tentative).contains(where: { $0.orders.contains(order) }) { return true }
        }
        return false
    }

    private static let mostMoreDrivers = 128

    private func relax(_ rule: Explanation.Relaxation) -> DispatchSnapshot {
        var relaxed = snapshot
        switch rule {
        case .nothing, .moreDrivers: break
        case .readyTime:
            relaxed = change(snapshot) { order in
                if order.readyAt != nil { order.readyAt = snapshot.now }
                order.readyDeviation = .zero
            }
        case .window: relaxed.changePolicies { $0.maxHold = .zero }
        case .lateCommitment: relaxed.changePolicies { $0.commitment = .immediate }
        case .exclusions: relaxed = change(snapshot) { $0.excluded = [] }
        case .pin: relaxed = change(snapshot) { $0.pinned = nil }
        case .vehicleClass: relaxed = change(snapshot) { $0.vehicles = [] }
        case .staleFixes: relaxed.policy.staleAfter = Seconds(86_400)
        case .lookAhead: relaxed.policy.limits.lookAhead = Seconds(86_400)
        case .clickToDoor: relaxed.changePolicies { $0.limits.clickToDoor = Seconds(864_000) }
        case .orderGraph: relaxed.policy.limits.usesOrderGraph = false
        case .unservedCost: relaxed.changePolicies { $0.weights.unserved = Seconds(1_000_000) }
        case .restaurantRules: relaxed.changeDrivers { $0.rules = [] }
        case .shiftEnd: relaxed.changeDrivers { $0.shiftEndsAt = nil }
        case .offlineDrivers: relaxed.changeDrivers { $0.isOnline = true }
        case .batchSize:
            relaxed.policy.maxBatch = DispatchPolicy.largestBatch
            relaxed.changeDrivers { driver in
                driver.capacity = max(driver.capacity, DispatchPolicy.largestBatch)
                driver.bagUnits = max(driver.bagUnits, 100)
            }
        case .oneMoreDriver: addDriver(to: &relaxed)
        }
        return relaxed
    }

    /// An idle driver with an empty bag at the order's restaurant, of a class that may carry it.
    private func addDriver(to relaxed: inout DispatchSnapshot) {
        guard let waiting = relaxed.orders.first(where: { $0.id == order }) else { return }
        let taken = Set(relaxed.drivers.map(\.id))
        guard let id = (1...Int64(taken.count + 1)).lazy.map({ DriverID(-$0) }).first(where: { !taken.contains($0) })
        else { return }
        var driver = DriverState(
            id: id, place: waiting.pickup, freeAt: relaxed.now, lastFixAt: relaxed.now)
        driver.vehicle = waiting.vehicles.first ?? .motorcycle
        driver.bagUnits = max(driver.bagUnits, waiting.bagUnits)
        relaxed.drivers.append(driver)
    }
}

extension DispatchSnapshot {
    fileprivate mutating func changeDrivers(_ body: (inout DriverState) -> Void) {
        for index in drivers.indices { body(&drivers[index]) }
    }
}
