/// Decides whether a planned batch is told at this tick: as late as possible, because until then the plan can still
/// become better, and never later than the bounds say.
struct Commitment {
    enum Verdict {
        case tell(BatchReason.Trigger)
        /// `tellAt` in seconds from now.
        case hold(HoldReason, tellAt: Int)
    }

    let tick: CompiledTick
    let tables: SearchTables

    /// Orders pooled or told within this many seconds keep a window open: a partner may come.
    private static let warm: Int64 = 120

    func verdict(new: [Int32], hasRunning: Bool, itinerary: Itinerary, vehicle: Int) -> Verdict {
        let policy = tick.policy
        if policy.commitment == .immediate { return .tell(.immediate) }
        let orders = new.map { tick.orders[Int($0)] }
        let horizon = Int(policy.tick.value + policy.margin.value)
        // A driver's capacity counts what he was told and has not delivered: he hears of more when there is room for
        // it, however soon that will be. Each delivery asks for a round.
        if !tick.driver(ofVehicle: vehicle).hasRoom(for: orders) {
            return .hold(.driverBusy, tellAt: itinerary.start)
        }
        if hasRunning { return joining(new: new, itinerary: itinerary, horizon: horizon) }
        let isBusy = itinerary.start > 0 || tick.isLocked[vehicle]
        if isBusy, !policy.tellsBusyDrivers, itinerary.start > 0 { return .hold(.driverBusy, tellAt: itinerary.start) }
        let mustLeave = itinerary.start + itinerary.slack
        if orders.contains(where: isOverdue), itinerary.start <= horizon { return .tell(.waitBound) }
        if mustLeave >= horizon {
            return .hold(
                isBusy && itinerary.slack == 0 ? .driverBusy : .waitingForReadyTime, tellAt: mustLeave - horizon)
        }
        if orders.allSatisfy({ $0.readyAt == nil }), !isBusy, isWindowOpen(orders) {
            let left = orders.map { tick.policies[$0.zone].maxHold.value - age($0) }.min() ?? 0
            return .hold(.windowOpen, tellAt: Int(max(0, left - policy.tick.value)))
        }
        return .tell(trigger(orders))
    }

    /// The new orders of a batch that the driver has to know now, the batch being told: all of them, but where batches
    /// are told in parts. Then it is what sends him to the next restaurant: of the orders there the one that is ready
    /// first, or all when the next tick would be too late for more.
    func part(of new: [Int32], itinerary: Itinerary) -> [Int32] {
        guard policy.tellsInParts, new.count > 1,
            let first = itinerary.stops.firstIndex(where: { new.contains($0.row) })
        else { return new }
        let visit = itinerary.stops[first...].prefix {
            !$0.isDropoff && ($0.continuesVisit || $0.row == itinerary.stops[first].row)
        }
        let there = visit.map(\.row).filter(new.contains)
        let horizon = Int(policy.tick.value + policy.margin.value)
        let isLate = itinerary.stops[first].continuesVisit || itinerary.stops[first].moment < 2 * horizon
        let one = there.min { (tables.orders[Int($0)].ready, $0) < (tables.orders[Int($1)].ready, $1) }
        return isLate ? there.sorted() : one.map { [$0] } ?? new
    }

    private var policy: DispatchPolicy { tick.policy }

    /// Seconds in the pool.
    private func age(_ order: WaitingOrder) -> Int64 { tick.now.millisecondsSince(order.pooledAt) / 1000 }

    /// Whether an order will have waited longer than its zone allows at the next tick.
    private func isOverdue(_ order: WaitingOrder) -> Bool {
        age(order) + tick.policy.tick.value > tick.policies[order.zone].maxWait.value
    }

    private func trigger(_ orders: [WaitingOrder]) -> BatchReason.Trigger {
        if orders.contains(where: { $0.pinned != nil }) { return .pinned }
        if orders.contains(where: { $0.readyAt != nil }) { return .mustLeave }
        return isFull(orders) ? .batchFull : .windowOver
    }

    /// A window may stay open until the last tick before `maxHold`, while the zone is warm enough for a partner to
    /// come.
    private func isWindowOpen(_ orders: [WaitingOrder]) -> Bool {
        let isOver = orders.contains { order in
            age(order) + tick.policy.tick.value > tick.policies[order.zone].maxHold.value
        }
        if isFull(orders) || isOver { return false }
        let ids = orders.map(\.id)
        return tick.orders.contains { other in
            !ids.contains(other.id) && tick.now.millisecondsSince(other.pooledAt) <= Self.warm * 1000
        }
    }

    private func isFull(_ orders: [WaitingOrder]) -> Bool { orders.count >= Int(tick.policy.maxBatch) }

    /// A driver with orders in hand takes more on his way: he has to know before he leaves for the first new stop, and
    /// of another order at the same counter before he has taken what he came for.
    private func joining(new: [Int32], itinerary: Itinerary, horizon: Int) -> Verdict {
        guard let index = itinerary.stops.firstIndex(where: { new.contains($0.row) }) else { return .tell(.onTheWay) }
        let leaves: Int
        if index == 0 {
            leaves = itinerary.start + itinerary.slack
        } else {
            let before = itinerary.stops[index - 1]
            leaves = itinerary.stops[index].continuesVisit ? before.moment : before.departure
        }
        if leaves < horizon { return .tell(.onTheWay) }
        return .hold(.driverBusy, tellAt: leaves - horizon)
    }
}
