import DispatchCore
import Geo

/// What the house has learned about its kitchens.
struct Kitchens {
    /// How much later than its word each is.
    var deviation: [RestaurantID: Seconds] = [:]
    /// How long after an order's placing each is ready that says nothing.
    var preparation: [RestaurantID: Seconds] = [:]

    init(_ presence: PresenceWatch?) {
        guard let presence else { return }
        deviation = presence.readyDeviation()
        preparation = presence.preparation()
    }
}

/// Freezes the pool and the fleet for one tick.
struct SnapshotBuilder {
    let house: House
    /// What the settings say; the rules in force change it.
    let policy: DispatchPolicy
    let rules: RuleBook
    let now: Timestamp

    /// - Parameters:
    ///   - open: Every order that is not ended.
    ///   - members: Drivers by id.
    /// - Returns: The snapshot of what the engine may decide about. Orders without coordinates are not
    ///   in it, and those of external pools until a driver gave them back: they wait for a hand.
    func snapshot(
        open: [OpenOrder], exclusions: [Exclusion], members: [FleetMember], kitchens: Kitchens
    ) -> DispatchSnapshot {
        var snapshot = DispatchSnapshot(
            now: now, policy: rules.policy(over: policy),
            travel: .estimate(TravelEstimate(house.estimator, hour: house.settings.hour(at: now))))
        snapshot.zonePolicies = rules.zonePolicies(over: policy)
        var excluded: [OrderID: [DriverID]] = [:]
        for pair in exclusions { excluded[pair.orderID, default: []].append(pair.driverID) }
        for order in open where order.state == .pending && order.isForTheEngine {
            guard let pickup = order.pickup, let dropoff = order.dropoff else { continue }
            var waiting = WaitingOrder(
                id: order.id, pickup: snapshot.place(pickup), dropoff: snapshot.place(dropoff),
                placedAt: order.createdAt)
            waiting.zone = order.zoneID
            waiting.restaurant = order.restaurantID
            waiting.pooledAt = order.pooledAt
            waiting.readyAt = order.readyAt
            waiting.promisedAt = order.promisedAt
            waiting.bagUnits = Int32(clamping: order.bagUnits)
            waiting.weight = Weight(perMille: Int32(clamping: order.delayWeight))
            waiting.vehicles = order.vehicles.map(\.vehicleClass)
            waiting.excluded = excluded[order.id, default: []].sorted()
            if let restaurant = order.restaurantID {
                let known = order.readyAt == nil ? kitchens.preparation : kitchens.deviation
                waiting.readyDeviation = known[restaurant] ?? .zero
            }
            snapshot.orders.append(waiting)
        }
        let held = Dictionary(grouping: open.filter { $0.state.isHeld }, by: \.driverID)
        let seen = members.filter { $0.account.standing == .approved && $0.lastFix != nil }
        // The places of drivers come last: nobody drives to where a driver is.
        var routes: [[RunningStop]] = []
        for member in seen {
            guard let fix = member.lastFix else { continue }
            let placed = (held[member.account.id] ?? []).filter(\.hasPlaces)
            routes.append(running(placed, from: fix.point, in: &snapshot))
        }
        for (member, route) in zip(seen, routes) {
            guard let fix = member.lastFix else { continue }
            var state = driver(member, fix: fix, running: route, in: &snapshot)
            let his = held[member.account.id] ?? []
            state.offeredAt = his.filter { $0.state == .assigned }.compactMap(\.assignedAt).max()
            for order in his where !order.hasPlaces {
                state.unplacedOrders += 1
                state.unplacedUnits += Int32(clamping: order.bagUnits)
            }
            snapshot.drivers.append(state)
        }
        return snapshot
    }

    private func driver(
        _ member: FleetMember, fix: Fix, running: [RunningStop], in snapshot: inout DispatchSnapshot
    ) -> DriverState {
        var driver = DriverState(
            id: member.account.id, place: snapshot.place(fix.point), freeAt: now, lastFixAt: fix.receivedAt)
        driver.capacity = Int32(clamping: member.account.capacity)
        driver.bagUnits = Int32(clamping: member.account.bagUnits)
        driver.vehicle = member.account.vehicleType.vehicleClass
        driver.shiftEndsAt = member.account.shiftEndsAt
        driver.isOnline = member.account.availability == .online
        driver.running = running
        driver.rules = rules.rules(of: member.account.id)
        return driver
    }

    /// The stops still to be made, in the shortest sequence: what the driver was told, less what he has done.
    private func running(
        _ held: [OpenOrder], from point: GeoPoint, in snapshot: inout DispatchSnapshot
    ) -> [RunningStop] {
        var stops: [OpenStop] = []
        for (index, order) in held.enumerated() {
            if order.state.isHeldBeforePickup {
                stops.append(OpenStop(order: index, isPickup: true, point: order.pickup))
            }
            stops.append(OpenStop(order: index, isPickup: false, point: order.dropoff))
        }
        let sequence = OpenStop.sequence(of: stops, start: point) { Int(house.leg($0, $1, at: now).metres) }
        return sequence.compactMap { index in
            let stop = stops[index]
            guard let place = stop.point else { return nil }
            let order = held[stop.order]
            var running = RunningStop(
                kind: stop.isPickup ? .pickup : .dropoff, order: order.id, place: snapshot.place(place),
                placedAt: order.createdAt)
            running.readyAt = stop.isPickup ? order.readyAt : nil
            running.restaurant = order.restaurantID
            running.bagUnits = Int32(clamping: order.bagUnits)
            running.zone = order.zoneID
            running.weight = Weight(perMille: Int32(clamping: order.delayWeight))
            running.promisedAt = order.promisedAt
            return running
        }
    }
}

extension OpenOrder {
    /// Whether it is known where the stops are that are still to be made.
    fileprivate var hasPlaces: Bool { dropoff != nil && (pickup != nil || !state.isHeldBeforePickup) }
}

extension VehicleType {
    var vehicleClass: VehicleClass {
        switch self {
        case .bicycle: .bicycle
        case .motorbike: .motorcycle
        case .car: .car
        }
    }
}
