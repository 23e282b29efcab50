/// Where a search starts, with what it needs for distances and their lower bounds.
struct QueryPoint {
    let latitude: Double
    let longitude: Double
    let sine: Double
    let cosine: Double
    /// Fixed-point place, seen from the index's origin.
    let x: UInt32
    let y: UInt32

    init(_ point: GeoPoint, x: UInt32, y: UInt32) {
        latitude = point.latitude
        longitude = point.longitude
        let angle = Trigonometry.sineAndCosine(latitude * Trigonometry.radiansPerDegree)
        sine = angle.sine
        // At a pole every longitude is the same place, to the last bit.
        cosine = abs(latitude) == 90 ? 0 : angle.cosine
        self.x = x
        self.y = y
    }

    /// The square of the chord of the unit sphere to a place: four times the haversine. Depends on nothing but the two
    /// places, so that equal places are equally far.
    @inline(__always)
    func chordSquared(latitude otherLatitude: Double, longitude otherLongitude: Double) -> Double {
        let vertical = (otherLatitude - latitude) * Trigonometry.radiansPerDegree
        var degrees = otherLongitude - longitude
        if degrees > 180 { degrees -= 360 } else if degrees < -180 { degrees += 360 }
        let horizontal = degrees * Trigonometry.radiansPerDegree
        // Up to 127 km the Taylor series are exact to the last place (next terms below 1e-19), and there is no call.
        if abs(vertical) < 0.02, abs(horizontal) < 0.02, abs(latitude) < 88 {
            let v = vertical * vertical
            let h = horizontal * horizontal
            let upright = v * (1 - v * (1.0 / 12 - v * (1.0 / 360 - v / 20_160)))
            let flat = h * (1 - h * (1.0 / 12 - h * (1.0 / 360 - h / 20_160)))
            let sineOfVertical = vertical * (1 - v * (1.0 / 6 - v * (1.0 / 120 - v / 5040)))
            let otherCosine = cosine * (1 - upright / 2) - sine * sineOfVertical
            return upright + cosine * otherCosine * flat
        }
        return farChordSquared(vertical: vertical, horizontal: horizontal, latitude: otherLatitude)
    }

    @inline(never)
    private func farChordSquared(vertical: Double, horizontal: Double, latitude otherLatitude: Double) -> Double {
        let upright = Trigonometry.sineAndCosine(vertical / 2).sine
        let flat = Trigonometry.sineAndCosine(horizontal / 2).sine
        let parallels =
            abs(otherLatitude) == 90
            ? 0 : cosine * Trigonometry.sineAndCosine(otherLatitude * Trigonometry.radiansPerDegree).cosine
        return 4 * (upright * upright + parallels * flat * flat)
    }

    /// Fixed-point units from the query to the nearest edge of a range on a circle; 0 inside it.
    @inline(__always)
    static func gap(from position: UInt32, start: UInt32, sizeLessOne: UInt32) -> UInt32 {
        let inside = position &- start
        return inside <= sizeLessOne ? 0 : min(0 &- inside, inside &- sizeLessOne)
    }

    /// At most 4 sin²(g/2) for all g at or beyond a gap: from sin x ≥ x - x³/6. One unit is given up for the rounding
    /// to fixed point.
    @inline(__always)
    static func bound(gap: UInt32) -> Double {
        guard gap > 1 else { return 0 }
        let angle = Double(gap &- 1) * FixedPoint.radians
        let square = angle * angle
        return square * (1 - square / 12)
    }
}
