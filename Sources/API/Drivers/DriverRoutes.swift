import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// A driver's own account: profile and availability.
struct DriverRoutes: RouteGroup {
    private let house: House
    private let view: DriverView

    init(_ parts: API.Parts) {
        house = parts.house
        view = DriverView(house: parts.house)
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/driver/profile", .driver, profile),
            Route(.get, "/api/v1/drivers/profile", .driver, profile),
            Route(.put, "/api/v1/driver/status", .driver) { exchange in
                let request = try DriverStatusRequest(body: exchange.body)
                return try await setOnline(request.isOnline, exchange)
            },
            Route(.post, "/api/v1/drivers/toggle-online", .driver) { exchange in
                // The app sends its word in the query and the literal `null` as body.
                if let isOnline = try exchange.query.boolean("is_online") {
                    return try await setOnline(isOnline, exchange)
                }
                let request = try DriverStatusRequest(body: exchange.body)
                return try await setOnline(request.isOnline, exchange)
            },
        ]
    }

    private func profile(_ exchange: Exchange) async throws -> Reply {
        let id = try exchange.driver()
        guard let account = try await house.accounts.driver(id) else { throw FulfilmentError.unknownDriver(id) }
        return .json(try await view.fullProfile(account))
    }

    private func setOnline(_ isOnline: Bool, _ exchange: Exchange) async throws -> Reply {
        let account = try await DriverDesk(house).setAvailability(isOnline, of: try exchange.driver())
        return .json(try await view.fullProfile(account))
    }
}
