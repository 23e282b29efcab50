import Contract
import DispatchCore
import Fulfilment
import Geo

/// A pool's geometry and its driver groups: the batches, in the console's words.
struct PoolShape: Sendable {
    let house: House
    let now: Timestamp

    func detail(_ id: PoolID, _ orders: [Order]) -> PoolDetail {
        let groups = Self.batches(of: orders).map { group($0.id, $0.orders) }
        let points = Self.points(of: orders)
        let centre = Self.centre(of: points)
        let waiting = orders.filter { $0.state == .pending }.count
        // As many more drivers as the waiting orders fill at the usual capacity of three.
        let needed = groups.count + (waiting + 2) / 3
        return PoolDetail(
            pool: PoolRow(id, orders), centre: centre.map(WirePoint.init), radiusMetres: radius(points, around: centre),
            driversNeeded: Int64(needed), assignedDrivers: Int64(Set(orders.compactMap(\.holder)).count), groups: groups
        )
    }

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

    private func group(_ id: BatchID, _ orders: [Order]) -> DriverGroup {
        var group = DriverGroup(
            id: id.rawValue, driverID: orders.first?.assignment?.driverID.rawValue, orderIDs: orders.map(\.id.rawValue))
        group.restaurantIDs = orders.compactMap { $0.content.restaurantID?.rawValue }.uniqued()
        let points = Self.points(of: orders)
        let centre = Self.centre(of: points)
        group.centre = centre.map(WirePoint.init)
        group.radiusMetres = radius(points, around: centre)
        group.pickups = pickups(orders)
        let lastPickup = orders.last { $0.content.pickup.point != nil }?.content.pickup.point
        group.deliveries = deliveries(orders, from: lastPickup)
        group.distanceMetres = Int64(orders.reduce(0) { $0 + ($1.assignment?.distance ?? 0) })
        group.estimatedMinutes = minutes(through: Self.stops(of: orders))
        group.orderValuePaise = orders.reduce(0) { $0 + $1.content.total.rawValue }
        group.driverEarningsPaise = orders.reduce(0) { $0 + ($1.assignment?.earnings.total.rawValue ?? 0) }
        return group
    }

    private func pickups(_ orders: [Order]) -> [DriverGroup.PickupStop] {
        let keys = orders.map { $0.content.restaurantID?.rawValue ?? 0 }.uniqued()
        return keys.map { key in
            let here = orders.filter { ($0.content.restaurantID?.rawValue ?? 0) == key }
            let place = here.first?.content.pickup
            return DriverGroup.PickupStop(
                restaurantID: key, name: place?.name ?? "",
                point: place?.point.map(WirePoint.init) ?? WirePoint(latitude: 0, longitude: 0),
                orderIDs: here.map(\.id.rawValue))
        }
    }

    private func deliveries(_ orders: [Order], from start: GeoPoint?) -> [DriverGroup.DeliveryStop] {
        var last = start
        return orders.map { order in
            let point = order.content.dropoff.point
            let metres = last.flatMap { from in point.map { house.settings.leg(from, $0, at: now).metres } } ?? 0
            last = point ?? last
            return DriverGroup.DeliveryStop(
                orderID: order.id.rawValue, customerName: order.content.customer.name,
                address: order.content.dropoff.address,
                point: point.map(WirePoint.init) ?? WirePoint(latitude: 0, longitude: 0),
                metresFromPrevious: metres)
        }
    }

    private func minutes(through stops: [GeoPoint]) -> Int64 {
        let milliseconds = zip(stops, stops.dropFirst()).reduce(Int64(0)) {
            $0 + house.settings.leg($1.0, $1.1, at: now).milliseconds
        }
        return (milliseconds + 59_999) / 60_000
    }

    /// All pickups precede all deliveries.
    private static func stops(of orders: [Order]) -> [GeoPoint] {
        orders.compactMap(\.content.pickup.point) + orders.compactMap(\.content.dropoff.point)
    }

    private static func points(of orders: [Order]) -> [GeoPoint] {
        stops(of: orders.filter { $0.state != .cancelled })
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
        return points.map { house.settings.leg(centre, $0, at: now).metres }.max() ?? 0
    }
}
