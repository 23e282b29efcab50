package import DispatchCore

/// How much work fits into a time: measured with `benchmarks/dispatch` on two cores of a small server, one lane each.
package enum SearchRate {
    /// Steps a millisecond and lane. Large problems leave the processor's cache, so they go slower.
    package static func stepsPerMillisecond(orders: Int) -> Int64 {
        switch orders {
        case ...300: 30_000
        case ...600: 22_000
        default: 15_000
        }
    }

    /// The budget whose search takes about `milliseconds` on two free cores.
    package static func budget(milliseconds: Int64, orders: Int) -> WorkBudget {
        WorkBudget(steps: max(0, min(milliseconds, 86_400_000)) * stepsPerMillisecond(orders: orders))
    }

    /// The same for one problem.
    package static func budget(milliseconds: Int64, snapshot: DispatchSnapshot) -> WorkBudget {
        budget(milliseconds: milliseconds, orders: snapshot.orders.count)
    }
}
