/// A moment in integer milliseconds since 1970-01-01T00:00:00Z. Arithmetic saturates instead of trapping, so that a
/// time from outside, however absurd, cannot stop a tick.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

    /// This moment moved by whole milliseconds; saturates at the ends of `Int64`.
    package func advanced(byMilliseconds delta: Int64) -> Timestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(delta)
        return Timestamp(milliseconds: overflow ? (delta > 0 ? .max : .min) : sum)
    }

    /// This moment moved by whole seconds; saturates.
    package func advanced(bySeconds delta: Int64) -> Timestamp {
        let (product, overflow) = delta.multipliedReportingOverflow(by: 1000)
        return advanced(byMilliseconds: overflow ? (delta > 0 ? .max : .min) : product)
    }

    /// Milliseconds from `earlier` to this moment; negative when this moment is the earlier one; saturates.
    package func millisecondsSince(_ earlier: Timestamp) -> Int64 {
        let (difference, overflow) = milliseconds.subtractingReportingOverflow(earlier.milliseconds)
        return overflow ? (milliseconds > earlier.milliseconds ? .max : .min) : difference
    }
}
