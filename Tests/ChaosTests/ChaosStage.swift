import Contract
import DispatchCore
import DriverClient
import Fulfilment
import Geo
import Glibc
import Identity
import NIOCore
import NIOPosix
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

/// Milliseconds since the stage was set, and the wall clock.
struct StageClock: Sendable {
    private let start = ContinuousClock().now

    var milliseconds: Int64 {
        let passed = start.duration(to: ContinuousClock().now).components
        return passed.seconds * 1000 + passed.attoseconds / 1_000_000_000_000_000
    }

    var wall: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// A PostgreSQL of its own, a relay before it, the built server, and clients that write a history.
final class ChaosStage: Sendable {
    struct Plan: Sendable {
        var drivers = 5
        var seed: UInt64 = 1
        /// Settings of the server as flags, less the leading dashes.
        var settings: [String: String] = [:]
        /// Settings of PostgreSQL.
        var database: [String: String] = [:]
        var environment: [String: String] = [:]
        /// Whether drivers carry out what they are told.
        var driversAct = true
        var volume: Volume?
        /// Scheme of the server's address; https needs `http-tls-…` among the settings.
        var scheme = "http"
        var trust = Trust.system
    }

    /// What of PostgreSQL lies on a small volume of its own, in memory; needs the right to mount.
    enum Volume: Sendable {
        case data
        case log
    }

    private struct Parts {
        var cluster: PrivateCluster?
        var server: ServerProcess?
        var stoppedAt: Int64 = 0
        var frozen: pid_t?
    }

    static let secret = "a key of the tests, longer than 32 bytes"

    let folder: String
    let plan: Plan
    let clock = StageClock()
    let history = History()
    let group: MultiThreadedEventLoopGroup
    /// Between the server and PostgreSQL.
    let databaseLink: FaultProxy
    let client: WireClient
    let port: Int
    let adminToken: String
    let drivers: [(id: Int64, token: String)]
    /// Straight to PostgreSQL.
    let pool: ConnectionPool
    private let databasePort: Int
    private let parts: Mutex<Parts>

    /// Sets everything up, runs `body`, takes everything down.
    static func with(_ plan: Plan = Plan(), _ body: (ChaosStage) async throws -> Void) async throws {
        let stage = try await ChaosStage(plan)
        do {
            try await stage.startServer()
            try await body(stage)
        } catch {
            Issue.record("the server's last words: \(stage.lastWords)")
            await stage.takeDown()
            throw error
        }
        await stage.takeDown()
    }

    private init(_ plan: Plan) async throws {
        self.plan = plan
        folder = "/tmp/tiffin-chaos-\(getpid())-\(Self.next.add(1, ordering: .relaxed).newValue)"
        mkdir(folder, 0o755)
        let cluster = try await Self.firstStart(folder, plan)
        parts = Mutex(Parts(cluster: cluster))
        pool = try ConnectionPool(
            configuration: .init(
                target: ConnectionTarget(connectionString: cluster.url(), applicationName: "chaos"), connections: 2,
                deadline: .seconds(20)),
            generator: SeededGenerator(seed: plan.seed))
        try await Migrator(pool: pool).migrate()
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        databaseLink = FaultProxy(
            upstream: try SocketAddress(unixDomainSocketPath: "\(folder)/pg/run/.s.PGSQL.5432"), group: group)
        databasePort = try await databaseLink.start()
        port = try await Self.freePort(group)
        let address = try #require(ServerAddress("\(plan.scheme)://127.0.0.1:\(port)"))
        client = try WireClient(address, trust: plan.trust)
        let store = Store(pool: pool)
        let issuer = TokenIssuer(keys: try await TokenKeys(secret: Array(Self.secret.utf8)))
        let now = clock.wall
        let admin = try await store.createAdmin(email: "admin@example.org", fullName: "Admin", passwordHash: "-")
        adminToken = issuer.issue(
            to: Bearer(role: .admin, id: admin.id.rawValue, session: "chaos", epoch: 0), at: now)
        var drivers: [(Int64, String)] = []
        for number in 0..<plan.drivers {
            var draft = DriverDraft(
                name: "Driver \(number)", phone: "+9190\(number)", email: nil, passwordHash: "-")
            draft.capacity = 3
            let account = try await store.createDriver(draft, at: Timestamp(milliseconds: now))
            let bearer = Bearer(role: .driver, id: account.id.rawValue, session: "chaos", epoch: 0)
            drivers.append((account.id.rawValue, issuer.issue(to: bearer, at: now)))
        }
        self.drivers = drivers
    }

