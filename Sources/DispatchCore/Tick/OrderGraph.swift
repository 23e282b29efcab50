internal import Geo

/// Which orders belong together: for the search's ruins, and as the rule for sharing a batch.
struct OrderGraph {
    let compiler: TickCompiler
    let rows: [OrderRow]
    let orders: [WaitingOrder]
    let places: [GeoPoint]

    /// For each order the most similar others: pickups and dropoffs close to each other, food ready at about the
    /// same time.
    ///
    /// - Complexity: O(n × min(n, 600))
    func related() -> (list: [Int32], count: Int) {
        let count = min(max(rows.count - 1, 0), 32)
        guard count > 0 else { return ([], 0) }
        var list: [Int32] = []
        list.reserveCapacity(rows.count * count)
        var nearest: [(distance: Int64, order: Int32)] = []
        let (byPlace, position) = sequence()
        let reach = compiler.travel.xs.isEmpty ? rows.count : Self.window
        for first in rows.indices {
            nearest.removeAll(keepingCapacity: true)
            let row = rows[first]
            let window = byPlace[max(0, position[first] - reach)..<min(rows.count, position[first] + reach)]
            for second in window where second != first {
                let other = rows[second]
                let pickups = compiler.way(PlaceIndex(row.pickup), PlaceIndex(other.pickup))
                let limit = nearest.count == count ? nearest[count - 1].distance : Int64.max
                if pickups >= limit { continue }
                let dropoffs = compiler.way(PlaceIndex(row.dropoff), PlaceIndex(other.dropoff))
                let distance = pickups + dropoffs / 2 + Int64(abs(row.ready - other.ready)) / 2
                if distance >= limit { continue }
                if nearest.count == count { nearest.removeLast() }
                var slot = nearest.count
                while slot > 0, nearest[slot - 1].distance > distance { slot -= 1 }
                nearest.insert((distance, Int32(second)), at: slot)
            }
            list += nearest.map(\.order)
        }
        return (list, count)
    }

    /// Of many orders only those at about the same height of the map are compared.
    private static let window = 300

    /// Orders from west to east (by number of place where only a matrix is known), and where each stands in that row.
    private func sequence() -> (orders: [Int], position: [Int]) {
        let xs = compiler.travel.xs
        let order = rows.indices.sorted { first, second in
            let (one, two) = (Int(rows[first].pickup), Int(rows[second].pickup))
            if xs.isEmpty || rows.count <= 2 * Self.window { return first < second }
            return (xs[one], first) < (xs[two], second)
        }
        var position = [Int](repeating: 0, count: rows.count)
        for (index, row) in order.enumerated() { position[row] = index }
        return (order, position)
    }

    /// Bits of the pairs that may share a batch: the same restaurant or near ones (GEOS's tree), ready within the
    /// spread, and one's dropoff on the other's way. Pinned pairs are judged by their limits alone.
    ///
    /// - Complexity: O(n × min(n, 64)) for each pair of near restaurants, and n² bits.
    func pairs(stride: Int) -> [UInt64] {
        var bits = [UInt64](repeating: 0, count: max(1, rows.count * stride / 64))
        let near = NearRestaurants(compiler: compiler, rows: rows, places: places)
        let corridors = Corridors(compiler: compiler, rows: rows, places: places)
        let spread = Int64(compiler.policy.limits.readySpread.value)
        near.forEachPair { first, second in
            let (one, two) = (rows[first], rows[second])
            guard Int64(abs(max(one.ready, 0) - max(two.ready, 0))) <= spread else { return }
            guard corridors.shareWay(first, second) else { return }
            for bit in [first * stride + second, second * stride + first] { bits[bit >> 6] |= 1 << UInt64(bit & 63) }
        }
        return bits
    }
}

/// Pairs of orders whose restaurants are near each other.
struct NearRestaurants {
    let compiler: TickCompiler
    let rows: [OrderRow]
    let places: [GeoPoint]

    /// Of a crowd at one door each order knows so many of those that are ready right after it: who are thousands find
    /// partners enough among them.
    private static let most = 64

