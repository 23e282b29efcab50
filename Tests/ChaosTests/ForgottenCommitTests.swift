import DispatchCore
import Fulfilment
import Geo
import NIOCore
import Postgres
import Store
import TestSupport
import Testing

/// What became of a commit whose answer was lost, where PostgreSQL itself does not know any more: after a crash it
/// gives the numbers of transactions that it had not yet written down to others.
@Suite("Forgotten commits", .serialized, .timeLimit(.minutes(2)))
struct ForgottenCommitTests {
    private func fix(_ stage: ChaosStage) throws -> Fix {
        let point = try #require(GeoPoint(latitude: 12.93, longitude: 77.62))
        return Fix(
            driverID: DriverID(stage.drivers[0].id), point: point,
            receivedAt: Timestamp(milliseconds: stage.clock.wall))
    }

    private func placement(_ stage: ChaosStage) -> Placement {
        var content = OrderContent(
            customer: Customer(name: "Asha", phone: "+91"), pickup: Place(name: "Kitchen", address: "Koramangala"),
            dropoff: Place(address: "Indiranagar"))
        content.externalID = "forgotten"
        return Placement(
            content: content, zoneID: nil, at: Timestamp(milliseconds: stage.clock.wall), by: .integration("chaos"),
            idempotency: nil)
    }

    /// - Parameter othersWrite: Whether others have taken the number before the question is asked.
    @Test(arguments: [true, false])
    func aNumberThatOthersHaveNowIsNoProof(othersWrite: Bool) async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = 1
        try await ChaosStage.with(plan) { stage in
            try await stage.killServer()
            let path = "\(stage.folder)/pg/run/.s.PGSQL.5432"
            let link = FaultProxy(upstream: try SocketAddress(unixDomainSocketPath: path), group: stage.group)
            let port = try await link.start()
            let url = "postgresql://tiffin@127.0.0.1:\(port)/tiffin?sslmode=disable&gssencmode=disable"
            let pool = try ConnectionPool(
                configuration: .init(
                    target: ConnectionTarget(connectionString: url, applicationName: "forgotten"), connections: 2,
                    deadline: .seconds(20)),
                generator: SeededGenerator(seed: 1))
            let store = Store(pool: pool)
            try await stage.makeLocationPartitions()
            let (fix, placement) = (try fix(stage), placement(stage))
            let before = try await stage.newestNumber()
            try await stage.freezeLogWriter()
            link.cut([.before, .before])
            let appended = Task { try await store.append([fix]) }
            let inserted = Task { try await store.insert(placement) }
            try await eventually(within: .seconds(10)) { link.tally.cutsBefore == 2 }
            link.mode = .refuse
            try await stage.stopDatabase(crashing: true)
            try await stage.startDatabase()
            #expect(try await stage.newestNumber() <= before + 1, "the numbers of both are given out again")
            while othersWrite, try await stage.newestNumber() < before + 6 {}
            link.mode = .pass
            let append = await outcome { try await appended.value }
            let insert = await outcome { _ = try await inserted.value }
            #expect(append == .unavailable && insert == .unavailable, "plainly not written: \(insert as Any)")
            let rows = try await stage.pool.query(
                "SELECT (SELECT count(*) FROM driver_locations) + (SELECT count(*) FROM orders)")
            #expect(try rows.only().get(0, as: Int.self) == 0)
            // The other way round: committed and not heard of.
            link.cut([.after, .after])
            try await store.append([fix])
            #expect(try await store.insert(placement).created)
            #expect(link.tally.cutsAfter == 2)
            #expect(try await stage.pool.query("SELECT 1 FROM driver_locations").count == 1)
            await pool.close()
            await link.stop()
        }
    }

    private func outcome(_ work: () async throws -> Void) async -> StoreError.Code? {
        do {
            try await work()
            return nil
        } catch { return (error as? StoreError)?.code }
    }
}

extension ChaosStage {
    fileprivate func makeLocationPartitions() async throws {
        try await pool.query("SELECT make_location_partition(CURRENT_DATE), make_location_partition(CURRENT_DATE - 1)")
    }

    /// Commits a transaction with a number and returns that.
    fileprivate func newestNumber() async throws -> Int {
        try await pool.query("SELECT pg_current_xact_id()::text::int8").only().get(0)
    }
}
