import Contract
import DriverClient
import Foundation
import Postgres
import TestSupport
import Testing

/// What an operator sets, and what it changes for those who are connected.
@Suite(.serialized) struct OperatorRowsTests {
    private func online(_ server: RunningServer, _ person: RunningServer.Person) async throws -> Phone {
        let phone = try await server.phone(person)
        report(phone)
        _ = try await server.put("driver/status", as: person.token, #"{"status":"online"}"#)
        return phone
    }

    private func report(_ phone: Phone) {
        phone.send(
            "location_update",
            #"{"lat":\#(RunningServer.centre.latitude),"lng":\#(RunningServer.centre.longitude)}"#)
    }

    @Test func batchesLapsesAndStalePositionsAreAsTheSettingsSay() async throws {
        let settings = EngineRowsTests.engine.merging([
            "dispatch.maxBatch": "1", "dispatch.lapseAfter": "1", "geo.staleAfter": "2", "auth.accessTTL": "900",
        ]) { $1 }
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let driver = server.drivers[0]
            let login = try await server.post(
                "auth/login", as: "", #"{"identity":"\#(driver.email)","password":"\#(RunningServer.password)"}"#)
            #expect(login.json["expires_in"]?.int64 == 900)
            let phone = try await online(server, driver)
            let orders = [try await server.placeOrder(), try await server.placeOrder(east: 10)]
            try await eventually(within: .seconds(20)) {
                report(phone)
                return !phone.heard("order_assigned").isEmpty
            }
            #expect(phone.heard("order_assigned").allSatisfy { $0["data"]?["order_count"]?.int64 == 1 })
            // He does not accept: it lapses, and he does not get it again.
            let lapsed = try await phone.hears("order_unassigned", within: .seconds(20))
            #expect(lapsed["data"]?["code"]?.text == "timeout")
            #expect(orders.contains { $0 == lapsed["data"]?["order_id"]?.int64 })
            // His position grows old, so what comes now has to wait for the next one.
            try await eventually(within: .seconds(10)) {
                try await server.number(
                    """
                    SELECT (extract(epoch FROM clock_timestamp() - max(created_at)) * 1000)::int8 \
                    FROM driver_locations
                    """) > 2100
            }
            let late = try await server.placeOrder(east: 20)
            try await eventually(within: .seconds(10)) {
                let decision = try await server.get("orders/\(late)/explain", as: server.admin).json["decision"]
                return decision?["outcome"]?.text != nil
            }
            #expect(try await server.order(late)["status"]?.text == "PENDING")
            try await eventually(within: .seconds(20)) {
                report(phone)
                return phone.heard("order_assigned").contains { $0["data"]?["order_id"]?.int64 == late }
            }
        }
    }

    /// The contract's second limit: a driver who connects too often is slowed, and admitted again as time goes on.
    @Test func connectionsAreGivenBackAtTheirRateAndAnAddressIsCountedBehindItsProxy() async throws {
        let settings = [
            "ws.connectBurst": "2", "ws.connectRefill": "0.3", "http.trustedProxies": "127.0.0.0/8",
            "auth.accessTTL": "43200",
        ]
        try await RunningServer.with(drivers: 1, settings: settings) { server in
            let driver = server.drivers[0]
            for _ in 0..<2 { _ = try await server.phone(driver) }
            let held = Inbox()
            _ = try await server.client.openSocket(driver: "\(driver.id)", token: driver.token) { held.receive($0) }
            #expect(try await held.close(within: .seconds(15))?.code == 1008)
            // By the time that the penalty has passed he may connect again.
            _ = try await server.phone(driver)
            // A driver whom nobody knows: the token is good, the account is not there.
            let stranger = try await server.token(for: 999_999, issuedAt: Int64(Date().timeIntervalSince1970 * 1000))
            #expect(
                try await server.refusal(of: stranger, driver: 999_999)
                    == SocketClose(code: 4001, reason: "token_revoked"))
            func guess(from address: String) async throws -> RESTAnswer {
                try await server.client.call(
                    .post, "/api/v1/auth/login", body: Array(#"{"identity":"\#(driver.email)","password":"no"}"#.utf8),
                    headers: [("x-forwarded-for", address)])
            }
            // The left part is the client's own; only what the proxy added counts.
            for number in 0..<10 { _ = try await guess(from: "198.51.100.\(number), 203.0.113.7") }
            let refused = try await guess(from: "203.0.113.7")
            #expect(refused.status == 429)
            #expect((refused.header("retry-after").flatMap { Int($0) } ?? 0) > 0)
            #expect(try await guess(from: "203.0.113.8").status == 401)
        }
    }

    @Test func historyIsKeptAsLongAsTheSettingSays() async throws {
        try await TestDatabase.with { database in
            try await RunningServer.with(database, drivers: 0, settings: [:]) { server in
                _ = try await database.pool.query("SELECT make_location_partition(current_date - 4)")
                let count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'driver_locations'::regclass"
                let before = try await server.number(count)
                try await RunningServer.with(
                    database, drivers: 0, settings: ["locations.retentionDays": "3"]
                ) { second in
                    try await eventually(within: .seconds(20)) { try await second.number(count) == before - 1 }
                }
            }
        }
    }

    @Test func aFlagWinsOverTheEnvironmentOverTheFileOverTheDefault() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tiffin-show-\(getpid()).yaml")
        try """
        http:
          port: 8101
        dispatch:
          tick: 21
          maxBatch: 2
        auth:
          secret: a secret of the file that nobody may see
        """.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let shown = try await Program.run(
            ["config", "show", "--config", file.path, "--http-port", "8103"],
            ["TIFFIN_HTTP_PORT": "8102", "TIFFIN_DISPATCH_TICK": "22", "DATABASE_URL": "postgresql://u:geheim@h/d"])
        #expect(shown.status == 0, "\(shown.errors)")
        let lines = shown.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        func line(_ key: String) -> [String] { lines.first { $0.first == key } ?? [] }
        #expect(line("http.port") == ["http.port", "flag", "8103"])
        #expect(line("dispatch.tick").dropFirst().first == "environment" && Double(line("dispatch.tick")[2]) == 22)
        #expect(line("dispatch.maxBatch") == ["dispatch.maxBatch", "file", "2"])
        #expect(line("dispatch.maxHold") == ["dispatch.maxHold", "default", "20", "s"])
        #expect(line("database.url").last == "(hidden)" && line("auth.secret").last == "(hidden)")
        #expect(!shown.output.contains("geheim") && !shown.output.contains("nobody may see"))
    }

    @Test func theFirstAdminComesFromTheEnvironmentAndOnlyTheFirst() async throws {
        try await TestDatabase.with { database in
            for (email, isAdmitted) in [("first@example.org", true), ("second@example.org", false)] {
                let port = try await Program.unusedPort()
                let process = Process()
                process.executableURL = URL(fileURLWithPath: Program.path)
                process.arguments = ["serve", "--http-host", "127.0.0.1", "--http-port", "\(port)"]
                process.environment = [
                    "DATABASE_URL": database.url, "TIFFIN_AUTH_SECRET": RunningServer.secret,
                    "TIFFIN_ADMIN_EMAIL": email, "TIFFIN_ADMIN_PASSWORD": "a long password",
                ]
                process.standardOutput = FileHandle.nullDevice
                process.standardError = FileHandle.nullDevice
                try process.run()
                defer { kill(process.processIdentifier, SIGKILL) }
                let client = try WireClient(try #require(ServerAddress("http://127.0.0.1:\(port)")))
                try await eventually(within: .seconds(30)) {
                    (try? await client.call(.get, "/health/ready"))?.status == 200
                }
                let login = try await client.call(
                    .post, "/api/v1/auth/admin/login",
                    body: Array(#"{"email":"\#(email)","password":"a long password"}"#.utf8))
                await client.shutdown()
                #expect((login.status == 200) == isAdmitted, "\(email): \(login.status)")
            }
        }
    }

    @Test func theDemoListensWhereItIsToldAndItsReadyFileSaysHow() async throws {
        let folder = "/tmp/tiffin-ready-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try DoorCertificateTests.Files()
        let port = try await Program.unusedPort()
        let ready = folder + ".json"
        defer { try? FileManager.default.removeItem(atPath: ready) }
        let ended = try await Program.run(
            [
                "demo", "--port", "\(port)", "--data-dir", folder, "--no-drivers", "--for", "1", "--ready-file", ready,
                "--http-tls-certificate", files.certificate, "--http-tls-key", files.key,
            ], ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TIFFIN_HTTP_PORT": "1"], within: .seconds(60))
        #expect(ended.status == 0, "\(ended.errors)")
        let report = try JSON(parsing: try String(contentsOfFile: ready, encoding: .utf8))
        #expect(report["url"]?.text == "https://127.0.0.1:\(port)")
        let first = report["drivers"]?.elements?.first
        #expect(first?["id"]?.int64 == 123)
        let password = try #require(first?["password"]?.text)
        #expect(ended.output.contains(password), "a person can be driver 123")
    }
}
