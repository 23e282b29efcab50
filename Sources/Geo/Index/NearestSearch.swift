internal import CGEOS

/// One search for the nearest.
///
/// Begins in the smallest node around the query and works best-first inside it. Only when something outside could be
/// nearer than what is left inside does it climb to the node above; by then most of what is there is too far.
struct NearestSearch {
    private let view: TreeView
    private let query: QueryPoint
    private let wanted: Int
    /// So many that keeping them sorted would cost more than to sort them at the end.
    private let isLarge: Bool
    /// What is farther than this cannot join the best.
    private var worst: Double
    private var count = 0
    private let best: UnsafeMutablePointer<SearchScratch.Found>
    private(set) var heap: UnsafeMutablePointer<UInt64>
    private(set) var heapCapacity: Int
    private var heapCount = 0
    /// Flags that a place must have.
    private let need: UInt8
    /// The same, eight times.
    private let needs: UInt64
    private let excluded: UnsafeMutablePointer<Int64>
    var excludedCount = 0

    init(
        _ view: TreeView, from query: QueryPoint, wanted: Int, cap: Double, need: UInt8,
        scratch: borrowing SearchScratch
    ) {
        self.view = view
        self.query = query
        self.wanted = wanted
        isLarge = wanted > NearestSearch.mostSorted
        worst = cap
        self.need = need
        needs = UInt64(need) &* 0x0101_0101_0101_0101
        best = scratch.best
        heap = scratch.heap
        heapCapacity = scratch.heapCapacity
        excluded = scratch.excluded
    }

    /// Most that are kept sorted all the time; about where a heap begins to win.
    private static let mostSorted = 64

    /// Finds the best and sorts them. Afterwards the heap may be another, larger one.
    mutating func run(area: borrowing GeoPolygon?) {
        search(area: area)
        if isLarge { sortBest() }
    }

    private mutating func search(area: borrowing GeoPolygon?) {
        guard view.inner(view.root).flagsUnion & need == need else { return }
        var top = smallestNode()
        var outside = boundOutside(top)
        var current = open(top, except: .max)
        while true {
            if current == .max {
                if heapCount > 0, BoundHeap.bound(of: heap[0]) <= outside {
                    current = BoundHeap.pop(from: heap, count: &heapCount)
                    if BoundHeap.bound(of: current) > worst { return }
                } else {
                    guard top != view.root, outside <= worst else { return }
                    let slot = view.inner(top).cell.slot
                    top = view.inner(top).cell.parent
                    outside = boundOutside(top)
                    let nearest = open(top, except: slot)
                    if nearest != .max { BoundHeap.push(nearest, onto: heap, count: &heapCount) }
                    continue
                }
            }
            let reference = UInt32(truncatingIfNeeded: current)
            current = .max
            if reference & TreeLayout.innerMark == 0 {
                scan(reference, area: area)
                continue
            }
            let nearest = open(reference & ~TreeLayout.innerMark, except: .max)
            // The nearest child is visited at once, without a way through the heap, when nothing else is nearer.
            if nearest == .max { continue }
            if (heapCount == 0 || nearest <= heap[0]) && BoundHeap.bound(of: nearest) <= outside {
                current = nearest
            } else {
                BoundHeap.push(nearest, onto: heap, count: &heapCount)
            }
        }
    }

    /// Adds what was found to `result`, nearest first.
    func write(into result: inout [Neighbour]) {
        result.reserveCapacity(count)
        for index in 0..<count {
            let found = best[index]
            let block = view.leaf(found.block)
            let place = block.places[Int(found.lane)]
            result.append(
                Neighbour(
                    id: found.id, place: GeoPoint(known: place.latitude, place.longitude),
                    flags: PointFlags(rawValue: block.flags[Int(found.lane)]), chordSquared: found.chordSquared))
        }
    }

    // MARK: The tree

    /// The deepest inner node whose square holds the query; the root when the query is outside of it.
    private func smallestNode() -> UInt32 {
        guard view.inner(view.root).cell.contains(query.x, query.y) else { return view.root }
        var node = view.root
        while true {
            let child = view.inner(node).children[view.inner(node).slot(of: query.x, query.y)]
            guard child & TreeLayout.innerMark != 0 else { return node }
            node = child & ~TreeLayout.innerMark
        }
    }

