extension Lane {
    /// Anneals where there is anything to change.
    mutating func search(_ cooling: Cooling, untilSteps limit: Int) {
        if activeOrderCount > 1 { anneal(cooling, untilSteps: limit) }
    }

    mutating func noteBest(isFirst: Bool) {
        if isFirst { noteAll() } else { noteChanges() }
    }

    private mutating func noteAll() {
        let batches = tables.vehicleCount * queue
        bestMembers.update(from: members, count: batches * slots)
        bestSizes.update(from: sizes, count: batches)
        bestOwners.update(from: owners, count: tables.orderCount)
        bestExtras.update(from: extras, count: tables.orderCount)
    }

    /// Takes over only what changed since the best was noted: at the end of a long search most vehicles stand still.
    private mutating func noteChanges() {
        let span = queue * slots
        for index in 0..<changedVehicleCount {
            let vehicle = Int(changedVehicles[index])
            hasChangedVehicle[vehicle] = false
            (bestMembers + vehicle * span).update(from: members + vehicle * span, count: span)
            (bestSizes + vehicle * queue).update(from: sizes + vehicle * queue, count: queue)
        }
        for index in 0..<changedOrderCount {
            let order = Int(changedOrders[index])
            hasChangedOrder[order] = false
            bestOwners[order] = owners[order]
            bestExtras[order] = extras[order]
        }
        changedVehicleCount = 0
        changedOrderCount = 0
    }

    mutating func restoreBest() {
        let batches = tables.vehicleCount * queue
        members.update(from: bestMembers, count: batches * slots)
        sizes.update(from: bestSizes, count: batches)
        owners.update(from: bestOwners, count: tables.orderCount)
        extras.update(from: bestExtras, count: tables.orderCount)
        recount()
    }

    /// Computes the cost of everything from the routes.
    private mutating func recount() {
        total = 0
        for order in 0..<tables.orderCount {
            total += owners[order] < 0 ? tables.orders[order].unserved : Int(extras[order])
        }
        for vehicle in 0..<tables.vehicleCount {
            if isEmpty(vehicle) { costs[vehicle] = 0 } else { settle(vehicle) }
            total += costs[vehicle]
        }
    }
}
