/// Where an order would go and what it would add to the cost of the plan.
struct Insertion {
    var candidate = -1
    var batch = 0
    var isNew = false
    var delta = StopSearch.infinity
}

extension Lane {
    /// The cheapest place for an order, cheaper than leaving it unserved. Candidates are passed over with probability
    /// `blink` (Christiaens and Vanden Berghe 2020), which keeps greedy insertion from always falling into one hole.
    mutating func cheapestInsertion(of order: Int, blink: Double) -> Insertion {
        var best = Insertion()
        best.delta = tables.orders[order].unserved
        let end = Int(tables.candidateFirst[order &+ 1])
        var index = Int(tables.candidateFirst[order])
        while index < end {
            let candidate = tables.candidates + index
            stops.steps &+= 1
            // Candidates are in ascending sequence of their bounds: no later one can be cheaper.
            if Int(candidate.pointee.bound) >= best.delta { break }
            if blink == 0 || random.unit() >= blink {
                consider(order, candidate: index, row: candidate, best: &best)
            }
            index &+= 1
        }
        return best
    }

    @inline(__always)
    mutating func consider(
        _ order: Int, candidate: Int, row: UnsafePointer<Candidate>, best: inout Insertion
    ) {
        let vehicle = Int(row.pointee.vehicle)
        guard isActive[vehicle] else { return }
        let extra = Int(row.pointee.extra)
        if isEmpty(vehicle) {
            let delta = Int(row.pointee.single) &+ extra
            if delta < best.delta { best = Insertion(candidate: candidate, batch: 0, isNew: true, delta: delta) }
        } else if queue == 1 {
            if row.pointee.earliest > tables.orders[order].ideal,
                Int(row.pointee.bound) &+ shifts[vehicle] >= best.delta
            {
                return
            }
            guard fits(order, vehicle: vehicle, batch: 0, row: row) else { return }
            let cutoff = costs[vehicle] &+ best.delta &- extra
            let value = evaluate(adding: order, to: vehicle, batch: 0, cutoff: cutoff)
            let delta = value.cost &- costs[vehicle] &+ extra
            if value.isExact && delta < best.delta {
                best = Insertion(candidate: candidate, batch: 0, isNew: false, delta: delta)
            }
        } else {
            considerQueue(order, vehicle: vehicle, candidate: candidate, row: row, best: &best)
        }
    }

    mutating func evaluate(adding order: Int, to vehicle: Int, batch: Int, cutoff: Int) -> BatchValue {
        let slot = vehicle &* queue &+ batch
        let size = Int(sizes[slot])
        let list = members + slot &* slots
        let row = Int32(truncatingIfNeeded: order)
        var position = 0
        while position < size, list[position] < row {
            trial[position] = list[position]
            position &+= 1
        }
        trial[position] = row
        while position < size {
            trial[position &+ 1] = list[position]
            position &+= 1
        }
        return evaluate(
            vehicle, isFirst: batch == 0, orders: trial, count: size &+ 1, time: starts[slot], place: places[slot],
            cutoff: cutoff)
    }

    /// Whether a batch can hold one more order: number, bag units, partners.
    @inline(__always)
    func fits(_ order: Int, vehicle: Int, batch: Int, row: UnsafePointer<Candidate>) -> Bool {
        fits(order, vehicle: vehicle, batch: batch, joinsRunning: row.pointee.joinsRunning)
    }

    /// The same for a candidate that was copied.
    func fits(_ order: Int, vehicle: Int, batch: Int, row: Candidate) -> Bool {
        fits(order, vehicle: vehicle, batch: batch, joinsRunning: row.joinsRunning)
    }

    /// Whether a batch of its own can hold the order.
    func fitsAlone(_ order: Int, vehicle: Int) -> Bool {
        tables.vehicles[vehicle].capacity > 0 && tables.orders[order].units <= tables.vehicles[vehicle].units
    }

    @inline(__always)
    private func fits(_ order: Int, vehicle: Int, batch: Int, joinsRunning: Bool) -> Bool {
        let slot = vehicle &* queue &+ batch
        let size = Int(sizes[slot])
        let driver = tables.vehicles + vehicle
        if size >= min(slots, Int(driver.pointee.capacity)) { return false }
        if batch == 0, driver.pointee.runningCount > 0, !joinsRunning { return false }
        let list = members + slot &* slots
        var units = tables.orders[order].units
        for index in 0..<size {
            let other = Int(list[index])
            units &+= tables.orders[other].units
            if other < tables.orderCount, !tables.mayPair(order, other) { return false }
            if tables.rules.oneRestaurant, tables.orders[other].restaurant != tables.orders[order].restaurant {
                return false
            }
        }
        return units <= driver.pointee.units
    }
}
