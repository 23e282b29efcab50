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
    ///
    /// Begins in the smallest node around the query and works best-first inside it. Only when something outside could be
    /// nearer than what is left inside does it climb to the node above; by then most of what is there is too far.
    private mutating func search(
        _ wanted: Int, from point: GeoPoint, within radius: Metres, matching filter: borrowing SearchFilter
    ) -> Int {
        let query = QueryPoint(point, x: fixedX(point.longitude), y: fixedY(point.latitude))
        let cap = Trigonometry.chordSquared(angle: radius.value / Globe.radius.value)
        var best = BestFirst(wanted: wanted, cap: cap, entries: scratch.best)
        best.need = filter.required.rawValue
        best.excludedCount = resolveExcluded(filter.excluded)
        best.excluded = scratch.excluded
        best.hasArea = filter.area != nil
        guard inner(root).flagsUnion & best.need == best.need else { return 0 }
        var top = smallestNode(around: query)
        var outside = boundOutside(top, from: query)
        var heapCount = 0
        scratch.reserveHeap(beyond: heapCount)
        var current = open(inner(top), except: .max, from: query, best: best, heapCount: &heapCount)
        while true {
            if current == .max {
                if heapCount > 0, BoundHeap.bound(of: scratch.heap[0]) <= outside {
                    current = BoundHeap.pop(from: scratch.heap, count: &heapCount)
                    if BoundHeap.bound(of: current) > best.worst { break }
                } else {
                    guard top != root, outside <= best.worst else { break }
                    let slot = inner(top).cell.slot
                    top = inner(top).cell.parent
                    outside = boundOutside(top, from: query)
                    scratch.reserveHeap(beyond: heapCount)
                    let nearest = open(inner(top), except: slot, from: query, best: best, heapCount: &heapCount)
                    if nearest != .max { BoundHeap.push(nearest, onto: scratch.heap, count: &heapCount) }
                    continue
                }
            }
            let reference = UInt32(truncatingIfNeeded: current)
            current = .max
            if reference & TreeLayout.innerMark == 0 {
                scan(reference, from: query, best: &best, area: filter.area)
                continue
            }
            scratch.reserveHeap(beyond: heapCount)
            let node = inner(reference & ~TreeLayout.innerMark)
            let nearest = open(node, except: .max, from: query, best: best, heapCount: &heapCount)
            // The nearest child is visited at once, without a way through the heap, when nothing there is nearer.
            if nearest == .max { continue }
            if (heapCount == 0 || nearest <= scratch.heap[0]) && BoundHeap.bound(of: nearest) <= outside {
                current = nearest
            } else {
                BoundHeap.push(nearest, onto: scratch.heap, count: &heapCount)
            }
        }
        return best.count
    }

    /// The deepest inner node whose square holds the query; the root when the query is outside of it.
    @inline(__always)
    private func smallestNode(around query: QueryPoint) -> UInt32 {
        guard inner(root).cell.contains(query.x, query.y) else { return root }
        var node = root
        while true {
            let child = inner(node).children[inner(node).slot(of: query.x, query.y)]
            guard child & TreeLayout.innerMark != 0 else { return node }
            node = child & ~TreeLayout.innerMark
        }
    }

    /// At most the squared chord to anything outside of a node that holds the query; infinite for the root.
    @inline(__always)
    private func boundOutside(_ reference: UInt32, from query: QueryPoint) -> Double {
        if reference == root { return .infinity }
        let cell = inner(reference).cell
        let size = (1 as UInt32) &<< UInt32(cell.bits)
        let (x, y) = (query.x &- cell.west, query.y &- cell.south)
        let upright = QueryPoint.bound(gap: min(y, size &- y))
        // To the meridian of an edge g away: sin d = cos φ · sin g, and the chord is longer than sin d.
        let gap = Double(max(min(x, size &- x), 1) - 1) * FixedPoint.radians
        let square = gap * gap
        let sideways = query.cosine * query.cosine * square * max(0, 1 - square / 3)
        return min(upright, sideways) * 0.999_999
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

    /// Puts the children that may hold something onto the heap, except the nearest, which is returned; `.max` is none.
    @inline(__always)
    private func open(
        _ node: InnerNode, except visited: UInt8, from query: QueryPoint, best: BestFirst, heapCount: inout Int
    ) -> UInt64 {
        let size = (1 as UInt32) &<< UInt32(node.cell.bits &- 2)
        let parallels = query.cosine * Double(node.cell.leastCosine) * 0.999_999
        var nearest = UInt64.max
        let columns = (
            parallels * node.columnBound(0, size, query), parallels * node.columnBound(1, size, query),
            parallels * node.columnBound(2, size, query), parallels * node.columnBound(3, size, query)
        )
        for row in 0..<4 {
            let bound = node.rowBound(row, size, query) * 0.999_999
            guard bound <= best.worst else { continue }
            let slot = row &* 4
            offer(node, slot, bound + columns.0, visited, best, &nearest, &heapCount)
            offer(node, slot &+ 1, bound + columns.1, visited, best, &nearest, &heapCount)
            offer(node, slot &+ 2, bound + columns.2, visited, best, &nearest, &heapCount)
            offer(node, slot &+ 3, bound + columns.3, visited, best, &nearest, &heapCount)
        }
        return nearest
    }

    @inline(__always)
    private func offer(
        _ node: InnerNode, _ slot: Int, _ bound: Double, _ visited: UInt8, _ best: BestFirst, _ nearest: inout UInt64,
        _ heapCount: inout Int
    ) {
        guard bound <= best.worst, node.unions[slot] & best.need == best.need else { return }
        let child = node.children[slot]
        guard child != 0, slot != Int(visited) else { return }
        let entry = BoundHeap.entry(bound: bound, reference: child)
        if entry < nearest { swap(&nearest, to: entry, heapCount: &heapCount) } else {
            BoundHeap.push(entry, onto: scratch.heap, count: &heapCount)
        }
    }

    @inline(__always)
    private func swap(_ nearest: inout UInt64, to entry: UInt64, heapCount: inout Int) {
        if nearest != .max { BoundHeap.push(nearest, onto: scratch.heap, count: &heapCount) }
        nearest = entry
    }

    /// Looks at each place of a leaf.
    @inline(__always)
    private func scan(
        _ head: UInt32, from query: QueryPoint, best: inout BestFirst, area: @autoclosure () -> GeoPolygon?
    ) {
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
                if best.hasArea, let area = area(), !area.contains(latitude: latitudes[lane], longitude: longitudes[lane]) {
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
    var hasArea = false

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
