extension Lane {
    /// How often two queues change their tails instead of a ruin.
    private static var tailShare: Double { 0.12 }

    /// Exchanges what two drivers do from some batch on (2-opt*, Potvin and Rousseau 1995): the drivers of an order and
    /// of a relative of it, so that one goes on near where the other was going to be. Says whether anything changed.
    mutating func exchangeTails() -> Bool {
        guard queue > 1, relatedCount > 0, random.unit() < Self.tailShare else { return false }
        let order = drawOrder()
        let other = relative(random.below(min(relatedCount, 8)), of: order)
        let (one, two) = (Int(owners[order]), Int(owners[other]))
        guard one >= 0, two >= 0, one != two, isActive[one], isActive[two] else { return false }
        var (first, second) = (batch(of: order, vehicle: one), batch(of: other, vehicle: two))
        switch random.below(3) {
        case 0: first &+= 1
        case 1: second &+= 1
        default: break
        }
        let (ones, twos) = (batchCount(one), batchCount(two))
        if first == ones && second == twos { return false }
        if first &+ twos &- second > queue || second &+ ones &- first > queue { return false }
        if first == 0 && tables.vehicles[one].runningCount > 0 { return false }
        if second == 0 && tables.vehicles[two].runningCount > 0 { return false }
        guard mayTake(two, batchesFrom: first, of: one), mayTake(one, batchesFrom: second, of: two) else {
            return false
        }
        touch(vehicle: one)
        touch(vehicle: two)
        total &-= costs[one] &+ costs[two]
        move(batchesFrom: first, of: one, to: two, from: second)
        move(batchesFrom: second, of: two, to: one, from: first)
        settle(one, from: first)
        settle(two, from: second)
        total &+= costs[one] &+ costs[two]
        return true
    }

    private func batch(of order: Int, vehicle: Int) -> Int {
        for batch in 0..<queue {
            let slot = vehicle &* queue &+ batch
            for index in 0..<Int(sizes[slot]) where Int(members[slot &* slots &+ index]) == order { return batch }
        }
        return 0
    }

    /// Whether a vehicle may have each order of another's batches, and has the room for each batch.
    private mutating func mayTake(_ vehicle: Int, batchesFrom first: Int, of other: Int) -> Bool {
        let driver = tables.vehicles + vehicle
        for batch in first..<max(first, batchCount(other)) {
            let slot = other &* queue &+ batch
            if Int(sizes[slot]) > Int(driver.pointee.capacity) { return false }
            var units: Int32 = 0
            for index in 0..<Int(sizes[slot]) {
                let order = Int(members[slot &* slots &+ index])
                units &+= tables.orders[order].units
                stops.steps &+= 2
                if candidate(of: order, vehicle: vehicle) == nil { return false }
            }
            if units > driver.pointee.units { return false }
        }
        return true
    }

    /// Writes the tail that a vehicle had when the change began behind the other's first batches.
    private mutating func move(batchesFrom first: Int, of vehicle: Int, to other: Int, from target: Int) {
        for batch in target..<queue {
            let from = vehicle &* queue &+ first &+ batch &- target
            let slot = other &* queue &+ batch
            let size = first &+ batch &- target < queue ? Int(savedSizes[from]) : 0
            sizes[slot] = UInt8(truncatingIfNeeded: size)
            for index in 0..<size {
                let row = savedMembers[from &* slots &+ index]
                let order = Int(row)
                members[slot &* slots &+ index] = row
                touch(order: order)
                let extra = candidate(of: order, vehicle: other)?.extra ?? 0
                total &+= Int(extra &- extras[order])
                owners[order] = Int32(truncatingIfNeeded: other)
                extras[order] = extra
            }
        }
    }
}
