package import DispatchCore
package import Fulfilment
import Geo
import Postgres

extension Store: PlaceStore {
    private static let columns = "id, name, address, phone, latitude, longitude, external_id"

    private static func restaurant(_ row: Row) throws -> Restaurant {
        var cells = row.cells
        return Restaurant(
            id: try cells.id(),
            place: RestaurantDraft(
                name: try cells.next(), address: try cells.next(), phone: try cells.next(), point: try cells.point(),
                externalID: try cells.next()))
    }

    private static func parameters(_ draft: RestaurantDraft) -> [Parameter] {
        [
            .text(draft.name), .text(draft.address), .text(draft.phone), .float8(draft.point?.latitude),
            .float8(draft.point?.longitude), .text(draft.externalID),
        ]
    }

    /// All, by id.
    package func restaurants() async throws -> [Restaurant] {
        try await query("SELECT \(Self.columns) FROM restaurants ORDER BY id").map(Self.restaurant)
    }

    /// One look-up in a unique index.
    package func restaurant(_ id: RestaurantID) async throws -> Restaurant? {
        try await query("SELECT \(Self.columns) FROM restaurants WHERE id = $1", [.id(id)]).first.map(Self.restaurant)
    }

    /// One look-up in a unique index.
    package func restaurant(externalID: String) async throws -> Restaurant? {
        try await query("SELECT \(Self.columns) FROM restaurants WHERE external_id = $1", [.text(externalID)])
            .first.map(Self.restaurant)
    }

    /// - Throws: `duplicate` when the external id is taken.
    package func createRestaurant(
        _ draft: RestaurantDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> Restaurant {
        let made = try await once(idempotency, at: now) { connection in
            let rows = try await connection.query(
                """
                INSERT INTO restaurants (name, address, phone, latitude, longitude, external_id) \
                VALUES ($1, $2, $3, $4, $5, $6) RETURNING id
                """, Self.parameters(draft))
            return [try rows.only().get(0)]
        }
        guard let id = made.first, let restaurant = try await restaurant(RestaurantID(id)) else {
            throw StoreError(.outcomeUnknown, detail: "a restaurant that was just made is not there")
        }
        return restaurant
    }

    /// - Throws: `duplicate` when the external id is taken.
    package func updateRestaurant(_ id: RestaurantID, _ draft: RestaurantDraft) async throws -> Restaurant? {
        try await query(
            """
            UPDATE restaurants SET name = $1, address = $2, phone = $3, latitude = $4, longitude = $5, external_id \
            = $6 \
            WHERE id = $7 RETURNING \(Self.columns)
            """, Self.parameters(draft) + [.id(id)]
        ).first.map(Self.restaurant)
    }

    private static let activeZones =
        "SELECT id, name, geometry, properties FROM zones WHERE is_active ORDER BY position, id"

    /// Zones in force, in the order they were given.
    package func zones() async throws -> [Zone] {
        try await query(Self.activeZones).map(Self.zone)
    }

    /// One round trip, one writer at a time. Zones out of force keep their rows, which old orders name.
    package func replaceZones(_ zones: [ZoneDraft]) async throws -> [Zone] {
        try await speaking {
            let answers = try await pool.query([
                Statement("SELECT pg_advisory_xact_lock(7246331, 5)"),
                Statement("UPDATE zones SET is_active = false"),
                Statement(
                    """
                    INSERT INTO zones AS z (name, geometry, properties, position) \
                    SELECT u.name, u.geometry, u.properties, u.position \
                    FROM UNNEST($1::text[], $2::text[], $3::text[]) \
                    WITH ORDINALITY AS u(name, geometry, properties, position) \
                    ON CONFLICT (name) DO UPDATE \
                    SET geometry = EXCLUDED.geometry, properties = EXCLUDED.properties, \
                    position = EXCLUDED.position, is_active = true
                    """,
                    [
                        .textArray(zones.map(\.name)), .textArray(zones.map(\.geometry)),
                        .textArray(zones.map(\.properties)),
                    ]),
                Statement(Self.activeZones),
            ])
            return try answers[3].map(Self.zone)
        }
    }

    private static func zone(_ row: Row) throws -> Zone {
        var cells = row.cells
        return Zone(
            id: try cells.id(),
            draft: ZoneDraft(name: try cells.next(), geometry: try cells.next(), properties: try cells.next()))
    }
}
