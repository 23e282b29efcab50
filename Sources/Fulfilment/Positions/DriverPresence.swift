import DispatchCore
import Geo

/// Where one driver is, as far as anybody wants to know: his zones, and the stops that he has to make. A pure value.
struct DriverPresence: Sendable {
    private struct Stop {
        /// Nil where it is not known any more where the stop was.
        var arrival: Arrival?
        var arrivedAt: Timestamp?
        /// He has left again; whether with the food is not known before the next look at the orders.
        var leftAt: Timestamp?
        /// When the food should be there; the latest, where he waits for several orders.
        var readyAt: Timestamp?
        var orders: [OrderID]
    }

    /// One fence for each zone that he is in: zones may overlap.
    private struct Stay {
        var fence = FencePresence()
        var enteredAt: Timestamp

        init(since enteredAt: Timestamp) {
            self.enteredAt = enteredAt
            _ = fence.seen(depth: Metres(0), at: enteredAt.milliseconds)
        }
    }

    private let driver: DriverID
    private var zones: [ZoneID: Stay] = [:]
    private var stops: [Spot: Stop] = [:]
    /// Stops that he had arrived at before the server started anew, until the orders tell where they are.
    private var resumed: [Spot: Timestamp] = [:]

    init(driver: DriverID) {
        self.driver = driver
    }

    /// Goes on with a stay that was seen to begin earlier and not to end.
    mutating func resume(_ spot: Spot, since beganAt: Timestamp) {
        if case .zone(let zone) = spot {
            zones[zone] = Stay(since: beganAt)
        } else {
            resumed[spot] = beganAt
        }
    }

    /// A run of his fixes.
    ///
    /// - Parameter doubted: Places of fixes that say nothing, ascending; those of the run are taken out.
    mutating func seen(
        _ run: ArraySlice<Fix>, without doubted: inout ArraySlice<Int>, atlas: Atlas, _ events: inout [PresenceEvent]
    ) {
        for place in run.indices {
            if doubted.first == place { doubted.removeFirst() } else { seen(run[place], atlas, &events) }
        }
    }

    private mutating func seen(_ fix: Fix, _ atlas: Atlas, _ events: inout [PresenceEvent]) {
        crossBorders(at: fix.point, time: fix.receivedAt, atlas: atlas, &events)
        if stops.isEmpty { return }
        for spot in sortedSpots {
            guard let action = stops[spot]?.arrival?.seen(at: fix.point, time: fix.receivedAt.milliseconds) else {
                continue
            }
            events += carryOut(action, at: spot)
        }
    }

    /// The orders that the driver holds, all of them.
    mutating func expect(_ orders: [OpenOrder], at now: Timestamp) -> [PresenceEvent] {
        var wanted: [Spot: (point: GeoPoint, readyAt: Timestamp?, orders: [OrderID])] = [:]
        for order in orders.sorted(by: { $0.id < $1.id }) {
            let isWaiting = order.state.isHeldBeforePickup
            guard let point = isWaiting ? order.pickup : order.dropoff else { continue }
            let spot: Spot =
                isWaiting ? order.restaurantID.map(Spot.restaurant) ?? .pickup(order.id) : .customer(order.id)
            let known = wanted[spot]
            let readyAt = [known?.readyAt, order.readyAt].compactMap(\.self).max()
            wanted[spot] = (known?.point ?? point, readyAt, (known?.orders ?? []) + [order.id])
        }
        var events: [PresenceEvent] = []
        for (spot, beganAt) in resumed.sorted(by: { $0.key.rank < $1.key.rank }) {
            let taken = orders.filter { $0.pickedUpAt != nil && $0.restaurantID.map(Spot.restaurant) == spot }
            stops[spot] = Stop(
                arrival: (wanted[spot]?.point).map { Arrival(at: $0, thereSince: beganAt.milliseconds) },
                arrivedAt: beganAt, orders: wanted[spot]?.orders ?? taken.map(\.id))
        }
        resumed = [:]
        for spot in sortedSpots {
            if wanted[spot] == nil {
                events += finish(spot, orders, at: now)
            } else if let leftAt = stops[spot]?.leftAt {
                events += end(spot, at: leftAt, with: [])
            }
        }
        for (spot, want) in wanted {
            stops[spot, default: Stop(arrival: Arrival(at: want.point), orders: [])].readyAt = want.readyAt
            stops[spot]?.orders = want.orders
        }
        for spot in sortedSpots {
            guard let action = stops[spot]?.arrival?.timerFired(at: now.milliseconds) else { continue }
            events += carryOut(action, at: spot)
        }
        return events
    }

