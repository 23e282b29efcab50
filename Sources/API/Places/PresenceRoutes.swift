import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes

/// Who crosses the borders of zones, who has arrived where, and how long restaurants let drivers wait.
struct PresenceRoutes: RouteGroup {
    private let house: House

    init(_ parts: API.Parts) {
        house = parts.house
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/zones/events", .admin, crossings),
            Route(.get, "/api/v1/drivers/{id}/presence", .admin, ofDriver),
            Route(.get, "/api/v1/restaurants/waiting", .admin, waiting),
        ]
    }

    /// Drivers who entered and left zones, newest first.
    private func crossings(_ exchange: Exchange) async throws -> Reply {
        var query = CrossingQuery()
        query.zone = try exchange.query.integer("zone_id", in: 1...(1 << 53)).map { ZoneID($0) }
        query.driver = try exchange.query.integer("driver_id", in: 1...(1 << 53)).map { DriverID($0) }
        query.before = try exchange.query.integer("before", in: 1...(1 << 53))
        query.limit = Int(try exchange.query.integer("limit", in: 1...1000) ?? 100)
        let events = try await house.presenceLog?.crossings(matching: query) ?? []
        let names = try await names()
        return .list(
            events.map { recorded in
                var object = PresenceObject(recorded.event, names)
                object.id = recorded.id
                return object
            })
    }

    private func ofDriver(_ exchange: Exchange) async throws -> Reply {
        let id = DriverID(try exchange.id("id"))
        guard try await house.accounts.driver(id) != nil else { throw FulfilmentError.unknownDriver(id) }
        let limit = try exchange.query.integer("limit", in: 1...1000) ?? 100
        let events = try await house.presenceLog?.presence(of: id, limit: Int(limit)) ?? []
        let names = try await names()
        return .json(
            DriverPresenceObject(
                driverID: id.rawValue,
                now: (house.presence?.stays(of: id) ?? []).map { PresenceObject($0, names) },
                events: events.map { PresenceObject($0, names) }))
    }

    /// Restaurants by number, those at which anybody has waited.
    private func waiting(_ exchange: Exchange) async throws -> Reply {
        let names = try await names()
        let times = (house.presence?.waitingTimes() ?? [:]).sorted { $0.key < $1.key }
        return .list(
            times.map { restaurant, times in
                RestaurantWaiting(
                    restaurantID: restaurant.rawValue, name: names[.restaurant(restaurant)], stays: times.count,
                    medianMilliseconds: times.percentile(50) ?? 0, ninetiethMilliseconds: times.percentile(90) ?? 0,
                    expectedMilliseconds: times.expected(prior: 0))
            })
    }

    private func names() async throws -> [Spot: String] {
        var names: [Spot: String] = [:]
        for zone in try await house.places.zones() { names[.zone(zone.id)] = zone.draft.name }
        for restaurant in try await house.places.restaurants() {
            names[.restaurant(restaurant.id)] = restaurant.place.name
        }
        return names
    }
}

extension PresenceObject {
    init(_ event: PresenceEvent, _ names: [Spot: String]) {
        let (place, number): (Place, Int64) =
            switch event.spot {
            case .zone(let id): (.zone, id.rawValue)
            case .restaurant(let id): (.restaurant, id.rawValue)
            case .pickup(let id): (.pickup, id.rawValue)
            case .customer(let id): (.customer, id.rawValue)
            }
        self.init(
            driverID: event.driver.rawValue, place: place, placeID: number, beganAt: event.beganAt.milliseconds)
        name = names[event.spot]
        endedAt = event.endedAt?.milliseconds
        waitedMilliseconds = event.waited
    }
}
