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
            Route(.put, "/api/v1/zones", .admin, replaceZones),
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

    private func replaceZones(_ exchange: Exchange) async throws -> Reply {
        var drafts = try ZoneReader.drafts(from: exchange.body)
        var repairs: [String: String] = [:]
        if try exchange.query.boolean("repair") ?? false { repairs = try ZoneReader.repair(&drafts) }
        if let sentence = hooks.refuseZones(drafts) { throw Problems.field("features", sentence) }
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
                    }
                }
            }
        }
    }
}

/// Reads zones from GeoJSON: names present and unique, borders of the right shape on the globe. Whether a border
/// crosses itself is the geometry's question.
enum ZoneReader {
    private static let mostZones = 1000
    private static let mostVertices = 100_000

    static func drafts(from body: [UInt8]) throws -> [ZoneDraft] {
        let document = try ZonesDocument(body: body)
        guard document.featureCount <= mostZones else {
            throw Problems.field("features", "must have at most \(mostZones) entries")
        }
        let features = try BodyReader(body).body["features"]?.elements ?? []
        var names: Set<String> = []
        return try features.enumerated().map { index, feature in
            let field = "features[\(index)]"
            guard let name = (feature["properties"]?["name"] ?? feature["name"])?.text, !name.isEmpty, name.count <= 200
            else { throw Problems.field("\(field).properties.name", "is required, with at most 200 characters") }
            guard names.insert(name).inserted else {
                throw Problems.field("\(field).properties.name", "is used by another zone")
            }
            guard let geometry = feature["geometry"], isBorder(geometry) else {
                throw Problems.field("\(field).geometry", fault(of: feature["geometry"]))
            }
            return ZoneDraft(name: name, geometry: text(of: geometry))
        }
    }

    /// Repairs the borders that cross themselves, or are invalid in another way that can be repaired.
    ///
    /// - Returns: What was wrong, by the zone's name.
    static func repair(_ drafts: inout [ZoneDraft]) throws -> [String: String] {
        var reasons: [String: String] = [:]
        for index in drafts.indices {
            do {
                for feature in try GeoJSON.zones(from: Array(drafts[index].geometry.utf8)) {
                    let checked = try feature.shape.checked(repair: true)
                    guard let reason = checked.repairedBecause else { continue }
                    drafts[index].geometry = GeoJSON.text(ofGeometry: checked.shape)
                    reasons[drafts[index].name] = reason
                }
            } catch {
                throw Problems.field("features[\(index)].geometry", "\(error)")
            }
        }
        return reasons
    }

    private static func text(of geometry: JSON) -> String {
        var writer = JSONWriter()
        writer.value(geometry)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The geometry's own words for what is wrong, where it has any.
    private static func fault(of geometry: JSON?) -> String {
        do {
            guard let geometry else { return "is required" }
            _ = try GeoJSON.zones(from: Array(text(of: geometry).utf8))
            return "must be a Polygon or MultiPolygon of closed rings on the globe"
        } catch {
            return "\(error)"
        }
    }

    private static func isBorder(_ geometry: JSON) -> Bool {
        guard let coordinates = geometry["coordinates"]?.elements, !coordinates.isEmpty else { return false }
        switch geometry["type"]?.text {
        case "Polygon": return coordinates.allSatisfy(isRing)
        case "MultiPolygon":
            return coordinates.allSatisfy { polygon in
                polygon.elements.map { !$0.isEmpty && $0.allSatisfy(isRing) } ?? false
            }
        default: return false
        }
    }

    private static func isRing(_ ring: JSON) -> Bool {
        guard let positions = ring.elements, (4...mostVertices).contains(positions.count) else { return false }
        let points = positions.map(position)
        guard let first = points.first, points.last == first else { return false }
        return points.allSatisfy { $0 != nil }
    }

    private static func position(_ position: JSON) -> GeoPoint? {
        guard let numbers = position.elements, numbers.count >= 2, let east = numbers[0].double,
            let north = numbers[1].double
        else { return nil }
        return GeoPoint(latitude: north, longitude: east)
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
