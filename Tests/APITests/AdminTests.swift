import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import Identity
import Logging
import Simulation
import Testing

@Suite struct AdminTests {
    @Test func anAdminMakesADriverWhoCanLogIn() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let body = #"{"name":"Meera","phone":"+919800000009","password":"long enough","email":"meera@example.org"}"#
            let made = try await caller.post("drivers", as: house.adminToken, body)
            #expect(made.status == 201)
            #expect(made.json["status"]?.text == "APPROVED")
            let twice = try await caller.post("drivers", as: house.adminToken, body)
            #expect(twice.status == 409)
            #expect(twice.code == "already_exists")
            let session = try await caller.post(
                "auth/driver/login", #"{"identity":"meera@example.org","password":"long enough"}"#)
            #expect(session.status == 200)
            let weak = try await caller.post(
                "drivers", as: house.adminToken, #"{"name":"x","phone":"1","password":"short"}"#)
            #expect(weak.status == 422)
        }
    }

    @Test func aRepeatedKeyGivesTheFirstAnswerAndAnotherRequestUnderItIsRefused() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let key: HTTPFields = [.idempotencyKey: "\"driver-1\""]
            let body = #"{"name":"Meera","phone":"+919800000009","password":"long enough"}"#
            let first = try await caller.call(.post, "drivers", as: house.adminToken, body: body, headers: key)
            let second = try await caller.call(.post, "drivers", as: house.adminToken, body: body, headers: key)
            #expect(first.status == 201 && second.status == 201)
            #expect(first.text == second.text)
            let other = try await caller.call(
                .post, "drivers", as: house.adminToken, body: body.replacing("Meera", with: "Mira"), headers: key)
            #expect(other.status == 422)
            #expect(other.code == "idempotency_key_reused")
            // What was refused leaves the key free.
            let free: HTTPFields = [.idempotencyKey: "driver-2"]
            let refused = try await caller.call(.post, "drivers", as: house.adminToken, body: "{}", headers: free)
            #expect(refused.status == 422)
            let good = try await caller.call(
                .post, "drivers", as: house.adminToken, body: body.replacing("09", with: "08"), headers: free)
            #expect(good.status == 201)
        }
    }

    @Test func bankDetailsComeBackAsTheyWereGiven() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let answer = try await caller.patch(
                "drivers/\(house.asha.id)", as: house.adminToken,
                #"{"upi_id":"asha@upi","bank_name":"SBI","capacity":5}"#)
            #expect(answer.status == 200)
            #expect(answer.json["upi_id"]?.text == "asha@upi")
            #expect(answer.json["bank_name"]?.text == "SBI")
            #expect(answer.json["capacity"]?.int64 == 5)
            let bad = try await caller.patch("drivers/\(house.asha.id)", as: house.adminToken, #"{"capacity":0}"#)
            #expect(bad.status == 422)
            // The most that the database takes.
            for (capacity, status) in [(64, 200), (65, 422)] {
                let answer = try await caller.patch(
                    "drivers/\(house.asha.id)", as: house.adminToken, "{\"capacity\":\(capacity)}")
                #expect(answer.status == status)
            }
        }
    }

    @Test func restaurantsAreAddedAndChanged() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let made = try await caller.post(
                "restaurants", as: house.adminToken,
                #"{"name":"Dosa Corner","address":"HSR","latitude":12.91,"longitude":77.64,"#
                    + #""external_restaurant_id":"r-9"}"#
            )
            #expect(made.status == 201)
            let id = try #require(made.json["id"]?.int64)
            let changed = try await caller.patch("restaurants/\(id)", as: house.adminToken, #"{"phone":"+91 80"}"#)
            #expect(changed.json["phone"]?.text == "+91 80")
            #expect(changed.json["name"]?.text == "Dosa Corner")
            #expect(try await caller.get("restaurants", as: house.adminToken).json.elements?.count == 2)
            #expect(try await caller.patch("restaurants/99999", as: house.adminToken, "{}").status == 404)
        }
    }

    @Test func aZoneThatCrossesItselfIsRepairedWhereAskedAndRefusedWithTheReasonElsewhere() async throws {
        let house = try await RestHouse { parts in
            parts.hooks.refuseZones = { drafts in
                for draft in drafts {
                    do {
                        for zone in try GeoJSON.zones(from: Array(draft.geometry.utf8)) {
                            _ = try zone.shape.checked(repair: false)
                        }
                    } catch {
                        return "\(error)"
                    }
                }
                return nil
            }
        }
        try await house.serve { caller in
            func zone(_ ring: String) -> String {
                #"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"a"},"#
                    + #""geometry":{"type":"Polygon","coordinates":[\#(ring)]}}]}"#
            }
            let bowTie = zone("[[77,12],[79,14],[79,12],[77,14],[77,12]]")
            let refused = try await caller.put("zones", as: house.adminToken, bowTie)
            #expect(refused.status == 422)
            #expect(refused.json["errors"]?.elements?.first?["message"]?.text?.contains("Self-intersection") == true)
            #expect(try await house.city.store.zones().isEmpty)
            let taken = try await caller.put("zones?repair=true", as: house.adminToken, bowTie)
            #expect(taken.status == 200)
            let feature = taken.json["features"]?.elements?.first
            #expect(feature?["properties"]?["repaired_because"]?.text == "Self-intersection[78 13]")
            #expect(feature?["geometry"]?["type"]?.text == "MultiPolygon")
            let flat = zone("[[77,12],[78,13],[79,14],[77,12]]")
            #expect(try await caller.put("zones?repair=true", as: house.adminToken, flat).status == 422)
            let swapped = try await caller.put(
                "zones", as: house.adminToken, zone("[[12.9,177.5],[13,177.5],[13,178],[12.9,177.5]]"))
            #expect(swapped.json["errors"]?.elements?.first?["message"]?.text?.contains("longitude first") == true)
            #expect(try await house.city.store.zones().count == 1)
        }
    }

    @Test func anEmptyCollectionTakesNoZoneAwayUnlessItIsMeantTo() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let zone = """
                {"type":"Feature","properties":{"name":"a","id":99,"travel_factor":1.5,"colour":"#fff"},"geometry":
                {"type":"GeometryCollection","geometries":[{"type":"Polygon","coordinates":
                [[[179,12],[181,12],[181,13],[179,12]]]}]}}
                """
            // A bare feature with a byte order mark, over the antimeridian: what the command line takes.
            let put = try await caller.put("zones", as: house.adminToken, "\u{FEFF}" + zone)
            #expect(put.status == 200)
            let properties = put.json["features"]?.elements?.first?["properties"]
            #expect(properties?["colour"]?.text == "#fff" && properties?["travel_factor"]?.double == 1.5)
            #expect(properties?["id"]?.int64 != 99)
            let empty = #"{"type":"FeatureCollection","features":[]}"#
            let refused = try await caller.put("zones", as: house.adminToken, empty)
            #expect(refused.status == 422)
            #expect(refused.json["errors"]?.elements?.first?["message"]?.text?.contains("clear=true") == true)
            #expect(try await house.city.store.zones().count == 1)
            #expect(try await caller.put("zones?clear=true", as: house.adminToken, empty).status == 200)
            #expect(try await house.city.store.zones().isEmpty)
        }
    }

    @Test func zonesOfAWholeStateAreAnImport() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let corners = (0..<20_000).map { number in
                let angle = Double(number) / 20_000
                return angle < 0.5 ? "[\(77 + angle),12]" : "[\(78 - angle),\(12 + (angle - 0.5) * (1 - angle))]"
            }
            let ring = "[" + (corners + [corners[0]]).joined(separator: ",") + "]"
            let body =
                #"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"a"},"#
                + #""geometry":{"type":"Polygon","coordinates":[\#(ring)]}}]}"#
            #expect(body.utf8.count > 256 * 1024)
            let put = try await caller.put("zones", as: house.adminToken, body)
            #expect(put.status == 200)
        }
    }

    @Test func zonesAreReplacedAndReadBackAsGeoJSON() async throws {
        let taken = Counter()
        let house = try await RestHouse { parts in
            parts.hooks.refuseZones = { $0.contains { $0.name == "bow tie" } ? "bow tie crosses itself" : nil }
            parts.hooks.zonesReplaced = { _ in _ = taken.next() }
        }
        try await house.serve { caller in
            let ring = "[[77.5,12.9],[77.7,12.9],[77.7,13.0],[77.5,12.9]]"
            func zones(_ name: String, _ ring: String) -> String {
                #"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"\#(name)"},"#
                    + #""geometry":{"type":"Polygon","coordinates":[\#(ring)]}}]}"#
            }
            let put = try await caller.put("zones", as: house.adminToken, zones("centre", ring))
            #expect(put.status == 200)
            let got = try await caller.get("zones", as: house.adminToken)
            #expect(got.headers[.contentType] == "application/geo+json")
            let feature = got.json["features"]?.elements?.first
            #expect(feature?["properties"]?["name"]?.text == "centre")
            #expect(feature?["geometry"]?["type"]?.text == "Polygon")
            let bad = [
                zones("bow tie", ring), zones("open", "[[77.5,12.9],[77.7,12.9],[77.7,13.0],[77.6,12.9]]"),
                zones("far", "[[277.5,12.9],[77.7,12.9],[77.7,13.0],[277.5,12.9]]"), zones("", ring),
                #"{"type":"Polygon"}"#,
            ]
            for body in bad {
                #expect(try await caller.put("zones", as: house.adminToken, body).status == 422)
            }
            #expect(taken.next() == 2)
            #expect(try await house.city.store.zones().count == 1)
        }
    }

    @Test func theNearestDriversComeFirstAndAsGeoJSONOnDemand() async throws {
        let house = try await RestHouse()
        // Nobody drives there in an instant: ten minutes pass, in which asha reports too.
        house.city.time.advance(seconds: 600)
        if let near = RestHouse.indiranagar { house.city.report(house.ravi.id, at: near) }
        if let place = house.city.house.fleet.member(house.asha.id)?.lastFix?.point {
            house.city.report(house.asha.id, at: place)
        }
        try await house.serve { caller in
            let list = try await caller.get("drivers/near?lat=12.9784&lon=77.6408", as: house.adminToken)
            #expect(list.json.elements?.compactMap { $0["name"]?.text } == ["ravi", "asha"])
            let place = "drivers/near?lat=12.9784&lon=77.6408"
            let free = try await caller.get(place + "&free=true&vehicle=motorbike", as: house.adminToken)
            #expect(free.json.elements?.compactMap { $0["name"]?.text } == ["ravi", "asha"])
            let cars = try await caller.get(place + "&vehicle=car", as: house.adminToken)
            #expect(cars.json.elements?.isEmpty == true)
            #expect(try await caller.get(place + "&vehicle=yacht", as: house.adminToken).status == 422)
            #expect(try await caller.get(place + "&free=perhaps", as: house.adminToken).status == 422)
            let geo = try await caller.get(
                "drivers/near?lat=12.9784&lng=77.6408&limit=1", as: house.adminToken,
                headers: [.accept: "application/geo+json"])
            #expect(geo.json["type"]?.text == "FeatureCollection")
            let position = geo.json["features"]?.elements?.first?["geometry"]?["coordinates"]?.elements
            #expect(position?.compactMap(\.double) == [77.6408, 12.9784])
            #expect(try await caller.get("drivers/near?lat=12", as: house.adminToken).status == 422)
            #expect(try await caller.get("drivers/near?lat=NaN&lon=1", as: house.adminToken).status == 422)
        }
    }

    @Test func historyAndStatementsSumToTheSameAmountAndPayIsPaidOnce() async throws {
        let house = try await RestHouse()
        for _ in 0..<3 {
            let order = try await house.assignedOrder(to: house.asha)
            _ = try await ChangeOrder(house.city.house)(.deliverByHand, order: order.id, by: .admin(house.admin.id))
            house.city.time.advance(seconds: 40_000)
        }
        try await house.serve { caller in
            let asha = house.token(house.asha)
            let history = try await caller.get("earnings/history?days=7", as: asha)
            let total = history.json["total"]?.double
            let days = history.json["items"]?.elements ?? []
            #expect(days.count == 2)
            #expect(days.reduce(0) { $0 + ($1["deliveries"]?.int64 ?? 0) } == 3)
            let paise = days.reduce(Int64(0)) { $0 + ($1["total"]?.scaledPaise ?? 0) }
            #expect(paise == history.json["total"]?.scaledPaise)
            let stats = try await caller.get("drivers/stats", as: asha)
            #expect(stats.json["summary"]?["lifetime_earnings"]?.double == total)
            let body = #"{"driver_ids":[\#(house.asha.id)],"payment_method":"upi"}"#
            let paid = try await caller.post("earnings/process-payout", as: house.adminToken, body)
            #expect(paid.json["total_amount_paid"]?.double == total)
            #expect(paid.json["total_drivers_paid"]?.int64 == 1)
            let again = try await caller.post("earnings/process-payout", as: house.adminToken, body)
            #expect(again.json["total_amount_paid"]?.double == 0)
            let bad = try await caller.get("earnings/history?from=2025-13-01", as: asha)
            #expect(bad.status == 422)
            #expect(try await caller.get("earnings/history?from=2020-01-01", as: asha).status == 422)
        }
    }

    /// 18:30 UTC is midnight in India: what was earned a second before belongs to yesterday.
    @Test func todayIsTheRegionsCalendarDay() async throws {
        let house = try await RestHouse()
        // The house's clock starts at 2025-11-19T10:30:00Z, that is 16:00 in India.
        for _ in 0..<2 {
            let order = try await house.assignedOrder(to: house.asha)
            house.city.time.advance(seconds: 28_799)
            _ = try await ChangeOrder(house.city.house)(.deliverByHand, order: order.id, by: .admin(house.admin.id))
            house.city.time.advance(seconds: 1)
        }
        try await house.serve { caller in
            let today = try await caller.get("earnings/today", as: house.token(house.asha))
            #expect(today.json["date"]?.text == "2025-11-20")
            #expect(today.json["deliveries"]?.int64 == 1)
            let yesterday = try await caller.get("driver/earnings/daily?date=2025-11-19", as: house.token(house.asha))
            #expect(yesterday.json["deliveries"]?.int64 == 1)
        }
    }

    @Test func explainSaysWhereAnOrderStands() async throws {
        let house = try await RestHouse()
        let order = try await house.assignedOrder(to: house.asha)
        try await house.serve { caller in
            let answer = try await caller.get("orders/\(order.id)/explain", as: house.adminToken)
            #expect(answer.status == 200)
            #expect(answer.json["source"]?.text == "admin")
            #expect(answer.json["pinned_by"]?.int64 == house.admin.id.rawValue)
            #expect(answer.json["decision"]?.isNull == true)
            #expect(try await caller.get("orders/999999/explain", as: house.adminToken).status == 404)
        }
    }

    @Test func explainNamesTheRuleThatWouldLetAWaitingOrderGo() async throws {
        let house = try await RestHouse()
        for driver in [house.asha, house.ravi] {
            _ = try await DriverDesk(house.city.house).setAvailability(false, of: driver.id)
        }
        let order = try await house.city.placeOrder(
            from: RestHouse.koramangala, to: RestHouse.koramangala, readyAt: house.city.time.now)
        let dispatcher = Dispatcher(
            house.city.house, policy: { DispatchPolicy() }, holder: "a", log: Logger(label: "test"),
            microseconds: { 0 }, solve: { DispatchEngine.plan($0, previous: $1, seed: $2) })
        _ = try await dispatcher.tick()
        try await house.serve { caller in
            let answer = try await caller.get("orders/\(order.id)/explain", as: house.adminToken)
            let decision = answer.json["decision"]
            #expect(decision?["outcome"]?.text == "waiting")
            #expect(decision?["is_replayed"] == .bool(true))
            #expect(decision?["released_by"]?.text == "offlineDrivers")
            #expect(decision?["differences"]?.text == "whole_plan")
            #expect(decision?["refusal_counts"]?.elements?.first?["name"]?.text == "offline")
            #expect(decision?["is_degraded"] == .bool(false))
            let id = decision?["tick"]?.int64 ?? 0
            let tick = try await caller.get("dispatch/ticks/\(id)", as: house.adminToken)
            #expect(tick.status == 200)
            #expect(tick.json["replayed"] == .bool(true))
            #expect(tick.json["policy_version"]?.int64 == 1)
            #expect(tick.json["waiting_count"]?.int64 == 1)
            #expect(tick.json["is_degraded"] == .bool(false))
            #expect(try await caller.get("dispatch/ticks/\(id + 1)", as: house.adminToken).status == 404)
            #expect(try await caller.get("dispatch/ticks/\(id)", as: house.token(house.asha)).status == 403)
        }
    }
}

extension JSON {
    /// An amount in rupees as whole paise, without a binary fraction in between.
    fileprivate var scaledPaise: Int64? {
        if case .number(let number) = self { number.scaled(byPowerOfTen: 2) } else { nil }
    }
}
