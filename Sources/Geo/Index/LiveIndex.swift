/// An exact index of moving points: nearest-k, within a radius, within a polygon, with filters applied before k is
/// filled.
///
/// The index is a tree of squares over longitude and latitude. A square that holds many points is cut into 4 × 4, so
/// cells follow the density: 10 m in a crowd, a country where nobody is. Empty land costs nothing, because it has no
/// nodes, and no query needs a radius to be fast. Each node knows how many points are below and which flags any of them
/// has, so a search for a rare flag walks straight to it. Search is best-first by a lower bound of the distance which
/// needs no trigonometry, holds across the antimeridian and at the poles, and is never above the true distance; the
/// distance of what is left is haversine in `Double`. Points are ordered by distance, then by id.
///
/// A move inside a cell overwrites in place. No operation allocates once the memory has grown to its size, counts
/// references, or calls through a closure. About 60 bytes a point.
///
/// One owner at a time: a `Mutex` per service area (see `FleetIndex`). At most 67 million points.
package struct LiveIndex: ~Copyable {
    var slab = Slab(largestBlockUnits: TreeLayout.largestUnits)
    var table = MemberTable()
    var wheel: ExpiryWheel
    var scratch = SearchScratch()
    /// The root's reference without the mark.
    var root: UInt32
    /// Fixed-point longitude and latitude of the origin: the south-west corner of the area that was foreseen.
    let originX: Int64
    let originY: Int64
    /// `PointFlags.fresh` where there is a policy by which points become stale, else nothing: then all eight bits are
    /// the owner's.
    let freshBit: UInt8

    /// An index that is at its best for points in the given box; it takes points everywhere.
    ///
    /// - Parameter expiry: when points that give no sign of life become stale and go; nil keeps them for ever.
    package init(area: GeoBox = .world, expiry: ExpiryPolicy? = nil) {
        wheel = ExpiryWheel(policy: expiry)
        freshBit = expiry == nil ? 0 : PointFlags.fresh.rawValue
        originX = FixedPoint.of(area.west + 180)
        originY = FixedPoint.of(area.south + 90)
        let extent = max(area.width, area.height) * FixedPoint.unitsPerDegree
        var bits: UInt8 = TreeLayout.smallestCellBits + 2
        while bits < 32, extent > Double(UInt64(1) << UInt64(bits)) { bits += 2 }
        root = slab.allocate(units: TreeLayout.innerUnits)
        let cell = LeafBlock.Cell(parent: 0, west: 0, south: 0, leastCosine: 0, bits: bits, slot: 0)
        InnerNode.writeHead(at: slab.at(root), cell: cell)
        inner(root).cell.leastCosine = leastCosine(south: 0, bits: bits)
    }

    /// How many points there are.
    package var count: Int { table.count }

    /// Bytes of heap that the tree's blocks in use take, without the member table. For tests and metrics.
    package var blockBytes: Int { slab.unitsInUse * 8 }

    @inline(__always)
    func inner(_ reference: UInt32) -> InnerNode { InnerNode(slab.at(reference)) }

    @inline(__always)
    func leaf(_ reference: UInt32) -> LeafBlock { LeafBlock(slab.at(reference)) }

    @inline(__always)
    func fixedX(_ longitude: Double) -> UInt32 {
        UInt32(truncatingIfNeeded: FixedPoint.of(longitude + 180) &- originX)
    }

    @inline(__always)
    func fixedY(_ latitude: Double) -> UInt32 {
        UInt32(truncatingIfNeeded: FixedPoint.of(latitude + 90) &- originY)
    }

    /// At most the smallest cosine of a latitude in a row of cells; 0 where the row may hold a pole.
    func leastCosine(south: UInt32, bits: UInt8) -> Float {
        // Half a turn of latitudes exists; everything is seen from the origin, wrapping at a whole turn.
        let first = Int64(truncatingIfNeeded: UInt32(truncatingIfNeeded: Int64(south) &+ originY))
        let last = first + Int64(1) << Int64(bits)
        guard bits < 30, last < FixedPoint.halfTurn else { return 0 }
        let low = Trigonometry.cosine((Double(first) / FixedPoint.unitsPerDegree - 90) * Trigonometry.radiansPerDegree)
        let high = Trigonometry.cosine((Double(last) / FixedPoint.unitsPerDegree - 90) * Trigonometry.radiansPerDegree)
        // At a pole nothing may be left of the rounding of π: everybody there is equally far.
        return max(0, Float(min(low, high) - 1e-12) * 0.999_999)
    }
}

/// Degrees as integers of 9 mm, so that a whole turn is 2^32 and wrapping is what the globe does.
enum FixedPoint {
    static let unitsPerDegree = 4_294_967_296.0 / 360
    static let halfTurn = Int64(1) << 31
    /// One unit in radians.
    static let radians = 2 * Double.pi / 4_294_967_296

    @inline(__always)
    static func of(_ degrees: Double) -> Int64 { Int64(degrees * unitsPerDegree) }
}

/// A box in degrees; `west` greater than `east` means across the antimeridian.
package struct GeoBox: Hashable, Sendable {
    package let south: Double
    package let west: Double
    package let north: Double
    package let east: Double

    /// Returns nil for coordinates off the globe or a box upside down.
    package init?(south: Double, west: Double, north: Double, east: Double) {
        guard abs(west) <= 180, abs(east) <= 180, south >= -90, north <= 90, south <= north else { return nil }
        (self.south, self.west, self.north, self.east) = (south, west, north, east)
    }

    private init() {
        (south, west, north, east) = (-90, -180, 90, 180)
    }

    package static let world = GeoBox()

    package var height: Double { north - south }
    package var width: Double { west <= east ? east - west : 360 - west + east }

    /// Whether the point lies in the box, rim included.
    package func contains(_ point: GeoPoint) -> Bool {
        guard point.latitude >= south, point.latitude <= north else { return false }
        if west <= east { return point.longitude >= west && point.longitude <= east }
        return point.longitude >= west || point.longitude <= east
    }
}

/// What a point carries besides its place: eight bits, of which the owner gives meaning to seven, or to all in an index
/// whose points never become stale.
package struct PointFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Kept by an index with an `ExpiryPolicy`: there was a sign of life within its `staleAfter`. Whatever the owner
    /// says about this bit is overwritten there. Ask for it to leave out those who have gone quiet.
    package static let fresh = PointFlags(rawValue: 0x80)
}
