internal import Geo

/// A snapshot as the search sees it: tables, and the way back from their rows to orders and drivers.
struct CompiledTick: Sendable {
    let policy: DispatchPolicy
    let policies: OrderPolicies
    let now: Timestamp
    /// Ascending by id; row i of the problem is order i as long as it is below `problem.orderCount`.
    let orders: [WaitingOrder]
    /// Orders that no plan can hold, by id.
    let impossible: [WaitingOrder]
    /// All drivers, ascending by id.
    let drivers: [DriverState]
    /// Driver of each vehicle, as an index of `drivers`, ascending.
    let driverOfVehicle: [Int32]
    /// Why a driver is no vehicle; nil where he is one.
    let refusals: [Refusal?]
    /// Ids of the running orders behind the new ones.
    let runningIDs: [OrderID]
    /// Vehicles whose running stops are too many to be mixed: they start where and when these end.
    let isLocked: [Bool]
    var problem: SearchProblem
    let metres: MetreTable

    /// The id of any row.
    func orderID(_ row: Int) -> OrderID {
        row < problem.orderCount ? orders[row].id : runningIDs[row - problem.orderCount]
    }

    /// Whether a vehicle's shift ends before it can be at an order's pickup with the food ready, however it drives.
    func endsShift(_ vehicle: Int, before row: Int, _ tables: SearchTables) -> Bool {
        tables.pickup(of: row, by: vehicle) > Int(tables.vehicles[vehicle].shiftEnd)
    }

    /// Why a vehicle that no rule keeps from an order is not among those tried for it.
    func refusalOfUntried(_ vehicle: Int, for row: Int, _ tables: SearchTables) -> Refusal {
        if endsShift(vehicle, before: row, tables) { return .shiftEnds }
        let order = tables.orders + row
        let isInTime = tables.pickup(of: row, by: vehicle) + Int(order.pointee.ride) <= Int(order.pointee.deadline)
        return problem.isCut && isInTime ? .farther : .tooLate
    }

    func shiftRefusal(of driver: DriverState, for row: Int, _ tables: SearchTables) -> Refusal? {
        guard driver.shiftEndsAt != nil, let vehicle = vehicle(of: driver.id) else { return nil }
        return endsShift(Int(vehicle), before: row, tables) ? .shiftEnds : nil
    }

    func driver(ofVehicle vehicle: Int) -> DriverState { drivers[Int(driverOfVehicle[vehicle])] }
}

extension SearchTables {
    /// The earliest moment at which a vehicle can have an order's food, its other orders left out.
    fileprivate func pickup(of row: Int, by vehicle: Int) -> Int {
        let (driver, order) = (vehicles + vehicle, orders + row)
        let way = travel(driver.pointee.place, order.pointee.pickup, Int(driver.pointee.pace))
        return max(Int(driver.pointee.start) + way + rules.pickupApproach, Int(order.pointee.ready))
    }
}

/// Lengths of ways, for what is shown and paid; the search itself looks at seconds only.
struct MetreTable: Sendable {
    var matrix: [Int32]
    var columns: Int
    var points: [LocalPoint]
    var detour: Double
    /// Seconds of the travel table, for a matrix without metres.
    var seconds: [Int32]

    func length(from: Int32, to: Int32) -> WholeMetres {
        if from == to { return .zero }
        if !matrix.isEmpty { return WholeMetres(Int64(matrix[Int(from) * columns + Int(to)])) }
        if !seconds.isEmpty { return WholeMetres(Int64(seconds[Int(from) * columns + Int(to)]) * 13 / 2) }
        guard Int(from) < points.count, Int(to) < points.count else { return .zero }
        return WholeMetres((points[Int(from)].distance(to: points[Int(to)]) * detour).whole)
    }
}
