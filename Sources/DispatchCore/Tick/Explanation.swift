/// Why an order went to its driver, or waits: found out by planning again under changed rules, not guessed.
package struct Explanation: Hashable, Sendable {
    /// What the whole plan would be with the order forced to another driver.
    package struct Alternative: Hashable, Sendable {
        package var driver: DriverID
        /// Cost of the whole re-solved plan above that of the real one. Below zero only by the search's own noise.
        package var difference: Cost
        /// Whether the order really went to him in that plan; if not, he cannot take it at all.
        package var isPossible: Bool
    }

    /// A rule that, relaxed alone, would let a waiting order go.
    package enum Relaxation: UInt8, Hashable, Sendable, CaseIterable {
        /// Tell drivers at once instead of when they must leave.
        case lateCommitment
        case exclusions
        case pin
        case vehicleClass
        case staleFixes
        case lookAhead
        case clickToDoor
        case batchSize
        case orderGraph
        case offlineDrivers
        /// No single rule: there are too few drivers.
        case nothing
    }

    package var order: OrderID
    /// The batch that holds the order, told or meant.
    package var batch: PlannedBatch?
    package var isTold: Bool
    package var waiting: WaitingReason?
    /// The next best drivers, cheapest first.
    package var alternatives: [Alternative]
    /// For an order that waits: the first rule, in the sequence of the cases, that holds it.
    package var heldBy: Relaxation?
}

extension DispatchEngine {
    /// Explains one order of a stored tick. Plans the tick again as it was, then once for each alternative driver
    /// with the order pinned to him, each from the real plan and with the same seed and budget.
    ///
    /// - Parameter alternatives: How many other drivers are tried, 0 to 8.
    /// - Complexity: That of `plan`, times the alternatives and rules tried.
    package static func explain(
        _ order: OrderID, in snapshot: DispatchSnapshot, previous: DispatchPlan? = nil, seed: UInt64 = 1,
        budget: WorkBudget? = nil, alternatives: Int = 3, lanes: some LaneRunner = SerialLanes()
    ) -> Explanation {
        let real = plan(snapshot, previous: previous, seed: seed, budget: budget, lanes: lanes)
        let told = real.commits.first { $0.orders.contains(order) }
        let batch = told ?? real.tentative.first { $0.orders.contains(order) }
        var explanation = Explanation(
            order: order, batch: batch, isTold: told != nil, waiting: real.waiting.first { $0.order == order },
            alternatives: [], heldBy: nil)
        let question = Question(order: order, snapshot: snapshot, real: real, seed: seed, budget: budget)
        if let batch {
            explanation.alternatives = question.alternatives(to: batch.driver, most: alternatives, lanes: lanes)
        }
        if told == nil { explanation.heldBy = question.heldBy(isMeant: batch != nil, lanes: lanes) }
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
    let budget: WorkBudget?

    init(order: OrderID, snapshot: DispatchSnapshot, real: DispatchPlan, seed: UInt64, budget: WorkBudget?) {
        self.order = order
        var free = snapshot
        free.policy.weights.switching = .zero
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
        if let index = changed.orders.firstIndex(where: { $0.id == order }) { body(&changed.orders[index]) }
        return changed
    }

    func alternatives(to chosen: DriverID, most: Int, lanes: some LaneRunner) -> [Explanation.Alternative] {
        let base = plan(snapshot, lanes).cost
        let tick = TickCompiler(snapshot, previous: start).compile(snapshot)
        guard most > 0, let row = tick.row(of: order) else { return [] }
        let first = Int(tick.problem.candidateFirst[Int(row)])
        let last = Int(tick.problem.candidateFirst[Int(row) + 1])
        let drivers = tick.problem.candidates[first..<last].map { tick.driver(ofVehicle: Int($0.vehicle)).id }
        let found = drivers.filter { $0 != chosen }.prefix(min(most, 8)).map { driver in
            let forced = plan(change(snapshot) { $0.pinned = driver }, lanes)
            let isPossible = (forced.commits + forced.tentative).contains {
                $0.driver == driver && $0.orders.contains(order)
            }
            return Explanation.Alternative(driver: driver, difference: forced.cost - base, isPossible: isPossible)
        }
        return found.sorted { ($0.difference, $0.driver) < ($1.difference, $1.driver) }
    }

    func heldBy(isMeant: Bool, lanes: some LaneRunner) -> Explanation.Relaxation {
        if isMeant { return .lateCommitment }
        for rule in Explanation.Relaxation.allCases where rule != .lateCommitment && rule != .nothing {
            let relaxed = relax(rule)
            if relaxed == snapshot { continue }
            let plan = plan(relaxed, lanes)
            if (plan.commits + plan.tentative).contains(where: { $0.orders.contains(order) }) { return rule }
        }
        return .nothing
    }

    private func relax(_ rule: Explanation.Relaxation) -> DispatchSnapshot {
        var relaxed = snapshot
        switch rule {
        case .lateCommitment, .nothing: break
        case .exclusions:
            relaxed = change(snapshot) { $0.excluded = [] }
            for index in relaxed.drivers.indices { relaxed.drivers[index].rules = [] }
        case .pin: relaxed = change(snapshot) { $0.pinned = nil }
        case .vehicleClass: relaxed = change(snapshot) { $0.vehicles = [] }
        case .staleFixes: relaxed.policy.staleAfter = Seconds(86_400)
        case .lookAhead: relaxed.policy.limits.lookAhead = Seconds(86_400)
        case .clickToDoor: relaxed.policy.limits.clickToDoor = Seconds(864_000)
        case .batchSize:
            relaxed.policy.maxBatch = DispatchPolicy.largestBatch
            for index in relaxed.drivers.indices {
                relaxed.drivers[index].capacity = max(relaxed.drivers[index].capacity, DispatchPolicy.largestBatch)
                relaxed.drivers[index].bagUnits = max(relaxed.drivers[index].bagUnits, 100)
            }
        case .orderGraph: relaxed.policy.limits.usesOrderGraph = false
        case .offlineDrivers:
            for index in relaxed.drivers.indices { relaxed.drivers[index].isOnline = true }
        }
        return relaxed
    }
}
