/// A lower bound on every plan over the candidates, whatever the queues of batches: drivers deliver one order first,
/// one second, one third.
///
/// Let a driver deliver the new orders o₁, o₂, … in this sequence. His cost, above that of his running stops alone, is
/// at least the sum over k of what oₖ costs as his k-th delivery:
///
/// - its delay and lateness at the earliest moment T(oₖ, k), plus what the pair costs extra. T(o, 1) is the candidate's
///   direct way; T(o, 2) is the least, over the orders that could be delivered before it, of the three sequences of
///   their four stops; each later delivery takes one more handover at least;
/// - where driving counts, the shortest legs by which its two stops can be entered: the dropoff from its own pickup or
///   from a stop of an order that may share its batch; the pickup from such a stop, from the driver's start, or (k > 1)
///   from another dropoff. Each leg enters one stop, so none is counted twice. Orders that may be mixed into
///   running stops have no legs, those behind running stops none into the pickup;
/// - where time until the driver is free counts as a gain, all of his time until T: only his last delivery has it.
///
/// So every plan is an assignment of orders to (driver, k), or to being left, that costs no more than the plan. The
/// least assignment, or any feasible prices of it, is the bound. What it leaves out: the waiting of one order for
/// another's food, ways round, time in the bag, rules about partners, drivers that are no candidates. Taking an order
/// out of a sequence makes nothing later and no way longer where the direct way is never longer than a way round; that
/// is the one thing it rests on.
struct DeliveryBound {
    private let problem: SearchProblem
    /// Orders that exist; those behind them are only likely to come.
    private let orderCount: Int
    /// Candidates of each vehicle: order and candidate.
    private var rows: [[(order: Int32, candidate: Int32)]]

    /// Third deliveries and later ones are told apart no further than this.
    private static let most = 3
    /// Edges looked at for the prices.
    private static let work = 2_000_000
    /// Pairs of orders looked at for the earliest second deliveries; of more, each driver's soonest stands for all.
    private static let mostPairs = 500_000
    /// Up to so many orders the ways from all dropoffs to all pickups are looked at.
    private static let mostForLegs = 1500

    init(problem: SearchProblem, orderCount: Int) {
        self.problem = problem
        self.orderCount = orderCount
        rows = Array(repeating: [], count: problem.vehicles.count)
        for order in 0..<orderCount {
            for index in problem.candidateFirst[order]..<problem.candidateFirst[order + 1] {
                rows[Int(problem.candidates[Int(index)].vehicle)].append((Int32(order), index))
            }
        }
    }

    /// Nil where a driver's gain by being free late is above what a second of delay costs.
    ///
    /// - Complexity: O(edges) where drivers are plenty; ends after a fixed amount of work.
    func value() -> Int? {
        let gain = max(0, -problem.rules.completion)
        if gain > 0 {
            guard problem.vehicles.allSatisfy({ $0.runningCount == 0 }) else { return nil }
            guard problem.orders.prefix(orderCount).allSatisfy({ Int($0.weight) >= gain }) else { return nil }
        }
        return problem.withTables { tables in
            let (running, legs) = (runningCost(tables), legs(tables))
            var exits = problem.orders.prefix(orderCount).map(\.unserved)
            var edges = Edges(orderCount: orderCount)
            let second = secondDeliveries(tables)
            for order in 0..<orderCount {
                for index in Int(tables.candidateFirst[order])..<Int(tables.candidateFirst[order + 1]) {
                    add(order, tables.candidates[index], second[index], legs[order], gain, tables, &edges, &exits)
                }
                edges.firsts.append(edges.costs.count)
            }
            var assignment = SparseAssignment(
                costs: edges.costs, columns: edges.columns, firsts: edges.firsts, exits: exits,
                columnCount: problem.vehicles.count * Self.most)
            assignment.solve(limit: Self.work)
            return running + assignment.bound
        }
    }

    private struct Edges {
        var costs: [Int] = []
        var columns: [Int32] = []
        var firsts = [0]

        init(orderCount: Int) { firsts.reserveCapacity(orderCount + 1) }
    }

