import Contract
import DriverClient
import Glibc
import NIOCore
import Postgres
import TestSupport
import Testing

/// What was asked for by `make chaos`.
enum ChaosWish {
    static var isWanted: Bool { getenv("TIFFIN_CHAOS") != nil }
    static var minutes: Int { getenv("TIFFIN_MINUTES").flatMap { Int(String(cString: $0)) } ?? 10 }
    static var isRoot: Bool { geteuid() == 0 }
}

/// The rough tests of `make chaos`, one for each fault: what the clients saw is compared with what is stored, and each
/// prints what it showed. `TIFFIN_MINUTES` makes the repeated ones longer; from 20 on the database is also away for ten
/// minutes.
@Suite("Chaos, long", .serialized, .enabled(if: ChaosWish.isWanted), .timeLimit(.minutes(60)))
struct LongChaosTests {
    /// Rounds of a repeated fault.
    private var rounds: Int { max(2, ChaosWish.minutes / 2) }

    private func report(_ name: String, _ stage: ChaosStage, _ findings: [String], _ more: String = "") {
        print(
            "chaos: \(name): \(findings.isEmpty ? "kept" : "BROKEN \(findings.prefix(5))"); \(more) "
                + stage.history.snapshot.summary)
    }

    // MARK: PostgreSQL

    @Test(arguments: [false, true])
    func theDatabaseIsRestarted(crashing: Bool) async throws {
        try await ChaosStage.with { stage in
            let findings = try await ChaosRun(stage: stage).findings {
                for _ in 0..<rounds {
                    try await Task.sleep(for: .seconds(3))
                    try await stage.stopDatabase(crashing: crashing)
                    try await stage.startDatabase()
                }
                try await Task.sleep(for: .seconds(2))
            }
            report(crashing ? "database crashes" : "database restarts", stage, findings)
            #expect(findings == [])
        }
    }

    @Test func theDatabaseIsAwayForAMinute() async throws {
        try await awayFor(seconds: 60, name: "database away for 60 s")
    }

    @Test(.enabled(if: ChaosWish.minutes >= 20))
    func theDatabaseIsAwayForTenMinutes() async throws {
        try await awayFor(seconds: 600, name: "database away for 10 min")
    }

    /// Sockets stay, pings are answered, writes are refused at once, positions wait and are all there afterwards.
    private func awayFor(seconds: Int, name: String) async throws {
        try await ChaosStage.with { stage in
            var isLive = false
            var isReady = true
            var refusedAfter: Int64 = 0
            let findings = try await ChaosRun(stage: stage).findings(ordersEvery: .seconds(2)) {
                try await Task.sleep(for: .seconds(3))
                try await stage.stopDatabase(crashing: false)
                try await Task.sleep(for: .seconds(seconds / 2))
                isLive = try await stage.client.call(.get, "/health/live").status == 200
                isReady = try await stage.isReady()
                let begin = stage.clock.milliseconds
                let answer = await stage.placeOrder("while-away")
                refusedAfter = stage.clock.milliseconds - begin
                #expect(answer.status == 503)
                try await Task.sleep(for: .seconds(seconds - seconds / 2))
                try await stage.startDatabase()
                try await Task.sleep(for: .seconds(3))
            }
            let record = stage.history.snapshot
            report(name, stage, findings, "a write was refused after \(refusedAfter) ms;")
            #expect(findings == [])
            #expect(isLive && !isReady)
            #expect(record.closes == [:], "every socket stayed")
            #expect(record.pong(0.99) < 2000)
            #expect(refusedAfter < 2000)
        }
    }

    @Test func theDatabaseStallsAndGoesOn() async throws {
        try await ChaosStage.with { stage in
            let findings = try await ChaosRun(stage: stage).findings {
                for _ in 0..<rounds {
                    try await Task.sleep(for: .seconds(3))
                    try await stage.stallDatabase(for: .seconds(12))
                }
                try await Task.sleep(for: .seconds(2))
            }
            let record = stage.history.snapshot
            report("database stalls for 12 s", stage, findings)
            #expect(findings == [])
            #expect((record.operations.map(\.took).max() ?? 0) < 4500, "a stall is noticed by the deadline")
        }
    }

    @Test func commitsWhoseOutcomeNobodyHears() async throws {
        try await ChaosStage.with { stage in
            let findings = try await ChaosRun(stage: stage).findings {
                for _ in 0..<(10 * rounds) {
                    stage.databaseLink.cut([.after])
                    try await Task.sleep(for: .milliseconds(300))
                    stage.databaseLink.cut([.before])
                    try await Task.sleep(for: .milliseconds(300))
                }
                stage.databaseLink.clearCuts()
            }
            let tally = stage.databaseLink.tally
            report("commits cut", stage, findings, "cut before \(tally.cutsBefore), after \(tally.cutsAfter);")
            #expect(findings == [])
            #expect(tally.cutsAfter > 10 && tally.cutsBefore > 10)
            // The database was asked what became of each: nobody was left without a plain word.
            #expect(stage.history.snapshot.counted(.unknown) == 0)
        }
    }

