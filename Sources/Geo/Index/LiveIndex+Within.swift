extension LiveIndex {
    /// All points within `radius` that pass the filter, nearest first, equal distances by id. A point on the rim is within.
    package mutating func within(
        _ radius: Metres, of point: GeoPoint, matching filter: SearchFilter = SearchFilter(),
        into result: inout [Neighbour]
    ) {
        nearest(.max, to: point, within: radius, matching: filter, into: &result)
    }

    /// The ids of all points in an area that have the required flags, in no particular order; added to `result`.
    ///
    /// Each node keeps only those edges of the area that matter for its square, so a square inside or outside is decided
    /// at once, and a point near the rim is tested against a few edges. The verdict is that of `GeoPolygon.contains`.
    ///
    /// - Complexity: O(cells on the rim × edges near them + points inside)
    package mutating func collect(
        inside area: GeoPolygon, requiring flags: PointFlags = [], into result: inout [Int64]
    ) {
        if area.east - area.west >= 360 {
            collectSlowly(inside: area, requiring: flags, into: &result)
            return
        }
        let edgeCount = area.rings.reduce(0) { $0 + $1.count }
        // One copy of the list for the root and for each level below it.
        scratch.reserveEdges(edgeCount * 14)
        // A longitude may be inside as it stands, or a turn further east or west; never twice in less than a turn.
        for turn in [0.0, 360, -360] where area.east >= -180 + turn && area.west <= 180 + turn {
            writeEdges(of: area)
            let walk = AreaWalk(need: flags.rawValue, turn: turn)
            visit(root, walk, edges: scratch.edges, count: edgeCount, parity: false, into: &result)
        }
    }

    /// The ids of all points in an area that have the required flags, ascending.
    package mutating func members(inside area: GeoPolygon, requiring flags: PointFlags = []) -> [Int64] {
        var result: [Int64] = []
        collect(inside: area, requiring: flags, into: &result)
        result.sort()
        return result
    }

    private func writeEdges(of area: borrowing GeoPolygon) {
        var position = 0
        for ring in area.rings {
            var previous = ring[ring.count - 1]
            for vertex in ring {
                scratch.edges[position] = AreaEdge(from: vertex, to: previous)
                position += 1
                previous = vertex
            }
        }
    }

    /// Descends below a node whose square needs the given edges.
    private func visit(
        _ reference: UInt32, _ walk: AreaWalk, edges: UnsafeMutablePointer<AreaEdge>, count: Int, parity: Bool,
        into result: inout [Int64]
    ) {
        let node = inner(reference)
        for slot in 0..<16 {
            let child = node.children[slot]
            guard child != 0, node.unions[slot] & walk.need == walk.need else { continue }
            let isInner = child & TreeLayout.innerMark != 0
            let cell = TreeCell(slab.at(child & ~TreeLayout.innerMark))
            let square = DegreeSquare(cell, originX: originX, originY: originY, turn: walk.turn)
            let kept = edges + count
            var (keptCount, inside, isTouched) = (0, parity, false)
            for index in 0..<count {
                let relation = square.relation(to: edges[index])
                if relation == .irrelevant { continue }
                kept[keptCount] = edges[index]
                keptCount += 1
                if relation == .touching { isTouched = true }
            }
            // No edge touches the square: all of it is inside, or nothing.
            if !isTouched {
                for index in 0..<keptCount where kept[index].isCrossed(latitude: square.south, longitude: square.west) {
                    inside.toggle()
                }
                if !inside { continue }
                keptCount = 0
            }
            if !isInner {
                test(child, walk, edges: kept, count: keptCount, parity: inside, into: &result)
            } else if keptCount == 0 {
                takeAll(child & ~TreeLayout.innerMark, walk, into: &result)
            } else {
                visit(
                    child & ~TreeLayout.innerMark, walk, edges: kept, count: keptCount, parity: inside, into: &result)
            }
        }
    }

    private func takeAll(_ reference: UInt32, _ walk: AreaWalk, into result: inout [Int64]) {
        let node = inner(reference)
        for slot in 0..<16 {
            let child = node.children[slot]
            guard child != 0, node.unions[slot] & walk.need == walk.need else { continue }
            if child & TreeLayout.innerMark != 0 {
                takeAll(child & ~TreeLayout.innerMark, walk, into: &result)
            } else {
                test(child, walk, edges: scratch.edges, count: 0, parity: true, into: &result)
            }
        }
    }

    @inline(__always)
    private func test(
        _ head: UInt32, _ walk: AreaWalk, edges: UnsafeMutablePointer<AreaEdge>, count: Int, parity: Bool,
        into result: inout [Int64]
    ) {
        var reference = head
        repeat {
            let block = leaf(reference)
            for lane in 0..<block.count where block.flags[lane] & walk.need == walk.need {
                var inside = parity
                let latitude = block.latitudes[lane]
                let longitude = block.longitudes[lane] + walk.turn
                for index in 0..<count where edges[index].isCrossed(latitude: latitude, longitude: longitude) {
                    inside.toggle()
                }
                if inside { result.append(table[block.members[lane]].pointee.id) }
            }
            reference = block.next
        } while reference != 0
    }

    /// For areas of a whole turn and more, in which a place could be inside by two of its longitudes.
    private func collectSlowly(inside area: GeoPolygon, requiring flags: PointFlags, into result: inout [Int64]) {
        table.forEach { number in
            let record = table[number].pointee
            let block = leaf(record.block)
            let lane = Int(record.lane)
            guard block.flags[lane] & flags.rawValue == flags.rawValue else { return }
            if area.contains(latitude: block.latitudes[lane], longitude: block.longitudes[lane]) {
                result.append(record.id)
            }
        }
    }
}

