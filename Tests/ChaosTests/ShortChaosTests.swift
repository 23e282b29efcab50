import Contract
import DriverClient
import Glibc
import NIOCore
import Postgres
import Testing

/// The short form of the rough tests: every kind of fault once, in less than a minute. `make chaos` is the long form.
@Suite("Chaos, short", .serialized, .timeLimit(.minutes(3)))
struct ShortChaosTests {
    /// What breaks in the middle: a crash of PostgreSQL, a stall, commits whose outcome nobody hears, a server killed
    /// before and in a commit of a dispatch round.
    @Test func whateverBreaksNothingAcknowledgedIsLostAndEveryEventArrives() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 4
        try await ChaosStage.with(plan) { stage in
            let findings = try await ChaosRun(stage: stage).findings {
                try await Task.sleep(for: .seconds(2))
                try await stage.cutCommits([.after, .before, .after, .before], within: .seconds(10))
                try await Task.sleep(for: .seconds(2))
                try await stage.stopDatabase(crashing: true)
                try await stage.startDatabase()
                try await Task.sleep(for: .seconds(2))
                try await stage.stallDatabase(for: .seconds(3))
                try await stage.cutCommits([.after, .before], within: .seconds(10))
                // What was read in the time of trouble has to be written when the server is killed.
                try await Task.sleep(for: .seconds(4.5))
                for cut in FaultProxy.CommitCut.allCases {
                    try await stage.killServer(atEngineCommit: cut)
                    try await stage.startServer()
                }
                try await Task.sleep(for: .seconds(2))
            }
            let record = stage.history.snapshot
            #expect(findings == [], "\(record.summary)")
            #expect(record.counted(.ok) > 20, "\(record.summary)")
            #expect(stage.databaseLink.tally.cutsAfter >= 2 && stage.databaseLink.tally.cutsBefore >= 2)
            #expect(record.arrivals.count > 5, "\(record.summary)")
            print("chaos, short:", record.summary)
        }
    }

    /// What goes away and comes back: PostgreSQL restarted, away, in a black hole; the clock set; a phone whose network
    /// swallows everything; clients that never read; everybody reconnecting at once.
    @Test func whateverComesBackFindsEverythingAsItWas() async throws {
        let shim = try ClockShim()
        defer { shim.remove() }
        var plan = ChaosStage.Plan()
        plan.drivers = 35
        plan.environment = shim.environment
        try await ChaosStage.with(plan) { stage in
            let link = FaultProxy(
                upstream: try SocketAddress(ipAddress: "127.0.0.1", port: stage.port), group: stage.group)
            let address = try #require(ServerAddress("http://127.0.0.1:\(try await link.start())"))
            let client = try WireClient(address)
            let away = stage.phone(0, over: client)
            let phones = [away] + stage.phones(30).dropFirst()
            let readers = try await SlowReader.connect(stage, 5)
            var back: Int64 = 0
            var halfOpen: Int64?
            let run = ChaosRun(stage: stage)
            let outcome = await outcome(of: run, phones) {
                for reader in readers { reader.flood(frames: 50) }
                link.mode = .blackhole
                let begin = stage.clock.milliseconds
                try await stage.takeDatabaseAway(for: .zero)
                try await Task.sleep(for: .seconds(1))
                try await stage.takeDatabaseAway(for: .seconds(5))
                halfOpen = try await stage.waitUntilGone([away.id] + stage.drivers.suffix(5).map(\.id), since: begin)
                link.mode = .pass
                link.reset()
                away.drop()
                try await Task.sleep(for: .seconds(1))
                try await stage.swallowDatabaseLink(for: .seconds(5))
                for seconds in [3600, -3600] as [Int64] {
                    stage.history.note(clockStep: seconds * 1000)
                    shim.set(by: seconds)
                    try await Task.sleep(for: .seconds(2))
                    shim.set(by: 0)
                    try await Task.sleep(for: .seconds(1))
                }
                back = try await stage.storm(phones)
            }
            for reader in readers { reader.drop() }
            await client.shutdown()
            await link.stop()
            let findings = try outcome.get()
            let record = stage.history.snapshot
            print("chaos, short: gone after \(halfOpen ?? -1) ms, all back after \(back) ms;", record.summary)
            #expect(findings == [], "\(record.summary)")
            #expect((halfOpen ?? .max) < 15_000, "half-open sockets and mute readers are noticed")
            #expect(back < 15_000)
            #expect(record.counted(.ok) > 20 && record.arrivals.count > 5, "\(record.summary)")
        }
    }

    private func outcome(
        of run: ChaosRun, _ phones: [ChaosPhone], _ faults: () async throws -> Void
    ) async -> Result<[String], any Error> {
        do {
            return .success(
                try await run.findings(phones: phones, ordersEvery: .milliseconds(400), faults: faults))
        } catch { return .failure(error) }
    }

    /// The look at the slowest call sees a stall that nobody notices: with a deadline of half a minute.
    @Test func aStallIsSeenWithoutADeadline() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 1
        plan.driversAct = false
        plan.settings = ["database-deadline": "30"]
        try await ChaosStage.with(plan) { stage in
            _ = try await ChaosRun(stage: stage).findings(settle: false) {
                try await Task.sleep(for: .seconds(1))
                try await stage.stallDatabase(for: .seconds(5))
                try await Task.sleep(for: .seconds(1))
            }
            #expect((stage.history.snapshot.operations.map(\.took).max() ?? 0) > 4500)
        }
    }

    /// The checker of a real run sees real loss: a PostgreSQL that acknowledges before it writes, and crashes.
    @Test func theCheckerSeesCommitsThatACrashTookBack() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 1
        plan.driversAct = false
        plan.database = ["synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "100MB"]
        try await ChaosStage.with(plan) { stage in
            let findings = try await ChaosRun(stage: stage).findings(ordersEvery: .milliseconds(20), settle: false) {
                // Once would do, unless the log was written just before.
                for _ in 0..<3 {
                    try await Task.sleep(for: .seconds(1))
                    try await stage.stopDatabase(crashing: true)
                    try await stage.startDatabase()
                }
            }
            #expect(findings.contains { $0.hasPrefix("acknowledged and lost") }, "\(findings)")
        }
    }

    /// The checker of a real run sees silence: with a ledger that calls everything delivered nothing is replayed,
    /// neither to a phone that was away nor after a server that died in the commit of a round.
    @Test(arguments: [false, true]) func theCheckerSeesEventsThatAreNeverReplayed(serverDies: Bool) async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 2
        plan.driversAct = false
        try await ChaosStage.with(plan) { stage in
            try await stage.pool.script(
                """
                CREATE FUNCTION call_it_delivered() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN NEW.delivered_at := clock_timestamp(); RETURN NEW; END $$;
                CREATE TRIGGER call_it_delivered BEFORE INSERT ON driver_events
                    FOR EACH ROW EXECUTE FUNCTION call_it_delivered();
                """)
            let phones = stage.phones()
            let findings = try await ChaosRun(stage: stage).findings(phones: phones, ordersEvery: .seconds(5)) {
                try await Task.sleep(for: .seconds(1))
                if serverDies {
                    _ = await stage.placeOrder("in the middle")
                    try await stage.killServer(atEngineCommit: .after)
                    try await stage.startServer()
                } else {
                    await forceWhileAway(phones, stage)
                }
                try await Task.sleep(for: .seconds(2))
            }
            #expect(findings.contains { $0.hasPrefix("committed and never told") }, "\(findings)")
        }
    }

    /// Each phone comes back after a second; what it is given meanwhile only a replay can tell.
    private func forceWhileAway(_ phones: [ChaosPhone], _ stage: ChaosStage) async {
        for phone in phones { phone.drop() }
        try? await Task.sleep(for: .milliseconds(100))
        for driver in stage.drivers {
            guard let order = await stage.placeOrder("away\(driver.id)").json["id"]?.int64 else { continue }
            await stage.call().make(
                .post, "/api/v1/orders/\(order)/assign", #"{"driver_id":\#(driver.id)}"#,
                for: .force(order: order, driver: driver.id))
        }
    }
}
