import Contract
import DriverClient
import Postgres

/// Where a run looks up which positions a server has saved.
enum SavedPositions: Sendable {
    case rest(WireClient, adminToken: String)
    case database(ConnectionPool)

    /// How many of the driver's newest 200 positions lie on this point, to the seventh decimal.
    func count(driver: Int64, latitude: Double, longitude: Double) async throws -> Int {
        try await newest(driver: driver).count {
            abs($0.latitude - latitude) < 1e-7 && abs($0.longitude - longitude) < 1e-7
        }
    }

    private func newest(driver: Int64) async throws -> [(latitude: Double, longitude: Double)] {
        switch self {
        case .rest(let client, let token):
            let answer = try await client.send(.get, "/api/v1/drivers/\(driver)/locations?limit=200", token: token)
            guard let rows = (answer.first(of: ["locations", "items"]) ?? answer).elements else {
                throw Fault("GET /api/v1/drivers/\(driver)/locations answers no list")
            }
            return rows.compactMap(Self.point)
        case .database(let pool):
            let rows = try await pool.query(
                """
                SELECT latitude::float8, longitude::float8 FROM driver_locations
                WHERE driver_id = $1::bigint ORDER BY created_at DESC, id DESC LIMIT 200
                """, [.int8(driver)])
            return try rows.map { try ($0.get(0, as: Double.self), $0.get(1, as: Double.self)) }
        }
    }

    private static func point(_ row: JSON) -> (latitude: Double, longitude: Double)? {
        guard let latitude = number(row.first(of: ["latitude", "lat"])),
            let longitude = number(row.first(of: ["longitude", "lng"]))
        else { return nil }
        return (latitude, longitude)
    }

    private static func number(_ value: JSON?) -> Double? {
        value?.double ?? value?.text.flatMap { Double($0) }
    }
}
