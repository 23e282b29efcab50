extension LiveIndex {
    /// All points within `radius` that pass the filter, nearest first, equal distances by id. A point on the rim is
    /// within.
    package mutating func within(
        _ radius: Metres, of point: GeoPoint, matching filter: SearchFilter = SearchFilter(),
        into result: inout [Neighbour]
    ) {
        nearest(.max, to: point, within: radius, matching: filter, into: &result)
    }

    /// The ids of all points in an area that have the required flags, in no particular order; added to `result`.
    ///
    /// Each node keeps only those edges of the area that matter for its square, so a square inside or outside is
    /// decided at once, and a point near the rim is tested against a few edges. The verdict is that of
    /// `GeoPolygon.contains`.
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
            let walk = AreaWalk(view: TreeView(self), need: flags.rawValue, turn: turn)
            walk.write(area, to: scratch.edges)
            walk.visit(root, edges: scratch.edges, count: edgeCount, into: &result)
        }
    }

    /// The ids of all points in an area that have the required flags, ascending.
    package mutating func members(inside area: GeoPolygon, requiring flags: PointFlags = []) -> [Int64] {
        var result: [Int64] = []
        collect(inside: area, requiring: flags, into: &result)
        result.sort()
        return result
    }

    /// For areas of a whole turn and more, in which a place could be inside by two of its longitudes.
    private func collectSlowly(inside area: GeoPolygon, requiring flags: PointFlags, into result: inout [Int64]) {
        table.visitAll { number in
            let record = table[number].pointee
            let (block, lane) = spot(of: number)
            guard block.flags[lane] & flags.rawValue == flags.rawValue else { return }
            let place = block.places[lane]
            if area.contains(latitude: place.latitude, longitude: place.longitude) {
                result.append(record.id)
            }
        }
    }
}
