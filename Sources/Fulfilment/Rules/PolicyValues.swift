package import DispatchCore

/// What a policy says: some of the knobs, each with a value in range. What it leaves out it leaves to the next wider
/// one: a zone's to the one of all, and that to the settings.
package struct PolicyValues: Sendable, Equatable {
    /// By the knobs' names, in the unit in which each is kept.
    package private(set) var values: [String: Int64] = [:]

    package init() {}

    /// Takes what was kept earlier; a name that is no knob any more, or a value out of range, says nothing.
    package init(kept: [String: Int64]) {
        values = kept.filter { name, value in PolicyKnob.named(name)?.range.contains(value) ?? false }
    }

    package var isEmpty: Bool { values.isEmpty }

    /// In the sequence of the knobs.
    package var entries: [(knob: PolicyKnob, value: Int64)] {
        PolicyKnob.all.compactMap { knob in values[knob.name].map { (knob, $0) } }
    }

    /// Sets a value.
    ///
    /// - Returns: What is wrong with it, in words; nil when it was set.
    package mutating func set(_ name: String, to value: Int64, inZone: Bool) -> String? {
        guard let knob = PolicyKnob.named(name) else { return "is nothing that a policy says" }
        guard knob.isZonal || !inZone else { return "is the same in every zone: set it without zone_id" }
        guard knob.range.contains(value) else { return "must be \(knob.words)" }
        values[name] = value
        return nil
    }

    /// The same policy with these values.
    package func applied(to policy: DispatchPolicy) -> DispatchPolicy {
        var policy = policy
        for (knob, value) in entries { knob.write(&policy, value) }
        return policy
    }
}

extension PolicyKnob {
    /// What a value may be, for whoever sent another.
    package var words: String {
        switch unit {
        case .factor: "a number from \(Self.decimal(range.lowerBound)) to \(Self.decimal(range.upperBound))"
        case .seconds: "whole seconds from \(range.lowerBound) to \(range.upperBound)"
        case .metres: "whole metres from \(range.lowerBound) to \(range.upperBound)"
        case .count: "a whole number from \(range.lowerBound) to \(range.upperBound)"
        }
    }

    private static func decimal(_ thousandths: Int64) -> String {
        let rest = String(1000 + abs(thousandths) % 1000).dropFirst()
        return "\(thousandths < 0 ? "-" : "")\(abs(thousandths) / 1000)" + (rest == "000" ? "" : ".\(rest)")
    }
}
