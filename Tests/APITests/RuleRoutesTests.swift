import API
import Contract
import DispatchCore
import Fulfilment
import HTTPTypes
import Simulation
import Testing

@Suite struct RuleRoutesTests {
    private func fields(_ answer: Answer) -> [String] {
        (answer.json["errors"]?.elements ?? []).compactMap { $0["field"]?.text }
    }

    @Test func aPolicyIsANewVersionAndTheHistoryKeepsTheOld() async throws {
        let house = try await RestHouse()
        let admin = house.adminToken
        try await house.serve { caller in
            let first = try await caller.post(
                "dispatch/policies", as: admin, #"{"weights":{"lateness":1.5,"max_wait_s":600},"note":"rain"}"#)
            #expect(first.status == 201)
            #expect(first.json["version"]?.int64 == 2 && first.json["zone_id"]?.isNull == true)
            #expect(first.json["weights"]?["lateness"]?.double == 1.5)
            #expect(first.json["weights"]?["max_wait_s"]?.int64 == 600)
            #expect(first.json["is_in_force"] == .bool(true) && first.json["note"]?.text == "rain")
            #expect(first.json["created_by"]?.int64 == house.admin.id.rawValue)
            let second = try await caller.post("dispatch/policies", as: admin, #"{"weights":{}}"#)
            #expect(second.status == 201)
            let history = try await caller.get("dispatch/policies", as: admin)
            #expect(history.json.elements?.compactMap { $0["version"]?.int64 } == [3, 2])
            #expect(history.json.elements?.map { $0["is_in_force"] == .bool(true) } == [true, false])
            let older = try await caller.get("dispatch/policies?before=3&zone_id=0", as: admin)
            #expect(older.json.elements?.compactMap { $0["version"]?.int64 } == [2])
        }
    }

    @Test func badWeightsAreNamedOneByOne() async throws {
        let house = try await RestHouse()
        let zone = try #require(
            try await house.city.store.replaceZones([ZoneDraft(name: "Z", geometry: "{}")]).first
        ).id
        let admin = house.adminToken
        try await house.serve { caller in
            let body = """
                {"zone_id":\(zone),"weights":{"lateness":-1,"driving":0.5,"speed":3,"delay":"much","max_hold_s":1.5,
                "unserved_s":60,"age_per_minute":0.0001}}
                """
            let refused = try await caller.post("dispatch/policies", as: admin, body)
            #expect(refused.status == 422 && refused.code == "invalid_fields")
            #expect(
                fields(refused) == [
                    "weights.lateness", "weights.driving", "weights.speed", "weights.delay", "weights.max_hold_s",
                    "weights.age_per_minute",
                ])
            #expect(refused.detail?.contains("must be a number from 0 to 100") == true)
            #expect(refused.detail?.contains("is the same in every zone: set it without zone_id") == true)
            #expect(refused.detail?.contains("must be whole seconds from 0 to 86400") == true)
            let unknown = try await caller.post(
                "dispatch/policies", as: admin, #"{"zone_id":99999,"weights":{"delay":0}}"#)
            #expect(fields(unknown) == ["zone_id", "weights.delay"])
            for body in ["{}", #"{"weights":[1]}"#, #"{"weights":null}"#] {
                let answer = try await caller.post("dispatch/policies", as: admin, body)
                #expect(answer.status == 422 && fields(answer) == ["weights"], "\(body)")
            }
            #expect(try await caller.get("dispatch/policies", as: admin).json.elements?.isEmpty == true)
        }
    }

    @Test func aDriversRulesAreReplacedAndListed() async throws {
        let house = try await RestHouse()
        let admin = house.adminToken
        let kitchen = house.restaurant.id
        try await house.serve { caller in
            let path = "drivers/\(house.asha.id)/rules"
            #expect(try await caller.get(path, as: admin).json["forbid"]?.elements?.isEmpty == true)
            let put = try await caller.put(path, as: admin, #"{"forbid":[\#(kitchen)]}"#)
            #expect(put.status == 200)
            #expect(put.json["forbid"]?.elements?.compactMap(\.int64) == [kitchen.rawValue])
            #expect(put.json["allow"]?.elements?.isEmpty == true)
            let all = try await caller.get("dispatch/rules?restaurant_id=\(kitchen)", as: admin)
            #expect(all.json.elements?.compactMap { $0["driver_id"]?.int64 } == [house.asha.id.rawValue])
            #expect(all.json.elements?.first?["rule"]?.text == "forbid")
            #expect(try await caller.put(path, as: admin, #"{"forbid":[]}"#).status == 200)
            #expect(try await caller.get("dispatch/rules", as: admin).json.elements?.isEmpty == true)
        }
    }

    @Test func badRulesAreNamedOneByOne() async throws {
        let house = try await RestHouse()
        let admin = house.adminToken
        let kitchen = house.restaurant.id
        try await house.serve { caller in
            let path = "drivers/\(house.asha.id)/rules"
            let unknown = try await caller.put(path, as: admin, #"{"allow":[\#(kitchen),777],"prefer":[888]}"#)
            #expect(unknown.status == 422 && fields(unknown) == ["allow[1]", "prefer[0]"])
            let twice = try await caller.put(path, as: admin, #"{"allow":[\#(kitchen)],"forbid":[\#(kitchen)]}"#)
            #expect(twice.status == 422 && fields(twice) == ["forbid"])
            #expect(fields(try await caller.put(path, as: admin, "{}")) == ["allow"])
            #expect(fields(try await caller.put(path, as: admin, #"{"allow":"all"}"#)) == ["allow"])
            let nobody = try await caller.put("drivers/99999/rules", as: admin, #"{"allow":[]}"#)
            #expect(nobody.status == 404)
            #expect(try await caller.get("dispatch/rules", as: admin).json.elements?.isEmpty == true)
        }
    }

    @Test func whatAnOrderNeedsIsReadAndShown() async throws {
        let house = try await RestHouse()
        let admin = house.adminToken
        try await house.serve { caller in
            func body(_ extra: String) -> String {
                #"{"customer_name":"A","delivery_address":"x","restaurant_id":\#(house.restaurant.id)\#(extra)}"#
            }
            let placed = try await caller.post(
                "orders", as: admin, body(#","vehicle_types":["Car","scooter"],"delay_weight":2.5"#))
            #expect(placed.status == 201)
            #expect(placed.json["vehicle_types"]?.elements?.compactMap(\.text) == ["car", "motorbike"])
            #expect(placed.json["delay_weight"]?.double == 2.5)
            let plain = try await caller.post("orders", as: admin, body(""))
            #expect(plain.json["vehicle_types"]?.elements?.isEmpty == true && plain.json["delay_weight"]?.double == 1)
            for extra in [
                #","vehicle_types":["boat"]"#, #","vehicle_types":"car""#, #","delay_weight":0"#,
                #","delay_weight":"2""#,
            ] {
                let refused = try await caller.post("orders", as: admin, body(extra))
                #expect(refused.status == 422, "\(extra)")
            }
            let id = try #require(plain.json["id"]?.int64)
            let edited = try await caller.patch("orders/\(id)", as: admin, #"{"vehicle_types":["bike"],"bag_units":4}"#)
            #expect(edited.json["vehicle_types"]?.elements?.compactMap(\.text) == ["bicycle"])
            #expect(edited.json["bag_units"]?.int64 == 4)
        }
    }
}
