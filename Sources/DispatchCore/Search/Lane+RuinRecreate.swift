extension Lane: RuinRecreateRoutes {
    var steps: Int {
        @inline(__always) get { stops.steps }
        @inline(__always) set { stops.steps = newValue }
    }

    var relatedCount: Int { tables.relatedCount }

    mutating func drawOrder() -> Int { Int(activeOrders[random.below(activeOrderCount)]) }

    @inline(__always)
    func relative(_ index: Int, of order: Int) -> Int {
        Int(tables.related[order &* tables.relatedCount &+ index])
    }

    mutating func takeOut(_ order: Int, neighbours: Bool, upTo limit: Int) {
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
        guard neighbours else { return }
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

    func sortKey(_ key: RecreateKey, of order: Int) -> Int {
        let row = tables.orders + order
        return switch key {
        case .ready: Int(row.pointee.ready)
        case .readyLast: -Int(row.pointee.ready)
        case .longest: -Int(row.pointee.ride)
        case .shortest: Int(row.pointee.ride)
        case .mostUrgent: Int(row.pointee.ideal)
        }
    }

    mutating func place(_ order: Int, blink: Double) {
        let best = cheapestInsertion(of: order, blink: blink)
        guard best.candidate >= 0 else { return }
        let candidate = tables.candidates[best.candidate]
        insert(order, vehicle: Int(candidate.vehicle), batch: best.batch, isNew: best.isNew, extra: candidate.extra)
    }
}