    /// One edge for each of a driver's first deliveries; the last one that is told apart takes any number of orders
    /// where the driver may have more.
    private func add(
        _ order: Int, _ candidate: Candidate, _ second: Int, _ legs: Legs, _ gain: Int, _ tables: SearchTables,
        _ edges: inout Edges, _ exits: inout [Int]
    ) {
        let (row, vehicle) = (tables.orders[order], tables.vehicles[Int(candidate.vehicle)])
        let places = tables.rules.queue * min(tables.rules.maxBatch, Int(vehicle.capacity))
        let step = tables.rules.dropoffHandover + tables.rules.dropoffApproach
        for place in 0..<min(places, Self.most) {
            let earliest = Int(candidate.earliest)
            let moment = place == 0 ? earliest : max(earliest, second + (place - 1) * step)
            var cost = Int(candidate.extra) + driving(order, candidate, isFirst: place == 0, legs, tables)
            cost += Int(row.weight) * max(0, moment - Int(row.ideal))
            cost += Int(row.lateness) * max(0, moment - Int(row.promised))
            cost -= gain * (moment + tables.rules.dropoffHandover - Int(vehicle.start))
            if place == Self.most - 1, places > Self.most {
                exits[order] = min(exits[order], cost)
            } else if cost < exits[order] {
                edges.costs.append(cost)
                edges.columns.append(candidate.vehicle * Int32(Self.most) + Int32(place))
            }
        }
    }

    /// For each candidate the earliest moment at which the driver delivers the order when it is not his first delivery.
    private func secondDeliveries(_ tables: SearchTables) -> [Int] {
        var moments = problem.candidates.map { Int($0.earliest) }
        let isExact = rows.reduce(0) { $0 + $1.count * $1.count } <= Self.mostPairs
        for (vehicle, list) in rows.enumerated() {
            let nearest = isExact ? list : firstTwo(list, tables)
            for (order, candidate) in list {
                var least = Int(TickCompiler.never)
                for (other, before) in nearest where other != order {
                    let earliest = Int(tables.candidates[Int(before)].earliest)
                    if earliest >= least { continue }
                    // Only the soonest orders were kept where pairs are too many: then no way from door to door counts.
                    let handed = earliest + tables.rules.dropoffHandover + tables.rules.dropoffApproach
                    least = min(
                        least,
                        isExact ? delivery(of: Int(order), after: Int(other), earliest, vehicle, tables) : handed)
                }
                moments[Int(candidate)] = max(moments[Int(candidate)], least)
            }
        }
        return moments
    }

    /// The earliest delivery of an order by a vehicle that has delivered another, at `earliest`, before it: over the
    /// three sequences of their four stops, or from door to door where stops of other orders may lie between.
    private func delivery(
        of order: Int, after other: Int, _ earliest: Int, _ vehicle: Int, _ tables: SearchTables
    ) -> Int {
        let (rules, row, first) = (tables.rules, tables.orders[order], tables.orders[other])
        let driver = tables.vehicles[vehicle]
        let pace = Int(driver.pace)
        let door = rules.dropoffHandover + tables.travel(first.dropoff, row.dropoff, pace) + rules.dropoffApproach
        if driver.runningCount > 0 { return earliest + door }
        func picked(_ next: OrderRow, from place: Int32, at time: Int) -> Int {
            max(time + tables.travel(place, next.pickup, pace) + rules.pickupApproach, Int(next.ready))
        }
        func delivered(_ next: OrderRow, from place: Int32, pickedAt time: Int) -> Int {
            time + rules.pickupHandover + tables.travel(place, next.dropoff, pace) + rules.dropoffApproach
        }
        let apart = picked(row, from: first.dropoff, at: earliest + rules.dropoffHandover)
        var least = delivered(row, from: row.pickup, pickedAt: apart)
        guard rules.maxBatch > 1, tables.mayPair(order, other) else { return least }
        for (one, two) in [(first, row), (row, first)] {
            let begin = picked(one, from: driver.place, at: Int(driver.start))
            let isOneVisit = rules.onePickupVisit && one.pickup == two.pickup
            let both =
                isOneVisit
                ? max(begin, Int(two.ready)) : picked(two, from: one.pickup, at: begin + rules.pickupHandover)
            least = min(least, delivered(first, from: two.pickup, pickedAt: both) + door)
        }
        return least
    }

