package import DispatchCore

/// One value of the dispatch policy that an admin may set, with its name, its range and where it belongs.
package struct PolicyKnob: Sendable {
    package enum Unit: Sendable {
        /// Kept in thousandths; written as a number with three decimals.
        case factor
        case seconds
        case metres
        case count
    }

    package let name: String
    package let unit: Unit
    /// In the unit in which it is kept: thousandths for a factor.
    package let range: ClosedRange<Int64>
    /// Whether a zone may have a value of its own. What concerns whole routes is the same everywhere.
    package let isZonal: Bool
    package let write: @Sendable (inout DispatchPolicy, Int64) -> Void

    /// Every knob, by name: weights first, then costs and limits.
    package static let all: [PolicyKnob] = weights + costs + limits

    private static let weights = [
        factor("delay", 1...50_000, isZonal: true) { $0.weights.delay = $1 },
        factor("lateness", 0...100_000, isZonal: true) { $0.weights.lateness = $1 },
        factor("age_per_minute", 0...10_000, isZonal: true) { $0.weights.agePerMinute = $1 },
        factor("ready_deviation", 0...5000, isZonal: true) { $0.readyDeviation = $1 },
        factor("driving", 0...100_000, isZonal: false) { $0.weights.driving = $1 },
        factor("bag_time", 0...100_000, isZonal: false) { $0.weights.bagTime = $1 },
        factor("completion", -50...100_000, isZonal: false) { $0.weights.completion = $1 },
    ]

    private static let costs = [
        seconds("unserved_s", 1...1_000_000, isZonal: true) { $0.weights.unserved = $1 },
        seconds("switching_s", 0...86_400, isZonal: true) { $0.weights.switching = $1 },
        seconds("preference_s", 0...86_400, isZonal: true) { $0.weights.preference = $1 },
    ]

    private static let limits = [
        seconds("max_hold_s", 0...86_400, isZonal: true) { $0.maxHold = $1 },
        seconds("max_wait_s", 0...86_400, isZonal: true) { $0.maxWait = $1 },
        seconds("click_to_door_s", 60...864_000, isZonal: true) { $0.limits.clickToDoor = $1 },
        seconds("bag_limit_s", 60...86_400, isZonal: true) { $0.limits.bagTime = $1 },
        seconds("ready_spread_s", 0...86_400, isZonal: false) { $0.limits.readySpread = $1 },
        seconds("look_ahead_s", 0...86_400, isZonal: false) { $0.limits.lookAhead = $1 },
        metres("near_restaurants_m", 0...1_000_000) { $0.limits.nearRestaurants = $1 },
        metres("on_the_way_m", 0...1_000_000) { $0.limits.onTheWay = $1 },
        PolicyKnob(
            name: "max_batch", unit: .count, range: 1...Int64(DispatchPolicy.largestBatch), isZonal: false,
            write: { $0.maxBatch = Int32(clamping: $1) }),
    ]

    package static func named(_ name: String) -> PolicyKnob? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    private static func factor(
        _ name: String, _ range: ClosedRange<Int64>, isZonal: Bool,
        _ write: @Sendable @escaping (inout DispatchPolicy, Weight) -> Void
    ) -> PolicyKnob {
        PolicyKnob(name: name, unit: .factor, range: range, isZonal: isZonal) { policy, value in
            write(&policy, Weight(perMille: Int32(clamping: value)))
        }
    }

    private static func seconds(
        _ name: String, _ range: ClosedRange<Int64>, isZonal: Bool,
        _ write: @Sendable @escaping (inout DispatchPolicy, Seconds) -> Void
    ) -> PolicyKnob {
        PolicyKnob(name: name, unit: .seconds, range: range, isZonal: isZonal) { write(&$0, Seconds($1)) }
    }

    private static func metres(
        _ name: String, _ range: ClosedRange<Int64>,
        _ write: @Sendable @escaping (inout DispatchPolicy, WholeMetres) -> Void
    ) -> PolicyKnob {
        PolicyKnob(name: name, unit: .metres, range: range, isZonal: false) { write(&$0, WholeMetres($1)) }
    }
}