    /// At most the squared chord to anything outside of a node that holds the query; infinite for the root.
    private func boundOutside(_ reference: UInt32) -> Double {
        if reference == view.root { return .infinity }
        let cell = view.inner(reference).cell
        let size = (1 as UInt32) &<< UInt32(cell.bits)
        let (x, y) = (query.x &- cell.west, query.y &- cell.south)
        let upright = QueryPoint.bound(gap: min(y, size &- y))
        // To the meridian of an edge g away: sin d = cos φ · sin g, and the chord is longer than sin d.
        let gap = Double(max(min(x, size &- x), 1) &- 1) * FixedPoint.radians
        let square = gap * gap
        let sideways = query.cosine * query.cosine * square * max(0, 1 - square / 3)
        return min(upright, sideways) * 0.999_999
    }

    /// Puts the children that may hold something onto the heap, except the nearest, which is returned; `.max` is none.
    private mutating func open(_ reference: UInt32, except visited: UInt8) -> UInt64 {
        if heapCount &+ 16 > heapCapacity { growHeap() }
        let node = view.inner(reference)
        let size = (1 as UInt32) &<< UInt32(node.cell.bits &- 2)
        let parallels = query.cosine * Double(node.cell.leastCosine) * 0.999_999
        var nearest = UInt64.max
        let west = parallels * node.columnBound(0, size, query)
        let midWest = parallels * node.columnBound(1, size, query)
        let midEast = parallels * node.columnBound(2, size, query)
        let east = parallels * node.columnBound(3, size, query)
        for row in 0..<4 {
            let bound = node.rowBound(row, size, query) * 0.999_999
            guard bound <= worst else { continue }
            let slot = row &* 4
            offer(node, slot, bound + west, visited, &nearest)
            offer(node, slot &+ 1, bound + midWest, visited, &nearest)
            offer(node, slot &+ 2, bound + midEast, visited, &nearest)
            offer(node, slot &+ 3, bound + east, visited, &nearest)
        }
        return nearest
    }

    @inline(__always)
    private mutating func offer(
        _ node: InnerNode, _ slot: Int, _ bound: Double, _ visited: UInt8, _ nearest: inout UInt64
    ) {
        guard bound <= worst, node.unions[slot] & need == need else { return }
        let child = node.children[slot]
        guard child != 0, slot != Int(visited) else { return }
        // What is queued is likely to be visited soon; a leaf of a dozen places is four cache lines (a tenth of the
        // time).
        let address = view.at(child & ~TreeLayout.innerMark)
        for line in 0..<4 { geo_prefetch(address + line &* 64) }
        let entry = BoundHeap.entry(bound: bound, reference: child)
        let farther = max(entry, nearest)
        nearest = min(entry, nearest)
        if farther != .max { BoundHeap.push(farther, onto: heap, count: &heapCount) }
    }

    @inline(never)
    private mutating func growHeap() {
        let wider = UnsafeMutablePointer<UInt64>.allocate(capacity: heapCapacity * 2)
        wider.moveInitialize(from: heap, count: heapCount)
        heap.deallocate()
        heap = wider
        heapCapacity *= 2
    }

    // MARK: The places

    /// Looks at each place of a leaf.
    @inline(__always)
    private mutating func scan(_ head: UInt32, area: borrowing GeoPolygon?) {
        let block = view.leaf(head)
        if block.next != 0 {
            scanChain(head, area: area)
            return
        }
        let factors = LeafBound(block.cell, from: query, origin: view.originX)
        let (places, ids) = (block.places, block.ids)
        let east = query.longitude + factors.turn(at: places[0].longitude - query.longitude)
        let (south, vertical, horizontal) = (query.latitude, factors.vertical, factors.horizontal)
        var first = 0
        repeat {
            var matches = block.matches(from: first, needs)
            while matches != 0 {
                let lane = first &+ matches.trailingZeroBitCount &>> 3
                matches &= matches &- 1
                let place = places[lane]
                let dy = place.latitude - south
                let dx = place.longitude - east
                guard vertical * dy * dy + horizontal * dx * dx <= worst else { continue }
                let chord = query.chordSquared(latitude: place.latitude, longitude: place.longitude)
                guard chord <= worst else { continue }
                let id = ids[lane]
                if excludedCount > 0, excludes(id) { continue }
                if let isInside = area?.contains(latitude: place.latitude, longitude: place.longitude), !isInside {
                    continue
                }
                add(chord, id, head, lane)
            }
            first &+= 8
        } while first < block.count
    }

