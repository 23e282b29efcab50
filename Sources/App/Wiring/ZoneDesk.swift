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

    /// Takes zones into force. What cannot be taken leaves the last good division in place, with the reason in the log.
    func take(_ zones: [Zone]) {
        do {
            let set = try ZoneSet(
                try zones.flatMap { try Self.features(of: $0.draft, id: $0.id.rawValue) }, repair: true)
            let borders = Dictionary(uniqueKeysWithValues: set.zones.map { (ZoneID($0.id), $0) })
            house.atlas.replace(hasZones: !zones.isEmpty, depth: { borders[$1]?.depth(of: $0) }) { point in
                // A failure of the geometry library here is a failure to allocate: the catch-all pool takes the order.
                (try? set.zone(at: point)).flatMap { $0 }.map { ZoneID($0.id) }
            }
        } catch {
            log.error("zones stay as they were", metadata: ["reason": "\(error)"])
        }
    }

    /// Why the zones cannot be taken, in one sentence; nil when they can.
    static func refusal(of drafts: [ZoneDraft]) -> String? {
        do {
            let features = try drafts.enumerated().flatMap { number, draft in
                try Self.features(of: draft, id: Int64(number + 1))
            }
            _ = try ZoneSet(features, repair: false)
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func features(of draft: ZoneDraft, id: Int64) throws -> [ZoneFeature] {
        try GeoJSON.zones(from: Array(draft.geometry.utf8)).map { feature in
            var feature = feature
            feature.id = id
            feature.name = draft.name
            return feature
        }
    }
}
