import API
import Contract
import DispatchCore
import Fulfilment
import Geo
import HTTPTypes
import HummingbirdTesting
import Identity
import Simulation
import Testing

@Suite struct ServerTests {
    @Test func theConsolesOriginMayCallAndAnotherMayNot() async throws {
        let house = try await RestHouse { $0.settings.corsOrigins = ["http://localhost:5173"] }
        try await house.serve { caller in
            let asked: HTTPFields = [
                .origin: "http://localhost:5173", .accessControlRequestMethod: "PATCH",
                .accessControlRequestHeaders: "authorization,content-type",
            ]
            let preflight = try await caller.call(.options, "drivers/1/status", headers: asked)
            #expect(preflight.status == 204)
            #expect(preflight.headers[.accessControlAllowOrigin] == "http://localhost:5173")
            #expect(preflight.headers[.accessControlAllowMethods]?.contains("PATCH") == true)
            #expect(preflight.headers[.accessControlAllowMethods]?.contains("DELETE") == true)
            #expect(preflight.headers[.accessControlAllowHeaders]?.contains("Authorization") == true)
            // An error must carry the field too, or the console cannot read its detail.
            let refused = try await caller.get("orders", headers: [.origin: "http://localhost:5173"])
            #expect(refused.status == 401)
            #expect(refused.headers[.accessControlAllowOrigin] == "http://localhost:5173")
            for origin in ["http://evil.example", "null"] {
                let other = try await caller.get("/health/live", headers: [.origin: origin])
                #expect(other.headers[.accessControlAllowOrigin] == nil)
            }
        }
    }

    @Test(arguments: [true, false]) func browsersAreToldToComeByTLSWhereItIsSpoken(speaksTLS: Bool) async throws {
        let house = try await RestHouse { $0.settings.speaksTLS = speaksTLS }
        try await house.serve { caller in
            for path in ["/health/live", "/nowhere"] {
                let field = try await caller.get(path).headers[.strictTransportSecurity]
                #expect(field == (speaksTLS ? "max-age=31536000" : nil))
            }
        }
    }

    @Test func healthTellsWhatIsNotReady() async throws {
        let down = Counter()
        let house = try await RestHouse { parts in
            parts.hooks.readiness = {
                [APIHooks.Part(name: "database", isReady: down.next() == 1, detail: "no answer")]
            }
            parts.hooks.metrics = { "up 1\n" }
        }
        try await house.serve { caller in
            let root = try await caller.get("/")
            #expect(root.status == 200 && root.json["name"]?.text == "tiffin")
            let ready = try await caller.get("/health/ready")
            #expect(ready.status == 200)
            let degraded = try await caller.get("/health/ready")
            #expect(degraded.status == 503)
            #expect(degraded.json["parts"]?["database"]?["ready"]?.boolean == false)
            #expect(try await caller.get("/health/live").status == 200)
            #expect(try await caller.get("/metrics").text == "up 1\n")
        }
    }

    @Test func theSameHoldsOverARealSocket() async throws {
        let house = try await RestHouse { $0.settings.bodyLimit = 100_000 }
        try await house.serve(over: .live) { caller in
            let profile = try await caller.get("driver/profile", as: house.token(house.asha))
            #expect(profile.status == 200)
            #expect(profile.json["name"]?.text == "asha")
            let large = try await caller.post("auth/login", String(repeating: " ", count: 200_000))
            #expect(large.status == 413)
            #expect(large.code == "body_too_large")
            let after = try await caller.call(.patch, "orders", as: house.adminToken)
            #expect(after.status == 405)
        }
    }

    @Test func aDrainingServerRefusesEverythingButHealth() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            house.api.drain.begin()
            let refused = try await caller.get("driver/profile", as: house.token(house.asha))
            #expect(refused.status == 503)
            #expect(refused.code == "draining")
            #expect(refused.headers[.retryAfter] == "1")
            #expect(try await caller.get("/health/live").status == 200)
            #expect(try await caller.get("/health/ready").status == 503)
        }
    }

    @Test func noLogLineHoldsATokenOrAQuery() async throws {
        let house = try await RestHouse()
        try await house.serve { caller in
            let token = house.token(house.asha)
            _ = try await caller.get("driver/profile?token=\(token)", as: token)
            _ = try await caller.get("nothing?token=\(token)", as: token)
            _ = try await caller.get("orders/1/explain?token=\(token)", as: token + "x")
            _ = try await caller.post("auth/refresh", #"{"refresh_token":"rt_secret"}"#)
            house.city.store.setDown(true)
            _ = try await caller.get("driver/profile", as: token)
            let lines = house.logs.all
            #expect(!lines.isEmpty)
            #expect(lines.contains { $0.contains("/api/v1/driver/profile") })
            #expect(!lines.contains { $0.contains("eyJ") || $0.contains("token=") || $0.contains("rt_secret") })
        }
    }

    @Test func theForwardedAddressCountsBehindATrustedProxyOnly() async throws {
        let proxies = try TrustedProxies(["127.0.0.0/8"])
        let house = try await RestHouse { $0.settings.trustedProxies = proxies }
        try await house.serve(over: .live) { caller in
            let forwarded = HTTPField.Name("X-Forwarded-For") ?? .date
            let wrong = #"{"identity":"asha@example.org","password":"wrong"}"#
            for number in 0..<10 {
                // The client writes the left part itself; only what the proxy added counts.
                let from: HTTPFields = [forwarded: "10.0.0.\(number), 203.0.113.7"]
                _ = try await caller.call(.post, "auth/login", body: wrong, headers: from)
            }
            let same = try await caller.call(
                .post, "auth/login", body: wrong, headers: [forwarded: "198.51.100.1, 203.0.113.7"])
            #expect(same.status == 429)
            let other = try await caller.call(.post, "auth/login", body: wrong, headers: [forwarded: "203.0.113.8"])
            #expect(other.status == 401)
        }
    }
}
