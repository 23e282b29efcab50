import DispatchCore
import Fulfilment
import Identity
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Simulation

/// Runs the dispatch ticks until the server stops.
struct DispatchService: Service {
    let dispatcher: Dispatcher
    let onTick: @Sendable (TickSummary) -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await dispatcher.run(clock: ContinuousClock(), onTick: onTick)
        }
        await dispatcher.release()
    }
}

/// What has been seen and waits for the database.
struct LastWrites: Sendable {
    let intake: LocationIntake
    let presence: PresenceWatch
    let log: any PresenceLog

    func flush() async {
        _ = await intake.flush()
        try? await presence.flush(to: log)
    }
}

/// Writes positions to the history; the last ones after everything else has stopped taking them.
struct IntakeService: Service {
    let last: LastWrites

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await last.intake.run(clock: ContinuousClock())
        }
        await last.flush()
    }
}

/// Writes what waits before the sockets are told to go: whatever happens then, this much is safe.
struct FlushService: Service {
    let last: LastWrites

    func run() async throws {
        try? await gracefulShutdown()
        await last.flush()
    }
}

/// Something to do again and again: a failure is logged once, and again when it changes.
struct RecurringService: Service {
    let name: String
    let every: Duration
    let log: Logger
    let body: @Sendable () async throws -> Void

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastFailure = ""
            while !Task.isCancelled {
                do {
                    try await body()
                    lastFailure = ""
                } catch {
                    let failure = "\(error)"
                    if failure != lastFailure, !Task.isCancelled {
                        log.warning("recurring work failed", metadata: ["work": "\(name)", "reason": "\(failure)"])
                    }
                    lastFailure = failure
                }
                try? await Task.sleep(for: every)
            }
        }
    }
}

/// Brings the register of dead tokens up to date from the database, also about what other programs did, and ends the
/// sockets that such tokens opened.
actor EpochReader {
    private let accounts: any AccountStore
    private let register: EpochRegister
    private let now: @Sendable () -> Timestamp
    private let onChange: @Sendable (TokenEpoch) async -> Void
    private var revision: Int64 = 0

    /// - Parameter onChange: Told of every account whose standing changed.
    init(
        accounts: any AccountStore, register: EpochRegister, now: @escaping @Sendable () -> Timestamp,
        onChange: @escaping @Sendable (TokenEpoch) async -> Void
    ) {
        self.onChange = onChange
        self.accounts = accounts
        self.register = register
        self.now = now
    }

    func read() async throws {
        let readAt = now()
        let (newest, epochs) = try await accounts.tokenEpochs(since: revision)
        revision = newest
        register.learn(
            epochs.compactMap { entry in
                Self.key(of: entry.principal).map { ($0, Standing(epoch: entry.epoch, isBlocked: entry.isBlocked)) }
            }, readAt: readAt.milliseconds)
        for entry in epochs { await onChange(entry) }
    }

    private static func key(of principal: Principal) -> AccountKey? {
        switch principal {
        case .driver(let id): AccountKey(role: .driver, id: id.rawValue)
        case .admin(let id): AccountKey(role: .admin, id: id.rawValue)
        case .engine, .integration: nil
        }
    }
}

/// Makes plans on threads of their own, so that a long search keeps nobody waiting.
struct PlanningThreads: Sendable {
    private let pool: NIOThreadPool
    /// The two halves of a search, side by side where there are two cores: the plan is the same to the byte, sooner.
    private let lanes = ThreadLanes(threads: min(2, System.coreCount))

    init() {
        pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
    }

    /// Makes a plan; a server that is stopping throws instead, since nobody would carry it out.
    func plan(_ snapshot: DispatchSnapshot, _ previous: DispatchPlan?, _ seed: UInt64) async throws -> DispatchPlan {
        try await pool.runIfActive { [lanes] in
            DispatchEngine.plan(snapshot, previous: previous, seed: seed, lanes: lanes)
        }
    }

    /// Studies a stored tick; a server that is stopping throws instead.
    func study(_ tick: TickRecord, _ order: OrderID) async throws -> OrderDecision.Study {
        try await pool.runIfActive { try TickInputs.study(tick, of: order) }
    }

    /// Plans a stored tick again; a server that is stopping throws instead.
    func replay(_ tick: TickRecord) async throws -> TickReplay {
        try await pool.runIfActive { TickReplay(tick) }
    }

    func stop() async {
        try? await pool.shutdownGracefully()
    }
}
