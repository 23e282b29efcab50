package import DispatchCore

/// The dispatcher's lease, and the record of what each tick decided and why.
package protocol DispatchLedger: Sendable {
    /// Takes or renews the lease when it is free, expired or already this holder's; the epoch grows with each new
    /// holder.
    ///
    /// - Returns: The fence to commit with, nil while another holds the lease.
    func claimLease(holder: String, lasting milliseconds: Int64) async throws -> Fence?

    /// Gives the lease back, so that a waiting server need not wait for its end.
    func releaseLease(holder: String) async throws

    /// Keeps a tick with its decisions, under its own number or, where that is not higher than every one before, under
    /// the next higher one.
    func record(_ tick: TickRecord) async throws

    /// The newest decision about an order, with the tick it belongs to.
    func newestDecision(about order: OrderID) async throws -> (tick: TickRecord, decision: OrderDecision)?

    /// Puts the decision in the place of the one that the tick has about its order; nothing where it has none.
    func amend(_ decision: OrderDecision, of tick: Int64) async throws

    /// A stored tick, for replay.
    func tick(_ id: Int64) async throws -> TickRecord?
}

/// One run of decide, commit, tell.
package struct TickRecord: Sendable, Equatable {
    /// Rises from tick to tick: the time of the tick in milliseconds, or the next free number.
    package var id: Int64
    package var startedAt: Timestamp
    /// The newest policy's version when it was decided: which rules were in force in every zone.
    package var policyVersion: Int64
    package var solveMicroseconds: Int64
    /// ``TickInputs`` and the plan that came of them, byte for byte, for replay.
    package var inputs: [UInt8]
    package var plan: [UInt8]
    package var decisions: [OrderDecision]

    package init(
        id: Int64, startedAt: Timestamp, policyVersion: Int64, solveMicroseconds: Int64, inputs: [UInt8],
        plan: [UInt8],
        decisions: [OrderDecision]
    ) {
        self.id = id
        self.startedAt = startedAt
        self.policyVersion = policyVersion
        self.solveMicroseconds = solveMicroseconds
        self.inputs = inputs
        self.plan = plan
        self.decisions = decisions
    }
}

/// Why one order went where it went, or why it still waits.
package struct OrderDecision: Sendable, Equatable, Codable {
    package var order: Int64
    /// `assigned`, `waiting` or `conflict`.
    package var outcome: String
    package var driver: Int64?
    package var batch: Int64?
    /// The rule that held a waiting order, empty for an assigned one.
    package var heldBy: String
    /// Why the batch was told at this tick and not later; nil for a waiting order.
    package var trigger: String?
    /// When the driver meant for a waiting order will be told at the latest, as things stand.
    package var tellAt: Timestamp?
    /// For a waiting order without a driver: how many drivers are refused, by rule.
    package var refusalCounts: [NamedCost]
    /// Cost terms of the chosen driver in thousandths of a second of one order's delay, by name.
    package var terms: [NamedCost]
    /// The next best drivers with what they would have cost while everything else stayed as planned.
    package var alternatives: [Alternative]
    /// Drivers that were refused, with the rule.
    package var refused: [Refusal]
    /// How many of the ways of the tick a routing server was asked for, and how many had to be estimated all the same;
    /// nil where none is set.
    package var askedWays: Int64?
    package var estimatedWays: Int64?
    /// The zone of the order, and the version of that zone's own policy; nil where it has none.
    package var zone: Int64?
    package var zonePolicyVersion: Int64?
    /// What planning the tick again found out; nil until somebody asks.
    package var study: Study?

    /// Found by planning the stored tick again, under changed rules.
    package struct Study: Sendable, Equatable, Codable {
        /// Whether planning again gave the stored plan to the byte. Otherwise the study is about another plan.
        package var isReplayed: Bool
        /// The next best drivers with the difference of the whole plan when the order is forced on them.
        package var alternatives: [Alternative]
        package var refused: [Refusal]
        /// For a waiting order: the rule whose relaxation alone would let it go.
        package var releasedBy: String?

        package init(isReplayed: Bool, alternatives: [Alternative], refused: [Refusal], releasedBy: String?) {
            self.isReplayed = isReplayed
            self.alternatives = alternatives
            self.refused = refused
            self.releasedBy = releasedBy
        }
    }

    package struct NamedCost: Sendable, Equatable, Codable {
        package var name: String
        package var value: Int64
        package init(name: String, value: Int64) {
            self.name = name
            self.value = value
        }
    }

    package struct Alternative: Sendable, Equatable, Codable {
        package var driver: Int64
        package var difference: Int64
        /// False: even forced he does not get it, because he has no room or leaving it is cheaper.
        package var isPossible: Bool?
        package init(driver: Int64, difference: Int64, isPossible: Bool? = nil) {
            self.driver = driver
            self.difference = difference
            self.isPossible = isPossible
        }
    }

    package struct Refusal: Sendable, Equatable, Codable {
        package var driver: Int64
        package var rule: String
        package init(driver: Int64, rule: String) {
            self.driver = driver
            self.rule = rule
        }
    }

    package init(order: Int64, outcome: String, heldBy: String = "") {
        self.order = order
        self.outcome = outcome
        self.heldBy = heldBy
        self.refusalCounts = []
        self.terms = []
        self.alternatives = []
        self.refused = []
    }
}
