internal import DispatchCore
internal import Fulfilment
internal import Geo

extension CityDay {
    /// Draws the city: restaurants, where drivers stand, and everything that will happen on its own.
    mutating func found() {
        places = (0..<scenario.restaurants).map { _ in
            point(random.below(scenario.side), random.below(scenario.side))
        }
        for number in 0..<scenario.drivers {
            let place = point(random.below(scenario.side), random.below(scenario.side))
            drivers.append(Driver(id: DriverID(Int64(number)), point: place))
        }
        var second = 0
        while true {
            second += gap(at: second)
            if second >= scenario.minutes * 60 { break }
            drawOrder(at: second)
        }
        drawSilences()
        queue.add(.tick, at: 0)
    }

    private mutating func drawOrder(at second: Int) {
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
        let isTalking = random.below(1000) >= scenario.silentKitchens
        let order = Order(
            restaurant: restaurant, dropoff: PlaceIndex(Int32(places.count - 1)), placed: second,
            promisedReady: isTalking ? estimate : nil, ready: max(second, estimate + error / 2), promise: 3000)
        let number = orders.count
        orders.append(order)
        queue.add(.order(number), at: second)
        if isTalking { queue.add(.kitchenReady(number), at: order.ready) }
        if random.below(1000) < scenario.cancellations { queue.add(.cancel(number), at: second + random.below(1500)) }
        if random.below(1000) < scenario.forces { queue.add(.force(number), at: second + random.below(600)) }
    }

    private mutating func drawSilences() {
        for driver in drivers.indices {
            for hour in 0...(scenario.minutes / 60) where random.below(1000) < scenario.silences {
                let second = hour * 3600 + random.below(3600)
                queue.add(.silence(driver, lasting: 200 + random.below(1100)), at: second)
            }
        }
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

    /// Opens the accounts: every driver is online and seen.
    mutating func settle() async throws {
        for seat in drivers.indices {
            let account = try await city.addDriver("driver\(seat)", at: drivers[seat].point)
            drivers[seat].id = account.id
            seats[account.id] = seat
        }
    }

    /// What happens on its own, by the use case that it takes in the house.
    mutating func carryOut(_ event: CityEvent) async throws {
        switch event {
        case .tick: break
        case .order(let number): try await placeOrder(number)
        case .cancel(let number):
            try await allowingRefusals { city, admin, id in
                _ = try await ChangeOrder(city.house)(
                    .cancel(by: .customer, reason: "changed my mind"), order: id, by: .admin(admin))
            }(orders[number].id)
        case .kitchenReady(let number):
            try await allowingRefusals { city, admin, id in
                _ = try await MarkReady(city.house)(id, by: admin)
            }(orders[number].id)
        case .force(let number):
            let driver = drivers[random.below(drivers.count)].id
            forced += 1
            try await allowingRefusals { city, admin, id in
                _ = try await AssignOrders(city.house)(
                    AssignOrders.Request(orderIDs: [id], driverID: driver), by: admin)
            }(orders[number].id)
        case .answer(let seat, let ids, let isForced): try await answer(seat, ids, isForced: isForced)
        case .stopDone(let seat, let leg): try await finishStop(seat, leg: leg)
        case .silence(let seat, let seconds):
            drivers[seat].silentUntil = now + seconds
            queue.add(.back(seat), at: now + seconds)
        case .back(let seat): try await comeBack(seat)
        }
    }

    private mutating func placeOrder(_ number: Int) async throws {
        let (row, readyAt) = (orders[number], orders[number].promisedReady.map(moment))
        let promisedAt = moment(row.placed + row.promise)
        let order = try await city.placeOrder(
            from: places[row.restaurant], to: places[Int(row.dropoff.value)], phone: "+91\(number)", readyAt: readyAt
        ) { content in
            content.pickup.name = "Kitchen \(row.restaurant)"
            content.promisedAt = promisedAt
        }
        orders[number].id = order.id
        orders[number].state = .pending
        rows[order.id] = number
    }

    /// Runs a step that the house may refuse because the order has moved on: that is part of the day.
    private func allowingRefusals(
        _ body: @escaping @Sendable (VirtualHouse, AdminID, OrderID) async throws -> Void
    ) -> @Sendable (OrderID) async throws -> Void {
        let (city, admin) = (city, admin)
        return { id in
            do {
                try await body(city, admin, id)
            } catch is FulfilmentError {
                // Too late, or not any more: the house has said so.
            }
        }
    }
}
