package import DispatchCore
import Geo

/// Forms groups of the pending orders of an external pool: which orders should travel together, and in which sequence.
package struct GroupPool: Sendable {
    private let house: House

    /// Orders that are grouped in one piece. The search looks at all pairs, so larger pools are cut into districts by
    /// their restaurants first.
    private static let district = 90
    /// Orders looked at in one call; the rest stays ungrouped until these are on their way.
    package static let mostOrders = 5000

    package init(_ house: House) {
        self.house = house
    }

    /// What came of a grouping.
    package struct Outcome: Sendable {
        package var groups: [PoolGroup]
        /// Pending orders in no group: without coordinates, too far, too large, or beyond the bound of one call.
        package var ungrouped: [OrderID]
    }

    /// Groups what is pending and keeps what is assigned. Calling it again makes the same groups anew.
    ///
    /// - Complexity: O(n² / d + n) for n orders in districts of d.
    /// - Throws: ``FulfilmentError/unknownPool(_:)``, ``StoreError``.
    package func callAsFunction(_ pool: PoolID) async throws -> Outcome {
        guard try await house.pools.pool(pool) != nil else { throw FulfilmentError.unknownPool(pool) }
        let now = house.now()
        let pending = try await house.orders.openOrders().filter { $0.externalPoolID == pool && $0.state == .pending }
        let placeable = pending.compactMap { order in
            order.pickup.flatMap { pickup in order.dropoff.map { Placed(order: order, pickup: pickup, dropoff: $0) } }
        }
        let taken = placeable.prefix(Self.mostOrders)
        var shaped: [PoolGrouping.Batch] = []
        for district in Self.districts(Array(taken)) {
            try Task.checkCancellation()
            shaped += Self.grouping(district, settings: house.settings, at: now).batches
            await Task.yield()
        }
        let ids = shaped.isEmpty ? [] : try await house.orders.reserveBatchIDs(shaped.count)
        let groups = zip(ids, shaped).map { PoolGroup($0, $1) }
        try await house.pools.replaceGroups(of: pool, with: groups, at: now)
        let grouped = Set(groups.flatMap(\.pickups))
        return Outcome(groups: groups, ungrouped: pending.map(\.id).filter { !grouped.contains($0) })
    }

    private struct Placed {
        let order: OpenOrder
        let pickup: GeoPoint
        let dropoff: GeoPoint
    }

    /// Cuts the orders in two across their wider side, by pickup and then dropoff, until each part is small enough.
    private static func districts(_ orders: [Placed]) -> [[Placed]] {
        guard orders.count > district else { return orders.isEmpty ? [] : [orders] }
        let latitudes = orders.map(\.pickup.latitude)
        let longitudes = orders.map(\.pickup.longitude)
        let height = (latitudes.max() ?? 0) - (latitudes.min() ?? 0)
        let width = (longitudes.max() ?? 0) - (longitudes.min() ?? 0)
        let sorted = orders.sorted { left, right in
            height > width
                ? (left.pickup.latitude, left.dropoff.latitude, left.order.id)
                    < (right.pickup.latitude, right.dropoff.latitude, right.order.id)
                : (left.pickup.longitude, left.dropoff.longitude, left.order.id)
                    < (right.pickup.longitude, right.dropoff.longitude, right.order.id)
        }
        let middle = sorted.count / 2
        return districts(Array(sorted[..<middle])) + districts(Array(sorted[middle...]))
    }

    private static func grouping(_ orders: [Placed], settings: HouseSettings, at now: Timestamp) -> PoolGrouping {
        var snapshot = DispatchSnapshot(
            now: now, policy: DispatchPolicy(),
            travel: .estimate(TravelEstimate(settings.travel, hour: settings.hour(at: now))))
        for placed in orders {
            var waiting = WaitingOrder(
                id: placed.order.id, pickup: snapshot.place(placed.pickup), dropoff: snapshot.place(placed.dropoff),
                placedAt: placed.order.createdAt)
            waiting.restaurant = placed.order.restaurantID
            waiting.readyAt = placed.order.readyAt
            waiting.bagUnits = Int32(clamping: placed.order.bagUnits)
            snapshot.orders.append(waiting)
        }
        return PoolGrouping(snapshot, limits: settings.poolLimits, budget: WorkBudget(steps: 200_000))
    }
}

extension PoolGroup {
    fileprivate init(_ id: BatchID, _ batch: PoolGrouping.Batch) {
        func stop(_ stop: PoolGrouping.Stop, isPickup: Bool) -> Stop {
            Stop(
                orderID: stop.order.rawValue, isPickup: isPickup, metres: Int(stop.distance.value),
                afterSeconds: Int(stop.after.value))
        }
        self.init(
            id: id,
            stops: batch.pickups.map { stop($0, isPickup: true) } + batch.dropoffs.map { stop($0, isPickup: false) },
            distance: Int(batch.distance.value), durationSeconds: Int(batch.duration.value))
    }

    /// Metres from each order's pickup to its dropoff along the route, by order.
    package var orderDistances: [OrderID: Int] {
        var sum = 0
        var reached: [Int64: Int] = [:]
        var distances: [OrderID: Int] = [:]
        for stop in stops {
            sum += stop.metres
            if stop.isPickup {
                reached[stop.orderID] = sum
            } else {
                distances[OrderID(stop.orderID)] = sum - (reached[stop.orderID] ?? 0)
            }
        }
        return distances
    }

    /// The route as a batch needs it.
    package var sketch: RouteSketch { RouteSketch(self) }
}

extension RouteSketch {
    /// The route of a group, in the sequence of its pickups.
    package init(_ group: PoolGroup) {
        let distances = group.orderDistances
        orderIDs = group.pickups
        distance = group.distance
        orderDistances = group.pickups.map { distances[$0] ?? 0 }
        orderSeconds = group.pickups.map { order in
            group.stops.first { !$0.isPickup && $0.orderID == order.rawValue }?.afterSeconds
        }
    }
}
