import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Simulation
import Testing

@Suite struct ProblemTests {
    private func expectProblem(_ answer: Answer, _ status: Int, _ code: String) {
        #expect(answer.status == status)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(answer.code == code)
        #expect(answer.json["status"]?.int64 == Int64(status))
        #expect(answer.json["type"]?.text?.hasSuffix(code) == true)
        #expect(answer.json["title"]?.text?.isEmpty == false)
        #expect(answer.detail?.isEmpty == false)
        #expect(answer.json["message"]?.text == answer.detail)
        #expect(answer.json["request_id"]?.text == answer.headers[.requestID])
    }

    @Test(arguments: ["/api/v1/nothing", "/favicon.ico", "/api/v1/orders/1/2/3", "/api/v2/orders"])
    func anUnknownAddressIsAProblemDocument(_ path: String) async throws {
        let house = try await RestHouse()
        try await house.serve { caller in expectProblem(try await caller.get(path), 404, "not_found") }
    }

    @Test func aKnownAddressSaysWhichMethodsItUnderstands() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.call(.delete, "orders", as: house.adminToken)
            expectProblem(answer, 405, "method_not_allowed")
            #expect(answer.headers[.allow] == "GET, POST, OPTIONS")
        }
    }

    @Test func aBodyThatIsTooLargeIsRefusedAnnouncedOrNot() async throws {
        let house = try await RestHouse { $0.settings.bodyLimit = 1000 }
        try await house.serve { caller in
            let body = "{\"identity\":\"" + String(repeating: "x", count: 1000) + "\"}"
            expectProblem(try await caller.post("auth/login", body), 413, "body_too_large")
            expectProblem(
                try await caller.call(.post, "auth/login", body: body, headers: [.contentLength: "5"]), 413,
                "body_too_large")
        }
    }

    @Test(arguments: ["{", "[1]", "nonsense", "{\"a\":1}}", "\"text\"", "{\"a\":\u{0}}"])
    func whatIsNoJSONObjectIsBadRequest(_ body: String) async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            expectProblem(try await caller.post("orders", as: house.adminToken, body), 400, "unreadable_body")
        }
    }

    @Test func eachFieldAtFaultIsNamed() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.post(
                "orders", as: house.adminToken,
                #"{"customer_name":"","delivery_lat":91,"delivery_lng":"x","restaurant_id":-1,"#
                    + #""items":[{"quantity":0}]}"#
            )
            expectProblem(answer, 422, "invalid_fields")
            let fields = answer.json["errors"]?.elements?.compactMap { $0["field"]?.text } ?? []
            for field in ["customer_name", "delivery_address", "delivery_lat", "delivery_lng", "restaurant_id"] {
                #expect(fields.contains(field))
            }
            #expect(try await house.city.store.openOrders().isEmpty)
        }
    }

    @Test func anIllegalStepSaysWhereTheOrderIsAndWhatMayCome() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let answer = try await caller.put(
                "orders/\(order.id)/status", as: house.token(house.asha), #"{"status":"IN_TRANSIT"}"#)
            expectProblem(answer, 409, "illegal_step")
            #expect(answer.json["current"]?.text == "ASSIGNED")
            #expect(answer.json["allowed"]?.elements?.compactMap(\.text).contains("ACCEPTED") == true)
        }
    }

    @Test(arguments: ["orders/abc", "orders/0", "orders/-5", "orders/99999999999999999999", "orders/1.5"])
    func whatIsNoIdNamesNothing(_ path: String) async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.get(path, as: house.adminToken)
            #expect(answer.status == 404)
        }
    }

    @Test func theClientsRequestIdIsKeptWhenItIsPlain() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let kept = try await caller.get("/health/live", headers: [.requestID: "abc-123_X"])
            #expect(kept.headers[.requestID] == "abc-123_X")
            let replaced = try await caller.get("/health/live", headers: [.requestID: "eyJ.evil line"])
            #expect(replaced.headers[.requestID]?.contains("eyJ") == false)
        }
    }

    @Test func aStoreThatIsAwayIs503AndChangesNothing() async throws {
        let house = try await RestHouse()
        house.epochs.learn([], readAt: house.city.time.now.milliseconds)
        try await house.serve { caller in
            house.city.store.setDown(true)
            let answer = try await caller.get("orders", as: house.adminToken)
            expectProblem(answer, 503, "store_unavailable")
            #expect(answer.headers[.retryAfter] == "2")
        }
    }

    @Test func callsOutsideDispatchAreAQuick501AndNever401() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            for path in ["commission/rates", "commission/restaurants/7/history", "restaurant-earnings/x/y/z"] {
                expectProblem(try await caller.get(path, as: house.adminToken), 501, "not_offered")
                expectProblem(try await caller.put(path, as: house.adminToken, "{}"), 501, "not_offered")
            }
        }
    }
}

extension HTTPField.Name {
    static var requestID: HTTPField.Name { HTTPField.Name("X-Request-ID") ?? .date }
    static var idempotencyKey: HTTPField.Name { HTTPField.Name("Idempotency-Key") ?? .date }
}