/// What stays the same during one walk through the tree.
struct AreaWalk {
    let need: UInt8
    /// Degrees to be added to each longitude.
    let turn: Double
}

/// An edge of an area, in degrees, in the order in which `GeoPolygon` looks at it.
struct AreaEdge {
    let latitude: Double
    let longitude: Double
    let otherLatitude: Double
    let otherLongitude: Double
    let low: Double
    let high: Double
    let westernmost: Double
    let easternmost: Double

    init(from vertex: GeoPolygon.Vertex, to previous: GeoPolygon.Vertex) {
        (latitude, longitude) = (vertex.latitude, vertex.longitude)
        (otherLatitude, otherLongitude) = (previous.latitude, previous.longitude)
        low = min(latitude, otherLatitude)
        high = max(latitude, otherLatitude)
        westernmost = min(longitude, otherLongitude)
        easternmost = max(longitude, otherLongitude)
    }

    /// Whether a ray from the place to the east crosses the edge. The formula is that of `GeoPolygon`, to the last bit.
    @inline(__always)
    func isCrossed(latitude y: Double, longitude x: Double) -> Bool {
        guard (latitude > y) != (otherLatitude > y) else { return false }
        let share = (y - latitude) / (otherLatitude - latitude)
        return x < longitude + share * (otherLongitude - longitude)
    }
}

/// A cell in degrees, a little larger than it is, so that rounding cannot put one of its places outside.
struct DegreeSquare {
    let south: Double
    let north: Double
    let west: Double
    let east: Double

    enum Relation {
        /// No ray to the east from the square meets the edge.
        case irrelevant
        /// The edge is east of the square: rays meet it, but no side of it runs through the square.
        case eastward
        /// The box around the edge touches the square.
        case touching
    }

    init(_ cell: TreeCell, originX: Int64, originY: Int64, turn: Double) {
        let size = Double(UInt64(1) &<< UInt64(cell.bits))
        let slack = 2.0
        let x = Double(UInt32(truncatingIfNeeded: Int64(cell.west) &+ originX))
        let y = Double(UInt32(truncatingIfNeeded: Int64(cell.south) &+ originY))
        let turnUnits = 4_294_967_296.0
        // A square over the seam of the numbers may hold any longitude (or, seen from its origin, latitude).
        let isTornX = x + size > turnUnits
        let isTornY = y + size > turnUnits
        west = isTornX ? -.infinity : (x - slack) / FixedPoint.unitsPerDegree - 180 + turn
        east = isTornX ? .infinity : (x + size + slack) / FixedPoint.unitsPerDegree - 180 + turn
        south = isTornY ? -.infinity : (y - slack) / FixedPoint.unitsPerDegree - 90
        north = isTornY ? .infinity : (y + size + slack) / FixedPoint.unitsPerDegree - 90
    }

    @inline(__always)
    func relation(to edge: AreaEdge) -> Relation {
        if edge.low > north || edge.high < south || edge.easternmost < west { return .irrelevant }
        return edge.westernmost > east ? .eastward : .touching
    }
}
