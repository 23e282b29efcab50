/// One reported position, as far as its plausibility goes.
package struct PlaceFix: Hashable, Sendable {
    package let place: GeoPoint
    /// Milliseconds on the device's clock.
    package let recordedAt: Int64
    /// Radius within which the device believes to be; nil when it does not say.
    package let accuracy: Metres?

    package init(place: GeoPoint, recordedAt: Int64, accuracy: Metres? = nil) {
        self.place = place
        self.recordedAt = recordedAt
        self.accuracy = accuracy
    }
}

/// Whether a fix may move its sender in the live index. History keeps every fix; this decides about the index alone.
///
/// A pure value, one per sender: fixes go in, verdicts come out. It cannot be led astray for long: a jump is believed
/// when the next fix confirms it, and a device whose clock was set back is believed after `resetAfter` refusals in a
/// row.
package struct FixFilter: Hashable, Sendable {
    package enum Verdict: Hashable, Sendable {
        /// Plausible: move the sender there.
        case moved
        /// Recorded before the last believed fix.
        case outOfOrder
        /// The device does not know well enough where it is.
        case inaccurate
        /// Farther away than anybody can drive in the time. The next fix near it will be believed.
        case impossibleJump
    }

    /// Limits of what is believed.
    package struct Limits: Hashable, Sendable {
        /// A worse accuracy than this is refused.
        package var accuracy = Metres(250)
        /// Metres per second; 60 is 216 km/h, more than any delivery and less than the errors worth refusing.
        package var speed = 60.0
        /// Distance that may always have been covered: two bad fixes of a phone between high walls.
        package var slack = Metres(150)
        /// After so many refusals in a row a fix is believed whatever it says.
        package var resetAfter = 5

        package init() {}
    }

    private let limits: Limits
    /// The last fix that was believed.
    package private(set) var last: PlaceFix?
    /// A jump that waits for its confirmation.
    private var suspect: PlaceFix?
    private var refusals = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Judges a fix against the ones before.
    package mutating func received(_ fix: PlaceFix) -> Verdict {
        if let accuracy = fix.accuracy, !(accuracy.value <= limits.accuracy.value) { return .inaccurate }
        guard let last else { return believe(fix) }
        if fix.recordedAt < last.recordedAt || fix.recordedAt == last.recordedAt && fix.place != last.place {
            return refuse(fix, as: .outOfOrder)
        }
        if isReachable(fix, from: last) { return believe(fix) }
        if let suspect, fix.recordedAt > suspect.recordedAt, isReachable(fix, from: suspect) { return believe(fix) }
        suspect = fix
        return refuse(fix, as: .impossibleJump)
    }

    private mutating func believe(_ fix: PlaceFix) -> Verdict {
        last = fix
        suspect = nil
        refusals = 0
        return .moved
    }

    private mutating func refuse(_ fix: PlaceFix, as verdict: Verdict) -> Verdict {
        refusals += 1
        return refusals >= limits.resetAfter ? believe(fix) : verdict
    }

    private func isReachable(_ fix: PlaceFix, from origin: PlaceFix) -> Bool {
        let (milliseconds, overflow) = fix.recordedAt.subtractingReportingOverflow(origin.recordedAt)
        if overflow { return true }
        let reach = limits.slack.value + Double(milliseconds) / 1000 * limits.speed
        return origin.place.isSurelyWithin(Metres(reach), of: fix.place)
            || origin.place.distance(to: fix.place).value <= reach
    }
}
