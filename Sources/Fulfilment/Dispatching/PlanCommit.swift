import DispatchCore

/// The pure part of committing a plan: compares each batch with the locked rows and binds those that still fit.
struct PlanCommit: Sendable {
    let batches: [PlannedBatch]
    let ids: [BatchID]
    let versions: [OrderID: Int64]
    let settings: HouseSettings
    /// As in the policy: a driver who was offered something while the plan was made gets nothing more.
    var offerGap = Seconds.zero
    let now: Timestamp

    /// Each batch alone.
    var parts: [PlanCommit] {
        zip(batches, ids).map { batch, id in
            PlanCommit(
                batches: [batch], ids: [id], versions: versions, settings: settings, offerGap: offerGap, now: now)
        }
    }

    func decide(_ rows: LockedRows) -> OrderChanges<ToldBatches> {
        var changes = OrderChanges(result: ToldBatches())
        let orders = Dictionary(uniqueKeysWithValues: rows.orders.map { ($0.id, $0) })
        let drivers = Dictionary(uniqueKeysWithValues: rows.drivers.map { ($0.id, $0) })
        var load: [DriverID: (orders: Int, units: Int)] = [:]
        var offered: Set<DriverID> = []
        for order in rows.held {
            guard let holder = order.holder else { continue }
            if order.state == .assigned, let at = order.assignment?.assignedAt,
                offerGap.forbids(anotherAt: now, after: at)
            {
                offered.insert(holder)
            }
            load[holder, default: (0, 0)].orders += 1
            load[holder, default: (0, 0)].units += order.content.bagUnits
        }
        for (batch, id) in zip(batches, ids) {
            let members = batch.orders.compactMap { orders[$0] }
            let units = members.reduce(0) { $0 + $1.content.bagUnits }
            let has = load[batch.driver, default: (0, 0)]
            guard let driver = drivers[batch.driver], driver.standing == .approved, driver.availability == .online,
                members.count == batch.orders.count, !offered.contains(batch.driver),
                members.allSatisfy({ $0.state == .pending && $0.version == versions[$0.id] }),
                has.orders + members.count <= driver.capacity, has.units + units <= driver.bagUnits
            else {
                changes.result.conflicts += batch.orders
                continue
            }
            if offerGap > .zero { offered.insert(batch.driver) }
            load[batch.driver] = (has.orders + members.count, has.units + units)
            let draft = AssignmentDraft(
                batchID: id, driver: driver, source: .engine, pinnedBy: nil, sketch: RouteSketch(batch, at: now),
                earnings: nil,
                reason: nil,
                now: now)
            draft.apply(to: members, settings: settings, changes: &changes)
            changes.result.batches.append(ToldBatches.Batch(id: id, driver: batch.driver, orders: batch.orders))
        }
        return changes
    }
}

/// What came of a plan's commits.
struct ToldBatches: Sendable {
    struct Batch: Sendable {
        var id: BatchID
        var driver: DriverID
        var orders: [OrderID]
    }

    var batches: [Batch] = []
    /// Orders of batches that did not fit any more.
    var conflicts: [OrderID] = []
    var pushes = 0

    /// Takes in what came of further commits of the same plan.
    mutating func add(_ other: ToldBatches) {
        batches += other.batches
        conflicts += other.conflicts
        pushes += other.pushes
    }
}
