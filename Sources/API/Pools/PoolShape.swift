import Contract
import DispatchCore
import Fulfilment
import Geo

/// A pool's geometry and its driver groups: the batches that were given out and the groups that still wait, in the
/// console's words.
struct PoolShape: Sendable {
    let house: House
    let now: Timestamp

    /// One group's stops in route order with what they are shown with.
    private struct Route {
        var pickups: [Order]
        var dropoffs: [Order]
        /// Metres from the stop before, pickups first.
        var metres: [Int64]
        var seconds: Int64
        var distance: Int64 { metres.reduce(0, +) }
    }

    func detail(_ pool: Pool, orders: [Order], groups stored: [PoolGroup]) -> PoolDetail {
        let byNumber = Dictionary(stored.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let batches = Self.batches(of: orders).map { shown($0.id, $0.orders, plan: byNumber[$0.id]) }
        let waiting = waitingGroups(orders, stored)
        let points = Self.points(of: orders)
        let centre = Self.centre(of: points)
        let grouped = Set(waiting.flatMap(\.orderIDs))
        let loose = orders.filter { $0.state == .pending && !grouped.contains($0.id.rawValue) }
        let most = Int(house.settings.poolLimits.maxBatch)
        var detail = PoolDetail(
            pool: PoolRow(pool), centre: centre.map(WirePoint.init), radiusMetres: radius(points, around: centre),
            driversNeeded: Int64(batches.count + waiting.count + (loose.count + most - 1) / most),
            assignedDrivers: Int64(Set(orders.compactMap(\.holder)).count), groups: batches + waiting)
        detail.ungrouped = loose.map(\.id.rawValue)
        return detail
    }

    // MARK: Groups

    private static func batches(of orders: [Order]) -> [(id: BatchID, orders: [Order])] {
        var batches: [BatchID: [Order]] = [:]
        for order in orders {
            if let assignment = order.assignment { batches[assignment.batchID, default: []].append(order) }
        }
        return batches.keys.sorted().map { id in
            let inRoute = (batches[id] ?? []).sorted {
                ($0.assignment?.sequence ?? 0, $0.id) < ($1.assignment?.sequence ?? 0, $1.id)
            }
            return (id, inRoute)
        }
    }

    /// A batch that a driver has, along the route that was planned for it as long as that is known.
    private func shown(_ id: BatchID, _ orders: [Order], plan: PoolGroup?) -> DriverGroup {
        let route = route(orders, plan: plan)
        var group = group(id, route)
        group.driverID = orders.first?.assignment?.driverID.rawValue
        group.driverEarningsPaise = orders.reduce(0) { $0 + ($1.assignment?.earnings.total.rawValue ?? 0) }
        return group
    }

    /// Groups of orders that wait, paid as they would be if they were given out now.
    private func waitingGroups(_ orders: [Order], _ stored: [PoolGroup]) -> [DriverGroup] {
        let pending = Dictionary(
            orders.filter { $0.state == .pending }.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return stored.compactMap { plan in
            let members = plan.pickups.compactMap { pending[$0] }
            guard !members.isEmpty else { return nil }
            let route = route(members, plan: plan)
            var group = group(plan.id, route)
            let distances = plan.orderDistances
            let hour = house.settings.hour(at: now)
            group.driverEarningsPaise = members.reduce(0) { sum, order in
                let quote = house.settings.earnings.quote(
                    stated: order.content.statedEarnings,
                    distance: order.content.statedDistance ?? distances[order.id] ?? 0, batchSize: members.count,
                    hour: hour)
                return sum + quote.total.rawValue
            }
            return group
        }
    }

    private func group(_ id: BatchID, _ route: Route) -> DriverGroup {
        var group = DriverGroup(id: id.rawValue, driverID: nil, orderIDs: route.pickups.map(\.id.rawValue))
        group.restaurantIDs = route.pickups.compactMap { $0.content.restaurantID?.rawValue }.uniqued()
        let points = Self.points(of: route.pickups)
        let centre = Self.centre(of: points)
        group.centre = centre.map(WirePoint.init)
        group.radiusMetres = radius(points, around: centre)
        group.pickups = Self.pickupStops(route.pickups)
        group.deliveries = zip(route.dropoffs, route.metres.dropFirst(route.pickups.count)).map { order, metres in
            DriverGroup.DeliveryStop(
                orderID: order.id.rawValue, customerName: order.content.customer.name,
                address: order.content.dropoff.address, point: WirePoint(ofStop: order.content.dropoff.point),
                metresFromPrevious: metres)
        }
        group.distanceMetres = route.distance
        group.estimatedMinutes = (route.seconds + 59) / 60
        group.orderValuePaise = route.pickups.reduce(0) { $0 + $1.content.total.rawValue }
        return group
    }

    /// One stop for each restaurant, in the sequence of the first visit.
    private static func pickupStops(_ orders: [Order]) -> [DriverGroup.PickupStop] {
        struct Key: Hashable {
            let id: RestaurantID?
            let name: String?
        }
        func key(_ order: Order) -> Key {
            // Restaurants without a number are told apart by name.
            let id = order.content.restaurantID
            return Key(id: id, name: id == nil ? order.content.pickup.name : nil)
        }
        return orders.map(key).uniqued().map { visited in
            let here = orders.filter { key($0) == visited }
            let place = here.first?.content.pickup
            return DriverGroup.PickupStop(
                restaurantID: visited.id?.rawValue ?? 0, name: place?.name ?? "",
                point: WirePoint(ofStop: place?.point), orderIDs: here.map(\.id.rawValue))
        }
    }

    // MARK: Routes

    /// The planned route when it was planned for exactly these orders; otherwise every pickup, then every dropoff, in
    /// the sequence given.
    private func route(_ orders: [Order], plan: PoolGroup?) -> Route {
        let byID = Dictionary(orders.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let pickups = plan.map { $0.pickups.compactMap { byID[$0] } } ?? orders
        let dropoffs = plan.map { $0.dropoffs.compactMap { byID[$0] } } ?? orders
        if let plan, pickups.count == plan.pickups.count, pickups.count == orders.count {
            return Route(
                pickups: pickups, dropoffs: dropoffs, metres: plan.stops.map { Int64($0.metres) },
                seconds: Int64(plan.durationSeconds))
        }
        let known = plan == nil || pickups.count == orders.count
        return measured(pickups: known ? pickups : orders, dropoffs: known ? dropoffs : orders)
    }

    private func measured(pickups: [Order], dropoffs: [Order]) -> Route {
        let points = pickups.map(\.content.pickup.point) + dropoffs.map(\.content.dropoff.point)
        var route = Route(pickups: pickups, dropoffs: dropoffs, metres: [], seconds: 0)
        var last: GeoPoint?
        var milliseconds: Int64 = 0
        for point in points {
            let leg = last.flatMap { from in point.map { house.leg(from, $0, at: now) } }
            route.metres.append(leg?.metres ?? 0)
            milliseconds += leg?.milliseconds ?? 0
            last = point ?? last
        }
        route.seconds = (milliseconds + 999) / 1000
        return route
    }

    // MARK: Geometry

    private static func points(of orders: [Order]) -> [GeoPoint] {
        let live = orders.filter { $0.state != .cancelled }
        return live.compactMap(\.content.pickup.point) + live.compactMap(\.content.dropoff.point)
    }

    private static func centre(of points: [GeoPoint]) -> GeoPoint? {
        guard !points.isEmpty else { return nil }
        let count = Double(points.count)
        return GeoPoint(
            latitude: points.reduce(0) { $0 + $1.latitude } / count,
            longitude: points.reduce(0) { $0 + $1.longitude } / count)
    }

    private func radius(_ points: [GeoPoint], around centre: GeoPoint?) -> Int64 {
        guard let centre else { return 0 }
        return points.map { house.leg(centre, $0, at: now).metres }.max() ?? 0
    }
}

extension WirePoint {
    /// The console reads numbers; a stop whose place nobody knows is at 0, 0.
    fileprivate init(ofStop point: GeoPoint?) {
        self.init(latitude: point?.latitude ?? 0, longitude: point?.longitude ?? 0)
    }
}
