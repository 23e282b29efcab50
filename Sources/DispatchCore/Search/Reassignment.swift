/// Gives what drivers are to do to the drivers who do it best, all at once: an exact assignment of the present loads,
/// where changing one after the other would have to pass through dearer plans.
///
/// A load is all the batches of new orders of one driver; what runs stays with its driver. Rows are loads, columns
/// drivers, and a cost is what the load makes of the driver's way. Costs are looked up only where the prices ask for
/// them: the assignment over the costs known so far has prices, and a pair whose lower bound is not below what they
/// allow is in no better one (column generation, Dantzig and Wolfe 1960, over the paths of `SparseAssignment`).
struct Reassignment {
    private struct Pair {
        var vehicle: Int32
        /// At least so much, or exactly where it is known.
        var cost: Int
        var extra: Int
        var isKnown: Bool
    }

    private struct Load {
        var vehicle: Int
        var cost: Int
        /// What leaving all its orders costs.
        var exit: Int
        var orders: [Int]
        /// How many orders each batch has.
        var sizes: [Int]
    }

    private var loads: [Load] = []
    private var pairs: [[Pair]] = []
    /// Pairs that are looked at before there are prices, nearest by bound.
    private static let atFirst = 6
    private static let mostRounds = 12
    /// Steps that the last one of a search may take, however little work there is: some tens of loads.
    static let least = 20_000

    /// The better plan, if there is one: for each load of `lane` its vehicle, in the sequence of `loads`.
    private var owners: [Int32] = []

    /// Moves the loads of a lane's active vehicles to each other so that they cost least together. The plan never
    /// becomes dearer.
    ///
    /// - Parameter limit: Steps of the lane at which it is given up, and nothing is changed.
    /// - Returns: Whether the plan became cheaper.
    /// - Complexity: Counted in the lane's steps, a step for every few pairs looked at.
    static func run(_ lane: inout Lane, limit: Int) -> Bool {
        var work = Reassignment()
        work.collect(&lane)
        guard work.loads.count > 1, work.assign(&lane, limit: limit) else { return false }
        return work.apply(&lane)
    }

    private mutating func collect(_ lane: inout Lane) {
        var counts = [Int32](repeating: 0, count: lane.tables.vehicleCount)
        var bounds = [Int](repeating: 0, count: lane.tables.vehicleCount)
        var extras = [Int](repeating: 0, count: lane.tables.vehicleCount)
        var isFixed = [Bool](repeating: false, count: lane.tables.vehicleCount)
        for vehicle in 0..<lane.tables.vehicleCount where lane.isActive[vehicle] && !lane.isEmpty(vehicle) {
            guard let load = lane.load(of: vehicle) else { continue }
            isFixed[vehicle] = true
            var list: [Pair] = []
            for (number, order) in load.orders.enumerated() {
                let isLast = number == load.orders.count - 1
                for index in Int(lane.tables.candidateFirst[order])..<Int(lane.tables.candidateFirst[order + 1]) {
                    let candidate = lane.tables.candidates[index]
                    let target = Int(candidate.vehicle)
                    if counts[target] != Int32(number) { continue }
                    counts[target] += 1
                    bounds[target] = (number == 0 ? 0 : bounds[target]) + Int(candidate.bound)
                    extras[target] = (number == 0 ? 0 : extras[target]) + Int(candidate.extra)
                    if isLast, lane.isActive[target], lane.mayTake(load.sizes, load.orders, vehicle: target) {
                        list.append(
                            Pair(
                                vehicle: candidate.vehicle, cost: bounds[target], extra: extras[target], isKnown: false)
                        )
                    }
                }
            }
            for order in load.orders {
                for index in Int(lane.tables.candidateFirst[order])..<Int(lane.tables.candidateFirst[order + 1]) {
                    counts[Int(lane.tables.candidates[index].vehicle)] = 0
                }
            }
            lane.stops.steps += list.count * load.orders.count / 4
            guard let own = list.firstIndex(where: { Int($0.vehicle) == vehicle }) else { continue }
            isFixed[vehicle] = false
            list[own].cost = load.cost
            list[own].isKnown = true
            list.sort { ($0.cost, $0.vehicle) < ($1.cost, $1.vehicle) }
            loads.append(
                Load(
                    vehicle: vehicle, cost: load.cost, exit: load.exit, orders: load.orders, sizes: load.sizes))
            pairs.append(list)
        }
        for row in pairs.indices { pairs[row].removeAll { isFixed[Int($0.vehicle)] } }
    }

