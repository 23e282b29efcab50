internal import DispatchCore
internal import Fulfilment
internal import Geo

/// What drivers do: they answer, drive the way that the house takes them to drive, wait for kitchens, hand over.
extension CityDay {
    /// Accepts a batch, or rejects all of it. A silent phone answers when it is back.
    mutating func answer(_ seat: Int, _ ids: [OrderID], isForced: Bool) async throws {
        if drivers[seat].silentUntil > now {
            queue.add(.answer(seat, ids, isForced: isForced), at: drivers[seat].silentUntil + 1)
            return
        }
        let rejects = !isForced && random.below(1000) < scenario.rejections
        if rejects { rejected += 1 }
        for id in ids {
            try await step(rejects ? .reject(reason: "too far") : .accept, id, seat)
        }
        if drivers[seat].leg == nil { try await head(seat) }
    }

    /// The stop is done: food taken over or handed over.
    mutating func finishStop(_ seat: Int, leg number: Int) async throws {
        guard let leg = drivers[seat].leg, leg.number == number else { return }
        if drivers[seat].silentUntil > now {
            queue.add(.stopDone(seat, leg: number), at: drivers[seat].silentUntil + 1)
            return
        }
        drivers[seat].leg = nil
        drivers[seat].point = leg.to
        drivers[seat].lastPickup = leg.isPickup ? leg.to : nil
        try await step(leg.isPickup ? .pickUp : .deliver(.otp(nil)), leg.order, seat)
        try await head(seat)
    }

    /// An order was taken from a driver. A silent phone does not hear of it.
    mutating func forget(_ order: OrderID, _ seat: Int) async {
        guard drivers[seat].silentUntil <= now, drivers[seat].leg?.order == order else { return }
        drivers[seat].point = position(of: drivers[seat])
        drivers[seat].leg = nil
        queue.add(.back(seat), at: now)
    }

    /// A phone is on again, or a driver looks anew at what he has.
    mutating func comeBack(_ seat: Int) async throws {
        guard drivers[seat].silentUntil <= now else { return }
        city.house.fleet.seen(drivers[seat].id, at: city.time.now)
        if let leg = drivers[seat].leg {
            let order = try await city.store.order(leg.order)
            if order?.holder == drivers[seat].id { return }
            drivers[seat].point = position(of: drivers[seat])
            drivers[seat].leg = nil
        }
        try await head(seat)
    }

    /// Where a driver is: on the straight line of his leg.
    func position(of driver: Driver) -> GeoPoint {
        guard let leg = driver.leg else { return driver.point }
        let share = leg.arrives > leg.left ? Double(now - leg.left) / Double(leg.arrives - leg.left) : 1
        let part = min(max(share, 0), 1)
        return GeoPoint(
            latitude: leg.from.latitude + (leg.to.latitude - leg.from.latitude) * part,
            longitude: leg.from.longitude + (leg.to.longitude - leg.from.longitude) * part) ?? leg.to
    }

    /// Starts for the next stop of the orders in hand.
    private mutating func head(_ seat: Int) async throws {
        var query = OrderQuery()
        query.driverID = drivers[seat].id
        query.states = [.accepted, .pickedUp, .inTransit]
        query.inRouteOrder = true
        let held = try await city.store.orders(matching: query)
        var stops: [OpenStop] = []
        for (index, order) in held.enumerated() {
            if order.state == .accepted {
                stops.append(OpenStop(order: index, isPickup: true, point: order.content.pickup.point))
            }
            stops.append(OpenStop(order: index, isPickup: false, point: order.content.dropoff.point))
        }
        let (settings, moment) = (city.house.settings, city.time.now)
        let sequence = OpenStop.sequence(of: stops, start: drivers[seat].point) {
            Int(settings.leg($0, $1, at: moment).metres)
        }
        guard let first = sequence.first, let to = stops[first].point else {
            drivers[seat].lastPickup = nil
            return
        }
        leave(seat, for: held[stops[first].order].id, isPickup: stops[first].isPickup, at: to)
    }

    /// The road takes as long as it really takes, the kitchen too.
    private mutating func leave(_ seat: Int, for order: OrderID, isPickup: Bool, at to: GeoPoint) {
        let from = drivers[seat].point
        let way = city.house.settings.leg(from, to, at: city.time.now)
        let noise = 1000 + random.below(2 * scenario.travelNoise + 1) - scenario.travelNoise
        let arrives = now + Int(way.milliseconds) * noise / 1_000_000
        var done = arrives
        if isPickup {
            let isSameVisit = drivers[seat].lastPickup == to
            let ready = rows[order].map { orders[$0].ready } ?? 0
            done = max(arrives + (isSameVisit ? 0 : Int(policy.pickupApproach.value)), ready)
            done += isSameVisit ? 0 : Int(policy.pickupHandover.value)
        } else {
            done += Int(policy.dropoffApproach.value + policy.dropoffHandover.value)
        }
        legs += 1
        drivers[seat].leg = Leg(
            number: legs, order: order, isPickup: isPickup, from: from, to: to, left: now, arrives: arrives, done: done)
        drivers[seat].metres += way.metres
        drivers[seat].busySeconds += done - now
        ways.append(Way(from: from, to: to, isLoaded: !isPickup))
        queue.add(.stopDone(seat, leg: legs), at: done)
    }

    /// A step of the driver's app. That the order is not his any more is an answer like any other.
    private mutating func step(_ command: OrderCommand, _ id: OrderID, _ seat: Int) async throws {
        do {
            _ = try await ChangeOrder(city.house)(command, order: id, by: .driver(drivers[seat].id))
        } catch is FulfilmentError {
            drivers[seat].lastPickup = nil
        }
    }
}
