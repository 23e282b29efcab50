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
        let (vehicle, order) = (tables.vehicles[vehicle], tables.orders[row])
        let way = tables.travel(vehicle.place, order.pickup, Int(vehicle.pace))
        let arrival = Int(vehicle.start) + way + tables.rules.pickupApproach
        return max(arrival, Int(order.ready)) > Int(vehicle.shiftEnd)
    }

    func shiftRefusal(of driver: DriverState, for row: Int, _ tables: SearchTables) -> Refusal? {
        guard driver.shiftEndsAt != nil, let vehicle = vehicle(of: driver.id) else { return nil }
        return endsShift(Int(vehicle), before: row, tables) ? .shiftEnds : nil
    }

    func driver(ofVehicle vehicle: Int) -> DriverState { drivers[Int(driverOfVehicle[vehicle])] }
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
