import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes

/// Restaurants and zones.
struct PlaceRoutes: RouteGroup {
    private let house: House
    private let hooks: APIHooks

    init(_ parts: API.Parts) {
        house = parts.house
        hooks = parts.hooks
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/restaurants", .admin) { _ in
                .list(try await house.places.restaurants().map(RestaurantObject.init))
            },
            Route(.post, "/api/v1/restaurants", .admin, create),
            Route(.get, "/api/v1/restaurants/{id}", .admin) { .json(RestaurantObject(try await restaurant($0))) },
            Route(.patch, "/api/v1/restaurants/{id}", .admin, patch),
            Route(.get, "/api/v1/zones", .admin) { _ in zones(try await house.places.zones()) },
            Route(.put, "/api/v1/zones", .admin, takesImport: true, replaceZones),
        ]
    }

    private func restaurant(_ exchange: Exchange) async throws -> Restaurant {
        guard let restaurant = try await house.places.restaurant(RestaurantID(try exchange.id("id"))) else {
            throw FulfilmentError.unknownRestaurant
        }
        return restaurant
    }

    private func create(_ exchange: Exchange) async throws -> Reply {
        let request = try RestaurantRequest(body: exchange.body, isNew: true)
        let draft = RestaurantDraft(
            name: request.name ?? "", address: request.address ?? "", phone: request.phone,
            point: request.point?.geoPoint, externalID: request.externalRestaurantID)
        return .json(
            RestaurantObject(
                try await house.places.createRestaurant(
                    draft, at: exchange.now, idempotency: try exchange.idempotencyKey())), status: .created)
    }

    private func patch(_ exchange: Exchange) async throws -> Reply {
        let request = try RestaurantRequest(body: exchange.body, isNew: false)
        // The console's page of payments to restaurants: a success would say that something was kept.
        guard !request.speaksOfPayment else {
            throw Problems.notOffered("Keeping a restaurant's e-mail or bank account")
        }
        let known = try await restaurant(exchange)
        var draft = known.place
        draft.name = request.name ?? draft.name
        draft.address = request.address ?? draft.address
        draft.phone = request.phone ?? draft.phone
        draft.point = request.point?.geoPoint ?? draft.point
        draft.externalID = request.externalRestaurantID ?? draft.externalID
        guard let changed = try await house.places.updateRestaurant(known.id, draft) else {
            throw FulfilmentError.unknownRestaurant
        }
        return .json(RestaurantObject(changed))
    }

    /// Replaces all zones, or none. An import: as large as a city's zones may be.
    private func replaceZones(_ exchange: Exchange) async throws -> Reply {
        let clears = try exchange.query.boolean("clear") ?? false
        var features = try ZoneReader.features(from: exchange.body, allowingNone: clears)
        var repairs: [String: String] = [:]
        if try exchange.query.boolean("repair") ?? false { repairs = try ZoneReader.repair(&features) }
        let drafts = features.map(ZoneReader.draft)
        if let sentence = await hooks.refuseZones(drafts) { throw Problems.field("features", sentence) }
        let replaced = try await house.places.replaceZones(drafts)
        await hooks.zonesReplaced(replaced)
        return zones(replaced, repairs: repairs)
    }

    /// - Parameter repairs: Why zones, by name, had to be repaired just now.
    private func zones(_ zones: [Zone], repairs: [String: String] = [:]) -> Reply {
        .geoJSON { writer in
            writer.field("type", "FeatureCollection")
            writer.key("features")
            writer.array(zones) { writer, zone in
                writer.object { writer in
                    writer.field("type", "Feature")
                    writer.field("id", zone.id.rawValue)
                    writer.key("geometry")
                    writer.raw(Array(zone.draft.geometry.utf8))
                    writer.key("properties")
                    writer.object { writer in
                        writer.field("id", zone.id.rawValue)
                        writer.field("name", zone.draft.name)
                        if let reason = repairs[zone.draft.name] { writer.field("repaired_because", reason) }
                        for member in ZoneReader.properties(of: zone.draft) {
                            writer.key(dynamic: member.name)
                            writer.raw(Array(member.value.text.utf8))
                        }
                    }
                }
            }
        }
    }
}

/// Zones between the wire and the store. What GeoJSON says, and what is wrong with it, is the geometry's business.
enum ZoneReader {
    /// Properties that the server writes itself.
    private static let own: Set<String> = ["id", "name", "repaired_because"]

    /// - Parameter allowingNone: an empty collection is meant: no zones from now on.
    static func features(from body: [UInt8], allowingNone: Bool) throws -> [ZoneFeature] {
        do {
            let features = try GeoJSON.zones(from: body)
            try ZoneFeature.check(features)
            return features
        } catch  where error.code == .noZones && allowingNone {
            return []
        } catch {
            throw problem(error)
        }
    }

    /// Repairs the borders that cross themselves, or are invalid in another way that can be repaired.
    ///
    /// - Returns: What was wrong, by the zone's name.
    static func repair(_ features: inout [ZoneFeature]) throws -> [String: String] {
        var reasons: [String: String] = [:]
        for index in features.indices {
            do {
                let checked = try features[index].shape.checked(repair: true)
                guard let reason = checked.repairedBecause else { continue }
                features[index].shape = checked.shape
                reasons[features[index].name ?? ""] = reason
            } catch {
                throw Problems.field("features[\(index)].geometry", error.reason)
            }
        }
        return reasons
    }

    static func draft(of feature: ZoneFeature) -> ZoneDraft {
        ZoneDraft(
            name: feature.name ?? "", geometry: GeoJSON.text(ofGeometry: feature.shape),
            properties: JSONText.object(feature.properties.filter { !own.contains($0.name) }).text)
    }

    /// What else was said about a zone when it came.
    static func properties(of draft: ZoneDraft) -> [JSONText.Member] {
        guard case .object(let members)? = try? JSONText(parsing: Array(draft.properties.utf8)) else { return [] }
        return members.filter { !own.contains($0.name) }
    }

    private static func problem(_ problem: ZoneProblem) -> any Error {
        let part =
            switch problem.code {
            case .name: "properties.name"
            case .property: "properties"
            default: "geometry"
            }
        switch (problem.code, problem.feature) {
        case (.notJSON, _):
            return BodyRefusal.unreadable(problem.reason)
        case (.noZones, _):
            return Problems.field("features", "\(problem.reason); with ?clear=true it takes all zones away")
        case (_, let number?): return Problems.field("features[\(number)].\(part)", problem.reason)
        case (_, nil): return Problems.field("type", problem.reason)
        }
    }
}

extension RestaurantObject {
    init(_ restaurant: Restaurant) {
        let place = restaurant.place
        self.init(
            id: restaurant.id.rawValue, name: place.name, address: place.address, phone: place.phone,
            point: place.point.map(WirePoint.init), externalRestaurantID: place.externalID)
    }
}
