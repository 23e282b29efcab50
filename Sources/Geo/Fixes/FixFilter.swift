/// One reported position, as far as its plausibility goes.
package struct PlaceFix: Hashable, Sendable {
    package let place: GeoPoint
    /// Milliseconds on the device's clock, which may be wrong but orders its own fixes; nil when it does not say.
    package let recordedAt: Int64?
    /// Milliseconds on our clock.
    package let receivedAt: Int64
    /// Radius within which the device believes to be; nil when it does not say.
    package let accuracy: Metres?

    package init(place: GeoPoint, recordedAt: Int64?, receivedAt: Int64, accuracy: Metres? = nil) {
        self.place = place
        self.recordedAt = recordedAt
        self.receivedAt = receivedAt
        self.accuracy = accuracy
    }

    /// Milliseconds since another fix, on whatever clock both know; nil beyond what can be counted.
    func elapsed(since other: PlaceFix) -> Int64? {
        let (mine, its) = Self.times(self, other)
        let (difference, overflow) = mine.subtractingReportingOverflow(its)
        return overflow ? nil : difference
    }

    func isLater(than other: PlaceFix) -> Bool {
        let (mine, its) = Self.times(self, other)
        return mine > its
    }

    /// A clock that is wrong by more than this and does not move tells no time at all.
    private static let believedLag: UInt64 = 300_000

    private static func times(_ one: PlaceFix, _ other: PlaceFix) -> (Int64, Int64) {
        guard let recorded = one.recordedAt, let earlier = other.recordedAt,
            recorded != earlier || one.lag.magnitude <= believedLag
        else { return (one.receivedAt, other.receivedAt) }
        return (recorded, earlier)
    }

    /// How far our clock is ahead of the device's, on the way from it included.
    fileprivate var lag: Int64 { recordedAt.map { receivedAt.subtractingReportingOverflow($0).partialValue } ?? 0 }
}

/// Whether a fix may move its sender in the live index. History keeps every fix; this decides about the index alone.
///
/// A pure value, one per sender: fixes go in, verdicts come out. It cannot be led astray for long: a jump is believed
/// when the next fix confirms it, and a device whose clock was set back is believed after `resetAfter` fixes in a row
/// that are late by the same time. Fixes that a phone has kept while it was offline arrive together, so each is less
/// late than the one before; they stay history.
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
        /// After so many fixes in a row that are out of order by the same time the clock was set back: believed.
        package var resetAfter = 5
        /// By how many milliseconds those times may differ.
        package var jitter: Int64 = 3000

        package init() {}
    }

    private let limits: Limits
    /// The last fix that was believed.
    package private(set) var last: PlaceFix?
    /// A jump that waits for its confirmation.
    private var suspect: PlaceFix?
    /// Fixes in a row that were out of order by the lag of the last one.
    private var refusals = 0
    private var refusedLag: Int64 = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Judges a fix against the ones before.
    package mutating func received(_ fix: PlaceFix) -> Verdict {
        if let accuracy = fix.accuracy, !(accuracy.value <= limits.accuracy.value) { return .inaccurate }
        guard let last else { return believe(fix) }
        if last.isLater(than: fix) || !fix.isLater(than: last) && fix.place != last.place {
            return refuseOutOfOrder(fix)
        }
        if isReachable(fix, from: last) { return believe(fix) }
        if let suspect, fix.isLater(than: suspect), isReachable(fix, from: suspect) { return believe(fix) }
        // However many wild fixes there are: one is believed when another agrees with it.
        suspect = fix
        return .impossibleJump
    }

    private mutating func believe(_ fix: PlaceFix) -> Verdict {
        last = fix
        suspect = nil
        refusals = 0
        return .moved
    }

    private mutating func refuseOutOfOrder(_ fix: PlaceFix) -> Verdict {
        let (change, overflow) = fix.lag.subtractingReportingOverflow(refusedLag)
        refusals = refusals > 0 && !overflow && change.magnitude <= limits.jitter.magnitude ? refusals + 1 : 1
        refusedLag = fix.lag
        return refusals >= limits.resetAfter ? believe(fix) : .outOfOrder
    }

    private func isReachable(_ fix: PlaceFix, from origin: PlaceFix) -> Bool {
        guard let milliseconds = fix.elapsed(since: origin) else { return true }
        let reach = limits.slack.value + Double(milliseconds) / 1000 * limits.speed
        return origin.place.isSurelyWithin(Metres(reach), of: fix.place)
            || origin.place.distance(to: fix.place).value <= reach
    }
}
