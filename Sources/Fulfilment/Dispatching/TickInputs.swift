package import DispatchCore

/// Everything that a plan was made from: the same inputs give the same plan, byte for byte.
package struct TickInputs: ByteForm, Sendable {
    package var snapshot: DispatchSnapshot
    package var previous: DispatchPlan?
    package var seed: UInt64

    package init(snapshot: DispatchSnapshot, previous: DispatchPlan?, seed: UInt64) {
        self.snapshot = snapshot
        self.previous = previous
        self.seed = seed
    }

    package init(from reader: inout ByteReader) throws(ByteError) {
        snapshot = try reader.read()
        previous = try reader.readOptional()
        seed = try reader.readUnsigned()
    }

    package func write(to writer: inout ByteWriter) {
        writer.write(snapshot)
        writer.write(previous)
        writer.write(unsigned: seed)
    }

    /// Makes the plan again.
    package func replay() -> DispatchPlan {
        DispatchEngine.plan(snapshot, previous: previous, seed: seed)
    }

    /// Plans the stored tick again, compares it with the stored plan, and finds out about one order what only planning
    /// again can tell. The same record gives the same study.
    ///
    /// - Throws: ``ByteError`` where the record was written by a version with other byte forms.
    /// - Complexity: Up to some twenty searches: not for a thread that serves others.
    package static func study(_ tick: TickRecord, of order: OrderID) throws(ByteError) -> OrderDecision.Study {
        let inputs = try TickInputs(bytes: tick.inputs)
        let plan = inputs.replay()
        let explanation = DispatchEngine.explain(
            order, in: inputs.snapshot, previous: inputs.previous, seed: inputs.seed, real: plan)
        return OrderDecision.Study(explanation, isReplayed: plan.bytes == tick.plan)
    }
}

extension OrderDecision.Study {
    fileprivate init(_ explanation: Explanation, isReplayed: Bool) {
        self.init(
            isReplayed: isReplayed,
            alternatives: explanation.alternatives.map {
                OrderDecision.Alternative(
                    driver: $0.driver.rawValue, difference: $0.difference.value, isPossible: $0.isPossible)
            },
            refused: explanation.refused.map {
                OrderDecision.Refusal(driver: $0.driver.rawValue, rule: String(describing: $0.why))
            },
            releasedBy: explanation.heldBy.map { String(describing: $0) })
    }
}
