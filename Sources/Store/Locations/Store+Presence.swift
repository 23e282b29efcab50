package import DispatchCore
package import Fulfilment
import Postgres

extension Store: PresenceLog {
    /// One statement for all.
    package func append(_ events: [PresenceEvent]) async throws {
        if events.isEmpty { return }
        _ = try await query(
            """
            INSERT INTO presence_events (driver_id, kind, spot_id, began_at, ended_at, waited_ms, preparation_ms, beyond_word_ms) \
            SELECT driver_id, kind, spot_id, began_at, ended_at, waited_ms, preparation_ms, beyond_word_ms \
            FROM UNNEST($1::int8[], $2::text[], $3::int8[], $4::timestamptz[], $5::timestamptz[], $6::int8[], \
            $7::int8[], $8::int8[]) \
            WITH ORDINALITY AS u(driver_id, kind, spot_id, began_at, ended_at, waited_ms, preparation_ms, beyond_word_ms, ordinal) \
            ORDER BY ordinal
            """,
            [
                .ids(events.map(\.driver)), .textArray(events.map(\.spot.kind)), .int8Array(events.map(\.spot.number)),
                .timestamps(events.map(\.beganAt)), .timestamps(events.map(\.endedAt)),
                .int8Array(events.map(\.waited)), .int8Array(events.map(\.preparation)),
                .int8Array(events.map(\.beyondWord)),
            ])
    }

    /// One range of an index.
    package func presence(of driver: DriverID, limit: Int) async throws -> [PresenceEvent] {
        try await query(
            """
            SELECT driver_id, kind, spot_id, began_at, ended_at, waited_ms, preparation_ms, beyond_word_ms FROM presence_events \
            WHERE driver_id = $1 ORDER BY id DESC LIMIT $2
            """, [.id(driver), .integer(limit)]
        ).map { row in
            var cells = row.cells
            return try Self.event(&cells)
        }
    }

    private static func event(_ cells: inout Row.Cells) throws -> PresenceEvent {
        let driver: DriverID = try cells.id()
        let kind = try cells.next(String.self)
        guard let spot = Spot(kind: kind, number: try cells.next(Int64.self)) else {
            throw PostgresError(.decodingFailed, "\(kind) is no kind of spot")
        }
        return PresenceEvent(
            driver: driver, spot: spot, beganAt: try cells.time(), endedAt: try cells.optionalTime(),
            waited: try cells.next(Int64?.self), preparation: try cells.next(Int64?.self),
            beyondWord: try cells.next(Int64?.self))
    }

    /// A range of an index, however it is restricted.
    package func crossings(matching query: CrossingQuery) async throws -> [RecordedPresence] {
        var conditions = ["kind = 'zone'"]
        var parameters: [Parameter] = [.integer(query.limit)]
        func restrict(_ column: String, _ value: Int64?) {
            guard let value else { return }
            parameters.append(.int8(value))
            conditions.append("\(column) $\(parameters.count)")
        }
        restrict("spot_id =", query.zone?.rawValue)
        restrict("driver_id =", query.driver?.rawValue)
        restrict("id <", query.before)
        return try await self.query(
            """
            SELECT id, driver_id, kind, spot_id, began_at, ended_at, waited_ms, preparation_ms, beyond_word_ms FROM presence_events \
            WHERE \(conditions.joined(separator: " AND ")) ORDER BY id DESC LIMIT $1
            """, parameters
        ).map { row in
            var cells = row.cells
            return RecordedPresence(id: try cells.next(Int64.self), event: try Self.event(&cells))
        }
    }

    /// A short range of an index for each restaurant.
    package func kitchenStays(limit: Int) async throws -> [RestaurantID: [KitchenStay]] {
        let rows = try await query(
            """
            SELECT r.id, w.waited_ms, w.preparation_ms, w.beyond_word_ms FROM restaurants r CROSS JOIN LATERAL (\
            SELECT id, waited_ms, preparation_ms, beyond_word_ms FROM presence_events p \
            WHERE p.spot_id = r.id AND p.waited_ms IS NOT NULL \
            ORDER BY id DESC LIMIT $1) w ORDER BY r.id, w.id
            """, [.integer(limit)])
        var stays: [RestaurantID: [KitchenStay]] = [:]
        for row in rows {
            var cells = row.cells
            let restaurant: RestaurantID = try cells.id()
            stays[restaurant, default: []].append(
                KitchenStay(
                    waited: try cells.next(Int64.self), preparation: try cells.next(Int64?.self),
                    beyondWord: try cells.next(Int64?.self)))
        }
        return stays
    }

    /// Of a driver's newest events; a stay that began before them is forgotten.
    private static let eventsPerDriver = 100

    /// A short range of an index for each driver.
    package func openStays() async throws -> [PresenceEvent] {
        try await query(
            """
            SELECT driver_id, kind, spot_id, began_at, ended_at, waited_ms, preparation_ms, beyond_word_ms FROM (\
            SELECT DISTINCT ON (p.driver_id, p.kind, p.spot_id) p.* FROM drivers d CROSS JOIN LATERAL (\
            SELECT * FROM presence_events e WHERE e.driver_id = d.id ORDER BY e.id DESC LIMIT $1) p \
            ORDER BY p.driver_id, p.kind, p.spot_id, p.id DESC) newest \
            WHERE ended_at IS NULL ORDER BY id
            """, [.integer(Self.eventsPerDriver)]
        ).map { row in
            var cells = row.cells
            return try Self.event(&cells)
        }
    }
}

extension Spot {
    fileprivate var kind: String {
        switch self {
        case .zone: "zone"
        case .restaurant: "restaurant"
        case .pickup: "pickup"
        case .customer: "customer"
        }
    }

    fileprivate var number: Int64 {
        switch self {
        case .zone(let id): id.rawValue
        case .restaurant(let id): id.rawValue
        case .pickup(let id), .customer(let id): id.rawValue
        }
    }

    fileprivate init?(kind: String, number: Int64) {
        switch kind {
        case "zone": self = .zone(ZoneID(number))
        case "restaurant": self = .restaurant(RestaurantID(number))
        case "pickup": self = .pickup(OrderID(number))
        case "customer": self = .customer(OrderID(number))
        default: return nil
        }
    }
}
