/// Batches found so far, by vehicle: the columns of the set-partitioning problem.
struct ColumnPool: Sendable {
    struct Entry: Sendable {
        var first: Int32
        /// `orderCount` stands where there is no order.
        var second: Int32
        var third: Int32
        var cost: Int32
    }

    let orderCount: Int
    private(set) var columns: [[Entry]]
    private var known: [Set<UInt64>]

    init(_ problem: SearchProblem) {
        orderCount = problem.orderCount
        columns = Array(repeating: [], count: problem.vehicles.count)
        known = Array(repeating: [], count: problem.vehicles.count)
    }

    var count: Int { columns.reduce(0) { $0 + $1.count } }

    /// Adds a column unless it is there; the key is `BatchMemory.key`.
    mutating func add(key: UInt64, cost: Int32) {
        let vehicle = Int(key >> 48)
        guard vehicle < columns.count, known[vehicle].insert(key).inserted else { return }
        func order(_ shift: UInt64) -> Int32 {
            let value = Int32(truncatingIfNeeded: key >> shift & 0xFFFF)
            return value == 0xFFFF ? Int32(orderCount) : value
        }
        columns[vehicle].append(Entry(first: order(32), second: order(16), third: order(0), cost: cost))
    }

    /// Keeps only the columns for which `isKept` holds.
    mutating func filter(_ isKept: (Int, Entry) -> Bool) {
        for vehicle in columns.indices {
            let entries = columns[vehicle].filter { isKept(vehicle, $0) }
            if entries.count == columns[vehicle].count { continue }
            columns[vehicle] = entries
            known[vehicle] = Set(entries.map { key(vehicle, $0) })
        }
    }

    func key(_ vehicle: Int, _ entry: Entry) -> UInt64 {
        func bits(_ order: Int32) -> UInt64 { Int(order) == orderCount ? 0xFFFF : UInt64(order) }
        return UInt64(vehicle) << 48 | bits(entry.first) << 32 | bits(entry.second) << 16 | bits(entry.third)
    }
}

/// One found column on its way between threads.
struct FoundColumn: Sendable {
    var key: UInt64
    var cost: Int32
}

extension Lane {
    /// Every batch whose exact cost the lane remembers, with the costs that belong to the pairs added.
    func foundColumns() -> [FoundColumn] {
        var found: [FoundColumn] = []
        memory.forEachExact { key, cost in
            guard cost < Int(Int32.max) / 4 else { return }
            found.append(FoundColumn(key: key, cost: Int32(cost)))
        }
        return found
    }
}
