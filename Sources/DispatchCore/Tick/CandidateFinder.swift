internal import Geo

/// Finds for each order the drivers who may serve it, nearest in cost first.
struct CandidateFinder {
    let compiler: TickCompiler
    let eligibility: Eligibility
    let rows: [OrderRow]
    let orders: [WaitingOrder]
    let drivers: [DriverState]
    let table: VehicleTable
    private let policy: DispatchPolicy
    private let previousDriver: [OrderID: DriverID]
    private let preferred: Set<RestaurantID>
    /// Vehicles without rules of their own, and the ways of those that have running stops.
    private let isPlain: [Bool]
    private let ways: [CorridorLine?]
    private let hasWay: [Bool]
    private let ids: [DriverID]

    init(
        compiler: TickCompiler, eligibility: Eligibility, rows: [OrderRow], orders: [WaitingOrder],
        drivers: [DriverState],
        table: VehicleTable
    ) {
        self.compiler = compiler
        self.eligibility = eligibility
        self.rows = rows
        self.orders = orders
        self.drivers = drivers
        self.table = table
        policy = compiler.policy
        var previousDriver: [OrderID: DriverID] = [:]
        for batch in compiler.previous?.tentative ?? [] {
            for order in batch.orders { previousDriver[order] = batch.driver }
        }
        self.previousDriver = previousDriver
        isPlain = table.drivers.map { drivers[Int($0)].rules.isEmpty }
        ways = table.drivers.map { index in
            let driver = drivers[Int(index)]
            if driver.running.isEmpty { return nil }
            let stops = [driver.place] + driver.running.map(\.place).filter(compiler.isStop)
            return CorridorLine(stops, compiler: compiler)
        }
        hasWay = ways.map { $0 != nil }
        ids = table.drivers.map { drivers[Int($0)].id }
        preferred = Set(drivers.lazy.flatMap(\.rules).filter { $0.kind == .prefer }.map(\.restaurant))
    }

    func find(places: [GeoPoint]) -> (candidates: [Candidate], firsts: [Int32]) {
        var candidates: [Candidate] = []
        var firsts: [Int32] = [0]
        firsts.reserveCapacity(orders.count + 1)
        let near = NearVehicles(compiler: compiler, table: table, limit: Int(policy.limits.nearestDrivers))
        var found: [Candidate] = []
        for index in orders.indices {
            found.removeAll(keepingCapacity: true)
            let order = orders[index]
            let isPlain = order.pinned == nil && order.excluded.isEmpty && order.vehicles.isEmpty
            let before = previousDriver[order.id]
            near.forEachVehicle(near: rows[index].pickup) { vehicle in
                if let candidate = candidate(
                    order, row: rows[index], isPlain: isPlain, before: before, vehicle: vehicle)
                {
                    found.append(candidate)
                }
            }
            let limit = Int(policy.limits.nearestDrivers)
            found.keepSmallest(limit)
            candidates += found
            firsts.append(Int32(candidates.count))
        }
        return (candidates, firsts)
    }

    /// The pair of an order and a vehicle; nil where a rule or a limit forbids it.
    private func candidate(
        _ order: WaitingOrder, row: OrderRow, isPlain isPlainOrder: Bool, before: DriverID?, vehicle: Int
    ) -> Candidate? {
        if isPlainOrder, isPlain[vehicle] {
            if order.bagUnits > table.rows[vehicle].units { return nil }
        } else if eligibility.refusal(of: drivers[Int(table.drivers[vehicle])], for: order) != nil {
            return nil
        }
        guard let times = times(row, table.rows[vehicle]) else { return nil }
        var extra: Int64 = 0
        if let before, before != ids[vehicle] {
            extra += policy.weights.switching.value * 1000
        }
        if !preferred.isEmpty, let restaurant = order.restaurant, preferred.contains(restaurant),
            !prefers(drivers[Int(table.drivers[vehicle])], restaurant)
        {
            extra += policy.weights.preference.value * 1000
        }
        let delay = Int64(row.weight) * max(0, Int64(times.delivered - row.ideal))
        let late = Int64(row.lateness) * max(0, Int64(times.delivered - row.promised))
        let driving = Int64(policy.weights.driving.perMille) * Int64(times.driving)
        let busy = Int64(policy.weights.completion.perMille) * Int64(times.end - table.rows[vehicle].start)
        let signed = Int64(row.weight) * Int64(times.delivered - row.ideal)
        return Candidate(
            vehicle: Int32(vehicle), bound: Int32((delay + late + extra).held(0, Int64(Int32.max))),
            single: Int32((signed + late + driving + busy).held(Int64(Int32.min), Int64(Int32.max))),
            extra: Int32(extra.held(0, Int64(Int32.max))), joinsRunning: joins(order: order, vehicle: vehicle))
    }

    private func prefers(_ driver: DriverState, _ restaurant: RestaurantID) -> Bool {
        driver.rules.contains { $0.kind == .prefer && $0.restaurant == restaurant }
    }

    /// When a driver who goes straight to an order delivers it; nil beyond its limits or his shift.
    private func times(_ order: OrderRow, _ vehicle: VehicleRow) -> (delivered: Int32, end: Int32, driving: Int32)? {
        let pace = Int64(vehicle.pace)
        let approach = compiler.way(PlaceIndex(vehicle.place), PlaceIndex(order.pickup))
        if approach >= Int64(TravelSeconds.unreachable) { return nil }
        let toPickup = pace == 1024 ? approach : (approach * pace + 1023) >> 10
        let direct = Int64(order.ride) - policy.pickupHandover.value - policy.dropoffApproach.value
        let toDropoff = pace == 1024 ? direct : (direct * pace + 1023) >> 10
        let moment = max(Int64(vehicle.start) + toPickup + policy.pickupApproach.value, Int64(order.ready))
        if moment > Int64(vehicle.shiftEnd) { return nil }
        let delivered = moment + policy.pickupHandover.value + toDropoff + policy.dropoffApproach.value
        if delivered > Int64(order.deadline) || delivered > 2_000_000 { return nil }
        return (Int32(delivered), Int32(delivered + policy.dropoffHandover.value), Int32(toPickup + toDropoff))
    }

    /// Whether an order may be mixed into a driver's running stops: near one of their restaurants and ready about
    /// then, or with both ends on the driver's way.
    private func joins(order: WaitingOrder, vehicle: Int) -> Bool {
        guard hasWay[vehicle], let line = ways[vehicle], policy.stopRule != .oneRestaurant else { return false }
        if !policy.limits.usesOrderGraph { return true }
        if policy.stopRule == .pickupsFirst,
            !drivers[Int(table.drivers[vehicle])].running.contains(where: { $0.kind == .pickup })
        {
            return false
        }
        return line.distance(to: order.pickup) <= policy.limits.nearRestaurants.value
            && line.distance(to: order.dropoff) <= policy.limits.onTheWay.value
    }
}

extension [Candidate] {
    /// Keeps the `limit` cheapest, in ascending sequence: by bound, then cost alone, then driver.
    fileprivate mutating func keepSmallest(_ limit: Int) {
        sort { ($0.bound, $0.single, $0.vehicle) < ($1.bound, $1.single, $1.vehicle) }
        if count > limit { removeLast(count - limit) }
    }
}
