internal import DispatchCore
internal import Geo

extension CityDay {
    /// Builds the city: restaurants, drivers, and every order of the day.
    mutating func found() {
        let kitchens = (0..<scenario.restaurants).map { _ in
            point(random.below(scenario.side), random.below(scenario.side))
        }
        places = kitchens
        for id in 0..<scenario.drivers {
            places.append(point(random.below(scenario.side), random.below(scenario.side)))
            drivers.append(Driver(id: DriverID(Int64(id)), place: PlaceIndex(Int32(places.count - 1))))
        }
        var second = 0
        while true {
            second += gap(at: second)
            if second >= scenario.minutes * 60 { return }
            placeOrder(at: second)
        }
    }

    private mutating func placeOrder(at second: Int) {
        let restaurant = random.below(scenario.restaurants)
        let kitchen = places[restaurant]
        let (east, north) = (random.below(5000) - 2500, random.below(5000) - 2500)
        let door = GeoPoint(
            latitude: kitchen.latitude + Double(north) / 111_195, longitude: kitchen.longitude + Double(east) / 108_358)
        places.append(door ?? kitchen)
        let estimate = second + scenario.preparation / 2 + random.below(scenario.preparation)
        let error = (0..<4).reduce(0) { sum, _ in
            sum + random.below(2 * scenario.preparationNoise + 1) - scenario.preparationNoise
        }
        var order = Order(
            id: OrderID(Int64(orders.count)), restaurant: restaurant, dropoff: PlaceIndex(Int32(places.count - 1)),
            placed: second, promisedReady: random.below(1000) < scenario.silentKitchens ? nil : estimate,
            ready: max(second, estimate + error / 2))
        if random.below(1000) < scenario.cancellations { order.cancelledAt = second + random.below(900) }
        orders.append(order)
    }

    /// Seconds to the next order, drawn from an even distribution with the right mean.
    private mutating func gap(at second: Int) -> Int {
        let half = scenario.minutes * 30
        let (from, to, part) =
            second < half
            ? (scenario.ordersPerHour.start, scenario.ordersPerHour.middle, second)
            : (scenario.ordersPerHour.middle, scenario.ordersPerHour.end, second - half)
        let rate = max(1, from + (to - from) * min(part, half) / max(half, 1))
        return 1 + random.below(max(1, 2 * 3600 / rate))
    }

    private func point(_ east: Int, _ north: Int) -> GeoPoint {
        let made = GeoPoint(latitude: 12.93 + Double(north) / 111_195, longitude: 77.55 + Double(east) / 108_358)
        guard let made else { preconditionFailure("a city of any size lies on the globe") }
        return made
    }

    /// The way by the same estimate that the engine plans with.
    func way(_ from: PlaceIndex, _ to: PlaceIndex) -> (seconds: Int, metres: Int64) {
        let metres = places[Int(from.value)].distance(to: places[Int(to.value)]).value * 1.3
        return (Int((metres / 6.5).rounded(.up)), Int64(metres.rounded()))
    }

    func snapshot() -> DispatchSnapshot {
        var snapshot = DispatchSnapshot(now: moment(now), policy: policy)
        snapshot.places = places
        for order in orders where order.state == .waiting {
            var row = WaitingOrder(
                id: order.id, pickup: PlaceIndex(Int32(order.restaurant)), dropoff: order.dropoff,
                placedAt: moment(order.placed))
            row.restaurant = RestaurantID(Int64(order.restaurant))
            row.pooledAt = moment(order.pooled)
            row.readyAt = order.promisedReady.map(moment)
            row.promisedAt = moment(order.placed + 3000)
            row.excluded = order.excluded
            snapshot.orders.append(row)
        }
        snapshot.drivers = drivers.map(state)
        return snapshot
    }

    private func state(_ driver: Driver) -> DriverState {
        var state = DriverState(
            id: driver.id, place: driver.current?.place ?? driver.place,
            freeAt: moment(driver.current == nil ? now : max(now, driver.freeAt)),
            lastFixAt: moment(driver.silentUntil > now ? now - 600 : now))
        for stop in driver.stops {
            let order = orders[Int(stop.order.rawValue)]
            var running = RunningStop(
                kind: stop.kind, order: stop.order, place: stop.place, placedAt: moment(order.placed))
            running.readyAt = stop.kind == .pickup ? order.promisedReady.map(moment) : nil
            running.restaurant = RestaurantID(Int64(order.restaurant))
            state.running.append(running)
        }
        return state
    }

    /// What no plan may do, whatever happened before.
    mutating func check(_ plan: DispatchPlan, _ snapshot: DispatchSnapshot) {
        var seen = Set<OrderID>()
        for batch in plan.commits + plan.tentative {
            let driver = drivers[Int(batch.driver.rawValue)]
            if driver.silentUntil > now { violations.append("t\(now): silent driver \(driver.id) chosen") }
            if batch.orders.count > Int(policy.bounded.maxBatch) { violations.append("t\(now): batch too large") }
            for order in batch.orders {
                if !seen.insert(order).inserted { violations.append("t\(now): order \(order) twice") }
                let row = orders[Int(order.rawValue)]
                if row.state != .waiting { violations.append("t\(now): order \(order) is \(row.state)") }
                if row.excluded.contains(batch.driver) { violations.append("t\(now): excluded driver for \(order)") }
            }
            var onBoard = 0
            for stop in batch.stops { onBoard += stop.kind == .pickup ? 1 : 0 }
            if onBoard + driver.stops.count(where: { $0.kind == .dropoff }) > 12 {
                violations.append("t\(now): overloaded")
            }
        }
        let waiting = Set(plan.waiting.map(\.order))
        let told = Set(plan.commits.flatMap(\.orders))
        if waiting.union(told) != Set(snapshot.orders.map(\.id)) || !waiting.isDisjoint(with: told) {
            violations.append("t\(now): orders lost or told and waiting")
        }
        let meant = Dictionary(
            plan.tentative.flatMap { batch in batch.orders.map { ($0, batch.driver) } },
            uniquingKeysWith: { first, _ in first })
        for batch in previous?.tentative ?? [] {
            for order in batch.orders where meant[order] != nil && meant[order] != batch.driver { changedPlans += 1 }
        }
    }
}
