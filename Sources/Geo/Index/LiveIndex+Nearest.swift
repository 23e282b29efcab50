/// One of the points that a search found.
package struct Neighbour: Hashable, Sendable {
    package let id: Int64
    package let place: GeoPoint
    package let flags: PointFlags
    /// Square of the chord through the unit sphere: has the order of the distance.
    package let chordSquared: Double

    package var distance: Metres { UnitVector.distance(chordSquared: chordSquared) }
}

/// Which points a search may find.
package struct SearchFilter: Hashable, Sendable {
    /// Flags that a point must have, all of them.
    package var required: PointFlags
    /// Ids that are left out, such as drivers who have declined. Meant for dozens.
    package var excluded: [Int64]
    /// An area that the point must be in.
    package var area: GeoPolygon?

    package init(required: PointFlags = [], excluding excluded: [Int64] = [], inside area: GeoPolygon? = nil) {
        self.required = required
        self.excluded = excluded
        self.area = area
    }
}

extension LiveIndex {
    /// The `limit` nearest points within `radius` that pass the filter, nearest first, equal distances by id. Exact: a
    /// point on the rim is within. Replaces what is in `result` and reuses its memory.
    ///
    /// - Complexity: O(cells visited × log), a few dozen cells however large the index and however empty the land.
    package mutating func nearest(
        _ limit: Int, to point: GeoPoint, within radius: Metres, matching filter: SearchFilter = SearchFilter(),
        into result: inout [Neighbour]
    ) {
        result.removeAll(keepingCapacity: true)
        guard limit > 0, radius.value >= 0, count > 0 else { return }
        let wanted = min(limit, count)
        scratch.reserveBest(wanted)
        let found = search(wanted, from: point, within: radius, matching: filter)
        result.reserveCapacity(found)
        for index in 0..<found {
            let entry = scratch.best[index]
            appendNeighbour(entry.number, chordSquared: entry.chordSquared, to: &result)
        }
    }

    /// As `nearest(_:to:within:matching:into:)`, in a new array.
    package mutating func nearest(
        _ limit: Int, to point: GeoPoint, within radius: Metres, matching filter: SearchFilter = SearchFilter()
    ) -> [Neighbour] {
        var result: [Neighbour] = []
        nearest(limit, to: point, within: radius, matching: filter, into: &result)
        return result
    }

    @inline(__always)
    func appendNeighbour(_ number: UInt32, chordSquared: Double, to result: inout [Neighbour]) {
        let record = table[number]
        let block = leaf(record.pointee.block)
        let lane = Int(record.pointee.lane)
        guard let place = GeoPoint(latitude: block.latitudes[lane], longitude: block.longitudes[lane]) else { return }
        result.append(
            Neighbour(
                id: record.pointee.id, place: place, flags: PointFlags(rawValue: block.flags[lane]),
                chordSquared: chordSquared))
    }

    /// Fills `scratch.best`; returns how many it holds.
    private mutating func search(
        _ wanted: Int, from point: GeoPoint, within radius: Metres, matching filter: borrowing SearchFilter
    ) -> Int {
        let query = QueryPoint(point, x: fixedX(point.longitude), y: fixedY(point.latitude))
        let cap = Trigonometry.chordSquared(angle: radius.value / Globe.radius.value)
        var best = BestFirst(wanted: wanted, cap: cap, entries: scratch.best)
        best.need = filter.required.rawValue
        best.excludedCount = resolveExcluded(filter.excluded)
        best.excluded = scratch.excluded
        guard inner(root).flagsUnion & best.need == best.need else { return 0 }
        var heapCount = 0
        var current = UInt64(root | TreeLayout.innerMark)
        while true {
            let reference = UInt32(truncatingIfNeeded: current)
            if reference & TreeLayout.innerMark != 0 {
                scratch.reserveHeap(beyond: heapCount)
                let node = inner(reference & ~TreeLayout.innerMark)
                let nearest = open(node, from: query, best: best, heapCount: &heapCount)
                // The nearest child is visited at once, without a way through the heap, when nothing there is nearer.
                if nearest != .max, heapCount == 0 || nearest <= scratch.heap[0] {
                    current = nearest
                    continue
                }
                if nearest != .max { BoundHeap.push(nearest, onto: scratch.heap, count: &heapCount) }
            } else {
                scan(reference, from: query, area: filter.area, best: &best)
            }
            guard heapCount > 0 else { break }
            current = BoundHeap.pop(from: scratch.heap, count: &heapCount)
            if BoundHeap.bound(of: current) > best.worst { break }
        }
        return best.count
    }

