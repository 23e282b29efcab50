/// A walk through the tree that collects what is inside an area.
struct AreaWalk {
    let view: TreeView
    /// Flags that a place must have.
    let need: UInt8
    /// The same, eight times.
    let needs: UInt64
    /// Degrees to be added to each longitude.
    let turn: Double

    init(view: TreeView, need: UInt8, turn: Double) {
        self.view = view
        self.need = need
        needs = UInt64(need) &* 0x0101_0101_0101_0101
        self.turn = turn
    }

    /// Writes the edges of an area, to be given to `visit`.
    func write(_ area: borrowing GeoPolygon, to edges: UnsafeMutablePointer<AreaEdge>) {
        var position = 0
        for ring in area.rings {
            var previous = ring[ring.count - 1]
            for vertex in ring {
                edges[position] = AreaEdge(from: vertex, to: previous)
                position += 1
                previous = vertex
            }
        }
    }

    /// Descends below a node whose square needs the given edges.
    func visit(
        _ reference: UInt32, edges: UnsafeMutablePointer<AreaEdge>, count: Int, into result: inout [Int64]
    ) {
        let node = view.inner(reference)
        for slot in 0..<16 {
            let child = node.children[slot]
            guard child != 0, node.unions[slot] & need == need else { continue }
            let isInner = child & TreeLayout.innerMark != 0
            let cell = TreeCell(view.at(child & ~TreeLayout.innerMark))
            let square = DegreeSquare(cell, originX: view.originX, originY: view.originY, turn: turn)
            let kept = edges + count
            var (keptCount, inside, isTouched) = (0, false, false)
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
                test(child, edges: kept, count: keptCount, startsInside: inside, into: &result)
            } else if keptCount == 0 {
                takeAll(child & ~TreeLayout.innerMark, edges: kept, into: &result)
            } else {
                visit(child & ~TreeLayout.innerMark, edges: kept, count: keptCount, into: &result)
            }
        }
    }

    private func takeAll(
        _ reference: UInt32, edges noEdges: UnsafeMutablePointer<AreaEdge>, into result: inout [Int64]
    ) {
        let node = view.inner(reference)
        for slot in 0..<16 {
            let child = node.children[slot]
            guard child != 0, node.unions[slot] & need == need else { continue }
            if child & TreeLayout.innerMark != 0 {
                takeAll(child & ~TreeLayout.innerMark, edges: noEdges, into: &result)
            } else {
                test(child, edges: noEdges, count: 0, startsInside: true, into: &result)
            }
        }
    }

    @inline(__always)
    private func test(
        _ head: UInt32, edges: UnsafeMutablePointer<AreaEdge>, count: Int, startsInside: Bool,
        into result: inout [Int64]
    ) {
        var reference = head
        repeat {
            let block = view.leaf(reference)
            let (places, ids) = (block.places, block.ids)
            for first in stride(from: 0, to: block.count, by: 8) {
                var matches = block.matches(from: first, needs)
                while matches != 0 {
                    let lane = first &+ matches.trailingZeroBitCount &>> 3
                    matches &= matches &- 1
                    var inside = startsInside
                    let latitude = places[lane].latitude
                    let longitude = places[lane].longitude + turn
                    for index in 0..<count where edges[index].isCrossed(latitude: latitude, longitude: longitude) {
                        inside.toggle()
                    }
                    if inside { result.append(ids[lane]) }
                }
            }
            reference = block.next
        } while reference != 0
    }
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
