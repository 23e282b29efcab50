/// Finds out why a batch went where it went.
struct Reasons {
    let tick: CompiledTick
    let tables: SearchTables

    private static let most = 5
    /// Milliseconds: only of shifts that end so soon is it asked whether they end too soon.
    private static let shiftHorizon: Int64 = 3_600_000
    /// Drivers who may be refused something: those who are no vehicles, those with rules of their own, and those whose
    /// shift ends soon.
    private let suspects: [Int]
    private let smallestBag: Int32

    init(tick: CompiledTick, tables: SearchTables) {
        self.tick = tick
        self.tables = tables
        smallestBag = tick.drivers.map(\.room.units).min() ?? 0
        suspects = tick.drivers.indices.filter { index in
            let driver = tick.drivers[index]
            let endsSoon = driver.shiftEndsAt.map { $0.millisecondsSince(tick.now) < Self.shiftHorizon } ?? false
            return tick.refusals[index] != nil || !driver.rules.isEmpty || endsSoon
        }
    }

    func reason(
        trigger: BatchReason.Trigger, new: [Int32], vehicle: Int, itinerary: Itinerary, lane: inout Lane
    ) -> BatchReason {
        var terms = itinerary.terms
        let running = tables.vehicles[vehicle].runningCount
        if running > 0, itinerary.stops.contains(where: { Int($0.row) >= tables.orderCount }) {
            let first = tables.vehicles[vehicle].runningFirst
            let without = Itinerary(
                rows: (0..<running).map { first + $0 }, vehicle: vehicle, time: Int(tables.vehicles[vehicle].start),
                place: tables.vehicles[vehicle].place, tables: tables, metres: tick.metres)
            terms = terms.less(without.terms)
        }
        for row in new {
            terms.switching = terms.switching + Cost(Int64(lane.candidate(of: Int(row), vehicle: vehicle)?.extra ?? 0))
        }
        guard let order = new.first else {
            return BatchReason(trigger: trigger, terms: terms, runnersUp: [], refused: [])
        }
        return BatchReason(
            trigger: trigger, terms: terms,
            runnersUp: runnersUp(Int(order), vehicle: vehicle, most: Self.most, lane: &lane),
            refused: refused(Int(order), vehicle: vehicle))
    }

    /// The cheapest other drivers for one order alone, the rest of the plan standing as it is.
    func runnersUp(_ order: Int, vehicle: Int, most: Int, lane: inout Lane) -> [RunnerUp] {
        guard lane.owners[order] >= 0 else { return [] }
        lane.begin()
        let before = lane.total
        lane.remove(order)
        var found: [RunnerUp] = []
        let first = Int(tables.candidateFirst[order])
        let last = min(Int(tables.candidateFirst[order + 1]), first + 4 * most)
        for index in first..<last where Int(tables.candidates[index].vehicle) != vehicle {
            guard let insertion = lane.insertion(of: order, candidate: index) else { continue }
            let difference = lane.total - tables.orders[order].unserved + insertion.delta - before
            let driver = tick.driver(ofVehicle: Int(tables.candidates[index].vehicle)).id
            found.append(RunnerUp(driver: driver, difference: Cost(Int64(difference))))
        }
        lane.undo()
        found.sort { ($0.difference, $0.driver) < ($1.difference, $1.driver) }
        return Array(found.prefix(most))
    }

    /// Drivers who stand nearer than the chosen one, or as near, but could not be taken, nearest first. Nobody chosen:
    /// the nearest of all.
    func refused(_ order: Int, vehicle: Int?) -> [RefusedDriver] {
        let eligibility = Eligibility(now: tick.now, policy: tick.policy)
        let waiting = tick.orders[order]
        let pickup = tables.orders[order].pickup
        let chosen = vehicle.map { tables.travel(tables.vehicles[$0].place, pickup, 1024) } ?? Int.max
        var found: [(way: Int, refused: RefusedDriver)] = []
        let hasRules =
            !waiting.excluded.isEmpty || !waiting.vehicles.isEmpty || waiting.pinned != nil
            || waiting.bagUnits > smallestBag
        for index in hasRules ? Array(tick.drivers.indices) : suspects where tick.drivers[index].place.value >= 0 {
            let driver = tick.drivers[index]
            guard
                let why = tick.refusals[index] ?? eligibility.refusal(of: driver, for: waiting)
                    ?? tick.shiftRefusal(of: driver, for: order, tables)
            else { continue }
            let way = why == .tooLate ? Int.max : tables.travel(driver.place.value, pickup, 1024)
            if way > chosen { continue }
            found.append((way, RefusedDriver(driver: driver.id, why: why)))
            if found.count > 64 {
                found.sort { ($0.way, $0.refused.driver) < ($1.way, $1.refused.driver) }
                found.removeLast(found.count - Self.most)
            }
        }
        found.sort { ($0.way, $0.refused.driver) < ($1.way, $1.refused.driver) }
        return found.prefix(Self.most).map(\.refused)
    }
}

extension CostTerms {
    func less(_ other: CostTerms) -> CostTerms {
        CostTerms(
            delay: delay - other.delay, driving: driving - other.driving, lateness: lateness - other.lateness,
            bagTime: bagTime - other.bagTime, completion: completion - other.completion,
            switching: switching - other.switching, preference: preference - other.preference)
    }
}

extension Lane {
    /// What one candidate would cost, nil where he cannot.
    mutating func insertion(of order: Int, candidate: Int) -> Insertion? {
        var best = Insertion()
        consider(order, candidate: candidate, row: tables.candidates + candidate, best: &best)
        return best.candidate >= 0 ? best : nil
    }
}
