/// Says for an order without a driver which rule keeps it in the pool.
struct HoldJudge {
    let tick: CompiledTick
    let tables: SearchTables

    func reason(row: Int, order: WaitingOrder) -> WaitingReason {
        let counts = refusals(row: row, order: order)
        var result = WaitingReason(
            order: order.id, reason: .notWorthwhileYet, driver: nil, tellAt: nil, refusals: counts)
        let first = Int(tick.problem.candidateFirst[row])
        let last = Int(tick.problem.candidateFirst[row + 1])
        if first == last {
            result.reason = withoutCandidates(order, counts)
        } else if (first..<last).allSatisfy({ isFull(Int(tick.problem.candidates[$0].vehicle)) }) {
            result.reason = .allDriversFull
        }
        return result
    }

    private func withoutCandidates(_ order: WaitingOrder, _ counts: [RefusalCount]) -> HoldReason {
        if order.pinned != nil { return .pinnedDriverUnavailable }
        var online: Int32 = 0
        var excluded: Int32 = 0
        for count in counts {
            switch count.why {
            case .offline, .staleFix, .shiftEnds: break
            case .excluded, .restaurantForbidden, .restaurantNotAllowed, .wrongVehicle, .pinnedElsewhere, .bagFull:
                online += count.drivers
                excluded += count.drivers
            case .full, .tooLate, .busyTooLong, .offeredJustNow: online += count.drivers
            }
        }
        if online == 0 { return .noDriverOnline }
        return excluded == online ? .excludedEverywhere : .noDriverInRange
    }

    /// How many drivers are refused for which reason, by reason.
    private func refusals(row: Int, order: WaitingOrder) -> [RefusalCount] {
        let eligibility = Eligibility(now: tick.now, policy: tick.policy)
        var counts = [Int32](repeating: 0, count: Refusal.allCases.count)
        var candidates = Set<Int32>()
        for index in tick.problem.candidateFirst[row]..<tick.problem.candidateFirst[row + 1] {
            candidates.insert(tick.problem.candidates[Int(index)].vehicle)
        }
        var vehicle: Int32 = 0
        for (index, driver) in tick.drivers.enumerated() {
            let isVehicle = tick.refusals[index] == nil
            if let why = tick.refusals[index] ?? eligibility.refusal(of: driver, for: order) {
                counts[Int(why.rawValue)] += 1
            } else if !candidates.contains(vehicle) {
                let isOver = tick.endsShift(Int(vehicle), before: row, tables)
                counts[Int((isOver ? Refusal.shiftEnds : .tooLate).rawValue)] += 1
            } else if isFull(Int(vehicle)) {
                counts[Int(Refusal.full.rawValue)] += 1
            }
            if isVehicle { vehicle += 1 }
        }
        return Refusal.allCases.compactMap { why in
            let drivers = counts[Int(why.rawValue)]
            return drivers == 0 ? nil : RefusalCount(why: why, drivers: drivers)
        }
    }

    /// Whether a vehicle's running orders leave no room at all.
    private func isFull(_ vehicle: Int) -> Bool {
        let row = tick.problem.vehicles[vehicle]
        return row.runningCount >= row.capacity && tick.problem.rules.queue == 1
    }
}
