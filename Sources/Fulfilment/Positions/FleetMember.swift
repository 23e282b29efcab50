package import DispatchCore
import Geo

/// One driver of the fleet.
package struct FleetMember: Sendable {
    package var account: DriverAccount
    /// The last fix that was believed.
    package var lastFix: Fix?
    package var lastSeen: Timestamp?
    /// The orders that he holds.
    package var held: Set<OrderID> = []
    /// The fleet's look that will first tell of what was heard of him here last; 0 when nothing was.
    var heardIn: UInt64 = 0
    /// What the next fix is judged against.
    private var filter = FixFilter()

    package init(account: DriverAccount) {
        self.account = account
    }

    /// Online by his own word and not blocked.
    package var isAvailable: Bool {
        account.availability == .online && account.standing == .approved
    }

    /// Whether he holds an order.
    package var isDelivering: Bool { !held.isEmpty }

    /// Takes over his account. A word that is new here is news for others.
    mutating func take(_ account: DriverAccount, in look: UInt64) -> PointFlags {
        if account.availability != self.account.availability { heardIn = look }
        self.account = account
        return flags
    }

    var sign: DriverSign {
        var sign = DriverSign(driverID: account.id, availability: account.availability, seenAt: lastSeen)
        sign.fix = lastFix
        return sign
    }

    /// Takes over what is newer. Returns how he is shown when he has moved.
    mutating func learn(_ sign: DriverSign) -> DriverSighting? {
        if let seen = sign.seenAt, lastSeen.map({ $0 < seen }) ?? true { lastSeen = seen }
        guard let fix = sign.fix, lastFix.map({ $0.receivedAt < fix.receivedAt }) ?? true else { return nil }
        lastFix = fix
        // Whatever came before: he is there now.
        filter = FixFilter()
        _ = filter.received(fix)
        return DriverSighting(fix: fix, isOnline: account.availability != .offline, isDelivering: isDelivering)
    }

    /// Takes a run of his fixes in place: a copy of a member is a dozen strings. Returns the place of the last one that
    /// was believed, and how the last one of all shows him.
    mutating func take(
        _ fixes: [Fix], from start: Int, to end: Int, _ places: inout [Int], _ held: inout HeldBack
    ) -> (believed: Int?, sighting: DriverSighting) {
        var believed: Int?
        var seen = lastSeen
        for place in start..<end {
            let fix = fixes[place]
            let verdict = filter.received(fix)
            if verdict == .moved {
                believed = place
            } else {
                places.append(place)
                held.count(verdict)
            }
            if seen.map({ $0 < fix.receivedAt }) ?? true { seen = fix.receivedAt }
        }
        lastSeen = seen
        if let believed { lastFix = fixes[believed] }
        var shown = DriverSighting(
            fix: fixes[end - 1], isOnline: account.availability != .offline, isDelivering: isDelivering)
        shown.isBelieved = believed == end - 1
        return (believed, shown)
    }
}

extension FixFilter {
    mutating func received(_ fix: Fix) -> Verdict {
        received(
            PlaceFix(
                place: fix.point, recordedAt: fix.recordedAt?.milliseconds, receivedAt: fix.receivedAt.milliseconds,
                accuracy: fix.accuracy.map { Metres($0) }))
    }
}

/// Fixes that moved nobody, by reason.
struct HeldBack {
    var outOfOrder = 0
    var inaccurate = 0
    var jumps = 0

    mutating func count(_ verdict: FixFilter.Verdict) {
        switch verdict {
        case .moved: break
        case .outOfOrder: outOfOrder += 1
        case .inaccurate: inaccurate += 1
        case .impossibleJump: jumps += 1
        }
    }
}
