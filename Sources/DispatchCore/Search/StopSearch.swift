/// Finds the best sequence of stops for the orders of one batch, exactly, by depth-first search with a bound.
///
/// The bound of a partial sequence adds to its cost, for each order still to be delivered, the delay it has when it
/// is the very next one to be served; for each two of them what serving one before the other delays the other at least,
/// less what that one has to wait for its food anyway; and the way to the farthest dropoff left. All hold where the
/// direct way is never longer than a way round, which is true of straight lines, also rounded up to whole seconds.
struct StopSearch {
    /// Larger than any real cost, small enough that sums of it do not overflow.
    static let infinity = Int.max / 8

    let tables: SearchTables
    /// Rows of the batch's orders, at most four.
    private var row0 = 0
    private var row1 = 0
    private var row2 = 0
    private var row3 = 0
    private var picked0 = 0
    private var picked1 = 0
    private var picked2 = 0
    private var picked3 = 0
    private var pace = 1024
    private var shiftEnd = 0
    /// The least weight of a second of delay in the batch.
    private var leastWeight = 0
    /// Seconds by which a dropoff, and a whole order, keep every order that is delivered later.
    private let dropoffTime: Int
    private let orderTime: Int
    private(set) var best = StopSearch.infinity
    private(set) var bestEnd = 0
    private(set) var bestPlace: Int32 = 0
    /// The best sequence, three bits a stop from the last to the first: number of the order in the batch times two,
    /// plus one for a dropoff.
    private(set) var bestCode: UInt32 = 0
    /// Partial sequences looked at since the search was made.
    var steps = 0

    init(_ tables: SearchTables) {
        self.tables = tables
        dropoffTime = tables.rules.dropoffTime
        orderTime = tables.rules.orderTime
    }

    /// Sets the best sequence that costs less than `cutoff`; `best` stays at `cutoff` where there is none.
    mutating func run(
        rows: UnsafePointer<Int32>, count: Int, vehicle: UnsafePointer<VehicleRow>, time: Int, place: Int32, cutoff: Int
    ) {
        pace = Int(vehicle.pointee.pace)
        shiftEnd = Int(vehicle.pointee.shiftEnd)
        best = cutoff
        bestCode = 0
        var todo = 0
        var onBoard = 0
        leastWeight = Int.max
        for index in 0..<count {
            let row = Int(rows[index])
            setRow(index, row)
            leastWeight = min(leastWeight, Int(tables.orders[row].weight))
            if tables.orders[row].onBoard { onBoard |= 1 &<< index } else { todo |= 1 &<< index }
        }
        descend(
            time: time, place: place, cost: -tables.rules.completion &* time, todo: todo, onBoard: onBoard, code: 0,
            visit: -1)
    }

    private mutating func descend(
        time: Int, place: Int32, cost: Int, todo: Int, onBoard: Int, code: UInt32, visit: Int32
    ) {
        steps &+= 1
        if todo | onBoard == 0 {
            let total = cost &+ tables.rules.completion &* time
            if total < best {
                best = total
                bestEnd = time
                bestPlace = place
                bestCode = code
            }
            return
        }
        if bound(time: time, place: place, cost: cost, todo: todo, onBoard: onBoard) >= best { return }
        if todo == 0 || !tables.rules.pickupsFirst {
            var left = onBoard
            while left != 0 {
                let index = left.trailingZeroBitCount
                left &= left &- 1
                drop(index, time: time, place: place, cost: cost, todo: todo, onBoard: onBoard, code: code)
            }
        }
        var left = todo
        while left != 0 {
            let index = left.trailingZeroBitCount
            left &= left &- 1
            pick(index, time: time, place: place, cost: cost, todo: todo, onBoard: onBoard, code: code, visit: visit)
            // One visit takes all orders of one restaurant: their sequence makes no difference.
            if tables.rules.oneRestaurant { break }
        }
    }

    @inline(__always)
    private mutating func drop(_ index: Int, time: Int, place: Int32, cost: Int, todo: Int, onBoard: Int, code: UInt32)
    {
        let order = tables.orders + row(index)
        let way = tables.travel(place, order.pointee.dropoff, pace)
        let delivered = time &+ way &+ tables.rules.dropoffApproach
        if delivered > Int(order.pointee.deadline) { return }
        var grown =
            cost &+ way &* tables.rules.driving
            &+ Int(order.pointee.weight) &* (delivered &- Int(order.pointee.ideal))
        if delivered > Int(order.pointee.promised) {
            grown &+= Int(order.pointee.lateness) &* (delivered &- Int(order.pointee.promised))
        }
        if !order.pointee.onBoard {
            let inBag = delivered &- picked(index)
            if inBag > Int(order.pointee.bagLimit) { return }
            grown &+= tables.rules.bagTime &* max(0, inBag &- Int(order.pointee.ride))
        }
        descend(
            time: delivered &+ tables.rules.dropoffHandover, place: order.pointee.dropoff, cost: grown, todo: todo,
            onBoard: onBoard & ~(1 &<< index), code: code &<< 3 | UInt32(truncatingIfNeeded: index &* 2 &+ 1), visit: -1
        )
    }

