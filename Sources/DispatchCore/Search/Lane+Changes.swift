extension Lane {
    /// Starts a change that `undo` can take back.
    mutating func begin() {
        stamp &+= 1
        touchedVehicleCount = 0
        touchedOrderCount = 0
        removedCount = 0
        savedTotal = total
    }

    /// Everything as it was at `begin`.
    mutating func undo() {
        for index in 0..<touchedVehicleCount {
            let vehicle = Int(touchedVehicles[index])
            let first = vehicle &* queue
            (members + first &* slots).update(from: savedMembers + first &* slots, count: queue &* slots)
            (sizes + first).update(from: savedSizes + first, count: queue)
            (starts + first).update(from: savedStarts + first, count: queue)
            (places + first).update(from: savedPlaces + first, count: queue)
            (batchCosts + first).update(from: savedBatchCosts + first, count: queue)
            costs[vehicle] = savedCosts[vehicle]
            shifts[vehicle] = savedShifts[vehicle]
        }
        for index in 0..<touchedOrderCount {
            let order = Int(touchedOrders[index])
            owners[order] = savedOwners[order]
            extras[order] = savedExtras[order]
        }
        total = savedTotal
    }

    /// Notes what the change that is being kept has touched.
    mutating func keep() {
        for index in 0..<touchedVehicleCount {
            let vehicle = touchedVehicles[index]
            if hasChangedVehicle[Int(vehicle)] { continue }
            hasChangedVehicle[Int(vehicle)] = true
            changedVehicles[changedVehicleCount] = vehicle
            changedVehicleCount &+= 1
        }
        for index in 0..<touchedOrderCount {
            let order = touchedOrders[index]
            if hasChangedOrder[Int(order)] { continue }
            hasChangedOrder[Int(order)] = true
            changedOrders[changedOrderCount] = order
            changedOrderCount &+= 1
        }
    }

    @inline(__always)
    mutating func touch(vehicle: Int) {
        if vehicleStamps[vehicle] == stamp { return }
        vehicleStamps[vehicle] = stamp
        touchedVehicles[touchedVehicleCount] = Int32(truncatingIfNeeded: vehicle)
        touchedVehicleCount &+= 1
        let first = vehicle &* queue
        (savedMembers + first &* slots).update(from: members + first &* slots, count: queue &* slots)
        (savedSizes + first).update(from: sizes + first, count: queue)
        (savedStarts + first).update(from: starts + first, count: queue)
        (savedPlaces + first).update(from: places + first, count: queue)
        (savedBatchCosts + first).update(from: batchCosts + first, count: queue)
        savedCosts[vehicle] = costs[vehicle]
        savedShifts[vehicle] = shifts[vehicle]
    }

    @inline(__always)
    mutating func touch(order: Int) {
        if orderStamps[order] == stamp { return }
        orderStamps[order] = stamp
        touchedOrders[touchedOrderCount] = Int32(truncatingIfNeeded: order)
        touchedOrderCount &+= 1
        savedOwners[order] = owners[order]
        savedExtras[order] = extras[order]
    }

    /// Puts an order into a batch of a vehicle, or into a new batch at that place of its queue.
    mutating func insert(_ order: Int, vehicle: Int, batch: Int, isNew: Bool, extra: Int32) {
        touch(vehicle: vehicle)
        touch(order: order)
        let slot = vehicle &* queue &+ batch
        if isNew {
            var later = queue &- 1
            while later > batch {
                let from = vehicle &* queue &+ later &- 1
                (members + (from &+ 1) &* slots).update(from: members + from &* slots, count: slots)
                sizes[from &+ 1] = sizes[from]
                later &-= 1
            }
            sizes[slot] = 0
        }
        let row = Int32(truncatingIfNeeded: order)
        let list = members + slot &* slots
        var position = Int(sizes[slot])
        while position > 0, list[position &- 1] > row {
            list[position] = list[position &- 1]
            position &-= 1
        }
        list[position] = row
        sizes[slot] &+= 1
        owners[order] = Int32(truncatingIfNeeded: vehicle)
        extras[order] = extra
        total &-= costs[vehicle] &+ tables.orders[order].unserved
        settle(vehicle, from: batch)
        total &+= costs[vehicle] &+ Int(extra)
    }

    /// Takes a new order from its vehicle; it is unserved then. `settles: false` leaves the vehicle's cost to the
    /// caller.
    mutating func remove(_ order: Int) {
        let vehicle = Int(owners[order])
        touch(vehicle: vehicle)
        touch(order: order)
        let row = Int32(truncatingIfNeeded: order)
        var changed = 0
        for batch in 0..<queue {
            let slot = vehicle &* queue &+ batch
            let list = members + slot &* slots
            let size = Int(sizes[slot])
            var position = 0
            while position < size, list[position] != row { position &+= 1 }
            if position == size { continue }
            while position &+ 1 < size {
                list[position] = list[position &+ 1]
                position &+= 1
            }
            sizes[slot] &-= 1
            changed = batch
            if size == 1 { closeGap(vehicle, batch) }
            break
        }
        total &+= tables.orders[order].unserved &- Int(extras[order]) &- costs[vehicle]
        owners[order] = -1
        extras[order] = 0
        settle(vehicle, from: changed)
        total &+= costs[vehicle]
        removed[removedCount] = row
        removedCount &+= 1
    }

    private mutating func closeGap(_ vehicle: Int, _ batch: Int) {
        var index = batch
        while index &+ 1 < queue {
            let slot = vehicle &* queue &+ index
            (members + slot &* slots).update(from: members + (slot &+ 1) &* slots, count: slots)
            sizes[slot] = sizes[slot &+ 1]
            index &+= 1
        }
        sizes[vehicle &* queue &+ queue &- 1] = 0
    }
}
