/// Routes as plain values: for each vehicle with new orders its queue of batches.
struct Solution: Sendable {
    struct Route: Sendable {
        var vehicle: Int32
        /// Rows of each batch, ascending; the first may hold running orders, and may hold nothing else.
        var batches: [[Int32]]
    }

    var routes: [Route] = []
    var total = Int.max
    var bound: Int?
    var isProvenOptimal = false
    var isDegraded = false
    var steps: Int64 = 0
}

extension Lane {
    /// The routes of all vehicles that have a new order.
    func solution() -> Solution {
        var solution = Solution(total: total, steps: Int64(stops.steps))
        for vehicle in 0..<tables.vehicleCount where !isEmpty(vehicle) {
            var batches: [[Int32]] = []
            var hasNew = false
            for batch in 0..<batchCount(vehicle) {
                let slot = vehicle * queue + batch
                let rows = (0..<Int(sizes[slot])).map { members[slot * slots + $0] }
                hasNew = hasNew || rows.contains { $0 < tables.orderCount }
                batches.append(rows)
            }
            if hasNew { solution.routes.append(Solution.Route(vehicle: Int32(vehicle), batches: batches)) }
        }
        return solution
    }

    /// Makes these the lane's routes. An order or batch that does not fit any more is passed over.
    mutating func load(_ solution: Solution) {
        clear()
        for route in solution.routes {
            let vehicle = Int(route.vehicle)
            for (batch, rows) in route.batches.prefix(queue).enumerated() {
                for row in rows where Int(row) < tables.orderCount && owners[Int(row)] < 0 {
                    guard let candidate = candidate(of: Int(row), vehicle: vehicle) else { continue }
                    begin()
                    let present = batchCount(vehicle)
                    let target = min(batch, present)
                    if target < present {
                        if !fits(Int(row), vehicle: vehicle, batch: target, row: candidate) { continue }
                    } else if !fitsAlone(Int(row), vehicle: vehicle) {
                        continue
                    }
                    insert(Int(row), vehicle: vehicle, batch: target, isNew: target == present, extra: candidate.extra)
                    if costs[vehicle] >= StopSearch.infinity { undo() }
                }
            }
        }
    }

    func candidate(of order: Int, vehicle: Int) -> Candidate? {
        for index in Int(tables.candidateFirst[order])..<Int(tables.candidateFirst[order + 1]) {
            if Int(tables.candidates[index].vehicle) == vehicle { return tables.candidates[index] }
        }
        return nil
    }
}
