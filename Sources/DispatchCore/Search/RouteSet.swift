/// A copy of a lane's routes: the best met so far.
struct RouteSet: ~Copyable {
    private let members: UnsafeMutablePointer<Int32>
    private let sizes: UnsafeMutablePointer<UInt8>
    private let owners: UnsafeMutablePointer<Int32>
    private let extras: UnsafeMutablePointer<Int32>

    init(like lane: borrowing Lane) {
        let vehicles = max(lane.tables.vehicleCount, 1)
        let orders = max(lane.tables.orderCount, 1)
        members = .filled(0, vehicles * lane.queue * lane.slots)
        sizes = .filled(0, vehicles * lane.queue)
        owners = .filled(-1, orders)
        extras = .filled(0, orders)
    }

    deinit {
        members.deallocate()
        sizes.deallocate()
        owners.deallocate()
        extras.deallocate()
    }

    mutating func copy(from lane: borrowing Lane) {
        let batches = lane.tables.vehicleCount * lane.queue
        members.update(from: lane.members, count: batches * lane.slots)
        sizes.update(from: lane.sizes, count: batches)
        owners.update(from: lane.owners, count: lane.tables.orderCount)
        extras.update(from: lane.extras, count: lane.tables.orderCount)
    }

    /// Takes over only what changed since the last copy: at the end of a long search most vehicles stand still.
    mutating func copyChanges(from lane: inout Lane) {
        let span = lane.queue * lane.slots
        for index in 0..<lane.changedVehicleCount {
            let vehicle = Int(lane.changedVehicles[index])
            lane.hasChangedVehicle[vehicle] = false
            (members + vehicle * span).update(from: lane.members + vehicle * span, count: span)
            (sizes + vehicle * lane.queue).update(from: lane.sizes + vehicle * lane.queue, count: lane.queue)
        }
        for index in 0..<lane.changedOrderCount {
            let order = Int(lane.changedOrders[index])
            lane.hasChangedOrder[order] = false
            owners[order] = lane.owners[order]
            extras[order] = lane.extras[order]
        }
        lane.changedVehicleCount = 0
        lane.changedOrderCount = 0
    }

    /// Makes these the lane's routes and computes their cost anew.
    func restore(into lane: inout Lane) {
        let batches = lane.tables.vehicleCount * lane.queue
        lane.members.update(from: members, count: batches * lane.slots)
        lane.sizes.update(from: sizes, count: batches)
        lane.owners.update(from: owners, count: lane.tables.orderCount)
        lane.extras.update(from: extras, count: lane.tables.orderCount)
        lane.recount()
    }
}

extension Lane {
    /// Computes the cost of everything from the routes.
    mutating func recount() {
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
