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
}