    /// The two orders of a vehicle that he could deliver soonest.
    private func firstTwo(
        _ list: [(order: Int32, candidate: Int32)], _ tables: SearchTables
    ) -> [(order: Int32, candidate: Int32)] {
        var least: [(order: Int32, candidate: Int32)] = []
        for pair in list {
            let moment = tables.candidates[Int(pair.candidate)].earliest
            let slot = least.firstIndex { tables.candidates[Int($0.candidate)].earliest > moment } ?? least.count
            if slot < 2 { least.insert(pair, at: slot) }
            if least.count > 2 { least.removeLast() }
        }
        return least
    }

    /// The shortest legs by which an order's stops can be entered, in seconds of the table.
    private struct Legs {
        /// Into the dropoff: from its own pickup, or from a stop of an order that may share its batch.
        var dropoff = 0
        /// Into the pickup from a stop of an order that may share its batch.
        var partner = StopSearch.infinity
        /// Into the pickup from any other order's dropoff: where a batch before it may end.
        var before = StopSearch.infinity
    }

    private func legs(_ tables: SearchTables) -> [Legs] {
        guard tables.rules.driving > 0 else { return Array(repeating: Legs(), count: orderCount) }
        return (0..<orderCount).map { order in
            let row = tables.orders[order]
            var legs = Legs(dropoff: tables.travel(row.pickup, row.dropoff, 1024))
            if orderCount > Self.mostForLegs { legs.before = 0 }
            forEachPartner(of: order, tables) { other in
                let (from, to) = (tables.orders[other].pickup, tables.orders[other].dropoff)
                legs.partner = min(
                    legs.partner, tables.travel(from, row.pickup, 1024), tables.travel(to, row.pickup, 1024))
                legs.dropoff = min(
                    legs.dropoff, tables.travel(from, row.dropoff, 1024), tables.travel(to, row.dropoff, 1024))
            }
            if legs.before > 0 {
                for other in 0..<orderCount where other != order {
                    legs.before = min(legs.before, tables.travel(tables.orders[other].dropoff, row.pickup, 1024))
                }
            }
            return legs
        }
    }

    /// Orders that may share a batch with one.
    private func forEachPartner(of order: Int, _ tables: SearchTables, _ body: (Int) -> Void) {
        if tables.rules.maxBatch == 1 { return }
        guard let pairs = tables.pairs else {
            for other in 0..<orderCount where other != order && tables.mayPair(order, other) { body(other) }
            return
        }
        let first = order * tables.pairStride / 64
        for word in 0..<tables.pairStride / 64 {
            var bits = pairs[first + word]
            while bits != 0 {
                let other = word * 64 + bits.trailingZeroBitCount
                bits &= bits - 1
                if other < orderCount, other != order { body(other) }
            }
        }
    }

    /// What the legs into an order's stops cost at least as a vehicle's first delivery, or as a later one.
    private func driving(
        _ order: Int, _ candidate: Candidate, isFirst: Bool, _ legs: Legs, _ tables: SearchTables
    ) -> Int {
        let vehicle = tables.vehicles + Int(candidate.vehicle)
        if tables.rules.driving == 0 || candidate.joinsRunning { return 0 }
        if vehicle.pointee.runningCount > 0 { return legs.dropoff * tables.rules.driving }
        let start = tables.travel(vehicle.pointee.place, tables.orders[order].pickup, 1024)
        let pickup = min(start, legs.partner, isFirst || tables.rules.queue == 1 ? start : legs.before)
        return (legs.dropoff + pickup) * tables.rules.driving
    }

    /// What the running stops cost without any new order.
    private func runningCost(_ tables: SearchTables) -> Int {
        let lane = Lane(tables, seed: RandomSource(seed: 0), memoryBits: 4)
        var sum = 0
        for vehicle in problem.vehicles.indices { sum += lane.costs[vehicle] }
        return sum
    }
}
