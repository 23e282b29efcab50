extension Lane {
    /// Every batch of a queue that can take the order, and a new batch at every place of the queue.
    ///
    /// A place is passed over where the order's own delay, if the driver went straight to it from there, is as dear as
    /// the best place known: whatever else he carries only adds to that.
    mutating func considerQueue(
        _ order: Int, vehicle: Int, candidate: Int, row: UnsafePointer<Candidate>, best: inout Insertion
    ) {
        let count = batchCount(vehicle)
        let first = vehicle &* queue
        let extra = Int(row.pointee.extra)
        var before = 0
        for batch in 0...min(count, queue &- 1) {
            let slot = first &+ batch
            stops.steps &+= 1
            let alone = cost(of: order, vehicle: vehicle, time: Int(starts[slot]), place: places[slot])
            if alone.least &+ extra < best.delta {
                let cutoff = costs[vehicle] &+ best.delta &- extra &- before
                if batch < count, fits(order, vehicle: vehicle, batch: batch, row: row) {
                    let value = evaluate(adding: order, to: vehicle, batch: batch, cutoff: cutoff)
                    take(value, batch: batch, isNew: false, vehicle, candidate, extra, before, cutoff, &best)
                }
                let behindRunning = batch > 0 || tables.vehicles[vehicle].runningCount == 0
                if count < queue, behindRunning, alone.value.isExact {
                    take(alone.value, batch: batch, isNew: true, vehicle, candidate, extra, before, cutoff, &best)
                }
            }
            if batch < count { before &+= batchCosts[slot] }
        }
    }

    /// Notes an insertion if the queue behind it leaves it cheaper than the best.
    @inline(__always)
    private mutating func take(
        _ value: BatchValue, batch: Int, isNew: Bool, _ vehicle: Int, _ candidate: Int, _ extra: Int, _ before: Int,
        _ cutoff: Int, _ best: inout Insertion
    ) {
        guard value.isExact, value.cost < cutoff else { return }
        let rest = costOfQueue(vehicle, from: isNew ? batch : batch &+ 1, after: value, cutoff: cutoff)
        let delta = before &+ rest &- costs[vehicle] &+ extra
        if delta < best.delta { best = Insertion(candidate: candidate, batch: batch, isNew: isNew, delta: delta) }
    }

    /// Cost of `value` and of the batches from `batch` on when they start where `value` ends.
    private mutating func costOfQueue(_ vehicle: Int, from batch: Int, after value: BatchValue, cutoff: Int) -> Int {
        var cost = value.cost
        var time = value.end
        var place = value.place
        var next = batch
        while next < queue {
            let slot = vehicle &* queue &+ next
            let size = Int(sizes[slot])
            if size == 0 { break }
            if cost >= cutoff { return StopSearch.infinity }
            let later = batchValue(
                ofBatch: slot, size: size, vehicle: vehicle, isFirst: false, time: time, place: place,
                cutoff: cutoff &- cost)
            if !later.isExact { return StopSearch.infinity }
            cost &+= later.cost
            time = later.end
            place = later.place
            next &+= 1
        }
        return cost
    }

    /// The cost of a batch as it stands, from a given time and place; a queue's batches of one order need no search.
    @inline(__always)
    mutating func batchValue(
        ofBatch slot: Int, size: Int, vehicle: Int, isFirst: Bool, time: Int32, place: Int32,
        cutoff: Int = StopSearch.infinity
    ) -> BatchValue {
        let list = members + slot &* slots
        if size == 1, queue > 1, Int(list[0]) < tables.orderCount {
            stops.steps &+= 1
            let alone = cost(of: Int(list[0]), vehicle: vehicle, time: Int(time), place: place).value
            if alone.isExact { return alone }
            return BatchValue(cost: StopSearch.infinity, end: time, place: place, isExact: false)
        }
        return evaluate(
            vehicle, isFirst: isFirst, orders: list, count: size, time: time, place: place, cutoff: cutoff)
    }

    /// What a batch of this new order alone costs from a given time and place, as `StopSearch` finds it, and the part
    /// of it that no other way of serving the order from there can avoid.
    @inline(__always)
    func cost(of order: Int, vehicle: Int, time: Int, place: Int32) -> (value: BatchValue, least: Int) {
        let (row, driver, rules) = (tables.orders + order, tables.vehicles + vehicle, tables.rules)
        let pace = Int(driver.pointee.pace)
        let approach = tables.travel(place, row.pointee.pickup, pace)
        let ride = tables.travel(row.pointee.pickup, row.pointee.dropoff, pace)
        let moment = max(time &+ approach &+ rules.pickupApproach, Int(row.pointee.ready))
        let inBag = rules.pickupHandover &+ ride &+ rules.dropoffApproach
        let delivered = moment &+ inBag
        let end = delivered &+ rules.dropoffHandover
        var delay = Int(row.pointee.weight) &* (delivered &- Int(row.pointee.ideal))
        if delivered > Int(row.pointee.promised) {
            delay &+= Int(row.pointee.lateness) &* (delivered &- Int(row.pointee.promised))
        }
        let isPossible =
            moment <= Int(driver.pointee.shiftEnd) && delivered <= Int(row.pointee.deadline)
            && inBag <= Int(row.pointee.bagLimit)
        let cost =
            delay &+ (approach &+ ride) &* rules.driving &+ rules.bagTime &* max(0, inBag &- Int(row.pointee.ride))
            &+ rules.completion &* (end &- time)
        return (
            BatchValue(
                cost: cost, end: Int32(truncatingIfNeeded: end), place: row.pointee.dropoff, isExact: isPossible), delay
        )
    }
}
