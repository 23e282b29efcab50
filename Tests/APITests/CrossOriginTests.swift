import API
import Contract
import DispatchCore
import Fulfilment
import HTTPTypes
import Simulation
import Testing

/// A page cannot read an error that lacks the fields of its origin; every status is tried.
@Suite struct CrossOriginTests {
    private static let console = "http://localhost:5173"

    private struct Call: Sendable {
        let status: Int
        var method = HTTPRequest.Method.get
        let path: String
        var isAdmin = true
        var body: String?
    }

    private static let calls = [
        Call(status: 400, method: .post, path: "orders", body: "{"),
        Call(status: 401, path: "orders", isAdmin: false),
        Call(status: 403, path: "driver/profile"),
        Call(status: 404, path: "orders/999"),
        Call(status: 404, path: "no/such/path"),
        Call(status: 405, method: .delete, path: "orders"),
        Call(status: 409, method: .post, path: "orders/1/assign", body: #"{"driver_id":1}"#),
        Call(status: 413, method: .post, path: "orders", body: String(repeating: " ", count: 5000)),
        Call(status: 422, method: .post, path: "orders", body: "{}"),
        Call(status: 500, path: "earnings/stats"),
        Call(status: 501, path: "commission/rates"),
    ]

    /// Fails in a way that nobody has foreseen.
    private struct BrokenEarnings: EarningsStore {
        struct Unforeseen: Error {}

        func earnings(of driver: DriverID, from: Timestamp, to: Timestamp) async throws -> [EarningsEntry] {
            throw Unforeseen()
        }
        func totals(of driver: DriverID) async throws -> EarningsTotals { throw Unforeseen() }
        func totals() async throws -> [DriverID: EarningsTotals] { throw Unforeseen() }
        func earned(since start: Timestamp) async throws -> [DriverID: Paise] { throw Unforeseen() }
        func paidOut(since start: Timestamp) async throws -> Paise { throw Unforeseen() }
        func payOut(
            _ drivers: [DriverID], method: String, reference: String?, at now: Timestamp, idempotency: IdempotencyKey?
        ) async throws -> [DriverID: Paise] { throw Unforeseen() }
        func payouts(matching query: PayoutQuery) async throws -> (page: [Payout], totals: PayoutTotals) {
            throw Unforeseen()
        }
    }

    private func house() async throws -> RestHouse {
        try await RestHouse { parts in
            parts.settings.corsOrigins = [Self.console]
            parts.settings.bodyLimit = 1000
            parts.house.earnings = BrokenEarnings()
        }
    }

    private func expectReadable(_ answer: Answer, _ status: Int, _ what: String) {
        #expect(answer.status == status, "\(what): \(answer.status) \(answer.text)")
        #expect(answer.headers[.accessControlAllowOrigin] == Self.console, "\(what)")
        #expect(answer.headers[.vary] == "Origin", "\(what)")
        #expect(answer.headers[.accessControlExposeHeaders]?.contains("Retry-After") == true, "\(what)")
        #expect(answer.json["request_id"]?.text == answer.headers[.requestID], "\(what)")
    }

    @Test func everyErrorCanBeReadByThePageThatCaused() async throws {
        let house = try await house()
        let order = try await house.city.placeOrder(from: RestHouse.koramangala, to: RestHouse.indiranagar)
        var patch = DriverPatch()
        patch.standing = .blocked
        let ravi = try await DriverDesk(house.city.house).update(house.ravi.id, patch)
        try await house.serve { caller in
            for call in Self.calls {
                let path = call.path.replacing("orders/1/", with: "orders/\(order.id)/")
                let body = call.body?.replacing("\"driver_id\":1", with: "\"driver_id\":\(ravi.id)")
                let answer = try await caller.call(
                    call.method, path, as: call.isAdmin ? house.adminToken : nil, body: body,
                    headers: [.origin: Self.console])
                expectReadable(answer, call.status, "\(call.method) \(call.path)")
            }
        }
    }

    @Test func refusalsForAWhileCanBeReadToo() async throws {
        let house = try await house()
        try await house.serve { caller in
            let headers: HTTPFields = [.origin: Self.console]
            var last: Answer?
            for _ in 0..<30 where last?.status != 429 {
                last = try await caller.call(
                    .post, "auth/admin/login", body: #"{"email":"admin@example.org","password":"wrong"}"#,
                    headers: headers)
            }
            let limited = try #require(last)
            expectReadable(limited, 429, "log-in")
            #expect(limited.headers[.retryAfter] != nil)
            house.city.store.setDown(true)
            let away = try await caller.call(.get, "orders", as: house.adminToken, headers: headers)
            expectReadable(away, 503, "the store is away")
            house.city.store.setDown(false)
            house.api.drain.begin()
            let draining = try await caller.call(.get, "orders", as: house.adminToken, headers: headers)
            expectReadable(draining, 503, "draining")
        }
    }

    @Test(arguments: ["http://evil.example", "null", "http://localhost:5173.evil.example"])
    func anotherPageIsToldNothing(origin: String) async throws {
        let house = try await house()
        try await house.serve { caller in
            for call in Self.calls where !call.path.contains("assign") {
                let answer = try await caller.call(
                    call.method, call.path, as: call.isAdmin ? house.adminToken : nil, body: call.body,
                    headers: [.origin: origin])
                #expect(answer.status == call.status && answer.headers[.accessControlAllowOrigin] == nil)
                #expect(answer.headers[.vary] == "Origin")
            }
        }
    }

    /// The words of the wire are the house's words.
    @Test func theEventsThatAppDevelopersAreToldOfAreThoseThatThereAre() {
        #expect(WebhookBody.events == WebhookEvent.allCases.map(\.rawValue))
    }
}
