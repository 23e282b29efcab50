import DispatchCore
import Fulfilment
import Geo
import Logging

/// Puts zones into force on this server.
struct ZoneDesk: Sendable {
    private let house: House
    private let log: Logger

    init(_ house: House, log: Logger) {
        self.house = house
        self.log = log
    }

    /// Takes the zones that the database knows.
    func load() async throws {
        take(try await house.places.zones())
    }

    /// Takes zones into force, and their travel factors with them. What cannot be taken leaves the last good
    /// division in place, with the reason in the log.
    func take(_ zones: [Zone]) {
        do {
            let features = try zones.flatMap { try Self.features(of: $0.draft, id: $0.id.rawValue) }
            let set = try ZoneSet(features, repair: true)
            let borders = Dictionary(uniqueKeysWithValues: set.zones.map { (ZoneID($0.id), $0) })
            let factors = Dictionary(features.map { ($0.id, $0.travelFactor) }) { first, _ in first }
            let slow = set.zones.flatMap { zone in
                (factors[zone.id] ?? nil).map { factor in
                    zone.areas.map { TravelTimeEstimator.SlowZone(area: $0, factor: factor) }
                } ?? []
            }
            house.atlas.replace(
                hasZones: !zones.isEmpty, slowZones: slow, depth: { borders[$1]?.depth(of: $0) }
            ) { point in
                // A failure of the geometry library here is a failure to allocate: the catch-all pool takes the order.
                ((try? set.zones(containing: point)) ?? []).map { ZoneID($0.id) }
            }
        } catch {
            log.error("zones stay as they were", metadata: ["reason": "\(error)"])
        }
    }

    /// Why the zones cannot be taken, in one sentence; nil when they can.
    func refusal(of drafts: [ZoneDraft]) async -> String? {
        do {
            let features = try drafts.enumerated().flatMap { number, draft in
                try Self.features(of: draft, id: Int64(number + 1))
            }
            _ = try ZoneSet(features, repair: false)
            if let number = try await likelySwapped(features) {
                return """
                    feature \(number): nothing that this house knows lies inside, but would with latitude and longitude \
                    exchanged; GeoJSON has the longitude first
                    """
            }
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// The first zone that its author must have written with the latitude first.
    private func likelySwapped(_ features: [ZoneFeature]) async throws -> Int? {
        let places =
            try await house.places.restaurants().compactMap(\.place.point)
            + house.fleet.members().compactMap(\.lastFix?.point)
        let borders =
            (try? await house.places.zones().flatMap { try Self.features(of: $0.draft, id: $0.id.rawValue) })
            .flatMap { try? ZoneSet($0) }?.zones ?? []
        return features.firstIndex { $0.shape.isLikelySwapped(among: places, borders) }
    }

    private static func features(of draft: ZoneDraft, id: Int64) throws -> [ZoneFeature] {
        var properties: [JSONText.Member] = []
        if case .object(let members)? = try? JSONText(parsing: Array(draft.properties.utf8)) { properties = members }
        return try GeoJSON.zones(from: Array(draft.geometry.utf8)).map {
            ZoneFeature(id: id, name: draft.name, shape: $0.shape, properties: properties)
        }
    }
}
