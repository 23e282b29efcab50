/// A distance in metres. Negative values occur only as differences.
package struct Metres: Hashable, Comparable, Sendable {
    package let value: Double

    package init(_ value: Double) {
        self.value = value
    }

    package static func kilometres(_ value: Double) -> Metres { Metres(value * 1000) }

    /// Longer than any distance on the globe.
    package static let unlimited = Metres(.infinity)

    /// The nearest whole number of metres, for those who compute in integers. NaN counts as zero; saturates.
    package var whole: Int64 {
        if value.isNaN { return 0 }
        return Int64(exactly: value.rounded()) ?? (value < 0 ? .min : .max)
    }

    package static func < (left: Metres, right: Metres) -> Bool { left.value < right.value }
    package static func + (left: Metres, right: Metres) -> Metres { Metres(left.value + right.value) }
    package static func - (left: Metres, right: Metres) -> Metres { Metres(left.value - right.value) }
    package static func * (left: Metres, factor: Double) -> Metres { Metres(left.value * factor) }
}
