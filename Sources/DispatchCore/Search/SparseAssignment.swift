/// The dual side of a sparse assignment: every row takes one of its columns or its own way out, a column takes one row.
///
/// Rows are added one after the other by shortest augmenting paths with kept prices (Jonker and Volgenant 1987, on
/// adjacency lists). Prices are feasible after every row, so `bound` is a lower bound on every assignment also where
/// the work ends before the last row; rows whose columns nobody else wants cost one look, so independent parts of the
/// problem do not see each other.
struct SparseAssignment {
    private let costs: [Int]
    private let columns: [Int32]
    private let firsts: [Int]
    private let exits: [Int]
    /// Never above zero; zero for a column that nobody has.
    private var prices: [Int]
    private var owners: [Int32]
    private var paid: [Int]
    // One search for a path.
    private var distances: [Int]
    private var before: [Int32]
    private var beforeCost: [Int]
    private var stamps: [Int32]
    private var stamp: Int32 = 0
    private var scanned: [Int32] = []
    private var open = CostHeap()
    /// Edges looked at.
    private(set) var steps = 0

    /// - Parameters:
    ///   - firsts: Edges of row i are `firsts[i] ..< firsts[i + 1]` of `costs` and `columns`.
    ///   - exits: What a row pays without a column.
    init(costs: [Int], columns: [Int32], firsts: [Int], exits: [Int], columnCount: Int) {
        self.costs = costs
        self.columns = columns
        self.firsts = firsts
        self.exits = exits
        prices = Array(repeating: 0, count: columnCount)
        owners = Array(repeating: -1, count: columnCount)
        paid = Array(repeating: 0, count: columnCount)
        distances = Array(repeating: 0, count: columnCount)
        before = Array(repeating: -1, count: columnCount)
        beforeCost = Array(repeating: 0, count: columnCount)
        stamps = Array(repeating: -1, count: columnCount)
    }

    /// Assigns rows until all are or the work is used up.
    mutating func solve(limit: Int) {
        for row in exits.indices where steps < limit { assign(row) }
    }

    /// No assignment costs less. With all rows assigned some assignment costs exactly this.
    var bound: Int {
        var sum = prices.reduce(0, +)
        for row in exits.indices { sum += worth(of: row) }
        return sum
    }

    /// The column of each row, -1 for one that took its own way out or was not assigned.
    func columns(ofRows count: Int) -> [Int32] {
        var taken = [Int32](repeating: -1, count: count)
        for column in owners.indices where owners[column] >= 0 { taken[Int(owners[column])] = Int32(column) }
        return taken
    }

    /// What a column is worth to whoever has it, never above zero.
    func price(of column: Int32) -> Int { prices[Int(column)] }

    /// The least that a row pays at the present prices.
    func worth(of row: Int) -> Int {
        var least = exits[row]
        for edge in firsts[row]..<firsts[row + 1] { least = min(least, costs[edge] - prices[Int(columns[edge])]) }
        return least
    }

    private mutating func assign(_ row: Int) {
        stamp += 1
        scanned.removeAll(keepingCapacity: true)
        open.removeAll()
        var exit = (distance: exits[row], column: Int32(-1))
        reach(from: row, by: -1, offset: 0, limit: exit.distance)
        while let next = open.removeLeast() {
            let column = Int(next.item)
            if next.cost > distances[column] { continue }
            if next.cost >= exit.distance { break }
            let owner = Int(owners[column])
            if owner < 0 {
                settle(at: next.cost)
                give(column, to: row)
                return
            }
            scanned.append(Int32(column))
            let offset = next.cost - (paid[column] - prices[column])
            if exits[owner] + offset < exit.distance { exit = (exits[owner] + offset, Int32(column)) }
            reach(from: owner, by: Int32(column), offset: offset, limit: exit.distance)
        }
        settle(at: exit.distance)
        if exit.column >= 0 { give(Int(exit.column), to: row) }
    }

    /// Looks along the edges of a row that is reached through column `by`.
    private mutating func reach(from row: Int, by: Int32, offset: Int, limit: Int) {
        for edge in firsts[row]..<firsts[row + 1] {
            let column = Int(columns[edge])
            let distance = costs[edge] - prices[column] + offset
            if distance >= limit || stamps[column] == stamp && distances[column] <= distance { continue }
            stamps[column] = stamp
            distances[column] = distance
            before[column] = by
            beforeCost[column] = costs[edge]
            open.insert(cost: distance, item: Int32(column))
        }
        steps += firsts[row + 1] - firsts[row]
    }

    /// Columns nearer than the end of the path become dearer by the difference.
    private mutating func settle(at distance: Int) {
        for column in scanned { prices[Int(column)] += min(0, distances[Int(column)] - distance) }
    }

    /// Every row on the path takes the column that it was reached for; the first one is `row`.
    private mutating func give(_ last: Int, to row: Int) {
        var column = last
        while true {
            let previous = before[column]
            owners[column] = previous < 0 ? Int32(row) : owners[Int(previous)]
            paid[column] = beforeCost[column]
            if previous < 0 { return }
            column = Int(previous)
        }
    }
}

/// Columns by their distance, nearest first, then by number.
struct CostHeap {
    private var entries: [(cost: Int, item: Int32)] = []

    mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

    mutating func insert(cost: Int, item: Int32) {
        var hole = entries.count
        entries.append((cost, item))
        while hole > 0 {
            let parent = (hole - 1) / 2
            if entries[parent] <= (cost, item) { break }
            entries[hole] = entries[parent]
            hole = parent
        }
        entries[hole] = (cost, item)
    }

    mutating func removeLeast() -> (cost: Int, item: Int32)? {
        guard let least = entries.first, let last = entries.popLast() else { return nil }
        if entries.isEmpty { return least }
        var hole = 0
        while true {
            var child = 2 * hole + 1
            if child >= entries.count { break }
            if child + 1 < entries.count, entries[child + 1] < entries[child] { child += 1 }
            if entries[child] >= last { break }
            entries[hole] = entries[child]
            hole = child
        }
        entries[hole] = last
        return least
    }
}
