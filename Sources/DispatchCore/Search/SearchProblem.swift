/// One order in the tables of the search. Times are whole seconds from the snapshot's moment; weights are thousandths.
struct OrderRow: Sendable {
    var pickup: Int32
    var dropoff: Int32
    /// The food cannot be taken over before.
    var ready: Int32
    /// Delivery by a driver who stands ready: where the delay is zero.
    var ideal: Int32
    /// No delivery later than this.
    var deadline: Int32
    var promised: Int32
    var weight: Int32
    var lateness: Int32
    /// Pickup to delivery at most.
    var bagLimit: Int32
    /// Pickup to delivery on the direct way.
    var ride: Int32
    /// The way from pickup to dropoff at the table's pace.
    var direct: Int32
    var restaurant: Int32
    var units: Int32
    /// The order is in the driver's bag: it has only a dropoff.
    var onBoard: Bool
    /// Nobody has placed the order yet: it stands for what is likely to come.
    var isExpected = false
    /// What it costs to leave the order unserved, in `Cost` units.
    var unserved: Int
}

/// One driver in the tables of the search.
struct VehicleRow: Sendable {
    var place: Int32
    /// When he starts, in seconds from the snapshot's moment, never negative.
    var start: Int32
    /// No pickup later than this.
    var shiftEnd: Int32
    var capacity: Int32
    var units: Int32
    /// Travel times of this driver in 1024ths of the table's.
    var pace: Int32
    /// Orders told before, as rows `runningFirst ..< runningFirst + runningCount`; they are the fixed part of his
    /// first batch.
    var runningFirst: Int32
    var runningCount: Int32
}

/// A driver who may serve an order.
struct Candidate: Sendable {
    var vehicle: Int32
    /// At least so much does the plan's cost grow when the order goes to this driver, whatever else he has.
    var bound: Int32
    /// What the driver's way costs with this order alone; meaningless for one with running orders.
    var single: Int32
    /// When the driver delivers the order if he goes straight to it, and no plan sooner.
    var earliest: Int32
    /// Added for this pair: switching, preference.
    var extra: Int32
    /// Whether the order may be mixed into the running stops of this driver.
    var joinsRunning: Bool
}

/// How the stops of a batch are timed and mixed.
struct StopRules: Sendable {
    var pickupApproach: Int
    var pickupHandover: Int
    var onePickupVisit: Bool
    var dropoffApproach: Int
    var dropoffHandover: Int
    var pickupsFirst: Bool
    var oneRestaurant: Bool
    var driving: Int
    var bagTime: Int
    var completion: Int
    var maxBatch: Int
    var queue: Int

    /// Where a second of driving weighs more than one of delay, everything is dearer by as much.
    var scale: Double { max(1, Double(driving) / 1000) }

    /// Seconds by which a dropoff keeps every order that is delivered after it, ways left out.
    var dropoffTime: Int { dropoffApproach + dropoffHandover }
    /// The same for both stops of an order. Two orders of one counter share a visit where that is the rule: then only
    /// the dropoff is sure.
    var orderTime: Int { dropoffTime + (onePickupVisit ? 0 : pickupApproach + pickupHandover) }
}

/// A dispatch problem in plain tables: what the search works on. Immutable and shared by all lanes.
struct SearchProblem: Sendable {
    var rules: StopRules
    /// New orders first, in the sequence of their ids; running orders of drivers behind `orderCount`.
    var orders: [OrderRow]
    var orderCount: Int
    var vehicles: [VehicleRow]
    var travel: TravelTable
    /// Candidates of order i: `candidates[candidateFirst[i] ..< candidateFirst[i + 1]]`, by bound, then cost, then
    /// driver.
    var candidates: [Candidate]
    var candidateFirst: [Int32]
    /// The orders most like order i, nearest first: `related[i * relatedCount ..< (i + 1) * relatedCount]`.
    var related: [Int32]
    var relatedCount: Int
    /// Bit `i * pairStride + j` says that new orders i and j may share a batch; empty means that all may.
    var pairs: [UInt64]
    var pairStride: Int
    /// Pinned orders: to this vehicle or nobody; -1 is free.
    var pinned: [Int32]
    /// Whether some order could go to more drivers than are its candidates.
    var isCut = false
}

/// Seconds between places: a matrix, or points of a local map with one pace.
struct TravelTable: Sendable {
    var matrix: [Int32]
    var columns: Int
    var xs: [Double]
    var ys: [Double]
    var secondsPerMetre: Double
}

