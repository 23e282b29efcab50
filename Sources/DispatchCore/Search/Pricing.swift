/// Finds the batches that the prices ask for and nobody has tried yet: every single, pair and triple of a vehicle
/// whose reduced cost is at most `threshold`, by enumeration with bounds.
///
/// A batch costs at least what any part of it costs plus the least that each further order adds, so a pair that is
/// too dear with the most profitable third order is never completed.
struct Pricing {
    private struct Row {
        var order: Int
        var gain: Int
        var bound: Int
        var single: Int
        var extra: Int
    }

    /// Rows of each vehicle: the orders for which it is a candidate.
    private let rows: [[(order: Int32, candidate: Int32)]]
    private let prices: [Int]
    private let vehicles: [Int]
    /// Orders tried for one vehicle, those that pay best alone.
    static let mostOrders = 110
    /// Steps of a lane, and columns found by it, at which it ends: where all orders are alike no bound rules anything
    /// out.
    private let limit: Int
    private let mostColumns: Int

    init(_ tables: SearchTables, prices: DualPrices, limit: Int) {
        self.limit = limit
        mostColumns = max(20_000, limit / 50)
        self.prices = prices.orders.map { Int($0.rounded()) }
        vehicles = prices.vehicles.map { Int($0.rounded(.down)) }
        var rows: [[(order: Int32, candidate: Int32)]] = Array(repeating: [], count: tables.vehicleCount)
        for order in 0..<tables.orderCount {
            for index in Int(tables.candidateFirst[order])..<Int(tables.candidateFirst[order + 1]) {
                rows[Int(tables.candidates[index].vehicle)].append((Int32(order), Int32(index)))
            }
        }
        self.rows = rows
    }

    private func isOver(_ lane: borrowing Lane, _ found: [FoundColumn]) -> Bool {
        lane.stops.steps > limit || found.count > mostColumns
    }

    /// Columns of one vehicle, as long as there is work left.
    func columns(of vehicle: Int, threshold: Int, lane: inout Lane, into found: inout [FoundColumn]) {
        if isOver(lane, found) { return }
        let driver = lane.tables.vehicles + vehicle
        let capacity = min(Int(driver.pointee.capacity), lane.slots)
        guard driver.pointee.runningCount == 0, capacity > 0 else { return }
        let worth = vehicles[vehicle] + threshold
        let list = profitable(vehicle, tables: lane.tables, worth: worth, capacity: capacity)
        for row in list where row.single - prices[row.order] <= worth {
            keep(vehicle, [row.order], cost: row.single, into: &found)
        }
        guard capacity > 1, list.count > 1, let most = list.first?.gain else { return }
        var pairs = [Int](repeating: StopSearch.infinity, count: list.count * list.count)
        for a in list.indices {
            for b in (a + 1)..<max(list.count, a + 1) {
                let (one, two) = (list[a], list[b])
                lane.stops.steps &+= 1
                let value = prices[one.order] + prices[two.order]
                let limit = worth + value + (capacity > 2 ? max(0, most) : 0)
                if max(one.single + two.bound, two.single + one.bound) > limit { continue }
                let cost = lane.cost(vehicle, [one.order, two.order], extra: one.extra + two.extra, limit: limit)
                pairs[a * list.count + b] = cost
                if cost - value <= worth { keep(vehicle, [one.order, two.order], cost: cost, into: &found) }
            }
        }
        if capacity > 2 { triples(vehicle, list, pairs: pairs, worth: worth, lane: &lane, into: &found) }
    }

    private func triples(
        _ vehicle: Int, _ list: [Row], pairs: [Int], worth: Int, lane: inout Lane, into found: inout [FoundColumn]
    ) {
        let count = list.count
        for a in 0..<count {
            for b in (a + 1)..<max(count, a + 1) {
                let ab = pairs[a * count + b]
                if ab >= StopSearch.infinity { continue }
                if isOver(lane, found) { return }
                let open = worth + prices[list[a].order] + prices[list[b].order] - ab
                for c in (b + 1)..<max(count, b + 1) {
                    // Rows are in falling sequence of gain: no later third order can pay either.
                    if list[c].gain + open < 0 { break }
                    lane.stops.steps &+= 1
                    let limit = worth + prices[list[a].order] + prices[list[b].order] + prices[list[c].order]
                    let (ac, bc) = (pairs[a * count + c], pairs[b * count + c])
                    if ac + list[b].bound > limit || bc + list[a].bound > limit { continue }
                    let orders = [list[a].order, list[b].order, list[c].order]
                    let extra = list[a].extra + list[b].extra + list[c].extra
                    let cost = lane.cost(vehicle, orders, extra: extra, limit: limit)
                    if cost <= limit { keep(vehicle, orders, cost: cost, into: &found) }
                }
            }
        }
    }

    private func profitable(_ vehicle: Int, tables: SearchTables, worth: Int, capacity: Int) -> [Row] {
        var list = rows[vehicle].map { pair in
            let candidate = tables.candidates[Int(pair.candidate)]
            let order = Int(pair.order)
            return Row(
                order: order, gain: prices[order] - Int(candidate.bound), bound: Int(candidate.bound),
                single: Int(candidate.single) + Int(candidate.extra), extra: Int(candidate.extra))
        }
        list.sort { ($1.gain, $0.order) < ($0.gain, $1.order) }
        let most = max(0, list.first?.gain ?? 0) * (capacity - 1)
        var kept = list.filter { $0.gain + most + worth >= 0 }
        if kept.count > Self.mostOrders {
            // Those that pay best alone: by gain only delay would count, not the way.
            let alone = kept.map { $0.single - prices[$0.order] }.sorted()[Self.mostOrders - 1]
            kept = kept.filter { $0.single - prices[$0.order] <= alone }
        }
        return Array(kept.prefix(Self.mostOrders))
    }

    private func keep(_ vehicle: Int, _ orders: [Int], cost: Int, into found: inout [FoundColumn]) {
        guard cost < Int(Int32.max) / 4 else { return }
        let sorted = orders.sorted().map(Int32.init)
        let key = sorted.withUnsafeBufferPointer { list in
            list.baseAddress.map { BatchMemory.key(vehicle: vehicle, orders: $0, count: list.count) }
        }
        if let key { found.append(FoundColumn(key: key, cost: Int32(cost))) }
    }
}

extension Lane {
    /// The cost of a vehicle with exactly these orders, extras included; infinite where it is above `limit` or a rule
    /// forbids it.
    mutating func cost(_ vehicle: Int, _ orders: [Int], extra: Int, limit: Int) -> Int {
        var units: Int32 = 0
        for (index, order) in orders.enumerated() {
            units += tables.orders[order].units
            var position = index
            while position > 0, trial[position - 1] > Int32(order) {
                trial[position] = trial[position - 1]
                position -= 1
            }
            trial[position] = Int32(order)
            for other in orders[..<index] {
                if !tables.mayPair(order, other) { return StopSearch.infinity }
                if tables.rules.oneRestaurant, tables.orders[order].restaurant != tables.orders[other].restaurant {
                    return StopSearch.infinity
                }
            }
        }
        let driver = tables.vehicles + vehicle
        if units > driver.pointee.units { return StopSearch.infinity }
        let value = evaluate(
            vehicle, isFirst: true, orders: trial, count: orders.count, time: driver.pointee.start,
            place: driver.pointee.place, cutoff: limit - extra + 1)
        return value.isExact ? value.cost + extra : StopSearch.infinity
    }
}
