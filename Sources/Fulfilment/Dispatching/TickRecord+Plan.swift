import DispatchCore

extension TickRecord {
    /// The record of a tick: what was decided about each order, and why.
    init(_ inputs: TickInputs, plan: DispatchPlan, told: ToldBatches, summary: TickSummary) {
        let conflicts = Set(told.conflicts)
        let numbers = Dictionary(
            uniqueKeysWithValues: told.batches.flatMap { batch in batch.orders.map { ($0, batch.id) } })
        var decisions: [OrderDecision] = []
        for batch in plan.commits {
            for order in batch.orders {
                decisions.append(
                    OrderDecision(order, in: batch, number: numbers[order], isConflict: conflicts.contains(order)))
            }
        }
        decisions += plan.waiting.map(OrderDecision.init)
        let zones = Dictionary(inputs.snapshot.orders.map { ($0.id.rawValue, $0.zone) }) { first, _ in first }
        let versions = Dictionary(inputs.snapshot.zonePolicies.map { ($0.zone, $0.policy.version) }) { first, _ in first
        }
        for index in decisions.indices {
            guard let zone = zones[decisions[index].order] ?? nil else { continue }
            decisions[index].zone = zone.rawValue
            decisions[index].zonePolicyVersion = versions[zone]
        }
        let asked = summary.routedWays + summary.estimatedWays
        for index in decisions.indices where asked > 0 {
            decisions[index].askedWays = Int64(asked)
            decisions[index].estimatedWays = Int64(summary.estimatedWays)
        }
        self.init(
            id: inputs.snapshot.now.milliseconds, startedAt: inputs.snapshot.now, policyVersion: plan.policyVersion,
            solveMicroseconds: summary.solveMicroseconds, inputs: inputs.bytes, plan: plan.bytes,
            decisions: decisions.sorted { $0.order < $1.order })
    }
}

extension OrderDecision {
    /// Most drivers of each kind that a record lists.
    private static let listed = 5

    fileprivate init(_ order: OrderID, in batch: PlannedBatch, number: BatchID?, isConflict: Bool) {
        self.init(order: order.rawValue, outcome: isConflict ? "conflict" : "assigned")
        driver = batch.driver.rawValue
        self.batch = number?.rawValue
        trigger = String(describing: batch.reason.trigger)
        let terms = batch.reason.terms
        self.terms = [
            NamedCost(name: "delay", value: terms.delay.value), NamedCost(name: "driving", value: terms.driving.value),
            NamedCost(name: "lateness", value: terms.lateness.value),
            NamedCost(name: "bag_time", value: terms.bagTime.value),
            NamedCost(name: "completion", value: terms.completion.value),
            NamedCost(name: "switching", value: terms.switching.value),
            NamedCost(name: "preference", value: terms.preference.value),
            NamedCost(name: "total", value: terms.total.value),
        ]
        alternatives = batch.reason.runnersUp.prefix(Self.listed).map {
            Alternative(driver: $0.driver.rawValue, difference: $0.difference.value)
        }
        refused = batch.reason.refused.prefix(Self.listed).map {
            Refusal(driver: $0.driver.rawValue, rule: String(describing: $0.why))
        }
    }

    fileprivate init(_ waiting: WaitingReason) {
        self.init(order: waiting.order.rawValue, outcome: "waiting", heldBy: String(describing: waiting.reason))
        driver = waiting.driver?.rawValue
        tellAt = waiting.tellAt
        refusalCounts = waiting.refusals.map { NamedCost(name: String(describing: $0.why), value: Int64($0.drivers)) }
    }
}
