package import DispatchCore

/// Restaurants and zones.
package protocol PlaceStore: Sendable {
    func restaurants() async throws -> [Restaurant]
    func restaurant(_ id: RestaurantID) async throws -> Restaurant?
    func restaurant(externalID: String) async throws -> Restaurant?
    /// The key is kept in the same transaction: a repetition gives the first restaurant back.
    func createRestaurant(
        _ draft: RestaurantDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> Restaurant
    /// Replaces the particulars; nil when there is no such restaurant.
    func updateRestaurant(_ id: RestaurantID, _ draft: RestaurantDraft) async throws -> Restaurant?

    func zones() async throws -> [Zone]
    /// Replaces all zones at once; ids are kept where names are equal.
    func replaceZones(_ zones: [ZoneDraft]) async throws -> [Zone]
}

extension PlaceStore {
    /// Makes a restaurant without a promise about repetitions, for which alone the time would count.
    package func createRestaurant(_ draft: RestaurantDraft) async throws -> Restaurant {
        try await createRestaurant(draft, at: Timestamp(milliseconds: 0), idempotency: nil)
    }
}

/// A service zone. Its border is kept as GeoJSON.
package struct Zone: Sendable, Equatable {
    package let id: ZoneID
    package var draft: ZoneDraft

    package init(id: ZoneID, draft: ZoneDraft) {
        self.id = id
        self.draft = draft
    }
}

/// A zone's particulars.
package struct ZoneDraft: Sendable, Equatable {
    package var name: String
    /// A GeoJSON Polygon or MultiPolygon geometry.
    package var geometry: String
    /// What else its author said about it, a JSON object; kept for the export.
    package var properties: String

    package init(name: String, geometry: String, properties: String = "{}") {
        self.name = name
        self.geometry = geometry
        self.properties = properties
    }
}