    /// Solves the assignment over the known costs and looks up those that its prices ask for, until they ask for none.
    private mutating func assign(_ lane: inout Lane, limit: Int) -> Bool {
        for row in loads.indices {
            for index in pairs[row].indices.prefix(Self.atFirst) { lookUp(row, index, below: Int.max / 16, &lane) }
        }
        for _ in 0..<Self.mostRounds {
            if lane.stops.steps >= limit { return false }
            var (costs, columns, firsts): ([Int], [Int32], [Int]) = ([], [], [0])
            for list in pairs {
                for pair in list where pair.isKnown {
                    costs.append(pair.cost)
                    columns.append(pair.vehicle)
                }
                firsts.append(costs.count)
            }
            var assignment = SparseAssignment(
                costs: costs, columns: columns, firsts: firsts, exits: loads.map(\.exit),
                columnCount: lane.tables.vehicleCount)
            assignment.solve(limit: Int.max)
            lane.stops.steps += assignment.steps / 2
            owners = assignment.columns(ofRows: loads.count)
            var isComplete = true
            for row in loads.indices {
                let worth = assignment.worth(of: row)
                for index in pairs[row].indices where !pairs[row][index].isKnown {
                    let allowed = worth + assignment.price(of: pairs[row][index].vehicle)
                    if pairs[row][index].cost >= allowed { continue }
                    lookUp(row, index, below: allowed, &lane)
                    if pairs[row][index].isKnown { isComplete = false }
                }
                lane.stops.steps += pairs[row].count / 8
            }
            if isComplete { break }
        }
        return true
    }

    /// Makes the cost of a pair known if it is below a limit; otherwise the limit is its bound.
    private mutating func lookUp(_ row: Int, _ index: Int, below limit: Int, _ lane: inout Lane) {
        let pair = pairs[row][index]
        if pair.isKnown { return }
        let cost = lane.cost(
            of: loads[row].sizes, loads[row].orders, vehicle: Int(pair.vehicle), cutoff: limit - pair.extra)
        if let cost, cost + pair.extra < limit {
            pairs[row][index].cost = cost + pair.extra
            pairs[row][index].isKnown = true
        } else {
            pairs[row][index].cost = max(pair.cost, limit)
        }
    }

    private func apply(_ lane: inout Lane) -> Bool {
        lane.begin()
        let movers = loads.indices.filter { Int(owners[$0]) != loads[$0].vehicle }
        if movers.isEmpty { return false }
        for row in movers { for order in loads[row].orders { lane.remove(order) } }
        for row in movers where owners[row] >= 0 {
            let vehicle = Int(owners[row])
            var batch = lane.tables.vehicles[vehicle].runningCount > 0 ? 1 : 0
            var next = 0
            for size in loads[row].sizes {
                for number in 0..<size {
                    let order = loads[row].orders[next]
                    guard let extra = lane.candidate(of: order, vehicle: vehicle)?.extra else { continue }
                    lane.insert(order, vehicle: vehicle, batch: batch, isNew: number == 0, extra: extra)
                    next += 1
                }
                batch += 1
            }
        }
        if lane.total >= lane.savedTotal {
            lane.undo()
            return false
        }
        lane.keep()
        return true
    }
}

extension Lane {
    /// The new orders of a vehicle by batch, and what they add to the cost of its running stops; nil where there are
    /// none or where they are mixed with running ones.
    fileprivate func load(of vehicle: Int) -> (orders: [Int], sizes: [Int], cost: Int, exit: Int)? {
        let running = Int(tables.vehicles[vehicle].runningCount)
        let first = vehicle * queue
        if running > 0, Int(sizes[first]) != running { return nil }
        var (orders, counts, cost, exit): ([Int], [Int], Int, Int) = ([], [], 0, 0)
        for batch in (running > 0 ? 1 : 0)..<max(batchCount(vehicle), 1) {
            let size = Int(sizes[first + batch])
            counts.append(size)
            cost += batchCosts[first + batch]
            for index in 0..<size {
                let order = Int(members[(first + batch) * slots + index])
                orders.append(order)
                cost += Int(extras[order])
                exit += tables.orders[order].unserved
            }
        }
        return orders.isEmpty ? nil : (orders, counts, cost, exit)
    }

    /// Whether a vehicle has room for these batches behind what it runs.
    fileprivate func mayTake(_ counts: [Int], _ orders: [Int], vehicle: Int) -> Bool {
        let row = tables.vehicles[vehicle]
        let running = Int(row.runningCount)
        if running > 0, Int(sizes[vehicle * queue]) != running { return false }
        if counts.count + (running > 0 ? 1 : 0) > queue { return false }
        var next = 0
        for count in counts {
            if count > Int(row.capacity) { return false }
            var units: Int32 = 0
            for _ in 0..<count {
                units += tables.orders[orders[next]].units
                next += 1
            }
            if units > row.units { return false }
        }
        return true
    }

    /// What these batches cost a vehicle behind what it runs; nil where that is not below `cutoff`.
    fileprivate mutating func cost(of counts: [Int], _ orders: [Int], vehicle: Int, cutoff: Int) -> Int? {
        let isFree = tables.vehicles[vehicle].runningCount == 0
        let slot = vehicle * queue + (isFree ? 0 : 1)
        var (time, place) =
            isFree ? (tables.vehicles[vehicle].start, tables.vehicles[vehicle].place) : (starts[slot], places[slot])
        var cost = 0
        var next = 0
        for (batch, count) in counts.enumerated() {
            for index in 0..<count { trial[index] = Int32(orders[next + index]) }
            next += count
            let value = evaluate(
                vehicle, isFirst: isFree && batch == 0, orders: trial, count: count, time: time, place: place,
                cutoff: min(cutoff - cost, StopSearch.infinity))
            if !value.isExact { return nil }
            cost += value.cost
            if cost >= cutoff { return nil }
            (time, place) = (value.end, value.place)
        }
        return cost
    }
}
