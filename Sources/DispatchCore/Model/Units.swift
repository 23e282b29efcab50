/// A length of time in whole seconds.
package struct Seconds: Hashable, Comparable, Sendable {
    package let value: Int64

    package init(_ value: Int64) { self.value = value }

    package static let zero = Seconds(0)
    package static func minutes(_ value: Int64) -> Seconds { Seconds(value * 60) }
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// A way's length in whole metres. (`Geo.Metres` is the floating-point one of geometry.)
package struct WholeMetres: Hashable, Comparable, Sendable {
    package let value: Int64

    package init(_ value: Int64) { self.value = value }

    package static let zero = WholeMetres(0)
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// What the optimiser minimises, in thousandths of a second of one order's delay: 1000 is one order, one second later.
package struct Cost: Hashable, Comparable, Sendable {
    package let value: Int64

    package init(_ value: Int64) { self.value = value }

    package static let zero = Cost(0)
    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
    package static func + (left: Self, right: Self) -> Cost { Cost(left.value &+ right.value) }
    package static func - (left: Self, right: Self) -> Cost { Cost(left.value &- right.value) }
}

/// How much one second of something costs, in thousandths of one order's second of delay: 1000 weighs the same, 250 a
/// quarter.
package struct Weight: Hashable, Comparable, Sendable {
    package let perMille: Int32

    package init(perMille: Int32) { self.perMille = perMille }

    package static let none = Weight(perMille: 0)
    package static let one = Weight(perMille: 1000)
    package static func < (left: Self, right: Self) -> Bool { left.perMille < right.perMille }
}

/// How much searching a plan may cost, in steps of the search (one stop tried in one sequence is about one step).
/// The same budget gives the same plan on every machine; how long it takes depends on the machine.
package struct WorkBudget: Hashable, Comparable, Sendable {
    package let steps: Int64

    package init(steps: Int64) { self.steps = steps }

    /// About what one core of a small server does in a millisecond; measured with `benchmarks/dispatch`.
    package static let stepsPerMillisecond: Int64 = 15_000

    /// The budget that takes about so long on a small server. For callers; the engine itself knows no clock.
    package static func milliseconds(_ value: Int64) -> WorkBudget {
        WorkBudget(steps: max(0, value) * stepsPerMillisecond)
    }

    package static func < (left: Self, right: Self) -> Bool { left.steps < right.steps }
}
