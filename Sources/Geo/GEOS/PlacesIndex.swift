/// Places that do not move, such as restaurants: who is near whom. Built once, replaced when a place changes.
///
/// GEOS's tree finds the candidates by their boxes; the great circle decides, so that answers are exact. Not safe for
/// two threads at once: the owner keeps it to itself or in a `Mutex`.
package struct PlacesIndex: ~Copyable {
    package let points: [GeoPoint]
    private let context: GEOSContext
    private let tree: OpaquePointer

    /// - Complexity: O(n log n)
    package init(_ points: [GeoPoint]) throws(GEOSError) {
        var context = try GEOSContext()
        var members: [OpaquePointer] = []
        members.reserveCapacity(points.count)
        for point in points {
            members.append(
                try context.keep(context.point(x: point.longitude, y: point.latitude), doing: "make a point"))
        }
        tree = try context.tree(over: members)
        self.points = points
        self.context = context
    }

    /// The numbers of the places within `radius` of `centre`, ascending.
    package func indexes(within radius: Metres, of centre: GeoPoint) throws(GEOSError) -> [Int] {
        guard !points.isEmpty, radius.value >= 0 else { return [] }
        let reach = DegreeReach(of: radius, around: centre)
        var candidates: [Int] = []
        for box in reach.boxes {
            candidates += try context.query(
                tree, west: box.west, south: reach.south, east: box.east, north: reach.north)
        }
        if reach.boxes.count > 1 { candidates.sort() }
        return candidates.filter { points[$0].distance(to: centre) <= radius }
    }

    /// All pairs of places within `radius` of each other, the smaller number first, in ascending order.
    ///
    /// - Complexity: O(n log n + boxes that touch)
    package func pairs(within radius: Metres) throws(GEOSError) -> [PlacePair] {
        var pairs: [PlacePair] = []
        for index in points.indices {
            for other in try indexes(within: radius, of: points[index]) where other > index {
                pairs.append(PlacePair(first: index, second: other))
            }
        }
        return pairs
    }
}

/// Two places of a `PlacesIndex`, by number, the smaller first.
package struct PlacePair: Hashable, Sendable {
    package let first: Int
    package let second: Int

    package init(first: Int, second: Int) {
        self.first = first
        self.second = second
    }
}

/// A box in degrees that surely holds a circle on the globe; two boxes where it crosses the antimeridian.
struct DegreeReach {
    let south: Double
    let north: Double
    let boxes: [(west: Double, east: Double)]

    init(of radius: Metres, around centre: GeoPoint) {
        // A millionth of a degree more, so that rounding never loses a place on the rim.
        let slack = 1e-6
        let angle = min(radius.value / Globe.radius.value, Double.pi)
        let height = angle / Trigonometry.radiansPerDegree + slack
        south = max(-90, centre.latitude - height)
        north = min(90, centre.latitude + height)
        let ratio = Trigonometry.sine(angle) / Trigonometry.cosine(centre.latitude * Trigonometry.radiansPerDegree)
        guard angle < Double.pi / 2, south > -90, north < 90, ratio < 1 else {
            boxes = [(-180, 180)]
            return
        }
        let width = Trigonometry.arcsine(ratio) / Trigonometry.radiansPerDegree + slack
        let (west, east) = (centre.longitude - width, centre.longitude + width)
        if west < -180 {
            boxes = [(-180, east), (west + 360, 180)]
        } else if east > 180 {
            boxes = [(west, 180), (-180, east - 360)]
        } else {
            boxes = [(west, east)]
        }
    }
}
