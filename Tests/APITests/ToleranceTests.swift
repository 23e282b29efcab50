import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Simulation
import Testing

@Suite struct ToleranceTests {
    @Test(arguments: [nil, "", "null", "{}", "  "]) func noBodyIsABody(_ body: String?) async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let asha = house.token(house.asha)
            let toggled = try await caller.post("drivers/toggle-online?is_online=false", as: asha, body)
            #expect(toggled.status == 200)
            #expect(toggled.json["status"]?.text == "offline")
            #expect(toggled.json["is_online"]?.boolean == false)
            #expect(try await caller.post("driver/orders/\(order.id)/accept", as: asha, body).status == 200)
            #expect(try await caller.post("orders/\(order.id)/unassign", as: house.adminToken, body).status == 200)
            #expect(try await caller.post("dispatch/run", as: house.adminToken, body).status == 202)
        }
    }

    @Test(arguments: [
        #"{"status":"online"}"#, #"{"status":"ONLINE"}"#, #"{"is_online":true}"#, #"{"is_online":"true"}"#,
    ])
    func aDriverSaysThatHeIsOnline(_ body: String) async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let asha = house.token(house.asha)
            _ = try await caller.put("driver/status", as: asha, #"{"status":"offline"}"#)
            let answer = try await caller.put("driver/status", as: asha, body)
            #expect(answer.status == 200)
            #expect(answer.json["is_online"]?.boolean == true)
            #expect(answer.json["driver_id"]?.int64 == house.asha.id.rawValue)
            #expect(answer.json["account_status"]?.text == "APPROVED")
        }
    }

    @Test(arguments: [#"{"status":"maybe"}"#, "{}", #"{"is_online":7}"#])
    func aWordThatIsNoneChangesNothing(_ body: String) async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.put("driver/status", as: house.token(house.asha), body)
            #expect(answer.status == 422)
            let account = try await house.city.store.driver(house.asha.id)
            #expect(account?.availability == .online)
        }
    }

    @Test func theSchemeOfATokenIsReadInAnyCase() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            for scheme in ["Bearer", "bearer", "BEARER"] {
                let answer = try await caller.get(
                    "driver/profile", headers: [.authorization: "\(scheme) \(house.token(house.asha))"])
                #expect(answer.status == 200)
            }
            let basic = try await caller.get("driver/profile", headers: [.authorization: "Basic YTpi"])
            #expect(basic.code == "token_missing")
        }
    }

    @Test func filtersReadStatesInAnyCaseAndRefuseOthers() async throws {
        let house = try await RestHouse()
        _ = try await house.assignedOrder(to: house.asha)
        _ = try await house.city.placeOrder(from: nil, to: nil)
        try await house.serve { caller in
            let count = { (path: String) in try await caller.get(path, as: house.adminToken).json.elements?.count }
            #expect(try await count("orders") == 2)
            #expect(try await count("orders?status=pending") == 1)
            #expect(try await count("orders?status=PENDING,assigned") == 2)
            #expect(try await count("orders?status=all") == 2)
            #expect(try await count("orders?driver_id=\(house.asha.id)") == 1)
            let bad = try await caller.get("orders?status=flying", as: house.adminToken)
            #expect(bad.status == 422)
        }
    }

    @Test func headAndOptionsAreAnswered() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let head = try await caller.call(.head, "/health/live")
            #expect(head.status == 200)
            #expect(head.text.isEmpty)
        }
    }
}
