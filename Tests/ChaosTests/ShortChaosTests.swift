import Contract
import DriverClient
import Glibc
import Postgres
import Testing

/// The short form of the rough tests: every kind of fault once, in less than a minute. `make chaos` is the long form.
@Suite("Chaos, short", .serialized, .timeLimit(.minutes(3)))
struct ShortChaosTests {
    /// Everything at once: a crash of PostgreSQL, a stall, commits whose outcome nobody hears, a server killed.
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
                try await Task.sleep(for: .seconds(2))
                try await stage.killServer()
                try await stage.startServer()
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

    /// The checker of a real run sees silence: with a ledger that calls everything delivered nothing is replayed.
    @Test func theCheckerSeesEventsThatAreNeverReplayed() async throws {
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
                for phone in phones { phone.drop() }
                try await Task.sleep(for: .milliseconds(100))
                // Each phone comes back after a second; what it is given meanwhile only a replay can tell.
                for driver in stage.drivers {
                    guard let order = await stage.placeOrder("away\(driver.id)").json["id"]?.int64 else { continue }
                    await stage.call().make(
                        .post, "/api/v1/orders/\(order)/assign", #"{"driver_id":\#(driver.id)}"#,
                        for: .force(order: order, driver: driver.id))
                }
                try await Task.sleep(for: .seconds(2))
            }
            #expect(findings.contains { $0.hasPrefix("committed and never told") }, "\(findings)")
        }
    }
}
