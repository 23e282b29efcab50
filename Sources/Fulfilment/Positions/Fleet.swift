package import DispatchCore
import Synchronization

/// The drivers as they are now: word, standing, last fix. What dispatch reads; the database is not asked.
///
/// Owner of its state: one `Mutex`, held for one fix or one snapshot.
package final class Fleet: Sendable {
    private struct State {
        var members: [DriverID: FleetMember] = [:]
    }

    private let state = Mutex(State())
    private let staleAfter: Int64

    package init(staleAfterMilliseconds: Int64 = 60_000) {
        staleAfter = staleAfterMilliseconds
    }

    /// Fills the fleet at start: all accounts, and the newest fix of each.
    package func load(_ accounts: [DriverAccount], newestFixes: [Fix]) {
        for account in accounts { update(account) }
        for fix in newestFixes { _ = accept(fix) }
    }

    /// Takes over an account as it is in the database now.
    package func update(_ account: DriverAccount) {
        state.withLock { state in
            if state.members[account.id] != nil {
                state.members[account.id]?.account = account
            } else {
                state.members[account.id] = FleetMember(account: account)
            }
        }
    }

    /// Takes over the driver's own word.
    package func setAvailability(_ availability: Availability, of driver: DriverID) {
        state.withLock { $0.members[driver]?.account.availability = availability }
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

    /// Moves the driver to the fix.
    package func accept(_ fix: Fix) -> DriverSighting {
        state.withLock { state in
            guard var member = state.members[fix.driverID] else {
                return DriverSighting(fix: fix, isOnline: false, isDelivering: false)
            }
            if member.lastFix.map({ $0.receivedAt <= fix.receivedAt }) ?? true { member.lastFix = fix }
            member.lastSeen = max(member.lastSeen ?? fix.receivedAt, fix.receivedAt)
            state.members[fix.driverID] = member
            return DriverSighting(
                fix: fix, isOnline: member.account.availability != .offline, isDelivering: member.isDelivering)
        }
    }

    /// The driver as he is now, nil when the fleet does not know him.
    package func member(_ driver: DriverID) -> FleetMember? {
        state.withLock { $0.members[driver] }
    }

    /// Every driver by id.
    package func members() -> [FleetMember] {
        state.withLock { Array($0.members.values) }.sorted { $0.account.id < $1.account.id }
    }

    /// Those of `drivers` who have never said whether they are online.
    package func unsaid(among drivers: [DriverID]) -> [DriverID] {
        state.withLock { state in
            Set(drivers).filter { state.members[$0]?.account.availability == .unsaid }.sorted()
        }
    }

    /// Whether the driver's last fix is too old to decide on.
    package func isStale(_ member: FleetMember, at now: Timestamp) -> Bool {
        guard let fix = member.lastFix else { return true }
        return now.millisecondsSince(fix.receivedAt) > staleAfter
    }
}

/// One driver of the fleet.
package struct FleetMember: Sendable {
    package var account: DriverAccount
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
}
