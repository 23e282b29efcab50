/// What a day came to, by the library's measures. Minutes unless said.
package struct MdrpReport: Sendable {
    package var orders = 0
    package var delivered = 0
    package var clickToDoor = 0.0
    package var clickToDoorAtMost = 0.0
    package var readyToPickup = 0.0
    /// Delivery beyond what a driver standing at the restaurant would have reached.
    package var excess = 0.0
    package var over90 = 0
    package var batches = 0
    package var ticks = 0
    package var stepsOfLongestTick: Int64 = 0

    package init(_ day: MdrpDay) {
        let instance = day.instance
        orders = instance.orders.count
        batches = day.routes.count
        ticks = day.stepsOfTicks.count
        stepsOfLongestTick = day.stepsOfTicks.max() ?? 0
        for route in day.routes {
            for (stop, times) in zip(route.stops, route.times) {
                let row = instance.orders[stop.order]
                if !stop.isDropoff {
                    readyToPickup += times.moment - Double(row.ready)
                    continue
                }
                let time = times.moment - Double(row.placed)
                delivered += 1
                clickToDoor += time
                clickToDoorAtMost = max(clickToDoorAtMost, time)
                if time > 90 { over90 += 1 }
                excess += times.moment - ideal(row, instance)
            }
        }
        let count = Double(max(1, delivered))
        clickToDoor /= count
        readyToPickup /= count
        excess /= count
    }

    private func ideal(_ order: MdrpInstance.Order, _ instance: MdrpInstance) -> Double {
        let restaurant = instance.restaurants[order.restaurant]
        let (dx, dy) = (restaurant.x - order.x, restaurant.y - order.y)
        let ride = ((dx * dx + dy * dy).squareRoot() / instance.metresPerMinute).rounded(.up)
        return Double(order.ready) + (instance.pickupService + instance.dropoffService) / 2 + ride
    }

    /// One line of JSON.
    package var json: String {
        func rounded(_ value: Double) -> String { String((value * 1000).rounded() / 1000) }
        return """
            {"orders":\(orders),"delivered":\(delivered),"ctd_mean_min":\(rounded(clickToDoor)),\
            "ctd_max_min":\(rounded(clickToDoorAtMost)),"rtp_mean_min":\(rounded(readyToPickup)),\
            "xdt_mean_min":\(rounded(excess)),"over_90_min":\(over90),\
            "orders_per_batch":\(rounded(Double(delivered) / Double(max(1, batches)))),"ticks":\(ticks),\
            "longest_tick_steps":\(stepsOfLongestTick)}
            """
    }
}

extension MdrpDay {
    /// What was told, in the form that the independent scorer reads.
    package var solution: String {
        let entries = routes.map { route in
            let head = "{\"t\":\(route.minute),\"courier\":\(instance.drivers[route.driver].id.asJSON),"
            switch track {
            case .strict:
                let ids = route.stops.filter(\.isDropoff).map { instance.orders[$0.order].id.asJSON }
                return head + "\"orders\":[\(ids.joined(separator: ","))]}"
            case .pooled:
                let stops = route.stops.map { stop in
                    "[\"\(stop.isDropoff ? "dropoff" : "pickup")\",\(instance.orders[stop.order].id.asJSON)]"
                }
                return head + "\"stops\":[\(stops.joined(separator: ","))]}"
            }
        }
        return "{\"\(track == .strict ? "assignments" : "segments")\":[\(entries.joined(separator: ","))]}"
    }
}
