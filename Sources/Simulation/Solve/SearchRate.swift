package import DispatchCore

/// How much work fits into a time: measured with `benchmarks/dispatch` (`dispatch solve --timed 1`) on two cores of a
/// small server, one lane each, on generated cities with two drivers for five orders and with two for one. Reading the
/// problem and making its tables is part of the time.
package enum SearchRate {
    /// Time of a whole search: `fixed` milliseconds, and so many nanoseconds a step of the budget.
    private struct Cost {
        var fixed: Double
        var step: Double

        /// Between two costs: `self` at 0, `other` at 1; beyond 1 as it goes on.
        func mixed(with other: Cost, _ part: Double) -> Cost {
            Cost(fixed: fixed + (other.fixed - fixed) * part, step: step + (other.step - step) * part)
        }
    }

    /// Costs by number of orders, with scarce drivers and with plenty.
    private static let delay: [(orders: Double, scarce: Cost, ample: Cost)] = [
        (50, Cost(fixed: 140, step: 15), Cost(fixed: 40, step: 7.2)),
        (200, Cost(fixed: 220, step: 18.8), Cost(fixed: 170, step: 15.7)),
        (1000, Cost(fixed: 440, step: 29), Cost(fixed: 440, step: 30.5)),
    ]
    /// The same where driving is what counts.
    private static let driving: [(orders: Double, scarce: Cost, ample: Cost)] = [
        (50, Cost(fixed: 30, step: 14.8), Cost(fixed: 60, step: 6.9)),
        (200, Cost(fixed: 100, step: 11.6), Cost(fixed: 390, step: 9.6)),
        (1000, Cost(fixed: 440, step: 10.8), Cost(fixed: 440, step: 13.5)),
    ]

    /// The budget whose search takes nearly `milliseconds` on two free cores, the whole command counted. Where that is
    /// hardly time for the tables, a part of it goes into the search all the same.
    package static func budget(milliseconds: Int64, snapshot: DispatchSnapshot) -> WorkBudget {
        let time = Double(max(0, min(milliseconds, 86_400_000)))
        let cost = cost(of: snapshot)
        let left = max(time - cost.fixed, time * 0.3)
        return WorkBudget(steps: Int64(left * 1_000_000 / cost.step))
    }

    private static func cost(of snapshot: DispatchSnapshot) -> Cost {
        let orders = Double(snapshot.orders.count)
        let rows = snapshot.policy.weights.driving.perMille > 1000 ? driving : delay
        // Two drivers for five orders, and two for one.
        let plenty = ((Double(snapshot.drivers.count) / max(1, orders) - 0.4) / 1.6).clamped(to: 0...1)
        let costs = rows.map { (orders: $0.orders, cost: $0.scarce.mixed(with: $0.ample, plenty)) }
        let upper = costs.dropFirst().first { orders <= $0.orders } ?? costs[costs.count - 1]
        let lower = costs.last { $0.orders < upper.orders } ?? costs[0]
        return lower.cost.mixed(with: upper.cost, max(0, (orders - lower.orders) / (upper.orders - lower.orders)))
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        min(max(self, range.lowerBound), range.upperBound)
    }
}
