/// The best plan of a small problem over its candidates, and the proof that it is the best of all where none was cut:
/// every batch of every driver, and a dynamic programme over sets of orders.
///
/// `best[S]` after driver v is the least cost at which the first v drivers serve exactly the orders of S; a driver
/// adds one batch or none. O(drivers × 3^orders) at worst, in truth far less, because batches are small.
struct ExactPartition: Sendable {
    private let problem: SearchProblem

    /// Problems up to this size are solved to the proof.
    static let mostOrders = 12
    static let mostVehicles = 64

    init(_ problem: SearchProblem) { self.problem = problem }

    /// Nil where the problem is too large or has queues or running orders.
    func solve() -> Solution? {
        guard problem.orderCount <= Self.mostOrders, problem.vehicles.count <= Self.mostVehicles,
            problem.rules.queue == 1,
            problem.rules.maxBatch <= 3, problem.vehicles.allSatisfy({ $0.runningCount == 0 })
        else { return nil }
        return problem.withTables { tables in
            var lane = Lane(tables, seed: RandomSource(seed: 0), memoryBits: 12)
            return solve(&lane)
        }
    }

    private func solve(_ lane: inout Lane) -> Solution {
        let sets = 1 << problem.orderCount
        var best = [Int](repeating: StopSearch.infinity, count: sets)
        best[0] = 0
        var choices: [[UInt16]] = []
        for vehicle in problem.vehicles.indices {
            let columns = lane.batches(of: vehicle)
            var choice = [UInt16](repeating: 0, count: sets)
            var next = best
            best.withUnsafeBufferPointer { best in
                next.withUnsafeMutableBufferPointer { next in
                    choice.withUnsafeMutableBufferPointer { choice in
                        for column in columns {
                            // Every set that holds the column: its orders and any subset of the others.
                            let others = (sets - 1) & ~column.set
                            var rest = others
                            while true {
                                let cost = best[rest] &+ column.cost
                                if cost < next[rest | column.set] {
                                    next[rest | column.set] = cost
                                    choice[rest | column.set] = UInt16(column.set)
                                }
                                if rest == 0 { break }
                                rest = (rest - 1) & others
                            }
                        }
                    }
                }
            }
            best = next
            choices.append(choice)
        }
        return build(best: best, choices: choices, lane: lane)
    }

    private func build(best: [Int], choices: [[UInt16]], lane: borrowing Lane) -> Solution {
        var chosen = 0
        var total = StopSearch.infinity
        for set in best.indices where best[set] < StopSearch.infinity {
            var cost = best[set]
            for order in 0..<problem.orderCount where set & (1 << order) == 0 { cost += problem.orders[order].unserved }
            if cost < total { (total, chosen) = (cost, set) }
        }
        // Sequences of stops are the best but for a gain by being free late.
        let isProven = !problem.isCut && problem.rules.completion >= 0
        var solution = Solution(
            total: total, bound: problem.rules.completion >= 0 ? total : nil, isProvenOptimal: isProven,
            steps: Int64(lane.stops.steps))
        for vehicle in problem.vehicles.indices.reversed() {
            let batch = Int(choices[vehicle][chosen])
            if batch == 0 { continue }
            let rows = (0..<problem.orderCount).filter { batch & (1 << $0) != 0 }.map(Int32.init)
            solution.routes.append(Solution.Route(vehicle: Int32(vehicle), batches: [rows]))
            chosen &= ~batch
        }
        solution.routes.reverse()
        return solution
    }
}

extension Lane {
    /// Every batch that a vehicle may have as its only one, as a set of bits, with its cost.
    fileprivate mutating func batches(of vehicle: Int) -> [(set: Int, cost: Int)] {
        var found: [(set: Int, cost: Int)] = []
        let count = tables.orderCount
        var rows: [Int] = []
        for order in 0..<count where candidate(of: order, vehicle: vehicle) != nil { rows.append(order) }
        for (i, first) in rows.enumerated() {
            add([first], vehicle, to: &found)
            guard slots >= 2 else { continue }
            for (j, second) in rows.enumerated().dropFirst(i + 1) where mayShare([first, second], vehicle) {
                add([first, second], vehicle, to: &found)
                guard slots >= 3 else { continue }
                for third in rows.dropFirst(j + 1) where mayShare([first, second, third], vehicle) {
                    add([first, second, third], vehicle, to: &found)
                }
            }
        }
        return found
    }

    private mutating func add(_ rows: [Int], _ vehicle: Int, to found: inout [(set: Int, cost: Int)]) {
        guard rows.count <= Int(tables.vehicles[vehicle].capacity) else { return }
        var extra = 0
        for (index, row) in rows.enumerated() {
            trial[index] = Int32(row)
            extra += Int(candidate(of: row, vehicle: vehicle)?.extra ?? 0)
        }
        let driver = tables.vehicles + vehicle
        let value = evaluate(
            vehicle, isFirst: true, orders: trial, count: rows.count, time: driver.pointee.start,
            place: driver.pointee.place, cutoff: StopSearch.infinity)
        if value.isExact { found.append((rows.reduce(0) { $0 | 1 << $1 }, value.cost + extra)) }
    }

    private func mayShare(_ rows: [Int], _ vehicle: Int) -> Bool {
        var units: Int32 = 0
        for (index, row) in rows.enumerated() {
            units += tables.orders[row].units
            for other in rows[..<index] {
                if !tables.mayPair(row, other) { return false }
                if tables.rules.oneRestaurant, tables.orders[other].restaurant != tables.orders[row].restaurant {
                    return false
                }
            }
        }
        return units <= tables.vehicles[vehicle].units
    }
}