    /// Each pair once, the smaller number first.
    func forEachPair(_ body: (Int, Int) -> Void) {
        let metres = compiler.policy.limits.nearRestaurants
        var groups: [Int32: [Int]] = [:]
        for (index, row) in rows.enumerated() { groups[row.pickup, default: []].append(index) }
        let stops = groups.keys.sorted()
        for stop in stops {
            groups[stop]?.sort { (rows[$0].ready, rows[$0].ride, $0) < (rows[$1].ready, rows[$1].ride, $1) }
            let members = groups[stop] ?? []
            for (position, first) in members.enumerated() {
                for second in members[(position + 1)...].prefix(Self.most) {
                    body(min(first, second), max(first, second))
                }
            }
        }
        for (one, two) in nearStops(stops, within: metres) {
            let (near, others) = (groups[one] ?? [], groups[two] ?? [])
            for (position, first) in near.enumerated() {
                // Of a crowd those at the same height of the sequence: ready at about the same time.
                let start = max(0, others.count - Self.most) * position / near.count
                for second in others[start...].prefix(Self.most) { body(min(first, second), max(first, second)) }
            }
        }
    }

    /// By GEOS where places are points on the globe; by travel time at 6.5 m/s where only a matrix is known.
    private func nearStops(_ stops: [Int32], within limit: WholeMetres) -> [(Int32, Int32)] {
        let points = stops.compactMap { Int($0) < places.count ? places[Int($0)] : nil }
        if points.count == stops.count, let index = try? PlacesIndex(points),
            let pairs = try? index.pairs(within: Metres(Double(limit.value)))
        {
            return pairs.map { (stops[$0.first], stops[$0.second]) }
        }
        var pairs: [(Int32, Int32)] = []
        for (position, first) in stops.enumerated() {
            for second in stops[(position + 1)...] {
                let way = compiler.way(PlaceIndex(first), PlaceIndex(second))
                if way * 13 / 2 <= limit.value { pairs.append((first, second)) }
            }
        }
        return pairs
    }
}

/// Whether one of two orders has its dropoff on the other's way, from pickup to dropoff.
struct Corridors {
    private let lines: [CorridorLine]
    private let rows: [OrderRow]
    private let width: Int64

    init(compiler: TickCompiler, rows: [OrderRow], places: [GeoPoint]) {
        self.rows = rows
        width = compiler.policy.limits.onTheWay.value
        lines = rows.map { CorridorLine([PlaceIndex($0.pickup), PlaceIndex($0.dropoff)], compiler: compiler) }
    }

    func shareWay(_ first: Int, _ second: Int) -> Bool {
        lines[first].distance(to: PlaceIndex(rows[second].dropoff)) <= width
            || lines[second].distance(to: PlaceIndex(rows[first].dropoff)) <= width
    }
}

/// A way of a few stops, and how far a place is from it: on the local map, or by the shortest detour where only a
/// matrix is known. (Geo's prepared lines pay from ten points on; ways here have two to eight.)
struct CorridorLine {
    private let way: [PlaceIndex]
    private let points: [LocalPoint]
    private let compiler: TickCompiler

    init(_ way: [PlaceIndex], compiler: TickCompiler) {
        self.way = way
        self.compiler = compiler
        points = compiler.travel.matrix.isEmpty ? way.map { Self.local($0, compiler) } : []
    }

    /// Whole metres.
    func distance(to place: PlaceIndex) -> Int64 {
        var nearest = Int64.max
        if let first = points.first {
            let point = Self.local(place, compiler)
            var least = point.distance(to: first).value
            for index in points.indices.dropFirst() {
                least = min(least, point.distance(toSegmentFrom: points[index - 1], to: points[index]).value)
            }
            return Metres(least).whole
        }
        guard compiler.isStop(place) else { return Int64.max }
        for index in way.indices.dropFirst() where compiler.isStop(way[index]) {
            let detour =
                compiler.way(way[index - 1], place) + compiler.way(place, way[index])
                - compiler.way(way[index - 1], way[index])
            // Half the extra way is about the distance from it.
            nearest = min(nearest, max(0, detour) * 13 / 4)
        }
        return nearest
    }

    private static func local(_ place: PlaceIndex, _ compiler: TickCompiler) -> LocalPoint {
        LocalPoint(x: compiler.travel.xs[Int(place.value)], y: compiler.travel.ys[Int(place.value)])
    }
}
