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

    func find(places: [GeoPoint]) -> (candidates: [Candidate], firsts: [Int32], isCut: Bool) {
        var candidates: [Candidate] = []
        var firsts: [Int32] = [0]
        firsts.reserveCapacity(orders.count + 1)
        let near = NearVehicles(compiler: compiler, table: table, orders: orders.count)
        var isCut = !near.namesEveryone
        let limit = Int(policy.limits.nearestDrivers)
        let crowds = Crowds(rows: rows, travel: compiler.travel)
        var found: [Candidate] = []
        for index in orders.indices {
            found.removeAll(keepingCapacity: true)
            let order = orders[index]
            let isPlain = order.pinned == nil && order.excluded.isEmpty && order.vehicles.isEmpty
            let before = rows[index].isExpected ? nil : previousDriver[order.id]
            let crowd = crowds.crowd(of: index)
            let consider = { (vehicle: Int) -> Bool in
                guard
                    let candidate = candidate(
                        order, row: rows[index], isPlain: isPlain, before: before, vehicle: vehicle)
                else { return false }
                found.append(candidate)
                return true
            }
            if let pinned = order.pinned {
                if let vehicle = vehicle(of: pinned) { _ = consider(vehicle) }
            } else {
                let wanted = max(limit * 4, crowd.size)
                near.forEachVehicle(
                    near: rows[index].pickup, until: wanted, lookingAt: isPlain ? wanted * 8 : Int.max, consider)
            }
            if isOverdue(order) { found.keepReady(within: horizon, table: table) }
            let possible = found.count
            found.keepSmallest(limit, crowd: crowd) { table.rows[$0].runningCount == 0 }
            isCut = isCut || found.count < possible
            candidates += found
            firsts.append(Int32(candidates.count))
        }
        return (candidates, firsts, isCut)
    }

    /// Whether an order has waited so long that only drivers who can be told at once come into question.
    private func isOverdue(_ order: WaitingOrder) -> Bool {
        let age = compiler.now.millisecondsSince(order.pooledAt) / 1000
        let maxWait = compiler.policies[order.zone].maxWait
        return policy.commitment == .late && age + policy.tick.value > maxWait.value
    }

    private var horizon: Int32 { Int32((policy.tick.value + policy.margin.value).held(0, 7200)) }

    private func vehicle(of driver: DriverID) -> Int? { ids.firstIndex(of: driver) }

    /// The pair of an order and a vehicle; nil where a rule or a limit forbids it.
    private func candidate(
        _ order: WaitingOrder, row: OrderRow, isPlain isPlainOrder: Bool, before: DriverID?, vehicle: Int
    ) -> Candidate? {
        if isPlainOrder, isPlain[vehicle] {
            if order.bagUnits > table.rows[vehicle].units { return nil }
        } else if eligibility.refusal(of: drivers[Int(table.drivers[vehicle])], for: order) != nil {
            return nil
        }
        let joinsRunning = !row.isExpected && joins(order: order, vehicle: vehicle)
        guard let times = times(row, vehicle, joinsRunning: joinsRunning) else { return nil }
        var extra: Int64 = 0
        if let before, before != ids[vehicle] {
            extra += compiler.policies[order.zone].weights.switching.value * 1000
        }
        if !preferred.isEmpty, let restaurant = order.restaurant, preferred.contains(restaurant),
            !prefers(drivers[Int(table.drivers[vehicle])], restaurant)
        {
            extra += compiler.policies[order.zone].weights.preference.value * 1000
        }
        let delay = Int64(row.weight) * max(0, Int64(times.delivered - row.ideal))
        let late = Int64(row.lateness) * max(0, Int64(times.delivered - row.promised))
        let driving = Int64(policy.weights.driving.perMille) * Int64(times.driving)
        let busy = Int64(policy.weights.completion.perMille) * Int64(times.end - table.rows[vehicle].start)
        let signed = Int64(row.weight) * Int64(times.delivered - row.ideal)
        return Candidate(
            vehicle: Int32(vehicle), bound: Int32((delay + late + extra).held(0, Int64(Int32.max))),
            single: Int32((signed + late + driving + busy).held(Int64(Int32.min), Int64(Int32.max))),
            earliest: times.delivered, extra: Int32(extra.held(0, Int64(Int32.max))), joinsRunning: joinsRunning)
    }

    private func prefers(_ driver: DriverState, _ restaurant: RestaurantID) -> Bool {
        driver.rules.contains { $0.kind == .prefer && $0.restaurant == restaurant }
    }

    /// When a driver who goes straight to an order delivers it; nil beyond its limits or his shift.
    ///
    /// One with stops to make that the order may not be mixed into goes there from one of his dropoffs, and not before
    /// he has handed everything over.
    private func times(
        _ order: OrderRow, _ number: Int, joinsRunning: Bool
    ) -> (delivered: Int32, end: Int32, driving: Int32)? {
        let vehicle = table.rows[number]
        let pace = Int64(vehicle.pace)
        let pickup = PlaceIndex(order.pickup)
        var approach = compiler.way(PlaceIndex(vehicle.place), pickup)
        var start = Int64(vehicle.start)
        if vehicle.runningCount > 0, !joinsRunning {
            let dropoffs = drivers[Int(table.drivers[number])].running.filter {
                $0.kind == .dropoff && compiler.isStop($0.place)
            }
            if let nearest = dropoffs.map({ compiler.way($0.place, pickup) }).min() { approach = nearest }
            start += Int64(dropoffs.count) * (policy.dropoffApproach.value + policy.dropoffHandover.value)
        }
        if approach >= Int64(TravelSeconds.unreachable) { return nil }
        let toPickup = pace == 1024 ? approach : (approach * pace + 1023) >> 10
        let direct = Int64(order.ride) - policy.pickupHandover.value - policy.dropoffApproach.value
        let toDropoff = pace == 1024 ? direct : (direct * pace + 1023) >> 10
        let moment = max(start + toPickup + policy.pickupApproach.value, Int64(order.ready))
        if moment > Int64(vehicle.shiftEnd) { return nil }
        let delivered = moment + policy.pickupHandover.value + toDropoff + policy.dropoffApproach.value
        if delivered > Int64(order.deadline) || delivered > 2_000_000 { return nil }
        return (Int32(delivered), Int32(delivered + policy.dropoffHandover.value), Int32(toPickup + toDropoff))
    }

    /// Whether an order may be mixed into a driver's running stops: near one of their restaurants and ready about
    /// then, or with both ends on the driver's way.
    private func joins(order: WaitingOrder, vehicle: Int) -> Bool {
        guard hasWay[vehicle], let line = ways[vehicle], policy.stopRule != .oneRestaurant else { return false }
        if let last = drivers[Int(table.drivers[vehicle])].mixesPlacedUntil, order.placedAt > last { return false }
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
    /// Keeps the cheapest, in ascending sequence: by bound, then cost alone, then driver.
    ///
    /// Those are `limit` of all and as many of those with nothing in hand, so that near drivers who are busy do not
    /// hide a free one. Of a crowd of orders at one place each keeps the nearer half and a share of the rest of its
    /// own, so that together they know more drivers than one of them can.
    fileprivate mutating func keepSmallest(_ limit: Int, crowd: Crowds.Crowd, isIdle: (Int) -> Bool) {
        func isBefore(_ first: Candidate, _ second: Candidate) -> Bool {
            (first.bound, first.single, first.vehicle) < (second.bound, second.single, second.vehicle)
        }
        guard count > limit else { return sort(by: isBefore) }
        let half = limit / 2
        if crowd.size > limit, half > 0 {
            let rest = count - half
            let first = crowd.place * half % rest
            let behind = Swift.min(limit - half, rest - first)
            // What reaches over the end begins again behind the nearer half.
            let around = half + (limit - half - behind)
            sortPart(0..<around, by: isBefore)
            sortPart((half + first)..<(half + first + behind), by: isBefore)
            removeSubrange((half + first + behind)...)
            removeSubrange(around..<(half + first))
            return
        }
        sortPart(0..<limit, by: isBefore)
        let missing = limit - self[..<limit].count { isIdle(Int($0.vehicle)) }
        var idle = missing > 0 ? self[limit...].filter { isIdle(Int($0.vehicle)) } : []
        idle.sortPart(0..<missing, by: isBefore)
        replaceSubrange(limit..., with: idle.prefix(missing))
    }

    /// Keeps those who start within so many seconds and have nothing else to do, where there are any.
    fileprivate mutating func keepReady(within horizon: Int32, table: VehicleTable) {
        let ready = filter {
            let row = table.rows[Int($0.vehicle)]
            return row.start <= horizon && row.runningCount == 0
        }
        if !ready.isEmpty { self = ready }
    }
}