    @inline(__always)
    private mutating func pick(
        _ index: Int, time: Int, place: Int32, cost: Int, todo: Int, onBoard: Int, code: UInt32, visit: Int32
    ) {
        let order = tables.orders + row(index)
        let at = order.pointee.pickup
        var moment: Int
        var grown = cost
        if visit == at {
            moment = time &- tables.rules.pickupHandover
        } else {
            let way = tables.travel(place, at, pace)
            moment = time &+ way &+ tables.rules.pickupApproach
            grown &+= way &* tables.rules.driving
        }
        moment = max(moment, Int(order.pointee.ready))
        // What he has been told before has to be fetched all the same, however late the kitchen is.
        if moment > shiftEnd, row(index) < tables.orderCount { return }
        setPicked(index, moment)
        descend(
            time: moment &+ tables.rules.pickupHandover, place: at, cost: grown, todo: todo & ~(1 &<< index),
            onBoard: onBoard | 1 &<< index, code: code &<< 3 | UInt32(truncatingIfNeeded: index &* 2),
            visit: tables.rules.onePickupVisit ? at : -1)
    }

    @inline(__always)
    private func bound(time: Int, place: Int32, cost: Int, todo: Int, onBoard: Int) -> Int {
        let rules = tables.rules
        var lower = cost &+ rules.completion &* time
        var farthest = 0
        var carried = 0
        var shifts = 0
        var left = onBoard
        while left != 0 {
            let order = tables.orders + row(left.trailingZeroBitCount)
            left &= left &- 1
            let way = tables.travel(place, order.pointee.dropoff, pace)
            let delivered = time &+ way &+ rules.dropoffApproach
            if delivered > Int(order.pointee.deadline) { return Self.infinity }
            lower &+= Int(order.pointee.weight) &* (delivered &- Int(order.pointee.ideal))
            farthest = max(farthest, way)
            shifts &+= carried &* dropoffTime
            carried &+= 1
        }
        left = todo
        // The waits of the orders before, at most three of them.
        var (wait0, wait1, wait2) = (Int.max / 2, Int.max / 2, Int.max / 2)
        while left != 0 {
            let order = tables.orders + row(left.trailingZeroBitCount)
            left &= left &- 1
            let way = tables.travel(place, order.pointee.pickup, pace)
            // A second order at the same counter does not wait for the first one's handover.
            let early = rules.onePickupVisit && order.pointee.pickup == place ? rules.pickupHandover : 0
            let arrival = time &+ way &- early
            let moment = max(arrival, Int(order.pointee.ready))
            let delivered = moment &+ Int(order.pointee.ride)
            lower &+= Int(order.pointee.weight) &* (delivered &- Int(order.pointee.ideal))
            let direct = Int(order.pointee.direct)
            farthest = max(farthest, way &+ (pace == 1024 ? direct : (direct &* pace &+ 1023) &>> 10))
            let wait = moment &- arrival
            shifts &+= carried &* max(0, dropoffTime &- wait)
            shifts &+= max(0, orderTime &- max(wait, wait0)) &+ max(0, orderTime &- max(wait, wait1))
            shifts &+= max(0, orderTime &- max(wait, wait2))
            (wait0, wait1, wait2) = (wait, wait0, wait1)
        }
        return lower &+ shifts &* leastWeight &+ farthest &* rules.driving
    }

    @inline(__always)
    private func row(_ index: Int) -> Int {
        switch index {
        case 0: row0
        case 1: row1
        case 2: row2
        default: row3
        }
    }

    @inline(__always)
    private mutating func setRow(_ index: Int, _ value: Int) {
        switch index {
        case 0: row0 = value
        case 1: row1 = value
        case 2: row2 = value
        default: row3 = value
        }
    }

    @inline(__always)
    private func picked(_ index: Int) -> Int {
        switch index {
        case 0: picked0
        case 1: picked1
        case 2: picked2
        default: picked3
        }
    }

    @inline(__always)
    private mutating func setPicked(_ index: Int, _ value: Int) {
        switch index {
        case 0: picked0 = value
        case 1: picked1 = value
        case 2: picked2 = value
        default: picked3 = value
        }
    }
}
