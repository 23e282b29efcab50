/// Says for an order without a driver which rule keeps it in the pool.
struct HoldJudge {
    private let tick: CompiledTick
    private let tables: SearchTables
    private let eligibility: Eligibility
    /// Drivers who get nothing at this tick, by reason.
    private let absent: [Int32]
    private let hasRules: [Bool]
    private let smallestBag: Int32
    /// The order whose candidate a vehicle was last, and whether it had room for it.
    private var candidateOf: [Int32]
    private var hadRoom: [Bool]

    private let isDegraded: Bool

    /// - Parameter isDegraded: Whether the work ran out before every order was tried.
    init(tick: CompiledTick, tables: SearchTables, isDegraded: Bool) {
        self.tick = tick
        self.isDegraded = isDegraded
        self.tables = tables
        eligibility = Eligibility(now: tick.now, policy: tick.policy)
        var absent = [Int32](repeating: 0, count: Refusal.allCases.count)
        for why in tick.refusals { if let why { absent[Int(why.rawValue)] += 1 } }
        self.absent = absent
        hasRules = tick.driverOfVehicle.map { !tick.drivers[Int($0)].rules.isEmpty }
        smallestBag = tick.problem.vehicles.map(\.units).min() ?? 0
        candidateOf = Array(repeating: -1, count: tick.driverOfVehicle.count)
        hadRoom = Array(repeating: false, count: tick.driverOfVehicle.count)
    }

    /// - Parameter lane: The plan, in which nobody has the order.
    mutating func reason(row: Int, order: WaitingOrder, lane: borrowing Lane) -> WaitingReason {
        var isRoom = false
        let candidates = Int(tick.problem.candidateFirst[row])..<Int(tick.problem.candidateFirst[row + 1])
        for index in candidates {
            let candidate = tables.candidates[index]
            let hasRoom = lane.hasRoom(for: row, candidate: candidate)
            candidateOf[Int(candidate.vehicle)] = Int32(row)
            hadRoom[Int(candidate.vehicle)] = hasRoom
            isRoom = isRoom || hasRoom
        }
        let counts = refusals(row: row, order: order)
        var result = WaitingReason(
            order: order.id, reason: .notWorthwhileYet, driver: nil, tellAt: nil, refusals: counts)
        if candidates.isEmpty {
            result.reason = withoutCandidates(order, counts)
        } else if !isRoom {
            result.reason = .allDriversFull
        } else if isDegraded {
            result.reason = .workRanOut
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
            case .full, .tooLate, .busyTooLong, .offeredJustNow, .farther: online += count.drivers
            }
        }
        if online == 0 { return .noDriverOnline }
        return excluded == online ? .excludedEverywhere : .noDriverInRange
    }

    /// How many drivers are refused for which reason, by reason.
    ///
    /// - Complexity: O(drivers), a comparison for each who has no rules of his own.
    private func refusals(row: Int, order: WaitingOrder) -> [RefusalCount] {
        var counts = absent
        let isPlain =
            order.pinned == nil && order.excluded.isEmpty && order.vehicles.isEmpty && order.bagUnits <= smallestBag
        for vehicle in candidateOf.indices {
            if !isPlain || hasRules[vehicle],
                let why = eligibility.refusal(of: tick.driver(ofVehicle: vehicle), for: order)
            {
                counts[Int(why.rawValue)] += 1
            } else if candidateOf[vehicle] != Int32(row) {
                counts[Int(tick.refusalOfUntried(vehicle, for: row, tables).rawValue)] += 1
            } else if !hadRoom[vehicle] {
                counts[Int(Refusal.full.rawValue)] += 1
            }
        }
        return Refusal.allCases.compactMap { why in
            let drivers = counts[Int(why.rawValue)]
            return drivers == 0 ? nil : RefusalCount(why: why, drivers: drivers)
        }
    }
}

extension Lane {
    /// Whether a driver's queue, as it stands, can hold one more order: in one of its batches, or behind them.
    fileprivate func hasRoom(for order: Int, candidate: Candidate) -> Bool {
        let vehicle = Int(candidate.vehicle)
        let count = batchCount(vehicle)
        if count < queue { return fitsAlone(order, vehicle: vehicle) }
        return (0..<count).contains { fits(order, vehicle: vehicle, batch: $0, row: candidate) }
    }
}
