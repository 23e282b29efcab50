internal import Geo

extension TickCompiler {
    /// The whole compilation.
    ///
    /// - Complexity: O(orders × drivers + orders²), by grid where there are many drivers.
    func compile(_ snapshot: borrowing DispatchSnapshot) -> CompiledTick {
        let sorted = snapshot.orders.sorted { $0.id < $1.id }.withoutRepeats(by: \.id)
        let possible = sorted.filter(isPossible)
        let expected = snapshot.expected.sorted { $0.id < $1.id }.withoutRepeats(by: \.id).filter(isPossible)
        let planned = possible + expected
        let drivers = snapshot.drivers.sorted { $0.id < $1.id }.withoutRepeats(by: \.id)
        let eligibility = Eligibility(now: now, policy: policy)
        let refusals = drivers.map { driver in
            isPlace(driver.place) ? eligibility.refusal(of: driver) : Refusal.tooLate
        }
        var table = VehicleTable()
        for (index, driver) in drivers.enumerated() where refusals[index] == nil {
            add(driver, index: index, firstRow: planned.count, to: &table)
        }
        let rows = possible.map { row($0) } + expected.map { expectedRow($0) }
        let finder = CandidateFinder(
            compiler: self, eligibility: eligibility, rows: rows, orders: planned, drivers: drivers, table: table)
        let (candidates, firsts, isCut) = finder.find(places: snapshot.places)
        let graph = OrderGraph(compiler: self, rows: rows, orders: planned, places: snapshot.places)
        let (related, relatedCount) = graph.related()
        let stride = (planned.count + 63) / 64 * 64
        let problem = SearchProblem(
            rules: stopRules, orders: rows + table.running, orderCount: planned.count, vehicles: table.rows,
            travel: travel,
            candidates: candidates, candidateFirst: firsts, related: related, relatedCount: relatedCount,
            pairs: policy.limits.usesOrderGraph && policy.stopRule != .oneRestaurant ? graph.pairs(stride: stride) : [],
            pairStride: stride, pinned: planned.map { $0.pinned == nil ? -1 : 1 }, isCut: isCut)
        return CompiledTick(
            policy: policy, policies: policies, now: now, orders: possible,
            impossible: sorted.filter { !isPossible($0) }, drivers: drivers,
            driverOfVehicle: table.drivers, refusals: refusals, runningIDs: table.runningIDs, isLocked: table.isLocked,
            problem: problem, metres: metres)
    }

    private func add(_ driver: DriverState, index: Int, firstRow: Int, to table: inout VehicleTable) {
        var row = VehicleRow(
            place: driver.place.value, start: max(0, seconds(driver.freeAt)),
            shiftEnd: driver.shiftEndsAt.map { seconds($0, roundedUp: false) } ?? Self.never,
            capacity: driver.room.orders.held(0, 1000), units: driver.room.units.held(0, 100_000),
            pace: paces[Int(driver.vehicle.rawValue)], runningFirst: Int32(firstRow + table.running.count),
            runningCount: 0)
        let (rows, ids) = runningRows(of: driver)
        let isLocked = rows.count > Int(min(policy.maxBatch, row.capacity))
        if isLocked {
            let end = endOfRunning(driver, row: row)
            (row.start, row.place) = (end.time, end.place)
        } else {
            row.runningCount = Int32(rows.count)
            table.running += rows
            table.runningIDs += ids
        }
        table.rows.append(row)
        table.drivers.append(Int32(index))
        table.isLocked.append(isLocked)
    }

    /// Running orders in ascending sequence of their ids; stops at places that do not exist are passed over.
    private func runningRows(of driver: DriverState) -> (rows: [OrderRow], ids: [OrderID]) {
        if driver.running.isEmpty { return ([], []) }
        var rows: [OrderRow] = []
        var ids: [OrderID] = []
        for id in driver.running.map(\.order).sorted().withoutRepeats(by: \.self) {
            guard let row = row(driver.running.filter { $0.order == id }) else { continue }
            rows.append(row)
            ids.append(id)
        }
        return (rows, ids)
    }

    /// When and where a driver has made all his running stops in the sequence that he was told.
    private func endOfRunning(_ driver: DriverState, row: VehicleRow) -> (time: Int32, place: Int32) {
        var time = Int64(row.start)
        var place = driver.place
        for stop in driver.running where isStop(stop.place) {
            time += (way(place, stop.place) * Int64(row.pace) + 1023) / 1024
            switch stop.kind {
            case .pickup:
                let ready = stop.readyAt.map { Int64(seconds($0)) } ?? 0
                time = max(time + policy.pickupApproach.value, ready) + policy.pickupHandover.value
            case .dropoff:
                time += policy.dropoffApproach.value + policy.dropoffHandover.value
            }
            place = stop.place
        }
        return (Int32(time.held(0, Self.horizon)), place.value)
    }
}

/// The drivers of a tick while its tables are being made.
struct VehicleTable {
    var rows: [VehicleRow] = []
    var drivers: [Int32] = []
    var isLocked: [Bool] = []
    var running: [OrderRow] = []
    var runningIDs: [OrderID] = []
}

extension Array {
    /// Only the first of neighbours with equal keys.
    func withoutRepeats<Key: Equatable>(by key: (Element) -> Key) -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(count)
        for element in self {
            if let last = result.last, key(last) == key(element) { continue }
            result.append(element)
        }
        return result
    }
}