    @Test func theLinkToTheDatabaseBreaksAgainAndAgain() async throws {
        try await ChaosStage.with { stage in
            let findings = try await ChaosRun(stage: stage).findings {
                for round in 0..<(10 * rounds) {
                    try await Task.sleep(for: .milliseconds(200 + 37 * (round % 7)))
                    stage.databaseLink.reset()
                }
                try await stage.swallowDatabaseLink(for: .seconds(10))
                try await Task.sleep(for: .seconds(2))
            }
            report("link resets and a black hole of 10 s", stage, findings)
            #expect(findings == [])
        }
    }

    // MARK: Full disks

    @Test(.enabled(if: ChaosWish.isRoot, "mounting a small volume needs root"))
    func theDisksOfTheDataAreFull() async throws {
        var plan = ChaosStage.Plan()
        plan.volume = .data
        try await ChaosStage.with(plan) { stage in
            var readsGoOn = false
            var refused = 0
            let findings = try await ChaosRun(stage: stage).findings {
                try await Task.sleep(for: .seconds(3))
                stage.fillVolume()
                let before = stage.history.snapshot.operations.count
                try await Task.sleep(for: .seconds(15))
                readsGoOn = try await stage.client.call(.get, "/api/v1/orders", token: stage.adminToken).status == 200
                refused = stage.history.snapshot.operations.dropFirst(before).count { $0.outcome != .ok }
                stage.emptyVolume()
                try await Task.sleep(for: .seconds(3))
            }
            report("data volume full", stage, findings, "refused meanwhile \(refused), reads go on: \(readsGoOn);")
            #expect(findings == [])
            #expect(readsGoOn && refused > 0)
        }
    }

    @Test(.enabled(if: ChaosWish.isRoot, "mounting a small volume needs root"))
    func theDiskOfTheWriteAheadLogIsFull() async throws {
        var plan = ChaosStage.Plan()
        plan.volume = .log
        try await ChaosStage.with(plan) { stage in
            var stopped = false
            let findings = try await ChaosRun(stage: stage).findings {
                try await Task.sleep(for: .seconds(3))
                let begin = stage.clock.milliseconds
                stage.fillVolume()
                stage.history.note(Kill(at: begin, isOfDatabase: true))
                // PostgreSQL gives up when it cannot write its log, and stays down until somebody starts it.
                for _ in 0..<40 where stage.isDatabaseRunning {
                    _ = try? await stage.pool.query("SELECT pg_switch_wal()")
                    try await Task.sleep(for: .milliseconds(250))
                }
                stopped = !stage.isDatabaseRunning
                stage.history.note(Kill(at: stage.clock.milliseconds, isOfDatabase: true))
                try await Task.sleep(for: .seconds(2))
                stage.emptyVolume()
                stage.history.note(trouble: begin...stage.clock.milliseconds)
                try await stage.stopDatabase(crashing: false)
                try await stage.startDatabase()
                try await Task.sleep(for: .seconds(2))
            }
            report("log volume full", stage, findings, "PostgreSQL stopped: \(stopped);")
            #expect(findings == [])
            #expect(stopped)
        }
    }

    // MARK: The server

    @Test func theServerIsKilledAtAnyMoment() async throws {
        try await ChaosStage.with { stage in
            var random = SeededGenerator(seed: 7)
            var starts: [Int64] = []
            let findings = try await ChaosRun(stage: stage).findings(ordersEvery: .milliseconds(100)) {
                for round in 0..<(3 * rounds) {
                    try await Task.sleep(for: .milliseconds(Int.random(in: 500...4000, using: &random)))
                    // At a random moment, and just before or in the commit of a dispatch round.
                    switch round % 3 {
                    case 0: try await stage.killServer()
                    case 1: try await stage.killServer(atEngineCommit: .before)
                    default: try await stage.killServer(atEngineCommit: .after)
                    }
                    starts.append(try await stage.startServer())
                }
                try await Task.sleep(for: .seconds(2))
            }
            report("server killed", stage, findings, "\(starts.count) kills, ready again after \(starts.sorted()) ms;")
            #expect(findings == [])
        }
    }