/// The tables as raw memory, valid inside `withTables`. Everything the inner loops touch is here: no reference
/// counting, no bounds checks, no allocation.
struct SearchTables {
    let rules: StopRules
    let orders: UnsafePointer<OrderRow>
    let orderCount: Int
    let vehicles: UnsafePointer<VehicleRow>
    let vehicleCount: Int
    let matrix: UnsafePointer<Int32>?
    let columns: Int
    let xs: UnsafePointer<Double>
    let ys: UnsafePointer<Double>
    let secondsPerMetre: Double
    let candidates: UnsafePointer<Candidate>
    let candidateFirst: UnsafePointer<Int32>
    let related: UnsafePointer<Int32>
    let relatedCount: Int
    let pairs: UnsafePointer<UInt64>?
    let pairStride: Int
    let pinned: UnsafePointer<Int32>

    @inline(__always)
    func travel(_ from: Int32, _ to: Int32, _ pace: Int) -> Int {
        var seconds: Int
        if let matrix {
            seconds = Int(matrix[Int(from) &* columns &+ Int(to)])
        } else {
            let dx = xs[Int(from)] - xs[Int(to)]
            let dy = ys[Int(from)] - ys[Int(to)]
            seconds = Int(((dx * dx + dy * dy).squareRoot() * secondsPerMetre).rounded(.up))
        }
        if pace != 1024 { seconds = (seconds &* pace &+ 1023) &>> 10 }
        return seconds
    }

    @inline(__always)
    func mayPair(_ first: Int, _ second: Int) -> Bool {
        if orders[first].isExpected != orders[second].isExpected { return false }
        guard let pairs else { return true }
        let bit = first &* pairStride &+ second
        return pairs[bit &>> 6] & (1 &<< UInt64(bit & 63)) != 0
    }
}

extension SearchProblem {
    /// Lends the tables as raw memory for the time of `body`.
    func withTables<T>(_ body: (SearchTables) -> T) -> T {
        orders.withUnsafeBufferPointer { orderRows in
            vehicles.withUnsafeBufferPointer { vehicleRows in
                candidates.withUnsafeBufferPointer { candidateRows in
                    candidateFirst.withUnsafeBufferPointer { firsts in
                        withMaps { matrix, xs, ys in
                            withRelations { related, pairs, pinned in
                                body(
                                    SearchTables(
                                        rules: rules, orders: orderRows.start, orderCount: orderCount,
                                        vehicles: vehicleRows.start, vehicleCount: vehicles.count,
                                        matrix: travel.matrix.isEmpty ? nil : matrix, columns: travel.columns, xs: xs,
                                        ys: ys,
                                        secondsPerMetre: travel.secondsPerMetre, candidates: candidateRows.start,
                                        candidateFirst: firsts.start, related: related, relatedCount: relatedCount,
                                        pairs: self.pairs.isEmpty ? nil : pairs, pairStride: pairStride, pinned: pinned)
                                )
                            }
                        }
                    }
                }
            }
        }
    }

    private func withMaps<T>(
        _ body: (UnsafePointer<Int32>, UnsafePointer<Double>, UnsafePointer<Double>) -> T
    ) -> T {
        travel.matrix.withUnsafeBufferPointer { matrix in
            travel.xs.withUnsafeBufferPointer { xs in
                travel.ys.withUnsafeBufferPointer { ys in body(matrix.start, xs.start, ys.start) }
            }
        }
    }

    private func withRelations<T>(
        _ body: (UnsafePointer<Int32>, UnsafePointer<UInt64>, UnsafePointer<Int32>) -> T
    ) -> T {
        related.withUnsafeBufferPointer { related in
            pairs.withUnsafeBufferPointer { pairs in
                pinned.withUnsafeBufferPointer { pinned in body(related.start, pairs.start, pinned.start) }
            }
        }
    }
}

extension UnsafeBufferPointer {
    /// The first element's address; for an empty table an address that is never read.
    fileprivate var start: UnsafePointer<Element> {
        baseAddress ?? UnsafePointer(UnsafeMutablePointer<Element>.nowhere)
    }
}

extension UnsafeMutablePointer {
    /// A well-aligned address at which nothing may be read or written.
    static var nowhere: UnsafeMutablePointer<Pointee> {
        guard let address = UnsafeMutablePointer(bitPattern: MemoryLayout<Pointee>.alignment) else {
            preconditionFailure("an alignment is never zero")
        }
        return address
    }
}
