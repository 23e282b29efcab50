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
