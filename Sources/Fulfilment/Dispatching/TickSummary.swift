package import DispatchCore

/// One tick in figures, for the console line, the log and the metrics.
package struct TickSummary: Sendable, Equatable {
    package var at: Timestamp
    /// Orders that waited when the tick began.
    package var pool: Int
    package var medianWaitMilliseconds: Int64
    package var oldestWaitMilliseconds: Int64
    /// Batches told, by number of orders: index 0 counts batches of one.
    package var batchesBySize: [Int] = []
    package var batches = 0
    package var orders = 0
    package var pushes = 0
    package var conflicts = 0
    package var solveMicroseconds: Int64 = 0
    /// Whether the work ran out before every order had been tried everywhere.
    package var isDegraded = false
    /// Of the whole plan, with what is left unserved; nil where nothing waited.
    package var cost: Cost?
    /// A lower bound on the cost over the batches that were looked at; nil where none was computed.
    package var bound: Cost?
    /// Cost above the bound in thousandths of the bound; nil without a bound.
    package var gapPerMille: Int64?
    /// Ways between places of this tick that a routing server told, and those that were estimated although one is set.
    package var routedWays = 0
    package var estimatedWays = 0

    init(at now: Timestamp, waiting: [WaitingOrder]) {
        at = now
        pool = waiting.count
        let waits = waiting.map { now.millisecondsSince($0.pooledAt) }.sorted()
        medianWaitMilliseconds = waits.isEmpty ? 0 : waits[waits.count / 2]
        oldestWaitMilliseconds = waits.last ?? 0
    }

    mutating func note(_ plan: DispatchPlan) {
        isDegraded = plan.isDegraded
        cost = plan.cost
        bound = plan.bound
        gapPerMille = plan.gapPerMille
    }

    mutating func note(_ told: ToldBatches) {
        batches = told.batches.count
        orders = told.batches.reduce(0) { $0 + $1.orders.count }
        pushes = told.pushes
        conflicts = told.conflicts.count
        batchesBySize = [Int](repeating: 0, count: told.batches.map(\.orders.count).max() ?? 0)
        for batch in told.batches { batchesBySize[batch.orders.count - 1] += 1 }
    }
}
