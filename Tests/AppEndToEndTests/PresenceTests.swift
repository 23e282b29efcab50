import Contract
import DispatchCore
import DriverClient
import Foundation
import Fulfilment
import Store
import TestSupport
import Testing

/// Who is where, as an admin sees it: over REST, on the console's socket, and as GeoJSON that goes back in.
@Suite struct PresenceTests {
    /// A square of about 220 m around the centre.
    private static let square: String = {
        let (north, east) = (RunningServer.centre.latitude, RunningServer.centre.longitude)
        let corners = [(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)].map { right, up in
            "[\(east + Double(right) * 0.001),\(north + Double(up) * 0.001)]"
        }
        return """
            {"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Square"},
            "geometry":{"type":"Polygon","coordinates":[[\(corners.joined(separator: ","))]]}}]}
            """
    }()

    private func report(_ phone: Phone, north: Double) {
        phone.send(
            "location_update",
            "{\"latitude\":\(RunningServer.centre.latitude + north),\"longitude\":\(RunningServer.centre.longitude)}")
    }

    @Test func bordersThatAreCrossedAreToldAndKept() async throws {
        try await RunningServer.with(drivers: 2) { server in
            let put = try await server.put("zones", as: server.admin, Self.square)
            let zone = try #require(put.json["features"]?.elements?.first?["id"]?.int64)
            let console = try await server.console()
            let phone = try await server.phone(server.drivers[0])
            report(phone, north: 0)
            let entered = try #require(try await console.inbox.message("driver_presence", within: .seconds(5)))
            #expect(entered["data"]?["event"]?.text == "entered" && entered["data"]?["place"]?.text == "zone")
            #expect(entered["data"]?["place_id"]?.int64 == zone)
            let there = try await server.get("drivers/\(phone.person.id)/presence", as: server.admin).json
            #expect(there["now"]?.elements?.compactMap { $0["name"]?.text } == ["Square"])
            // The first far position is not believed before a second one says the same.
            for _ in 0..<2 {
                report(phone, north: 0.004)
                try await phone.settle()
            }
            let left = try await console.inbox.message(within: .seconds(5)) {
                $0["type"]?.text == "driver_presence" && $0["data"]?["event"]?.text == "left"
            }
            #expect(left != nil)
            try await eventually(within: .seconds(15)) {
                try await server.get("zones/events", as: server.admin).json.elements?.count == 2
            }
            let events = try await server.get("zones/events?zone_id=\(zone)", as: server.admin).json.elements ?? []
            #expect(events.map { $0["event"]?.text } == ["left", "entered"])
            #expect(events.allSatisfy { $0["driver_id"]?.int64 == phone.person.id && $0["name"]?.text == "Square" })
            let newest = try #require(events.first?["id"]?.int64)
            let older = try await server.get("zones/events?before=\(newest)&limit=5", as: server.admin).json.elements
            #expect(older?.map { $0["event"]?.text } == ["entered"])
            let other = try await server.get("zones/events?driver_id=\(server.drivers[1].id)", as: server.admin).json
            #expect(other.elements?.isEmpty == true)
            let after = try await server.get("drivers/\(phone.person.id)/presence", as: server.admin).json
            #expect(after["now"]?.elements?.isEmpty == true && after["events"]?.elements?.count == 2)
            phone.socket.close()
            console.socket.close()
        }
    }

    @Test func whatZonesComeOutGoesInAgain() async throws {
        try await RunningServer.with(drivers: 0) { server in
            _ = try await server.put("zones", as: server.admin, Self.square)
            let out = try await server.get("zones", as: server.admin)
            #expect(out.header("content-type")?.hasPrefix("application/geo+json") == true)
            var writer = JSONWriter()
            writer.value(out.json)
            let text = String(decoding: writer.bytes, as: UTF8.self)
            let again = try await server.put("zones", as: server.admin, text)
            #expect(again.status == 200, "\(again.detail)")
            let (first, second) = (out.json["features"]?.elements ?? [], again.json["features"]?.elements ?? [])
            #expect(first.map { $0["geometry"] } == second.map { $0["geometry"] } && second.count == 1)
        }
    }

    @Test func waitsAtRestaurantsAreShownAsDispatchReckonsWithThem() async throws {
        try await TestDatabase.with { database in
            let start = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 - 3600) * 1000)
            let kitchen = RestaurantDraft(name: "Slow Kitchen", address: "Here", phone: nil, point: nil)
            try await RunningServer.with(database, drivers: 1, settings: [:]) { server in
                let store = Store(pool: database.pool)
                let restaurant = try await store.createRestaurant(kitchen).id
                let stays = (1...4).map { number in
                    PresenceEvent(
                        driver: DriverID(server.drivers[0].id), spot: .restaurant(restaurant), beganAt: start,
                        endedAt: start.advanced(bySeconds: Int64(number) * 100), waited: Int64(number) * 100_000)
                }
                try await store.append(stays)
                // Statistics are read at the start.
                #expect(try await server.get("restaurants/waiting", as: server.admin).json.elements?.isEmpty == true)
                let seen = try await server.get("drivers/\(server.drivers[0].id)/presence?limit=1", as: server.admin)
                let newest = try #require(seen.json["events"]?.elements?.first)
                #expect(newest["event"]?.text == "departed" && newest["waited_s"]?.double == 400)
                #expect(newest["name"]?.text == "Slow Kitchen")
            }
            try await RunningServer.with(database, drivers: 0, settings: [:]) { server in
                let rows = try await server.get("restaurants/waiting", as: server.admin).json.elements ?? []
                let row = try #require(rows.first)
                #expect(rows.count == 1 && row["name"]?.text == "Slow Kitchen")
                #expect(row["stays"]?.int64 == 4 && row["median_s"]?.double == 200 && row["p90_s"]?.double == 400)
                // Four stays count for half against four of nothing.
                #expect(row["expected_s"]?.double == 100)
                #expect(try await server.get("drivers/999999/presence", as: server.admin).status == 404)
            }
        }
    }
}
