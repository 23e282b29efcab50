package import DispatchCore
package import Geo
import Metrics
import Synchronization

/// The drivers as they are now: word, standing, last believed fix. What dispatch reads; the database is not asked.
///
/// Owner of its state: one `Mutex` around the members, held for a few fixes or one snapshot; the places are in `Geo`'s
/// live index, which has a lock for each area.
package final class Fleet: Sendable {
    private struct State {
        var members: [DriverID: FleetMember] = [:]
        /// Who holds which order.
        var holders: [OrderID: DriverID] = [:]
        /// Counts the looks at what was heard.
        var look: UInt64 = 1
    }

    private let state = Mutex(State())
    private let index: FleetIndex
    private let staleAfter: Int64
    private let heldBack: [FixFilter.Verdict: Counter]

    /// Fixes that are judged under one lock: some microseconds.
    private static let together = 128

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
        _ = accept(newestFixes)
    }

    /// Takes over an account as it is in the database now.
    package func update(_ account: DriverAccount) {
        let flags = state.withLock { state -> PointFlags in
            let look = state.look
            return state.members[account.id, default: FleetMember(account: account)].take(account, in: look)
        }
        index.setFlags(account.id.rawValue, to: flags)
    }

    /// The driver counts as online from now on, unless he has said something meanwhile.
    ///
    /// - Returns: Whether he does.
    package func greet(_ driver: DriverID) -> Bool {
        let flags = state.withLock { state -> PointFlags? in
            guard state.members[driver]?.account.availability == .unsaid else { return nil }
            state.members[driver]?.account.availability = .online
            state.members[driver]?.heardIn = state.look
            return state.members[driver]?.flags
        }
        guard let flags else { return false }
        index.setFlags(driver.rawValue, to: flags)
        return true
    }

    /// Notes who holds an order now, nil for nobody: who holds one is shown as delivering on the console's map, and who
    /// holds as many as he may has no room for more.
    package func noteHolder(_ driver: DriverID?, of order: OrderID) {
        let changed = state.withLock { state in
            let former = state.holders.removeValue(forKey: order)
            let concerned = [former, driver].compactMap(\.self)
            let before = concerned.map { state.members[$0]?.flags }
            if let former { state.members[former]?.held.remove(order) }
            if let driver {
                state.holders[order] = driver
                state.members[driver]?.held.insert(order)
            }
            return Self.changes(of: concerned, since: before, state)
        }
        tellIndex(changed)
    }

    /// The same for all open orders; what is not among them is held by nobody.
    package func noteHolders(of open: [OpenOrder]) {
        var held: [DriverID: Set<OrderID>] = [:]
        var holders: [OrderID: DriverID] = [:]
        for order in open where order.state.isHeld {
            guard let driver = order.driverID else { continue }
            held[driver, default: []].insert(order.id)
            holders[order.id] = driver
        }
        let (drivers, orders) = (held, holders)
        let changed = state.withLock { state in
            let concerned = Array(Set(state.holders.values).union(drivers.keys))
            let before = concerned.map { state.members[$0]?.flags }
            for driver in concerned { state.members[driver]?.held = drivers[driver] ?? [] }
            state.holders = orders
            return Self.changes(of: concerned, since: before, state)
        }
        tellIndex(changed)
    }

    /// Whose flags are not what they were.
    private static func changes(
        of drivers: [DriverID], since before: [PointFlags?], _ state: borrowing State
    ) -> [(driver: DriverID, flags: PointFlags)] {
        var changes: [(driver: DriverID, flags: PointFlags)] = []
        for (driver, former) in zip(drivers, before) {
            if let flags = state.members[driver]?.flags, flags != former { changes.append((driver, flags)) }
        }
        return changes
    }

    private func tellIndex(_ changes: [(driver: DriverID, flags: PointFlags)]) {
        for change in changes { index.setFlags(change.driver.rawValue, to: change.flags) }
    }

    /// Any frame or request of the driver: a sign of life.
    package func seen(_ driver: DriverID, at now: Timestamp) {
        state.withLock { state in
            if let last = state.members[driver]?.lastSeen, last >= now { return }
            state.members[driver]?.lastSeen = now
            state.members[driver]?.heardIn = state.look
        }
    }

    /// What was heard here of drivers since an earlier look; what ``learn(_:)`` took from elsewhere is not in it.
    ///
    /// - Parameter mark: Of the earlier look; 0 for everything.
    /// - Returns: The signs, and the mark of this look.
    /// - Complexity: O(drivers).
    package func signs(after mark: UInt64) -> (signs: [DriverSign], mark: UInt64) {
        state.withLock { state in
            defer { state.look += 1 }
            var signs: [DriverSign] = []
            for member in state.members.values where member.heardIn > mark { signs.append(member.sign) }
            return (signs, state.look)
        }
    }

    /// What other servers' signs have changed here.
    package struct Learned: Sendable {
        /// Drivers who have moved.
        package var sightings: [DriverSighting] = []
        /// Drivers whose account is another one there.
        package var doubted: [DriverID] = []
    }

    /// Takes over what another server has heard of its drivers, as far as it is newer than what is known. Its fixes
    /// have been judged there.
    ///
    /// - Complexity: O(1) for each.
    package func learn(_ signs: [DriverSign]) -> Learned {
        var learned = Learned()
        var moves: [PointMove] = []
        for start in stride(from: 0, to: signs.count, by: Self.together) {
            moves.removeAll(keepingCapacity: true)
            state.withLock { state in
                for sign in signs[start..<min(start + Self.together, signs.count)] {
                    Self.learn(sign, &state.members, &learned, &moves)
                }
            }
            index.update(moves)
        }
        return learned
    }

    private static func learn(
        _ sign: DriverSign, _ members: inout [DriverID: FleetMember], _ learned: inout Learned,
        _ moves: inout [PointMove]
    ) {
        guard let place = members.index(forKey: sign.driverID) else {
            learned.doubted.append(sign.driverID)
            return
        }
        let sighting = members.values[place].learn(sign)
        if members.values[place].account.availability != sign.availability { learned.doubted.append(sign.driverID) }
        guard let sighting else { return }
        learned.sightings.append(sighting)
        moves.append(
            PointMove(
                id: sign.driverID.rawValue, place: sighting.fix.point, flags: members.values[place].flags,
                time: sighting.fix.receivedAt.milliseconds))
    }

    /// What became of fixes that were handed in together.
    package struct Judged: Sendable {
        /// Each run of one driver's fixes as the last one shows him.
        package var sightings: [DriverSighting] = []
        /// Places of the fixes that moved nobody, ascending.
        package var heldBack: [Int] = []
    }

    /// Judges fixes in the order they were received and, where they are plausible, moves the drivers there. What is
    /// held back is counted by reason.
    ///
    /// The same as one after the other, but for the places that a driver has left again within the same run.
    ///
    /// - Complexity: O(1) for each fix; a look-up and a move of the index for each run of one driver's fixes.
    package func accept(_ fixes: [Fix]) -> Judged {
        var judged = Judged()
        var moves: [PointMove] = []
        var held = HeldBack()
        var start = 0
        while start < fixes.count {
            let end = min(start + Self.together, fixes.count)
            moves.removeAll(keepingCapacity: true)
            state.withLock { state in
                Self.judge(fixes, from: start, to: end, &state, &judged, &moves, &held)
            }
            index.update(moves)
            start = end
        }
        if held.outOfOrder > 0 { heldBack[.outOfOrder]?.increment(by: held.outOfOrder) }
        if held.inaccurate > 0 { heldBack[.inaccurate]?.increment(by: held.inaccurate) }
        if held.jumps > 0 { heldBack[.impossibleJump]?.increment(by: held.jumps) }
        return judged
    }

    private static func judge(
        _ fixes: [Fix], from start: Int, to end: Int, _ state: inout State, _ judged: inout Judged,
        _ moves: inout [PointMove], _ held: inout HeldBack
    ) {
        var first = start
        while first < end {
            let driver = fixes[first].driverID
            var next = first + 1
            while next < end, fixes[next].driverID == driver { next += 1 }
            var believed: Int?
            var flags = PointFlags(rawValue: 0)
            if let place = state.members.index(forKey: driver) {
                let (last, sighting) = state.members.values[place].take(
                    fixes, from: first, to: next, &judged.heldBack, &held)
                state.members.values[place].heardIn = state.look
                believed = last
                flags = state.members.values[place].flags
                judged.sightings.append(sighting)
            } else {
                // Nobody knows him, so nothing speaks against him; nor is he available.
                believed = next - 1
                judged.sightings.append(DriverSighting(fix: fixes[next - 1], isOnline: false, isDelivering: false))
            }
            if let believed {
                let fix = fixes[believed]
                moves.append(
                    PointMove(id: driver.rawValue, place: fix.point, flags: flags, time: fix.receivedAt.milliseconds))
            }
            first = next
        }
    }

    /// Lets drivers who have gone quiet become stale in the index, and go. Call it about once a second.
    package func expire(at now: Timestamp) {
        _ = index.expire(now: now.milliseconds)
    }

    /// The driver as he is now, nil when the fleet does not know him.
    package func member(_ driver: DriverID) -> FleetMember? {
        state.withLock { $0.members[driver] }
    }

    /// How many drivers there are.
    package var count: Int { state.withLock { $0.members.count } }

    /// Every driver by id.
    package func members() -> [FleetMember] {
        state.withLock { Array($0.members.values) }.sorted { $0.account.id < $1.account.id }
    }

    /// The nearest drivers to a point by great circle, exact, equal distances by id.
    ///
    /// - Parameters:
    ///   - filter: Which drivers count.
    ///   - excluded: Drivers who are left out.
    /// - Complexity: A few dozen cells of the index, however large the fleet.
    package func nearest(
        _ limit: Int, to point: GeoPoint, within radius: Metres, matching wanted: DriverFilter = DriverFilter(),
        excluding excluded: [DriverID] = [],
        at now: Timestamp
    ) -> [(member: FleetMember, distance: Metres)] {
        expire(at: now)
        var excluded = excluded.map(\.rawValue)
        // The index knows of silence to the second, and of a change of word a moment after the members do: whoever
        // should not have been found makes room for the next.
        var latest: [(member: FleetMember, distance: Metres)] = []
        for _ in 0..<Self.mostRounds {
            let filter = SearchFilter(required: wanted.flags, excluding: excluded.sorted())
            let found = index.nearest(limit, to: point, within: radius, matching: filter)
            let (right, wrong) = state.withLock { state in judge(found, wanted, now, state) }
            if wrong.isEmpty || found.count < limit { return right }
            excluded += wrong
            latest = right
        }
        return latest
    }

    /// After so many rounds with drivers who should not have been found the rest is left out.
    private static let mostRounds = 8

    private func judge(
        _ found: [Neighbour], _ wanted: DriverFilter, _ now: Timestamp, _ state: borrowing State
    ) -> (right: [(member: FleetMember, distance: Metres)], wrong: [Int64]) {
        var right: [(member: FleetMember, distance: Metres)] = []
        var wrong: [Int64] = []
        for neighbour in found {
            if let member = state.members[DriverID(neighbour.id)],
                wanted.wants(member), !wanted.onlyAvailable || !isStale(member, at: now)
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
    /// of the pickups, of the available ones with a fresh position and room for an order, and whoever has something to
    /// do already.
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
        let filter = SearchFilter(required: DriverFilter.free.flags)
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