    private static let next = Atomic<Int>(0)

    /// Makes the cluster, with its log on a volume of its own where one of the two is to be small.
    private static func firstStart(_ folder: String, _ plan: Plan) async throws -> PrivateCluster {
        let configuration = configuration(folder, plan)
        guard let volume = plan.volume else { return try await PrivateCluster.started(configuration) }
        let small = volume == .data ? folder + "/pg" : folder + "/log"
        mkdir(small, 0o755)
        mkdir(folder + "/log", 0o755)
        let size = volume == .data ? "size=128m" : "size=80m"
        #expect(ServerProcess.run(["mount", "-t", "tmpfs", "-o", "\(size),mode=755", "tmpfs", small]) == 0)
        await (try await PrivateCluster.started(configuration)).stop()
        let place = folder + "/pg/data/pg_wal"
        #expect(ServerProcess.run(["mv", place, folder + "/log/pg_wal"]) == 0)
        #expect(ServerProcess.run(["ln", "-s", folder + "/log/pg_wal", place]) == 0)
        return try await PrivateCluster.started(configuration)
    }

    private static func configuration(_ folder: String, _ plan: Plan) -> PrivateCluster.Configuration {
        var settings = ["shared_buffers": "64MB", "wal_writer_delay": "200ms", "max_wal_size": "64MB"]
        settings.merge(plan.database) { $1 }
        return .init(
            folder: folder + "/pg", maximumConnections: 60, template: "/tmp/tiffin-template", settings: settings)
    }

