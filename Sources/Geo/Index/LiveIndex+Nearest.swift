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
        let excludedCount = copyExcluded(filter.excluded)
        let query = QueryPoint(point, x: fixedX(point.longitude), y: fixedY(point.latitude))
        let cap = Trigonometry.chordSquared(angle: radius.value / Globe.radius.value)
        var search = NearestSearch(
            TreeView(self), from: query, wanted: wanted, cap: cap, need: filter.required.rawValue, scratch: scratch)
        search.excludedCount = excludedCount
        search.run(area: filter.area)
        scratch.adoptHeap(search.heap, capacity: search.heapCapacity)
        search.write(into: &result)
    }

    /// As `nearest(_:to:within:matching:into:)`, in a new array.
    package mutating func nearest(
        _ limit: Int, to point: GeoPoint, within radius: Metres, matching filter: SearchFilter = SearchFilter()
    ) -> [Neighbour] {
        var result: [Neighbour] = []
        nearest(limit, to: point, within: radius, matching: filter, into: &result)
        return result
    }

    private mutating func copyExcluded(_ ids: borrowing [Int64]) -> Int {
        guard !ids.isEmpty else { return 0 }
        scratch.reserveExcluded(ids.count)
        for index in ids.indices { scratch.excluded[index] = ids[index] }
        return ids.count
    }
}
