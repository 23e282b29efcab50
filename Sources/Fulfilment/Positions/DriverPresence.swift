import DispatchCore
import Geo

/// Where one driver is, as far as anybody wants to know: his zone, and the stops that he has to make. A pure value.
struct DriverPresence: Sendable {
    private struct Stop {
        var arrival: Arrival
        var arrivedAt: Timestamp?
        /// When the food should be there; the latest, where he waits for several orders.
        var readyAt: Timestamp?
        var orders: [OrderID]
    }

    private let driver: DriverID
    private var zone: ZoneID?
    private var zoneEnteredAt: Timestamp?
    private var fence = FencePresence()
    private var stops: [Spot: Stop] = [:]

    init(driver: DriverID) {
        self.driver = driver
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
            guard let action = stops[spot]?.arrival.seen(at: fix.point, time: fix.receivedAt.milliseconds) else {
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
        for spot in sortedSpots where wanted[spot] == nil {
            events += finish(spot, orders, at: now)
        }
        for (spot, want) in wanted {
            stops[spot, default: Stop(arrival: Arrival(at: want.point), orders: [])].readyAt = want.readyAt
            stops[spot]?.orders = want.orders
        }
        for spot in sortedSpots {
            guard let action = stops[spot]?.arrival.timerFired(at: now.milliseconds) else { continue }
            events += carryOut(action, at: spot)
        }
        return events
    }

    /// Where he is now.
    var stays: [PresenceEvent] {
        var stays: [PresenceEvent] = []
        if let zone, let zoneEnteredAt {
            stays.append(PresenceEvent(driver: driver, spot: .zone(zone), beganAt: zoneEnteredAt))
        }
        for spot in sortedSpots {
            guard let arrivedAt = stops[spot]?.arrivedAt else { continue }
            stays.append(PresenceEvent(driver: driver, spot: spot, beganAt: arrivedAt))
        }
        return stays
    }

    private mutating func crossBorders(
        at point: GeoPoint, time: Timestamp, atlas: Atlas, _ events: inout [PresenceEvent]
    ) {
        if let zone {
            let depth = atlas.depth(of: point, in: zone) ?? Metres(-.infinity)
            if case .left(let enteredAt, _)? = fence.seen(depth: depth, at: time.milliseconds) {
                events.append(
                    PresenceEvent(
                        driver: driver, spot: .zone(zone), beganAt: Timestamp(milliseconds: enteredAt), endedAt: time))
                self.zone = nil
            }
        }
        if zone == nil, let entered = atlas.zone(containing: point) {
            zone = entered
            zoneEnteredAt = time
            fence = FencePresence()
            _ = fence.seen(depth: Metres(0), at: time.milliseconds)
            events.append(PresenceEvent(driver: driver, spot: .zone(entered), beganAt: time))
        }
    }

    private mutating func carryOut(_ action: Arrival.Action, at spot: Spot) -> [PresenceEvent] {
        switch action {
        case .setTimer: return []
        case .arrived(let time):
            let arrivedAt = Timestamp(milliseconds: time)
            stops[spot]?.arrivedAt = arrivedAt
            return [PresenceEvent(driver: driver, spot: spot, beganAt: arrivedAt)]
        case .departed(_, let time):
            return end(spot, at: Timestamp(milliseconds: time))
        }
    }

    /// The stop is done: the food has been picked up or handed over, or is somebody else's now.
    private mutating func finish(_ spot: Spot, _ orders: [OpenOrder], at now: Timestamp) -> [PresenceEvent] {
        let pickedUp = orders.filter { stops[spot]?.orders.contains($0.id) == true }.compactMap(\.pickedUpAt).max()
        defer { stops[spot] = nil }
        return end(spot, at: min(pickedUp ?? now, now))
    }

    private mutating func end(_ spot: Spot, at time: Timestamp) -> [PresenceEvent] {
        guard let stop = stops[spot], let arrivedAt = stop.arrivedAt else { return [] }
        stops[spot]?.arrivedAt = nil
        let end = max(time, arrivedAt)
        var event = PresenceEvent(driver: driver, spot: spot, beganAt: arrivedAt, endedAt: end)
        if case .restaurant = spot {
            event.waited = max(0, end.millisecondsSince(max(arrivedAt, stop.readyAt ?? arrivedAt)))
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
