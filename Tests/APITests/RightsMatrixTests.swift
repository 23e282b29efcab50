import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Simulation
import Testing

/// Every route against every kind of caller. The list of routes is the server's own: a new one is tested as soon as it
/// exists, and ``RouteListTests`` fails until somebody has written down who may use it.
@Suite struct RightsMatrixTests {
    private func path(_ route: Route, order: Int64, driver: Int64) -> String {
        route.path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            switch part {
            case "{id}": route.path.contains("/orders/") ? "\(order)" : "\(driver)"
            case "{restaurant}", "{group}": "1"
            default: String(part)
            }
        }.joined(separator: "/")
    }

    @Test func withoutATokenOnlyPublicRoutesAnswer() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            for route in house.api.table.routes {
                let answer = try await caller.call(route.method, path(route, order: 1, driver: 1))
                switch route.access {
                case .open: #expect(answer.code != "token_missing", "\(route.method) \(route.path)")
                case .integration:
                    #expect(answer.status == 403 && answer.code == "integrations_off", "\(route.method) \(route.path)")
                case .driver, .admin, .either:
                    #expect(answer.status == 401, "\(route.method) \(route.path)")
                    #expect(answer.code == "token_missing", "\(route.method) \(route.path)")
                }
            }
        }
    }

    @Test func anExpiredTokenOpensNothing() async throws {
        let house = try await RestHouse()
        let expired = house.token(house.asha, issuedAgo: 43_200_000)
        try await house.serve { caller in
            for route in house.api.table.routes where route.access != .open && route.access != .integration {
                let answer = try await caller.call(route.method, path(route, order: 1, driver: 1), as: expired)
                #expect(answer.status == 401, "\(route.method) \(route.path)")
                #expect(answer.code == "token_expired", "\(route.method) \(route.path)")
            }
        }
    }

    /// The app never refreshes its token and takes any 401 for the end of the session: whatever else is wrong with a
    /// request, a token that is good to the last minute of a shift is not.
    @Test func aTokenAtTheEndOfAShiftIsNeverAnsweredWith401() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        let driver = house.token(house.asha, issuedAgo: 43_140_000)
        try await house.serve { caller in
            for route in house.api.table.routes where !route.path.hasSuffix("/auth/logout") {
                // A log-in and a refresh speak of what is in their body, not of the token beside it.
                guard route.access != .open, route.access != .integration else { continue }
                for body in [nil, "null", "{}", "{", #"{"otp":"0000","order_uuid":"\(order.id)"}"#] {
                    let address = path(route, order: order.id.rawValue, driver: house.asha.id.rawValue)
                    for token in [driver, house.adminToken] {
                        let answer = try await caller.call(
                            route.method, address, as: token, body: route.method == .get ? nil : body)
                        #expect(answer.status != 401, "\(route.method) \(route.path) \(body ?? "")")
                        #expect(answer.status < 500 || answer.status == 501 || answer.status == 503, "\(route.path)")
                    }
                }
            }
        }
    }

    @Test func adminsRoutesRefuseDriversWith403AndDriversRoutesRefuseAdmins() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            for route in house.api.table.routes {
                let address = path(route, order: 1, driver: 1)
                switch route.access {
                case .admin:
                    let answer = try await caller.call(route.method, address, as: house.token(house.asha))
                    #expect(answer.status == 403 && answer.code == "wrong_role", "\(route.method) \(route.path)")
                case .driver:
                    let answer = try await caller.call(route.method, address, as: house.adminToken)
                    #expect(answer.status == 403 && answer.code == "wrong_role", "\(route.method) \(route.path)")
                case .open, .either, .integration: break
                }
            }
        }
    }

    /// Whose role is right gets past the gate: whatever the answer, it is not about rights, and never an internal
    /// error.
    @Test func theRightRolePassesEverywhere() async throws {
        for access in [Access.driver, .admin, .either] {
            let house = try await RestHouse()
            let order = try await house.assignedOrder(to: house.asha)
            let isAdmin = access != .driver
            try await house.serve { caller in
                for route in house.api.table.routes
                where route.access == access && !route.path.hasPrefix("/api/v1/auth/") {
                    let token = isAdmin ? house.adminToken : house.token(house.asha)
                    let address = path(route, order: order.id.rawValue, driver: house.ravi.id.rawValue)
                    let answer = try await caller.call(route.method, address, as: token)
                    #expect(
                        ![401, 403, 405, 500].contains(answer.status), "\(route.method) \(route.path): \(answer.text)")
                }
            }
        }
    }

    /// Another driver's order is as unknown as one that does not exist, on every route that names an order.
    @Test func ordersOfOthersAreUnknownOnEveryRoute() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            for route in house.api.table.routes
            where route.access != .admin && route.access != .open && route.access != .integration
                && route.path.contains("orders/{id}")
            {
                let body = route.path.hasSuffix("/status") ? #"{"status":"accepted"}"# : nil
                let foreign = try await caller.call(
                    route.method, path(route, order: order.id.rawValue, driver: 1), as: house.token(house.ravi),
                    body: body)
                let unknown = try await caller.call(
                    route.method, path(route, order: 999_999, driver: 1), as: house.token(house.ravi), body: body)
                #expect(foreign.status == 404, "\(route.method) \(route.path)")
                #expect(foreign.detail == unknown.detail && foreign.code == unknown.code, "\(route.path)")
            }
            let unchanged = try await house.city.store.order(order.id)
            #expect(unchanged == order)
        }
    }
}