    @Test(arguments: [3600, -3600] as [Int64])
    func theClockIsSet(by seconds: Int64) async throws {
        let shim = try ClockShim()
        defer { shim.remove() }
        var plan = ChaosStage.Plan()
        plan.environment = shim.environment
        try await ChaosStage.with(plan) { stage in
            let findings = try await ChaosRun(stage: stage).findings {
                try await Task.sleep(for: .seconds(3))
                stage.history.note(clockStep: seconds * 1000)
                shim.set(by: seconds)
                try await Task.sleep(for: .seconds(8))
                shim.set(by: 0)
                try await Task.sleep(for: .seconds(8))
            }
            let record = stage.history.snapshot
            let lapsed = try await stage.pool.query(
                "SELECT count(*) FROM order_audit WHERE asked_by = 'engine' AND to_state = 'PENDING'"
            ).only().get(0, as: Int.self)
            report("clock set by \(seconds) s and back", stage, findings, "orders taken back: \(lapsed);")
            #expect(findings == [])
            #expect(record.closes == [:] && lapsed == 0)
            #expect(record.arrivals.count > 5)
        }
    }

    // MARK: Phones

    /// A phone whose network swallows everything, while the others go on: the server notices by its pings, and the
    /// driver who comes back hears what he missed.
    @Test func halfOpenSocketsAreNoticed() async throws {
        try await ChaosStage.with { stage in
            let upstream = try SocketAddress(ipAddress: "127.0.0.1", port: stage.port)
            let link = FaultProxy(upstream: upstream, group: stage.group)
            let client = try WireClient(try #require(ServerAddress("http://127.0.0.1:\(try await link.start())")))
            let away = stage.phone(0, over: client)
            var noticed: [Int64] = []
            var outcome: Result<[String], any Error>
            do {
                outcome = .success(
                    try await ChaosRun(stage: stage).findings(phones: [away] + stage.phones().dropFirst()) {
                        for round in 0..<rounds {
                            link.mode = .blackhole
                            let begin = stage.clock.milliseconds
                            let order = await stage.placeOrder("half-open\(round)")
                            let id = try #require(order.json["id"]?.int64)
                            await stage.call().make(
                                .post, "/api/v1/orders/\(id)/assign", #"{"driver_id":\#(away.id)}"#,
                                for: .force(order: id, driver: away.id))
                            noticed.append(try await stage.waitUntilGone([away.id], since: begin, times: round + 1))
                            link.mode = .pass
                            link.reset()
                            _ = try await stage.storm([away])
                        }
                    })
            } catch { outcome = .failure(error) }
            await client.shutdown()
            await link.stop()
            let findings = try outcome.get()
            report("half-open socket", stage, findings, "noticed after \(noticed) ms with pings every 2 s;")
            #expect(findings == [])
            #expect(noticed.allSatisfy { $0 < 12_000 })
        }
    }

    /// Every phone loses its connection at once, while orders go on.
    @Test func everybodyReconnectsAtOnce() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 300
        plan.driversAct = false
        try await ChaosStage.with(plan) { stage in
            let phones = stage.phones()
            let run = ChaosRun(stage: stage)
            var back: [Int64] = []
            let findings = try await run.findings(phones: phones) {
                for _ in 0..<rounds {
                    try await Task.sleep(for: .seconds(4))
                    back.append(try await stage.storm(phones))
                }
            }
            let slowest = stage.history.snapshot.operations.map(\.took).max() ?? 0
            report("reconnect storm of \(phones.count)", stage, findings, "all back after \(back) ms (each waits 1 s);")
            #expect(findings == [])
            #expect(slowest < 5000, "nobody waited for the storm")
        }
    }

    /// Clients that ask and never read cost a bounded amount of memory and are let go; the others notice nothing.
    @Test func clientsThatNeverReadCostLittle() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 205
        plan.settings = ["ws-message-rate": "2000", "ws-message-burst": "100000"]
        try await ChaosStage.with(plan) { stage in
            let before = stage.server?.residentKilobytes ?? 0
            let readers = try await SlowReader.connect(stage, 200)
            try await Task.sleep(for: .seconds(1))
            let connected = stage.server?.residentKilobytes ?? 0
            var most = connected
            let findings = try await ChaosRun(stage: stage).findings(phones: stage.phones(5)) {
                for reader in readers { reader.flood(frames: 40_000) }
                for _ in 0..<40 {
                    try await Task.sleep(for: .milliseconds(500))
                    most = max(most, stage.server?.residentKilobytes ?? 0)
                }
            }
            let left = try await stage.client.call(.get, "/health/ready").json["connections"]?.int64 ?? -1
            for reader in readers { reader.drop() }
            report(
                "\(readers.count) clients that never read", stage, findings,
                "memory \(before) -> \(connected) -> most \(most) kB, sockets left \(left);")
            #expect(findings == [])
            // 64 KiB outbound and as much inbound for each, and some room.
            #expect(most - connected < readers.count * 200 + 30_000)
        }
    }
}
