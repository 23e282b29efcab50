package import DispatchCore
import Geo

/// Gives groups of a pool to drivers: one by an admin's choice, or all that are left to whoever is nearest.
package struct AssignGroups: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// A group and what became of it.
    package struct Given: Sendable {
        package var groupID: BatchID
        package var driverID: DriverID?
        package var batchID: BatchID?
        /// Why nobody got it.
        package var reason: String?
    }

    /// Gives one group to a driver. Only those of its orders that still wait go along; the same key again is told what
    /// the first time gave.
    ///
    /// - Throws: ``FulfilmentError``: unknown group, or nothing of it is left to give; ``StoreError``.
    package func callAsFunction(
        _ group: PoolGroup, to driver: DriverID, earnings: Paise?, by admin: AdminID, idempotency: IdempotencyKey?
    ) async throws -> AssignOrders.Outcome {
        var request = AssignOrders.Request(orderIDs: group.pickups, driverID: driver)
        request.earnings = earnings
        request.idempotency = idempotency
        request.selection = .waiting(group: group.id)
        // A group that goes out whole keeps its number and its route.
        request.sketch = group.sketch
        if try await waiting(of: group).count == group.pickups.count {
            if try await house.orders.batch(group.id) == nil { request.batchID = group.id }
        }
        return try await AssignOrders(house)(request, by: admin)
    }

    private func waiting(of group: PoolGroup) async throws -> [OrderID] {
        var waiting: [OrderID] = []
        for id in group.pickups {
            if let order = try await house.orders.order(id), order.state == .pending { waiting.append(id) }
        }
        return waiting
    }

    /// Gives every group of the pool that waits to an available driver with a fresh position who can carry it: the pair
    /// with the shortest way to the first pickup first, each driver once. In a large fleet those are looked at who are
    /// nearest to a first pickup; everybody, when they are not enough.
    ///
    /// Each group is given in a transaction of its own, so a key keeps the choice first: a repetition finishes what the
    /// first request chose, gives nothing twice, chooses nothing anew, and hears the same answer.
    ///
    /// - Throws: ``StoreError``.
    /// - Complexity: O(g d log(g d)) for g groups and d drivers.
    package func automatically(
        in pool: PoolID, by admin: AdminID, idempotency: IdempotencyKey?
    ) async throws -> [Given] {
        let groups = try await house.pools.groups(of: pool)
        var choices = try await choose(among: groups)
        if let idempotency {
            choices = try await house.pools.keepChoices(choices, at: house.now(), idempotency: idempotency)
        }
        return try await give(choices, of: groups, by: admin, idempotency: idempotency)
    }

    private func choose(among groups: [PoolGroup]) async throws -> [GroupChoice] {
        let now = house.now()
        let open = try await house.orders.openOrders()
        var carried: [DriverID: Int] = [:]
        for order in open { if let driver = order.driverID { carried[driver, default: 0] += 1 } }
        let pending = Dictionary(
            open.filter { $0.state == .pending }.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let waiting = groups.filter { $0.pickups.contains { pending[$0] != nil } }
        let loads = waiting.map { group in
            let orders = group.pickups.compactMap { pending[$0] }
            return Load(start: orders.first?.pickup, orders: orders.count)
        }
        let starts = loads.compactMap(\.start)
        let near = house.fleet.candidates(near: starts, each: waiting.count + Self.spare, busy: [], at: now)
        var chosen = choose(among: near, for: loads, carried, at: now)
        if chosen.count < starts.count, near.count < house.fleet.count {
            chosen = choose(among: house.fleet.members(), for: loads, carried, at: now)
        }
        return waiting.enumerated().map { GroupChoice(groupID: $1.id, driverID: chosen[$0]) }
    }

    /// A group as far as choosing its driver goes.
    private struct Load {
        /// The first pickup; nil when nothing waits any more.
        let start: GeoPoint?
        let orders: Int
    }

    /// Each group takes one of the near away from the others; these are for those who have room, but not enough of it.
    private static let spare = 32

    private func choose(
        among members: [FleetMember], for loads: [Load], _ carried: [DriverID: Int], at now: Timestamp
    ) -> [Int: DriverID] {
        let available = members.filter { $0.isAvailable && !house.fleet.isStale($0, at: now) }
        var pairs: [(milliseconds: Int64, group: Int, driver: DriverID)] = []
        for (index, load) in loads.enumerated() {
            guard let start = load.start else { continue }
            for member in available {
                guard let fix = member.lastFix,
                    carried[member.account.id, default: 0] + load.orders <= member.account.capacity
                else { continue }
                pairs.append((house.leg(fix.point, start, at: now).milliseconds, index, member.account.id))
            }
        }
        pairs.sort { ($0.milliseconds, $0.group, $0.driver) < ($1.milliseconds, $1.group, $1.driver) }
        var chosen: [Int: DriverID] = [:]
        var busy: Set<DriverID> = []
        for pair in pairs where chosen[pair.group] == nil && !busy.contains(pair.driver) {
            chosen[pair.group] = pair.driver
            busy.insert(pair.driver)
        }
        return chosen
    }

    private func give(
        _ choices: [GroupChoice], of groups: [PoolGroup], by admin: AdminID, idempotency: IdempotencyKey?
    ) async throws -> [Given] {
        var given: [Given] = []
        for choice in choices {
            guard let driver = choice.driverID else {
                given.append(Given(groupID: choice.groupID, reason: "no available driver can carry it"))
                continue
            }
            do {
                guard let group = groups.first(where: { $0.id == choice.groupID }) else {
                    throw FulfilmentError.unknownBatch(choice.groupID)
                }
                let outcome = try await self(
                    group, to: driver, earnings: nil, by: admin, idempotency: idempotency?.part(of: choice))
                given.append(Given(groupID: choice.groupID, driverID: driver, batchID: outcome.batchID))
            } catch is FulfilmentError {
                // Something happened to it meanwhile, which wins.
                given.append(Given(groupID: choice.groupID, reason: "its orders changed meanwhile"))
            }
        }
        return given
    }
}

extension IdempotencyKey {
    /// The key of one group's part of a request. No key from outside holds a line break.
    fileprivate func part(of choice: GroupChoice) -> IdempotencyKey {
        IdempotencyKey(principal: principal, key: "group \(choice.groupID)\n\(key)", requestHash: requestHash)
    }
}