    /// Numbers of the excluded members, as many as are known.
    private mutating func resolveExcluded(_ ids: borrowing [Int64]) -> Int {
        guard !ids.isEmpty else { return 0 }
        scratch.reserveExcluded(ids.count)
        var count = 0
        for index in ids.indices {
            guard let number = table.number(of: ids[index]) else { continue }
            scratch.excluded[count] = number
            count += 1
        }
        return count
    }

    /// Puts the children that may hold something onto the heap, except the nearest, which is returned.
    @inline(__always)
    private func open(_ node: InnerNode, from query: QueryPoint, best: BestFirst, heapCount: inout Int) -> UInt64 {
        let bits = UInt32(node.cell.bits &- 2)
        let size = (1 as UInt32) &<< bits
        let parallels = query.cosine * Double(node.cell.leastCosine)
        var rows = SIMD4<Double>()
        var columns = SIMD4<Double>()
        for index in 0..<4 {
            let offset = UInt32(truncatingIfNeeded: index) &* size
            let row = QueryPoint.gap(from: query.y, start: node.cell.south &+ offset, sizeLessOne: size &- 1)
            let column = QueryPoint.gap(from: query.x, start: node.cell.west &+ offset, sizeLessOne: size &- 1)
            rows[index] = QueryPoint.bound(gap: row)
            columns[index] = parallels * QueryPoint.bound(gap: column)
        }
        var nearest = UInt64.max
        for row in 0..<4 where rows[row] <= best.worst {
            for column in 0..<4 {
                let slot = row &* 4 &+ column
                let child = node.children[slot]
                guard child != 0, node.unions[slot] & best.need == best.need else { continue }
                let bound = (rows[row] + columns[column]) * 0.999_999
                guard bound <= best.worst else { continue }
                let entry = BoundHeap.entry(bound: bound, reference: child)
                if entry < nearest {
                    if nearest != .max { BoundHeap.push(nearest, onto: scratch.heap, count: &heapCount) }
                    nearest = entry
                } else {
                    BoundHeap.push(entry, onto: scratch.heap, count: &heapCount)
                }
            }
        }
        return nearest
    }

    /// Looks at each place of a leaf.
    @inline(__always)
    private func scan(_ head: UInt32, from query: QueryPoint, area: borrowing GeoPolygon?, best: inout BestFirst) {
        var reference = head
        repeat {
            let block = leaf(reference)
            let coefficients = LeafBound(block.cell, from: query, origin: originX)
            let (latitudes, longitudes, flags) = (block.latitudes, block.longitudes, block.flags)
            let east = query.longitude + coefficients.turn(at: longitudes[0] - query.longitude)
            for lane in 0..<block.count {
                let vertical = latitudes[lane] - query.latitude
                let horizontal = longitudes[lane] - east
                let bound = coefficients.vertical * vertical * vertical
                    + coefficients.horizontal * horizontal * horizontal
                guard bound <= best.worst, flags[lane] & best.need == best.need else { continue }
                let number = block.members[lane]
                if best.excludedCount > 0, best.excludes(number) { continue }
                let chord = query.chordSquared(latitude: latitudes[lane], longitude: longitudes[lane])
                guard chord <= best.worst else { continue }
                if let area = copy area, !area.contains(latitude: latitudes[lane], longitude: longitudes[lane]) {
                    continue
                }
                best.add(chord, number, table: table)
            }
            reference = block.next
        } while reference != 0
    }
}

/// Factors that turn differences in degrees into a lower bound of the squared chord, for all places of one leaf.
struct LeafBound {
    let vertical: Double
    let horizontal: Double

