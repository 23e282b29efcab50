import Contract
import DispatchCore
import Fulfilment
import Geo

/// Puts zones into force on this server.
struct ZoneDesk: Sendable {
    private let house: House

    init(_ house: House) {
        self.house = house
    }

    /// Takes the zones that the database knows.
    func load() async throws {
        take(try await house.places.zones())
    }

    func take(_ zones: [Zone]) {
        let borders = zones.flatMap { zone in Self.polygons(of: zone.draft.geometry).map { (zone.id, $0) } }
        house.atlas.replace(hasZones: !zones.isEmpty) { point in
            borders.first { $0.1.contains(point) }?.0
        }
    }

    /// The polygons of a GeoJSON geometry; none for what is not one.
    private static func polygons(of geometry: String) -> [GeoPolygon] {
        guard let json = try? JSON(parsing: Array(geometry.utf8)), let coordinates = json["coordinates"]?.elements
        else {
            return []
        }
        switch json["type"]?.text {
        case "Polygon": return [polygon(coordinates)].compactMap { $0 }
        case "MultiPolygon": return coordinates.compactMap { $0.elements.flatMap(polygon) }
        default: return []
        }
    }

    /// Why the zones cannot be taken, in one sentence; nil when they can.
    static func refusal(of drafts: [ZoneDraft]) -> String? {
        for draft in drafts where polygons(of: draft.geometry).isEmpty {
            return "the border of zone \(draft.name) encloses nothing"
        }
        return nil
    }

    private static func polygon(_ rings: [JSON]) -> GeoPolygon? {
        let vertices = rings.map { ring in
            (ring.elements ?? []).compactMap { position -> GeoPolygon.Vertex? in
                guard let numbers = position.elements, numbers.count >= 2, let east = numbers[0].double,
                    let north = numbers[1].double
                else { return nil }
                return GeoPolygon.Vertex(latitude: north, longitude: east)
            }
        }
        return GeoPolygon(rings: vertices)
    }
}
