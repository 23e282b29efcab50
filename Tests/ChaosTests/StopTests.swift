import Contract
import DriverClient
import Glibc
import NIOCore
import Postgres
import Synchronization
import TestSupport
import Testing

/// How the program ends and begins: SIGTERM with phones connected, and the start after it.
@Suite("Stop and start", .serialized, .timeLimit(.minutes(3)))
struct StopTests {
    /// When each socket was closed, and with what.
    private final class Ends: Sendable {
        private let ends = Mutex<[(code: UInt16?, at: Int64)]>([])
        func note(_ code: UInt16?, at moment: Int64) { ends.withLock { $0.append((code, moment)) } }
        var all: [(code: UInt16?, at: Int64)] { ends.withLock { $0 } }
    }

    private func update(_ driver: Int64, _ recordedAt: Int64) -> [UInt8] {
        DriverMessage.location(
            LocationUpdate(latitude: 12.93, longitude: 77.62 + Double(driver % 50) * 0.001, recordedAt: recordedAt)
        ).jsonBytes
    }

    @Test func everythingIsPutInOrderBeforeTheEnd() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 40
        try await ChaosStage.with(plan) { stage in
            let ends = Ends()
            var sockets: [(socket: DriverSocket, inbox: Inbox)] = []
            for driver in stage.drivers {
                let inbox = Inbox()
                let socket = try await stage.client.openSocket(driver: "\(driver.id)", token: driver.token) { event in
                    inbox.receive(event)
                    if case .closed(let close) = event { ends.note(close.code, at: stage.clock.milliseconds) }
                }
                sockets.append((socket, inbox))
            }
            // The signal comes when the last positions have just been read.
            let base = stage.clock.wall
            for step in 0..<20 as Range<Int64> {
                for ((socket, _), driver) in zip(sockets, stage.drivers) { socket.send(update(driver.id, base + step)) }
            }
            for (socket, _) in sockets { socket.send(#"{"type":"ping"}"#) }
            for (_, inbox) in sockets { _ = try #require(try await inbox.message("pong", within: .seconds(20))) }
            let begin = stage.clock.milliseconds
            let server = try #require(stage.server)
            server.send(SIGTERM)
            var isDraining = false
            try? await eventually(within: .seconds(2)) {
                let answer = try? await stage.client.call(.get, "/health/ready")
                isDraining = answer?.status == 503
                return isDraining
            }
            let code = try await server.waitForEnd(within: .seconds(30))
            let took = stage.clock.milliseconds - begin
            let times = ends.all.map { $0.at - begin }.sorted()
            print(
                "stop: exit code \(code ?? -99) after \(took) ms;",
                "closes from \(times.first ?? 0) to \(times.last ?? 0) ms"
            )
            #expect(code == 0)
            #expect(isDraining)
            #expect(took < 12_000)
            #expect(ends.all.count == 40 && ends.all.allSatisfy { $0.code == 1012 }, "\(ends.all)")
            let window = (times.last ?? 0) - (times.first ?? 0)
            #expect(window > 2500, "the closes are spread, because every app comes back after exactly one second")
            #expect(Set(times.map { $0 / 500 }).count >= 5, "not all at once: \(times)")
            let stored = try await stage.pool.query("SELECT count(*) FROM driver_locations").only().get(0, as: Int.self)
            #expect(stored == 800, "positions that were read are flushed")
            let lease = try await stage.pool.query(
                "SELECT (extract(epoch FROM expires_at) * 1000)::int8 + 1000 FROM dispatch_lease"
            ).map { try $0.get(0, as: Int64.self) }
            let firstClose = stage.clock.wall - (stage.clock.milliseconds - begin - (times.first ?? 0))
            #expect(
                lease.allSatisfy { $0 <= firstClose + 20 }, "the ticks end before the sockets: \(lease) \(firstClose)")
        }
    }

    /// The start: accepting at once, the drivers back, and what was not delivered told.
    @Test func afterTheStartEverythingOpenIsTold() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 20
        try await ChaosStage.with(plan) { stage in
            var orders: [Int64: Int64] = [:]
            for (number, driver) in stage.drivers.enumerated() {
                let id = try #require(await stage.placeOrder("open\(number)").json["id"]?.int64)
                let answer = await stage.call().make(
                    .post, "/api/v1/orders/\(id)/assign", #"{"driver_id":\#(driver.id)}"#,
                    for: .force(order: id, driver: driver.id))
                #expect(answer.outcome == .ok)
                orders[driver.id] = id
            }
            try await stage.killServer()
            let ready = try await stage.startServer()
            let begin = stage.clock.milliseconds
            var inboxes: [Int64: Inbox] = [:]
            for driver in stage.drivers {
                let inbox = Inbox()
                _ = try await stage.client.openSocket(driver: "\(driver.id)", token: driver.token) { inbox.receive($0) }
                inboxes[driver.id] = inbox
            }
            for (driver, inbox) in inboxes {
                let told = try await inbox.message("order_assigned", within: .seconds(10))
                #expect(told?["data"]?["order_id"]?.int64 == orders[driver])
            }
            let told = stage.clock.milliseconds - begin
            print("start: ready after \(ready) ms; \(inboxes.count) open events told within \(told) ms")
            #expect(ready < 5000)
        }
    }

    /// Over TLS, with phones that went away without a word: nothing waits for their farewell.
    @Test func theEndOverTLSDoesNotWaitForWhoHasLeft() async throws {
        let certificate = "/tmp/tiffin-chaos-tls-\(getpid())"
        defer { _ = ServerProcess.run(["rm", "-f", certificate + ".pem", certificate + ".key"]) }
        let made = ServerProcess.run([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", certificate + ".key",
            "-out", certificate + ".pem",
        ])
        try #require(made == 0)
        var plan = ChaosStage.Plan()
        plan.drivers = 12
        plan.scheme = "https"
        plan.trust = .file(certificate + ".pem")
        plan.settings = [
            "http-tls-certificate": certificate + ".pem", "http-tls-key": certificate + ".key",
            "ws-ping-interval": "25",
        ]
        try await ChaosStage.with(plan) { stage in
            let link = FaultProxy(
                upstream: try SocketAddress(ipAddress: "127.0.0.1", port: stage.port), group: stage.group)
            let port = try await link.start()
            let far = try WireClient(
                try #require(ServerAddress("https://127.0.0.1:\(port)")), trust: plan.trust)
            let ends = Ends()
            for (number, driver) in stage.drivers.enumerated() {
                let client = number % 2 == 0 ? far : stage.client
                _ = try await client.openSocket(driver: "\(driver.id)", token: driver.token) { event in
                    if case .closed(let close) = event { ends.note(close.code, at: stage.clock.milliseconds) }
                }
            }
            link.mode = .blackhole
            let begin = stage.clock.milliseconds
            let server = try #require(stage.server)
            server.send(SIGTERM)
            let code = try await server.waitForEnd(within: .seconds(40))
            let took = stage.clock.milliseconds - begin
            print("stop over TLS with \(plan.drivers / 2) phones gone: exit code \(code ?? -99) after \(took) ms")
            #expect(code == 0)
            #expect(took < 12_000)
            #expect(ends.all.count { $0.code == 1012 } == plan.drivers / 2)
            await far.shutdown()
            await link.stop()
        }
    }
}