    /// 1e-6 is given up for rounding, far more than needed and far less than what would cost a visit.
    @inline(__always)
    init(_ cell: TreeCell, from query: QueryPoint, origin: Int64) {
        let size = (1 as UInt32) &<< UInt32(cell.bits)
        let squared = Trigonometry.radiansPerDegree * Trigonometry.radiansPerDegree * 0.999_999
        let tall = Double(QueryPoint.gap(from: query.y, start: cell.south, sizeLessOne: size &- 1) &+ size)
        let wide = Double(QueryPoint.gap(from: query.x, start: cell.west, sizeLessOne: size &- 1) &+ size)
        vertical = LeafBound.taper(tall) * squared
        // A cell over the antimeridian holds longitudes of both signs; there the latitude alone must do.
        let absolute = UInt32(truncatingIfNeeded: Int64(cell.west) &+ origin)
        let isTorn = absolute.addingReportingOverflow(size).overflow
        horizontal = isTorn ? 0 : LeafBound.taper(wide) * squared * query.cosine * Double(cell.leastCosine)
    }

    @inline(__always)
    private static func taper(_ units: Double) -> Double {
        let farthest = (units + 2) * FixedPoint.radians
        return max(0, 1 - farthest * farthest / 12)
    }

    /// The turn of the globe to be added to the query's longitude so that it is on the leaf's side.
    @inline(__always)
    func turn(at difference: Double) -> Double {
        difference > 180 ? 360 : difference < -180 ? -360 : 0
    }
}

/// The nearest so far and what may still join them.
struct BestFirst {
    let wanted: Int
    private let entries: UnsafeMutablePointer<SearchScratch.Found>
    private(set) var count = 0
    /// What is farther than this cannot join.
    private(set) var worst: Double
    var need: UInt8 = 0
    var excluded: UnsafeMutablePointer<UInt32>?
    var excludedCount = 0

    init(wanted: Int, cap: Double, entries: UnsafeMutablePointer<SearchScratch.Found>) {
        self.wanted = wanted
        self.entries = entries
        worst = cap
    }

    @inline(__always)
    func excludes(_ number: UInt32) -> Bool {
        guard let excluded else { return false }
        for index in 0..<excludedCount where excluded[index] == number { return true }
        return false
    }

    /// Keeps the entries sorted by distance, then id.
    @inline(__always)
    mutating func add(_ chord: Double, _ number: UInt32, table: borrowing MemberTable) {
        var position: Int
        if count < wanted {
            position = count
            count += 1
        } else {
            position = count - 1
            if !BestFirst.precedes(chord, number, entries[position], table) { return }
        }
        while position > 0, BestFirst.precedes(chord, number, entries[position - 1], table) {
            entries[position] = entries[position - 1]
            position -= 1
        }
        entries[position] = SearchScratch.Found(chordSquared: chord, number: number)
        if count == wanted { worst = entries[wanted - 1].chordSquared }
    }

    @inline(__always)
    private static func precedes(
        _ chord: Double, _ number: UInt32, _ other: SearchScratch.Found, _ table: borrowing MemberTable
    ) -> Bool {
        if chord != other.chordSquared { return chord < other.chordSquared }
        return table[number].pointee.id < table[other.number].pointee.id
    }
}

/// A binary heap of bounds with references, in memory that somebody else owns.
enum BoundHeap {
    @inline(__always)
    static func entry(bound: Double, reference: UInt32) -> UInt64 {
        // Rounding to `Float` may be upward by 6e-8; the bound has given up 1e-6.
        UInt64(Float(bound).bitPattern) &<< 32 | UInt64(reference)
    }

    @inline(__always)
    static func bound(of entry: UInt64) -> Double {
        Double(Float(bitPattern: UInt32(truncatingIfNeeded: entry &>> 32)))
    }

    @inline(__always)
    static func push(_ entry: UInt64, onto heap: UnsafeMutablePointer<UInt64>, count: inout Int) {
        var position = count
        count &+= 1
        while position > 0 {
            let above = (position &- 1) &>> 1
            if heap[above] <= entry { break }
            heap[position] = heap[above]
            position = above
        }
        heap[position] = entry
    }

    @inline(__always)
    static func pop(from heap: UnsafeMutablePointer<UInt64>, count: inout Int) -> UInt64 {
        let top = heap[0]
        count &-= 1
        let last = heap[count]
        var position = 0
        while true {
            var below = position &* 2 &+ 1
            if below >= count { break }
            if below &+ 1 < count, heap[below &+ 1] < heap[below] { below &+= 1 }
            if heap[below] >= last { break }
            heap[position] = heap[below]
            position = below
        }
        heap[position] = last
        return top
    }
}