/// How many orders wait at about the same place: those share the drivers around.
struct Crowds {
    struct Crowd {
        var size: Int
        /// The order's number among them.
        var place: Int
    }

    private struct Cell: Hashable {
        var x: Int32
        var y: Int32
    }

    private static let metres = 300.0
    private let crowds: [Crowd]

    init(rows: [OrderRow], travel: TravelTable) {
        let cells = rows.map { row in
            let place = Int(row.pickup)
            guard travel.matrix.isEmpty, travel.xs.indices.contains(place) else { return Cell(x: row.pickup, y: -1) }
            return Cell(
                x: Int32((travel.xs[place] / Self.metres).rounded(.down).clamped),
                y: Int32((travel.ys[place] / Self.metres).rounded(.down).clamped))
        }
        var sizes: [Cell: Int] = [:]
        var places: [Int] = []
        places.reserveCapacity(rows.count)
        for cell in cells {
            places.append(sizes[cell, default: 0])
            sizes[cell, default: 0] += 1
        }
        crowds = zip(cells, places).map { Crowd(size: sizes[$0, default: 1], place: $1) }
    }

    func crowd(of order: Int) -> Crowd { crowds[order] }
}

extension Double {
    /// Inside what 32 bits hold.
    fileprivate var clamped: Double { Swift.min(Swift.max(self, -1e9), 1e9) }
}
