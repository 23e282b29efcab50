/// Turns routes into a plan: what is told now, what is only meant, what waits and why.
struct PlanBuilder {
    let tick: CompiledTick
    let solution: Solution
    let seed: UInt64

    func plan() -> DispatchPlan {
        tick.problem.withTables { tables in
            var lane = Lane(tables, seed: RandomSource(seed: seed), memoryBits: 8)
            lane.load(solution)
            return plan(tables, &lane)
        }
    }

    private func plan(_ tables: SearchTables, _ lane: inout Lane) -> DispatchPlan {
        var plan = DispatchPlan(
            policyVersion: tick.policy.version, seed: seed, commits: [], tentative: [], waiting: [],
            cost: Cost(Int64(solution.total)))
        plan.bound = solution.bound.map { Cost(Int64($0)) }
        plan.isProvenOptimal = solution.isProvenOptimal
        plan.isDegraded = solution.isDegraded
        plan.steps = solution.steps
        var placed = [Bool](repeating: false, count: tick.orders.count)
        let reasons = Reasons(tick: tick, tables: tables)
        for route in solution.routes {
            for row in route.batches.joined() where Int(row) < placed.count { placed[Int(row)] = true }
            add(route, reasons: reasons, tables: tables, lane: &lane, to: &plan)
        }
        var holds = HoldJudge(tick: tick, tables: tables, isDegraded: solution.isDegraded)
        for (row, order) in tick.orders.enumerated() where !placed[row] {
            plan.waiting.append(holds.reason(row: row, order: order, lane: lane))
        }
        for order in tick.impossible {
            plan.waiting.append(
                WaitingReason(order: order.id, reason: .impossible, driver: nil, tellAt: nil, refusals: []))
        }
        plan.waiting.sort { $0.order < $1.order }
        return plan
    }

    /// Walks one vehicle's queue; the first batch with new orders may be told, later ones are only meant.
    private func add(
        _ route: Solution.Route, reasons: Reasons, tables: SearchTables, lane: inout Lane, to plan: inout DispatchPlan
    ) {
        let vehicle = Int(route.vehicle)
        let driver = tick.driver(ofVehicle: vehicle)
        var time = Int(tables.vehicles[vehicle].start)
        var place = tables.vehicles[vehicle].place
        var isFirst = true
        let commitment = Commitment(tick: tick, tables: tables)
        for rows in whole(route, tables) {
            let start = place
            let itinerary = Itinerary(
                rows: rows, vehicle: vehicle, time: time, place: place, tables: tables, metres: tick.metres)
            let new = rows.filter { Int($0) < tables.orderCount }
            (time, place) = (itinerary.end, itinerary.place)
            if new.isEmpty { continue }
            var verdict = commitment.verdict(
                new: new, hasRunning: new.count < rows.count, itinerary: itinerary, vehicle: vehicle)
            if !isFirst, tick.policy.commitment == .late, case .tell = verdict {
                verdict = .hold(.driverBusy, tellAt: itinerary.start)
            }
            isFirst = false
            var batch = batch(driver.id, new: new, itinerary: itinerary, tables: tables)
            switch verdict {
            case .tell(let trigger):
                let part = commitment.part(of: new, itinerary: itinerary)
                let left = new.filter { !part.contains($0) }
                var known = itinerary
                if !left.isEmpty {
                    holdRest(of: batch, told: part, in: &plan)
                    known = Itinerary(
                        rows: rows.filter { !left.contains($0) }, vehicle: vehicle, time: itinerary.start,
                        place: start, tables: tables, metres: tick.metres)
                    batch = self.batch(driver.id, new: part, itinerary: known, tables: tables)
                }
                batch.reason = reasons.reason(
                    trigger: trigger, new: part, vehicle: vehicle, itinerary: known, lane: &lane)
                plan.commits.append(batch)
            case .hold(let reason, let tellAt):
                plan.tentative.append(batch)
                for order in batch.orders {
                    plan.waiting.append(
                        WaitingReason(
                            order: order, reason: reason, driver: driver.id,
                            tellAt: tick.now.advanced(bySeconds: Int64(tellAt)), refusals: []))
                }
            }
        }
    }

    /// Notes what is left open of a batch of which a part is told now: it is meant to join that part.
    private func holdRest(of batch: PlannedBatch, told: [Int32], in plan: inout DispatchPlan) {
        let known = Set(told.map { tick.orderID(Int($0)) })
        var rest = batch
        rest.orders.removeAll(where: known.contains)
        for index in rest.stops.indices where known.contains(rest.stops[index].order) {
            rest.stops[index].isRunning = true
        }
        plan.tentative.append(rest)
        for order in rest.orders {
            let pickup = batch.stops.first { $0.order == order && $0.kind == .pickup }
            plan.waiting.append(
                WaitingReason(
                    order: order, reason: .driverBusy, driver: batch.driver, tellAt: pickup?.arrival ?? tick.now,
                    refusals: []))
        }
    }

    /// The batches of a route, each cut where the driver's bag is empty in between: what comes after that is a batch
    /// of its own and need not be told with what comes before.
    private func whole(_ route: Solution.Route, _ tables: SearchTables) -> [[Int32]] {
        if tick.policy.commitment == .immediate { return route.batches }
        let vehicle = Int(route.vehicle)
        var time = Int(tables.vehicles[vehicle].start)
        var place = tables.vehicles[vehicle].place
        var pieces: [[Int32]] = []
        for rows in route.batches {
            let itinerary = Itinerary(
                rows: rows, vehicle: vehicle, time: time, place: place, tables: tables, metres: tick.metres)
            (time, place) = (itinerary.end, itinerary.place)
            var onBoard = rows.count { tables.orders[Int($0)].onBoard }
            var piece: [Int32] = []
            for stop in itinerary.stops {
                onBoard += stop.isDropoff ? -1 : 1
                if stop.isDropoff { piece.append(stop.row) }
                if onBoard == 0 {
                    pieces.append(piece.sorted())
                    piece = []
                }
            }
        }
        return pieces
    }

    private func batch(_ driver: DriverID, new: [Int32], itinerary: Itinerary, tables: SearchTables) -> PlannedBatch {
        let stops = itinerary.stops.map { stop in
            PlannedStop(
                kind: stop.isDropoff ? .dropoff : .pickup, order: tick.orderID(Int(stop.row)),
                place: PlaceIndex(stop.place), arrival: tick.now.advanced(bySeconds: Int64(stop.arrival)),
                departure: tick.now.advanced(bySeconds: Int64(stop.departure)), distance: stop.metres,
                isRunning: Int(stop.row) >= tables.orderCount)
        }
        let orders = itinerary.stops.filter { !$0.isDropoff && new.contains($0.row) }.map { tick.orderID(Int($0.row)) }
        return PlannedBatch(
            driver: driver, orders: orders, stops: stops,
            distance: WholeMetres(stops.reduce(0) { $0 + $1.distance.value }),
            duration: Seconds(Int64(itinerary.end - itinerary.start)),
            reason: BatchReason(trigger: .immediate, terms: itinerary.terms, runnersUp: [], refused: []))
    }
}
