/// A batch walked through stop by stop: times, lengths and what each term costs.
struct Itinerary {
    struct Stop {
        var row: Int32
        var isDropoff: Bool
        var arrival: Int
        /// When the food is taken over or handed over.
        var moment: Int
        var departure: Int
        var way: Int
        var metres: WholeMetres
        var place: Int32
        /// A pickup where the driver already stands and takes other food.
        var continuesVisit: Bool
    }

    var stops: [Stop] = []
    var terms = CostTerms()
    var end = 0
    var place: Int32 = 0
    var start = 0

    /// How much later the driver may leave and still make every dropoff when he would: what he waits for food before
    /// the first one, at whichever restaurant.
    private(set) var slack = 0

    /// The best sequence of a batch, from where and when the vehicle starts it.
    init(rows: [Int32], vehicle: Int, time: Int, place start: Int32, tables: SearchTables, metres: MetreTable) {
        self.start = time
        end = time
        place = start
        if rows.isEmpty { return }
        var search = StopSearch(tables)
        search.run(
            rows: rows, count: rows.count, vehicle: tables.vehicles + vehicle, time: time, place: start,
            cutoff: StopSearch.infinity)
        let count = rows.reduce(0) { $0 + (tables.orders[Int($1)].onBoard ? 1 : 2) }
        guard search.best < StopSearch.infinity else { return }
        var picked = [Int](repeating: 0, count: rows.count)
        var visit: Int32 = -1
        for index in 0..<count {
            let code = search.bestCode >> UInt32(3 * (count - 1 - index)) & 7
            let number = Int(code >> 1)
            walk(
                rows[number], isDropoff: code & 1 == 1, picked: &picked[number], visit: &visit,
                pace: Int(tables.vehicles[vehicle].pace), tables: tables, metres: metres)
        }
        terms.completion = Cost(Int64(tables.rules.completion * (end - time)))
    }

    private mutating func walk(
        _ row: Int32, isDropoff: Bool, picked: inout Int, visit: inout Int32, pace: Int, tables: SearchTables,
        metres: MetreTable
    ) {
        let rules = tables.rules
        let order = tables.orders[Int(row)]
        let target = isDropoff ? order.dropoff : order.pickup
        let sameVisit = !isDropoff && visit == target
        let way = sameVisit ? 0 : tables.travel(place, target, pace)
        let arrival = sameVisit ? end - rules.pickupHandover - rules.pickupApproach : end + way
        var moment = arrival + (isDropoff ? rules.dropoffApproach : rules.pickupApproach)
        if !isDropoff { moment = max(moment, Int(order.ready)) }
        let departure = moment + (isDropoff ? rules.dropoffHandover : rules.pickupHandover)
        stops.append(
            Stop(
                row: row, isDropoff: isDropoff, arrival: arrival, moment: moment, departure: departure, way: way,
                metres: metres.length(from: place, to: target), place: target, continuesVisit: sameVisit))
        terms.driving = terms.driving + Cost(Int64(way * rules.driving))
        if isDropoff {
            terms.delay = terms.delay + Cost(Int64(Int(order.weight) * (moment - Int(order.ideal))))
            terms.lateness = terms.lateness + Cost(Int64(Int(order.lateness) * max(0, moment - Int(order.promised))))
            if !order.onBoard {
                let inBag = max(0, moment - picked - Int(order.ride))
                terms.bagTime = terms.bagTime + Cost(Int64(rules.bagTime * inBag))
            }
        } else {
            picked = moment
            if !stops.contains(where: \.isDropoff) { slack += moment - arrival - rules.pickupApproach }
        }
        visit = !isDropoff && rules.onePickupVisit ? target : -1
        end = departure
        place = target
    }
}