    /// A crowd within some metres, many of it often in one and the same place: then the distance is that of the one
    /// before, and only the ids decide.
    @inline(never)
    private mutating func scanChain(_ head: UInt32, area: borrowing GeoPolygon?) {
        let cell = view.leaf(head)
        let factors = LeafBound(cell.cell, from: query, origin: view.originX)
        let east = query.longitude + factors.turn(at: cell.places[0].longitude - query.longitude)
        var (latitude, longitude, chord) = (Double.nan, Double.nan, Double.infinity)
        var reference = head
        repeat {
            let block = view.leaf(reference)
            let (places, ids) = (block.places, block.ids)
            geo_prefetch(view.at(block.next))
            for first in stride(from: 0, to: block.count, by: 8) {
                var matches = block.matches(from: first, needs)
                while matches != 0 {
                    let lane = first &+ matches.trailingZeroBitCount &>> 3
                    matches &= matches &- 1
                    let place = places[lane]
                    if place.latitude != latitude || place.longitude != longitude {
                        let dy = place.latitude - query.latitude
                        let dx = place.longitude - east
                        guard factors.vertical * dy * dy + factors.horizontal * dx * dx <= worst else { continue }
                        (latitude, longitude) = (place.latitude, place.longitude)
                        chord = query.chordSquared(latitude: latitude, longitude: longitude)
                    }
                    guard chord <= worst else { continue }
                    let id = ids[lane]
                    if count == wanted, !isLarge, !precedes(chord, id, best[count &- 1]) { continue }
                    if excludedCount > 0, excludes(id) { continue }
                    if let isInside = area?.contains(latitude: latitude, longitude: longitude), !isInside { continue }
                    add(chord, id, reference, lane)
                }
            }
            reference = block.next
        } while reference != 0
    }

    private func excludes(_ id: Int64) -> Bool {
        for index in 0..<excludedCount where excluded[index] == id { return true }
        return false
    }

    /// Keeps the best sorted by distance, then id.
    @inline(__always)
    private mutating func add(_ chord: Double, _ id: Int64, _ block: UInt32, _ lane: Int) {
        if isLarge {
            addLarge(
                SearchScratch.Found(
                    chordSquared: chord, id: id, block: block, lane: UInt32(truncatingIfNeeded: lane)))
            return
        }
        var position = count
        if count < wanted {
            count &+= 1
        } else {
            position = count &- 1
            if !precedes(chord, id, best[position]) { return }
        }
        while position > 0, precedes(chord, id, best[position &- 1]) {
            best[position] = best[position &- 1]
            position &-= 1
        }
        best[position] = SearchScratch.Found(
            chordSquared: chord, id: id, block: block, lane: UInt32(truncatingIfNeeded: lane))
        if count == wanted { worst = best[wanted &- 1].chordSquared }
    }

    /// Keeps the best as a heap, worst on top, once there are as many as wanted.
    @inline(never)
    private mutating func addLarge(_ found: SearchScratch.Found) {
        if count < wanted {
            best[count] = found
            count &+= 1
            if count == wanted { heapBest() }
        } else if precedes(found.chordSquared, found.id, best[0]) {
            best[0] = found
            sink(0, of: count)
        }
        if count == wanted { worst = best[0].chordSquared }
    }

    private func heapBest() {
        for position in stride(from: count / 2 - 1, through: 0, by: -1) { sink(position, of: count) }
    }

    /// Nearest first. In place, so that a search allocates nothing.
    private func sortBest() {
        if count < wanted { heapBest() }
        for end in stride(from: count - 1, to: 0, by: -1) {
            let worst = best[0]
            best[0] = best[end]
            best[end] = worst
            sink(0, of: end)
        }
    }

    private func sink(_ start: Int, of count: Int) {
        let found = best[start]
        var position = start
        while true {
            var below = position &* 2 &+ 1
            if below >= count { break }
            if below &+ 1 < count, precedes(best[below].chordSquared, best[below].id, best[below &+ 1]) {
                below &+= 1
            }
            if !precedes(found.chordSquared, found.id, best[below]) { break }
            best[position] = best[below]
            position = below
        }
        best[position] = found
    }

    @inline(__always)
    private func precedes(_ chord: Double, _ id: Int64, _ other: SearchScratch.Found) -> Bool {
        chord < other.chordSquared || (chord == other.chordSquared && id < other.id)
    }
}