    /// A port below those that the kernel gives to who connects: a phone that tries the port of a dead server would
    /// otherwise now and then be given that very port for its own end, and hold it when the server comes back.
    private static func freePort(_ group: MultiThreadedEventLoopGroup) async throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20_000..<32_000)
            guard let channel = try? await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: port).get()
            else { continue }
            try await channel.close().get()
            return port
        }
        let channel = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close().get()
        return port
    }

    private func takeDown() async {
        if let server = parts.withLock({ $0.server }) {
            server.send(SIGKILL)
            _ = try? await server.waitForEnd(within: .seconds(5))
        }
        await client.shutdown()
        await databaseLink.stop()
        await pool.close()
        await parts.withLock { $0.cluster }?.stop()
        try? await group.shutdownGracefully()
        if let volume = plan.volume {
            _ = ServerProcess.run(["umount", "-l", volume == .data ? folder + "/pg" : folder + "/log"])
        }
        _ = ServerProcess.run(["rm", "-rf", folder])
    }

    // MARK: The server

    var server: ServerProcess? { parts.withLock { $0.server } }

    /// The end of the server's log.
    var lastWords: String { ServerProcess.lines(of: folder + "/server.log").suffix(15).joined(separator: "\n") }

    var serverLog: String { ServerProcess.text(of: folder + "/server.log") }

    /// Starts the server on the same port as before and waits until it is ready.
    ///
    /// - Returns: Milliseconds until it answered.
    @discardableResult
    func startServer(within patience: Duration = .seconds(40)) async throws -> Int64 {
        let begin = clock.milliseconds
        let url = "postgresql://tiffin@127.0.0.1:\(databasePort)/tiffin?sslmode=disable&gssencmode=disable"
        var settings = [
            "http-host": "127.0.0.1", "http-port": "\(port)", "dispatch-tick": "1", "dispatch-max-hold": "1",
            "ws-connect-burst": "1000", "ws-ping-interval": "2", "log-format": "text",
        ]
        settings.merge(plan.settings) { $1 }
        var environment = plan.environment
        environment["DATABASE_URL"] = url
        environment["TIFFIN_AUTH_SECRET"] = Self.secret
        let process = try ServerProcess.start(
            [ServerProcess.program, "serve"] + settings.sorted { $0.key < $1.key }.map { "--\($0.key)=\($0.value)" },
            environment: environment, output: folder + "/server.log")
        parts.withLock { $0.server = process }
        try await eventually(within: patience) { try await isReady() }
        return clock.milliseconds - begin
    }

    func isReady() async throws -> Bool {
        guard let answer = try? await client.call(.get, "/health/ready") else { return false }
        return answer.status == 200
    }

    /// Kills the server at the next commit of a dispatch round, before PostgreSQL sees it or when it does.
    func killServer(atEngineCommit cut: FaultProxy.CommitCut, within patience: Duration = .seconds(20)) async throws {
        guard let server else { return }
        let (history, clock) = (history, clock)
        databaseLink.trapEngine(cut) {
            server.send(SIGKILL)
            history.note(Kill(at: clock.milliseconds, isOfDatabase: false))
        }
        try await eventually(within: patience) { databaseLink.pendingTraps == 0 }
        _ = try await server.waitForEnd(within: .seconds(5))
    }

    func killServer() async throws {
        guard let server else { return }
        server.send(SIGKILL)
        history.note(Kill(at: clock.milliseconds, isOfDatabase: false))
        _ = try await server.waitForEnd(within: .seconds(5))
    }

    // MARK: PostgreSQL

    /// From now on nothing of the log is on the disk before somebody waits for it, until PostgreSQL crashes.
    func freezeLogWriter() async throws {
        let rows = try await pool.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'")
        let writer = pid_t(try rows.only().get(0, as: Int.self))
        parts.withLock { $0.frozen = writer }
        kill(writer, SIGSTOP)
    }

    /// Stops PostgreSQL in order (`fast`) or as a crash does, and waits for its end.
    func stopDatabase(crashing: Bool) async throws {
        guard
            let cluster = parts.withLock({ parts in
                parts.stoppedAt = clock.milliseconds
                return parts.cluster
            })
        else { return }
        if crashing {
            kill(cluster.processIdentifier, SIGQUIT)
            // Who stands still does not hear it.
            if let frozen = parts.withLock({ $0.frozen }) { kill(frozen, SIGKILL) }
            history.note(Kill(at: clock.milliseconds, isOfDatabase: true))
            try await eventually(within: .seconds(20)) { !cluster.isRunning }
        }
        await cluster.stop()
        parts.withLock { ($0.cluster, $0.frozen) = (nil, nil) }
    }

    /// Starts PostgreSQL on what is there.
    func startDatabase() async throws {
        let cluster = try await PrivateCluster.started(Self.configuration(folder, plan))
        let stoppedAt = parts.withLock { parts in
            parts.cluster = cluster
            return parts.stoppedAt
        }
        history.note(trouble: stoppedAt...clock.milliseconds)
    }

    var isDatabaseRunning: Bool { parts.withLock { $0.cluster }?.isRunning ?? false }

    private var filler: String { plan.volume == .data ? folder + "/pg/filler" : folder + "/log/filler" }

    /// Leaves no room on the small volume.
    func fillVolume() { _ = ServerProcess.run(["dd", "if=/dev/zero", "of=\(filler)", "bs=64k"]) }

    func emptyVolume() { unlink(filler) }

    /// Every process of PostgreSQL.
    private var databaseProcesses: [pid_t] {
        guard let cluster = parts.withLock({ $0.cluster }) else { return [] }
        return [cluster.processIdentifier] + ServerProcess.children(of: cluster.processIdentifier)
    }

    /// Stops the processes of PostgreSQL where they are, for a time.
    func stallDatabase(for time: Duration) async throws {
        let processes = databaseProcesses
        let begin = clock.milliseconds
        for process in processes { kill(process, SIGSTOP) }
        try? await Task.sleep(for: time)
        for process in processes { kill(process, SIGCONT) }
        history.note(trouble: begin...clock.milliseconds)
    }

    /// Nothing passes between the server and PostgreSQL for a time, and nobody hears of it.
    func swallowDatabaseLink(for time: Duration) async throws {
        let begin = clock.milliseconds
        databaseLink.mode = .blackhole
        try? await Task.sleep(for: time)
        databaseLink.mode = .pass
        databaseLink.reset()
        history.note(trouble: begin...clock.milliseconds)
    }

    /// PostgreSQL is stopped in order and away for a time.
    func takeDatabaseAway(for time: Duration) async throws {
        try await stopDatabase(crashing: false)
        try? await Task.sleep(for: time)
        try await startDatabase()
    }

    /// Waits until the cuts that were ordered have met their commits, and notes that time as trouble.
    func cutCommits(_ cuts: [FaultProxy.CommitCut], within patience: Duration) async throws {
        let begin = clock.milliseconds
        databaseLink.cut(cuts)
        try await eventually(within: patience) { databaseLink.pendingCuts == 0 }
        history.note(trouble: begin...clock.milliseconds)
    }

    // MARK: Clients

    func call(as token: String? = nil) -> ChaosCall {
        ChaosCall(client: client, token: token ?? adminToken, clock: clock, history: history)
    }

    /// - Parameter count: So many of the drivers, the first ones; nil for all.
    func phones(_ count: Int? = nil) -> [ChaosPhone] {
        drivers.prefix(count ?? drivers.count).map { driver in
            ChaosPhone(
                id: driver.id, token: driver.token, client: client, history: history, clock: clock,
                acts: plan.driversAct)
        }
    }

    /// The phone of one driver, whose socket goes another way than its calls.
    func phone(_ index: Int, over socketClient: WireClient) -> ChaosPhone {
        ChaosPhone(
            id: drivers[index].id, token: drivers[index].token, client: client, socketClient: socketClient,
            history: history, clock: clock, acts: plan.driversAct)
    }

    /// Waits until the server has let go of a socket of each of these drivers because its pings stayed unanswered, so
    /// many times in all.
    ///
    /// - Returns: Milliseconds since `begin`.
    func waitUntilGone(_ gone: [Int64], since begin: Int64, times: Int = 1) async throws -> Int64 {
        try await eventually(within: .seconds(20)) {
            let lines = serverLog.split(separator: "\n").filter { $0.contains("pings_unanswered") }
            return gone.allSatisfy { id in lines.count { $0.contains("driver_id=\(id) ") } >= times }
        }
        return clock.milliseconds - begin
    }

    /// Every phone loses its connection at once.
    ///
    /// - Returns: Milliseconds until all are back.
    func storm(_ phones: [ChaosPhone]) async throws -> Int64 {
        let before = history.snapshot.connections
        let begin = clock.milliseconds
        for phone in phones { phone.drop() }
        try await eventually(within: .seconds(40)) {
            history.snapshot.connections >= before + phones.count && phones.allSatisfy(\.isConnected)
        }
        return clock.milliseconds - begin
    }

    /// Places an order near the drivers.
    func placeOrder(_ external: String, earnings: Int = 40) async -> ChaosCall.Answer {
        let body = """
            {"customer_name":"Asha Rao","customer_phone":"+9198\(external)","delivery_address":"Indiranagar 100ft Road",
            "delivery_lat":12.945,"delivery_lng":77.625,"restaurant_name":"Kitchen","pickup_address":"Koramangala",
            "pickup_lat":12.935,"pickup_lng":77.62,"external_order_id":"\(external)",
            "items":[{"name":"Dosa","quantity":1,"price":120}],"order_total":120,"earnings":\(earnings)}
            """
        return await call().make(.post, "/api/v1/orders", body, for: .place(external: external))
    }
}
