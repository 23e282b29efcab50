package import DispatchCore
package import Geo
import Metrics
import Synchronization

/// The drivers as they are now: word, standing, last believed fix. What dispatch reads; the database is not asked.
///
/// Owner of its state: one `Mutex` around the members, held for one fix or one snapshot; the places are in `Geo`'s live
/// index, which has a lock for each area.
package final class Fleet: Sendable {
    private struct State {
        var members: [DriverID: FleetMember] = [:]
        var filters: [DriverID: FixFilter] = [:]
    }

    private let state = Mutex(State())
    private let index: FleetIndex
    private let staleAfter: Int64
    private let heldBack: [FixFilter.Verdict: Counter]

    package init(staleAfterMilliseconds: Int64 = 60_000) {
        staleAfter = staleAfterMilliseconds
        index = FleetIndex(
            areas: [],
            expiry: ExpiryPolicy(
                staleAfterMilliseconds: staleAfterMilliseconds, expiredAfterMilliseconds: staleAfterMilliseconds * 60))
        var counters: [FixFilter.Verdict: Counter] = [:]
        let reasons: [(FixFilter.Verdict, String)] = [
            (.outOfOrder, "out_of_order"), (.inaccurate, "inaccurate"), (.impossibleJump, "impossible_jump"),
        ]
        for (verdict, name) in reasons {
            counters[verdict] = Counter(label: "location_updates_total", dimensions: [("result", name)])
        }
        heldBack = counters
    }

    /// Fills the fleet at start: all accounts, and the newest fix of each.
    package func load(_ accounts: [DriverAccount], newestFixes: [Fix]) {
        for account in accounts { update(account) }
        for fix in newestFixes { _ = accept(fix) }
    }

    /// Takes over an account as it is in the database now.
    package func update(_ account: DriverAccount) {
        let flags = state.withLock { state -> PointFlags in
            state.members[account.id, default: FleetMember(account: account)].account = account
            return state.members[account.id]?.flags ?? []
        }
        index.setFlags(account.id.rawValue, to: flags)
    }

    /// Takes over the driver's own word.
    package func setAvailability(_ availability: Availability, of driver: DriverID) {
        let flags = state.withLock { state -> PointFlags in
            state.members[driver]?.account.availability = availability
            return state.members[driver]?.flags ?? []
        }
        index.setFlags(driver.rawValue, to: flags)
    }

    /// Marks whether the driver holds food, for the console's map.
    package func setDelivering(_ isDelivering: Bool, _ driver: DriverID) {
        state.withLock { $0.members[driver]?.isDelivering = isDelivering }
    }

    /// Any frame or request of the driver: a sign of life.
    package func seen(_ driver: DriverID, at now: Timestamp) {
        state.withLock { state in
            if let last = state.members[driver]?.lastSeen, last >= now { return }
            state.members[driver]?.lastSeen = now
        }
    }

    /// Judges a fix and, when it is plausible, moves the driver there. What is held back is counted by reason.
    package func accept(_ fix: Fix) -> DriverSighting {
        var verdict = FixFilter.Verdict.moved
        let (sighting, flags) = state.withLock { state -> (DriverSighting, PointFlags) in
            guard let place = state.members.index(forKey: fix.driverID) else {
                return (DriverSighting(fix: fix, isOnline: false, isDelivering: false), [])
            }
            verdict = state.filters[fix.driverID, default: FixFilter()].received(
                PlaceFix(
                    place: fix.point, recordedAt: fix.recordedAt?.milliseconds,
                    receivedAt: fix.receivedAt.milliseconds, accuracy: fix.accuracy.map { Metres($0) }))
            return state.members.values[place].take(fix, isBelieved: verdict == .moved)
        }
        var judged = sighting
        judged.isBelieved = verdict == .moved
        if verdict == .moved {
            index.update(fix.driverID.rawValue, to: fix.point, flags: flags, at: fix.receivedAt.milliseconds)
        } else {
            heldBack[verdict]?.increment()
        }
        return judged
    }

    /// Lets drivers who have gone quiet become stale in the index, and go. Call it about once a second.
    package func expire(at now: Timestamp) {
        _ = index.expire(now: now.milliseconds)
    }

    /// The driver as he is now, nil when the fleet does not know him.
    package func member(_ driver: DriverID) -> FleetMember? {
        state.withLock { $0.members[driver] }
    }

    /// Every driver by id.
    package func members() -> [FleetMember] {
        state.withLock { Array($0.members.values) }.sorted { $0.account.id < $1.account.id }
    }

    /// The nearest drivers to a point by great circle, exact, equal distances by id.
    ///
    /// - Parameters:
    ///   - onlyAvailable: Leaves out who is offline, blocked, or whose last fix is stale.
    ///   - excluded: Drivers who are left out.
    /// - Complexity: A few dozen cells of the index, however large the fleet.
    package func nearest(
        _ limit: Int, to point: GeoPoint, within radius: Metres, onlyAvailable: Bool,
        excluding excluded: [DriverID] = [],
        at now: Timestamp
    ) -> [(member: FleetMember, distance: Metres)] {
        expire(at: now)
        var excluded = excluded.map(\.rawValue)
        // The index knows of silence to the second, and of a change of word a moment after the members do: whoever
        // should not have been found makes room for the next.
        var latest: [(member: FleetMember, distance: Metres)] = []
        for _ in 0..<Self.mostRounds {
            let filter = SearchFilter(
                required: onlyAvailable ? [.available, .fresh] : [], excluding: excluded.sorted())
            let found = index.nearest(limit, to: point, within: radius, matching: filter)
            let (right, wrong) = state.withLock { state in judge(found, onlyAvailable, now, state) }
            if wrong.isEmpty || found.count < limit { return right }
            excluded += wrong
            latest = right
        }
        return latest
    }

    /// After so many rounds with drivers who should not have been found the rest is left out.
    private static let mostRounds = 8

    private func judge(
        _ found: [Neighbour], _ onlyAvailable: Bool, _ now: Timestamp, _ state: borrowing State
    ) -> (right: [(member: FleetMember, distance: Metres)], wrong: [Int64]) {
        var right: [(member: FleetMember, distance: Metres)] = []
        var wrong: [Int64] = []
        for neighbour in found {
            if let member = state.members[DriverID(neighbour.id)],
                !onlyAvailable || member.isAvailable && !isStale(member, at: now)
            {
                right.append((member, neighbour.distance))
            } else {
                wrong.append(neighbour.id)
            }
        }
        return (right, wrong)
    }

    /// Up to so many available drivers a round looks at everybody.
    package static let everyone = 500

    /// The drivers that a round has to look at, by id: everybody in a small fleet; in a large one those nearest to any
    /// of the pickups, of the available ones with a fresh position, and whoever has something to do already.
    ///
    /// - Parameters:
    ///   - pickups: Where food waits; places that several orders share count once.
    ///   - limit: So many for each pickup.
    ///   - busy: Drivers who hold orders.
    /// - Complexity: O(drivers) to count them, then O(pickups × limit × log).
    package func candidates(
        near pickups: [GeoPoint], each limit: Int, busy: Set<DriverID>, at now: Timestamp
    ) -> [FleetMember] {
        let all = members()
        guard all.count(where: { $0.isAvailable && !isStale($0, at: now) }) > Self.everyone else { return all }
        expire(at: now)
        var wanted = busy
        let filter = SearchFilter(required: [.available, .fresh])
        for pickup in Set(pickups) {
            for neighbour in index.nearest(limit, to: pickup, within: .unlimited, matching: filter) {
                wanted.insert(DriverID(neighbour.id))
            }
        }
        return all.filter { wanted.contains($0.account.id) }
    }

    /// Those of `drivers` who have never said whether they are online.
    package func unsaid(among drivers: [DriverID]) -> [DriverID] {
        state.withLock { state in
            Set(drivers).filter { state.members[$0]?.account.availability == .unsaid }.sorted()
        }
    }

    /// Whether the driver's last believed fix is too old to decide on.
    package func isStale(_ member: FleetMember, at now: Timestamp) -> Bool {
        guard let fix = member.lastFix else { return true }
        return now.millisecondsSince(fix.receivedAt) > staleAfter
    }
}

extension PointFlags {
    /// Online by his own word and not blocked.
    static let available = PointFlags(rawValue: 1)
}

/// One driver of the fleet.
package struct FleetMember: Sendable {
    package var account: DriverAccount
    /// The last fix that was believed.
    package var lastFix: Fix?
    package var lastSeen: Timestamp?
    package var isDelivering = false

    package init(account: DriverAccount) {
        self.account = account
    }

    /// Online by his own word and not blocked.
    package var isAvailable: Bool {
        account.availability == .online && account.standing == .approved
    }

    fileprivate var flags: PointFlags { isAvailable ? .available : [] }

    /// Takes a fix in place: a copy of a member is a dozen strings.
    fileprivate mutating func take(_ fix: Fix, isBelieved: Bool) -> (DriverSighting, PointFlags) {
        if isBelieved { lastFix = fix }
        if lastSeen.map({ $0 < fix.receivedAt }) ?? true { lastSeen = fix.receivedAt }
        let shown = DriverSighting(
            fix: fix, isOnline: account.availability != .offline, isDelivering: isDelivering)
        return (shown, flags)
    }
}
