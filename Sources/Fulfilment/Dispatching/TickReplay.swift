package import DispatchCore

/// What a plan came to, in figures.
package struct PlanFigures: Sendable, Equatable {
    package var batches: Int
    package var orders: Int
    /// Orders that the plan leaves in the pool.
    package var waiting: Int
    package var cost: Cost
    /// A lower bound on the cost over the batches that were looked at; nil where none was computed.
    package var bound: Cost?
    /// Cost above the bound in thousandths of the bound; nil without a bound.
    package var gapPerMille: Int64?
    package var isProvenOptimal: Bool
    package var isDegraded: Bool

    package init(_ plan: DispatchPlan) {
        batches = plan.commits.count
        orders = plan.commits.reduce(0) { $0 + $1.orders.count }
        waiting = plan.waiting.count
        cost = plan.cost
        bound = plan.bound
        gapPerMille = plan.gapPerMille
        isProvenOptimal = plan.isProvenOptimal
        isDegraded = plan.isDegraded
    }
}

/// A stored tick beside the plan that its stored inputs give now.
package struct TickReplay: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// Planning again gave the stored plan to the byte.
        case same
        case different
        /// The record has the byte forms of another version, or is damaged.
        case unreadable(ByteError)
    }

    package var tick: Int64
    package var startedAt: Timestamp
    package var policyVersion: Int64
    package var solveMicroseconds: Int64
    package var outcome: Outcome
    /// The stored plan's; nil where it cannot be read.
    package var stored: PlanFigures?

    /// Plans the tick again. The same record gives the same answer.
    ///
    /// - Complexity: One search: not for a thread that serves others.
    package init(_ tick: TickRecord) {
        self.tick = tick.id
        startedAt = tick.startedAt
        policyVersion = tick.policyVersion
        solveMicroseconds = tick.solveMicroseconds
        stored = tick.figures
        do {
            outcome = try TickInputs(bytes: tick.inputs).replay().bytes == tick.plan ? .same : .different
        } catch {
            outcome = .unreadable(error)
        }
    }

    package var isReadable: Bool {
        if case .unreadable = outcome { false } else { true }
    }

    /// The outcome in words.
    package var words: String {
        switch outcome {
        case .same: "the same plan, byte for byte"
        case .different: "another plan"
        case .unreadable(let error): "its record cannot be planned again: \(error)"
        }
    }
}

extension TickRecord {
    /// The stored plan in figures; nil where it was written by a version with other byte forms.
    package var figures: PlanFigures? {
        (try? DispatchPlan(bytes: plan)).map { PlanFigures($0) }
    }
}
