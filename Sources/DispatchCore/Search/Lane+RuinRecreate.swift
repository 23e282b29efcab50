/// How the search cools down.
struct Cooling: Sendable {
    /// Temperatures in `Cost` units at the start and at the end.
    var first: Double
    var last: Double
    /// Mean number of orders taken out at once.
    var ruin: Int
    var blink: Double

    /// One of several equal parts, each of which starts where the one before ends.
    func part(_ number: Int, of count: Int) -> Cooling {
        let ratio = last / first
        var part = self
        part.first = first * Power.of(ratio, Double(number) / Double(count))
        part.last = first * Power.of(ratio, Double(number + 1) / Double(count))
        return part
    }
}

extension Lane {
    /// Steps charged to a round that looked at no stop order: orders that no driver can take must use the budget up.
    private static let idleRoundSteps = 16

    /// Takes related orders out: around one random order, the drivers of its nearest relatives lose that relative,
    /// often all they have.
    mutating func ruin(about count: Int) {
        let target = 1 &+ random.below(2 &* count &- 1)
        let seed = Int(activeOrders[random.below(activeOrderCount)])
        takeOut(seed, all: random.unit() < 0.5, upTo: target)
        var next = 0
        while removedCount < target, next < tables.relatedCount {
            let relative = Int(tables.related[seed &* tables.relatedCount &+ next])
            next &+= 1
            // Passing some over keeps the same ruin from coming again and again.
            if random.unit() < 0.25 { continue }
            takeOut(relative, all: random.unit() < 0.35, upTo: target &+ 2)
        }
    }

    private mutating func takeOut(_ order: Int, all: Bool, upTo limit: Int) {
        let vehicle = Int(owners[order])
        if vehicle < 0 {
            if mayPlace[order], !removedContains(order) {
                removed[removedCount] = Int32(truncatingIfNeeded: order)
                removedCount &+= 1
            }
            return
        }
        guard isActive[vehicle] else { return }
        remove(order)
        guard all else { return }
        for batch in 0..<queue {
            let slot = vehicle &* queue &+ batch
            var index = Int(sizes[slot]) &- 1
            while index >= 0, removedCount < limit {
                let other = Int(members[slot &* slots &+ index])
                if other < tables.orderCount { remove(other) }
                index &-= 1
            }
            if queue > 1 { break }
        }
    }

    @inline(__always)
    private func removedContains(_ order: Int) -> Bool {
        for index in 0..<removedCount where Int(removed[index]) == order { return true }
        return false
    }

    /// Puts the removed orders back, each at its cheapest place, in a sequence drawn by lot from a few sensible ones.
    mutating func recreate(blink: Double) {
        let choice = random.below(8)
        for index in 0..<removedCount {
            let order = Int(removed[index])
            let row = tables.orders[order]
            switch choice {
            case 0, 1, 2: sortKeys[index] = random.below(1 << 30)
            case 3: sortKeys[index] = Int(row.ready)
            case 4: sortKeys[index] = -Int(row.ready)
            case 5: sortKeys[index] = -Int(row.ride)
            case 6: sortKeys[index] = Int(row.ride)
            default: sortKeys[index] = Int(row.ideal)
            }
        }
        sortRemoved()
        for index in 0..<removedCount { place(Int(removed[index]), blink: blink) }
    }

    /// Puts one unserved order at its cheapest place, if any place is cheaper than none.
    mutating func place(_ order: Int, blink: Double) {
        let best = cheapestInsertion(of: order, blink: blink)
        guard best.candidate >= 0 else { return }
        let candidate = tables.candidates[best.candidate]
        insert(order, vehicle: Int(candidate.vehicle), batch: best.batch, isNew: best.isNew, extra: candidate.extra)
    }

    private func sortRemoved() {
        var index = 1
        while index < removedCount {
            let key = sortKeys[index]
            let order = removed[index]
            var hole = index
            while hole > 0, sortKeys[hole &- 1] > key || (sortKeys[hole &- 1] == key && removed[hole &- 1] > order) {
                sortKeys[hole] = sortKeys[hole &- 1]
                removed[hole] = removed[hole &- 1]
                hole &-= 1
            }
            sortKeys[hole] = key
            removed[hole] = order
            index &+= 1
        }
    }

    /// Ruin and recreate with annealing (Schrimpf et al. 2000; Christiaens and Vanden Berghe 2020) until the steps are
    /// used up. Ends with the best routes met.
    mutating func anneal(_ cooling: Cooling, untilSteps limit: Int, into best: inout RouteSet) {
        guard activeOrderCount > 1 else { return }
        let first = stops.steps
        let span = Double(max(limit &- first, 1))
        let ratio = cooling.last / cooling.first
        var bestTotal = total
        best.copy(from: self)
        var temperature = cooling.first
        var iteration = 0
        while stops.steps < limit {
            if iteration & 31 == 0 {
                temperature = cooling.first * Power.of(ratio, Double(stops.steps &- first) / span)
            }
            iteration &+= 1
            let before = stops.steps
            begin()
            ruin(about: cooling.ruin)
            recreate(blink: cooling.blink)
            if stops.steps == before { stops.steps &+= Self.idleRoundSteps }
            let allowed = temperature * -Power.logarithm(random.unit())
            if Double(total &- savedTotal) >= allowed {
                undo()
                continue
            }
            keep()
            if total < bestTotal {
                bestTotal = total
                best.copyChanges(from: &self)
            }
        }
        best.restore(into: &self)
    }
}
