import API
import Contract
import DispatchCore
import Foundation
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Simulation
import Testing

/// The rights of every route, written down by a person. A route that is new, gone or opened to others fails here until
/// somebody has thought about it.
@Suite struct RouteListTests {
    @Test func everyRouteIsClassified() async throws {
        let house = try await RestHouse()
        let served = house.api.table.routes.map { "\($0.access.rawValue) \($0.method.rawValue) \($0.path)" }
        let classified = Self.list.split(separator: "\n").map { String($0.drop { $0 == " " }) }
        #expect(Set(served) == Set(classified))
        #expect(served.count == classified.count)
    }

    @Test func theDescriptionNamesExactlyTheRoutesThatAreServedWithTheirRights() async throws {
        let house = try await RestHouse()
        let served = Set(house.api.table.routes.map { "\($0.access.rawValue) \($0.method.rawValue) \($0.path)" })
        #expect(Self.described(in: OpenAPIDocument.text) == served)
    }

    @Test func theDescriptionIsServedAndEveryReferenceInItExists() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.get("/openapi.yaml")
            #expect(answer.status == 200)
            #expect(answer.headers[.contentType]?.hasPrefix("application/yaml") == true)
            #expect(answer.text.hasPrefix("openapi: 3.1.0\n"))
            #expect(!answer.text.contains("\t"))
            let parts = answer.text.components(separatedBy: "#/components/").dropFirst()
            let references = Set(parts.map { String($0.prefix { $0 != "'" }) })
            #expect(references.count > 20)
            for reference in references {
                let name = reference.split(separator: "/").last.map(String.init) ?? ""
                #expect(answer.text.contains("\n    \(name):"), "\(reference) is not defined")
            }
        }
    }

    /// Reads `paths:` of the document: a path stands two blanks in, a method four, its access six.
    private static func described(in text: String) -> Set<String> {
        var found: Set<String> = []
        var (path, method, isInPaths) = ("", "", false)
        for line in text.split(separator: "\n") {
            if !line.hasPrefix(" ") { isInPaths = line == "paths:" }
            guard isInPaths else { continue }
            if line.hasPrefix("  /") { path = String(line.dropFirst(2).dropLast()) }
            if line.hasPrefix("    "), !line.hasPrefix("     "), line.hasSuffix(":") {
                method = line.dropFirst(4).dropLast().uppercased()
            }
            if line.hasPrefix("      x-access: ") { found.insert("\(line.dropFirst(16)) \(method) \(path)") }
        }
        return found
    }

    private static let list = """
        public GET /
        public POST /api/v1/auth/admin/login
        public POST /api/v1/auth/driver/login
        public POST /api/v1/auth/login
        either POST /api/v1/auth/logout
        either PUT /api/v1/auth/password
        public POST /api/v1/auth/refresh
        admin GET /api/v1/available-drivers
        admin GET /api/v1/batches
        admin GET /api/v1/batches/{id}
        admin GET /api/v1/commission/config
        admin PUT /api/v1/commission/config
        admin GET /api/v1/commission/rates
        admin GET /api/v1/commission/restaurants
        admin GET /api/v1/dispatch/policies
        admin POST /api/v1/dispatch/policies
        admin GET /api/v1/dispatch/rules
        admin POST /api/v1/dispatch/run
        admin GET /api/v1/dispatch/ticks/{id}
        driver GET /api/v1/driver/active-pool
        driver POST /api/v1/driver/earnings
        driver GET /api/v1/driver/earnings/daily
        driver GET /api/v1/driver/earnings/monthly
        driver GET /api/v1/driver/earnings/weekly
        driver GET /api/v1/driver/orders/{id}
        driver POST /api/v1/driver/orders/{id}/accept
        driver POST /api/v1/driver/orders/{id}/deliver
        driver POST /api/v1/driver/orders/{id}/in-transit
        driver POST /api/v1/driver/orders/{id}/pickup
        driver POST /api/v1/driver/orders/{id}/reject
        driver GET /api/v1/driver/profile
        driver PUT /api/v1/driver/status
        admin GET /api/v1/drivers
        admin POST /api/v1/drivers
        admin GET /api/v1/drivers/near
        driver GET /api/v1/drivers/profile
        driver GET /api/v1/drivers/stats
        driver POST /api/v1/drivers/toggle-online
        admin GET /api/v1/drivers/{id}
        admin PATCH /api/v1/drivers/{id}
        admin GET /api/v1/drivers/{id}/events
        admin GET /api/v1/drivers/{id}/locations
        admin GET /api/v1/drivers/{id}/presence
        admin GET /api/v1/drivers/{id}/rules
        admin PUT /api/v1/drivers/{id}/rules
        admin PATCH /api/v1/drivers/{id}/status
        admin GET /api/v1/earnings/drivers
        admin GET /api/v1/earnings/drivers/{id}
        driver GET /api/v1/earnings/history
        admin GET /api/v1/earnings/payouts
        admin POST /api/v1/earnings/process-payout
        admin GET /api/v1/earnings/stats
        driver GET /api/v1/earnings/today
        admin GET /api/v1/events/overdue
        either GET /api/v1/orders
        admin POST /api/v1/orders
        admin POST /api/v1/orders/assign
        driver GET /api/v1/orders/assigned
        driver POST /api/v1/orders/verify-otp
        either GET /api/v1/orders/{id}
        admin PATCH /api/v1/orders/{id}
        admin POST /api/v1/orders/{id}/admin-deliver
        admin POST /api/v1/orders/{id}/assign
        admin POST /api/v1/orders/{id}/cancel
        admin GET /api/v1/orders/{id}/explain
        admin POST /api/v1/orders/{id}/ready
        either PUT /api/v1/orders/{id}/status
        admin POST /api/v1/orders/{id}/unassign
        admin GET /api/v1/pools
        admin POST /api/v1/pools
        admin POST /api/v1/pools/import
        admin GET /api/v1/pools/rows
        admin POST /api/v1/pools/sync
        admin GET /api/v1/pools/{id}
        admin POST /api/v1/pools/{id}/assign-driver
        admin POST /api/v1/pools/{id}/assign-groups
        admin POST /api/v1/pools/{id}/close
        admin POST /api/v1/pools/{id}/repair
        admin GET /api/v1/pools/{id}/rows
        api_key POST /api/v1/webhook/receive-orders
        api_key POST /api/webhook/receive-orders
        admin GET /api/v1/webhooks
        admin POST /api/v1/webhooks
        admin GET /api/v1/webhooks/deliveries
        admin POST /api/v1/webhooks/deliveries/{id}/replay
        admin DELETE /api/v1/webhooks/{id}
        admin PATCH /api/v1/webhooks/{id}
        driver GET /api/v1/pools/{id}/delivery-orders
        admin GET /api/v1/pools/{id}/details
        admin POST /api/v1/pools/{id}/group
        admin POST /api/v1/pools/{id}/groups/{group}/assign
        driver PATCH /api/v1/pools/{id}/pickup/{restaurant}
        admin GET /api/v1/restaurant-earnings
        admin POST /api/v1/restaurant-earnings/process-payout
        admin GET /api/v1/restaurant-earnings/restaurants
        admin GET /api/v1/restaurant-earnings/stats
        admin GET /api/v1/restaurants
        admin POST /api/v1/restaurants
        admin GET /api/v1/restaurants/waiting
        admin GET /api/v1/restaurants/{id}
        admin PATCH /api/v1/restaurants/{id}
        admin POST /api/v1/sync/trigger-sync
        admin GET /api/v1/zones
        admin PUT /api/v1/zones
        admin GET /api/v1/zones/events
        public GET /health
        public GET /health/live
        public GET /health/ready
        public GET /metrics
        public GET /openapi.yaml
        """
}