    /// Where he is now.
    var stays: [PresenceEvent] {
        var stays = zones.sorted { $0.key < $1.key }.map { zone, stay in
            PresenceEvent(driver: driver, spot: .zone(zone), beganAt: stay.enteredAt)
        }
        for spot in sortedSpots {
            guard let stop = stops[spot], let arrivedAt = stop.arrivedAt, stop.leftAt == nil else { continue }
            stays.append(PresenceEvent(driver: driver, spot: spot, beganAt: arrivedAt))
        }
        for (spot, arrivedAt) in resumed.sorted(by: { $0.key.rank < $1.key.rank }) {
            stays.append(PresenceEvent(driver: driver, spot: spot, beganAt: arrivedAt))
        }
        return stays
    }

    private mutating func crossBorders(
        at point: GeoPoint, time: Timestamp, atlas: Atlas, _ events: inout [PresenceEvent]
    ) {
        for zone in zones.isEmpty ? [] : zones.keys.sorted() {
            let depth = atlas.depth(of: point, in: zone) ?? Metres(-.infinity)
            guard case .left(let enteredAt, _)? = zones[zone]?.fence.seen(depth: depth, at: time.milliseconds) else {
                continue
            }
            zones[zone] = nil
            events.append(
                PresenceEvent(
                    driver: driver, spot: .zone(zone), beganAt: Timestamp(milliseconds: enteredAt), endedAt: time))
        }
        for zone in atlas.zones(containing: point) where zones[zone] == nil {
            zones[zone] = Stay(since: time)
            events.append(PresenceEvent(driver: driver, spot: .zone(zone), beganAt: time))
        }
    }

    private mutating func carryOut(_ action: Arrival.Action, at spot: Spot) -> [PresenceEvent] {
        switch action {
        case .setTimer: return []
        case .arrived(let time):
            // Whoever comes back had left without the food.
            let events = stops[spot]?.leftAt.map { end(spot, at: $0, with: []) } ?? []
            let arrivedAt = Timestamp(milliseconds: time)
            stops[spot]?.arrivedAt = arrivedAt
            return events + [PresenceEvent(driver: driver, spot: spot, beganAt: arrivedAt)]
        case .departed(_, let time):
            let leftAt = Timestamp(milliseconds: time)
            guard case .customer = spot else {
                stops[spot]?.leftAt = leftAt
                return []
            }
            return end(spot, at: leftAt, with: [])
        }
    }

    /// The stop is done: the food has been picked up or handed over, or is somebody else's now.
    private mutating func finish(_ spot: Spot, _ orders: [OpenOrder], at now: Timestamp) -> [PresenceEvent] {
        let taken = orders.filter { order in
            order.pickedUpAt != nil && stops[spot]?.orders.contains(order.id) == true
        }
        let pickedUp = taken.compactMap(\.pickedUpAt).max() ?? now
        defer { stops[spot] = nil }
        return end(spot, at: min(pickedUp, stops[spot]?.leftAt ?? now, now), with: taken)
    }

    /// - Parameter taken: What he took with him. Only then was his stay a wait for the kitchen: who is called away, or
    ///   gives up, has not seen the food.
    private mutating func end(_ spot: Spot, at time: Timestamp, with taken: [OpenOrder]) -> [PresenceEvent] {
        guard let stop = stops[spot], let arrivedAt = stop.arrivedAt else { return [] }
        stops[spot]?.arrivedAt = nil
        stops[spot]?.leftAt = nil
        let end = max(time, arrivedAt)
        var event = PresenceEvent(driver: driver, spot: spot, beganAt: arrivedAt, endedAt: end)
        if case .restaurant = spot, let placedAt = taken.map(\.createdAt).max() {
            let readyAt = taken.compactMap(\.readyAt).max()
            event.waited = max(0, end.millisecondsSince(max(arrivedAt, readyAt ?? arrivedAt)))
            if let readyAt {
                event.beyondWord = max(0, end.millisecondsSince(readyAt))
            } else {
                event.preparation = max(0, end.millisecondsSince(placedAt))
            }
        }
        return [event]
    }

    /// In an order that does not change from run to run.
    private var sortedSpots: [Spot] { stops.keys.sorted { $0.rank < $1.rank } }
}

extension Spot {
    fileprivate var rank: (Int, Int64) {
        switch self {
        case .zone(let id): (0, id.rawValue)
        case .restaurant(let id): (1, id.rawValue)
        case .pickup(let id): (2, id.rawValue)
        case .customer(let id): (3, id.rawValue)
        }
    }
}
