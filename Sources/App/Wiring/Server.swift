import API
import DispatchCore
package import Fulfilment
import Gateway
import Geo
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Identity
package import Logging
import NIOCore
import Postgres
package import ServiceLifecycle
import Store
import UnixSignals

/// A whole server, put together from its configuration: the only place where the rooms of the house meet.
package struct Server: Sendable {
    /// What the world around the server wants to know or change.
    package struct Options: Sendable {
        /// How much faster than life the city runs.
        package var pace = 1.0
        /// Scrypt's cost; lower for trials where thousands of accounts are made.
        package var hashesCheaply = false
        package var onTick: @Sendable (TickSummary) -> Void = { _ in }
        /// Called once, with the port, when the server answers.
        package var onReady: @Sendable (Int) async -> Void = { _ in }
        package var metrics: PrometheusFactory?

        package init() {}
    }

    package let house: House
    package let accounts: AccountDesk
    private let services: [any Service]
    private let pool: ConnectionPool
    private let hasher: PasswordHasher
    private let planning: PlanningThreads
    private let studying: PlanningThreads
    let log: Logger

    /// Connects, migrates, and builds everything; nothing listens yet.
    ///
    /// - Throws: ``ConfigurationError`` with one sentence and its remedy.
    package init(_ configuration: AppConfiguration, options: Options = Options(), log: Logger) async throws {
        // What the settings alone can refuse comes before anything is touched.
        let identity = try await IdentityParts(configuration, cheap: options.hashesCheaply)
        let settings = try HouseSettings(configuration, pace: options.pace)
        let database = try await Database.opened(configuration, log: log)
        let store = database.store
        let registry = ConnectionRegistry()
        let sessions = RegistryPush(registry)
        let admins = AdminHub()
        let others = OtherServers()
        let atlas = Atlas()
        let routing = RoutingService.configured(configuration, travel: settings.travel, atlas: atlas, log: log)
        var open = Self.house(
            on: store, settings, push: HintedPush(push: sessions, hints: others.hints), feed: admins, atlas: atlas)
        open.rounds = RoundSignal(relay: { [hints = others.hints] in hints.note(.round($0)) })
        open.travelTimes = routing?.travelTimes
        let presence = PresenceWatch(atlas: open.atlas, feed: admins)
        open.presence = presence
        open.presenceLog = store
        // Apart from the ticks' thread: no answer to "why" delays the next plan.
        let studying = PlanningThreads()
        open.study = { try await studying.study($0, $1) }
        open.replay = { try await studying.replay($0) }
        let house = open
        try await ZoneDesk(house, log: log).load()
        try await Self.warm(house)
        try await Self.restore(presence, from: store)
        let intake = LocationIntake(
            fleet: house.fleet, store: store, accounts: store, feed: admins, presence: presence)
        let gateway = DriverGateway(
            settings: GatewaySettings(configuration), clock: .real,
            door: HouseDoor(
                fleet: house.fleet, intake: intake, accounts: store, orders: store, events: store, now: house.now),
            verifier: GatewayTokens(verifier: identity.verifier, epochs: identity.epochs, fleet: house.fleet),
            registry: registry, admins: admins, events: store, logger: log)
        let api = API(
            Self.parts(configuration, house, identity, database, routing, others, options: options, log: log))
        let planning = PlanningThreads()
        let policy = DispatchPolicy(configuration, pace: options.pace)
        let dispatcher = Dispatcher(
            house, policy: { policy }, holder: others.name, log: log,
            microseconds: { RealWorld.monotonicMicroseconds() },
            solve: { try await planning.plan($0, $1, $2) })
        let certificate = try Self.certificate(configuration)
        let front = try Self.front(
            configuration, certificate: certificate, gateway: gateway, api: api, options: options, log: log)
        self.house = house
        self.accounts = AccountDesk(store: store, hasher: identity.hasher, issuer: identity.issuer, now: house.now)
        self.log = log
        pool = database.pool
        hasher = identity.hasher
        self.planning = planning
        self.studying = studying
        // Stopped in the reverse order: the load balancer is told, the ticks end and the lease goes to whoever waits
        // for it, positions so far are written, the sockets are told over a window, nobody new comes in, and the marks
        // and positions of the last seconds are written.
        let last = LastWrites(intake: intake, presence: presence, log: store)
        services =
            (routing.map { [$0] as [any Service] } ?? [])
            + Self.upkeep(
                configuration, house: house, store: store, identity: identity, push: sessions, admins: admins,
                dispatcher: dispatcher, log: log)
            + others.services(
                house, store: store, sessions: sessions, gateway: gateway,
                target: try Database.target(configuration), log: log)
            + Self.renewal(of: certificate, log: log)
            + [
                IntakeService(last: last), gateway, front,
                DrainService(begin: { gateway.drain() }, remaining: { registry.count }, log: log),
                FlushService(last: last), DispatchService(dispatcher: dispatcher, onTick: options.onTick),
                NoticeService(begin: { api.drain.begin() }),
            ]
    }

    private static func house(
        on store: Store, _ settings: HouseSettings, push: HintedPush, feed: AdminHub, atlas: Atlas
    ) -> House {
        House(
            orders: store, accounts: store, places: store, pools: store, earnings: store, locations: store,
            events: store, ledger: store, push: push, feed: feed,
            fleet: Fleet(staleAfterMilliseconds: settings.staleAfterMilliseconds), atlas: atlas,
            rounds: RoundSignal(), settings: settings, now: { RealWorld.now() })
    }

    /// Serves until the process is asked to stop, or the task is cancelled.
    ///
    /// - Parameter companions: Further services that live and end with the server.
    package func run(with companions: [any Service] = [], onSignals: Bool = true) async throws {
        var configuration = ServiceGroupConfiguration(
            services: (services + companions).map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: onSignals ? [.sigterm, .sigint] : [], logger: log)
        configuration.maximumGracefulShutdownDuration = .seconds(25)
        let failure = await Result { try await ServiceGroup(configuration: configuration).run() }.failure
        await planning.stop()
        await studying.stop()
        hasher.stop()
        await pool.close()
        if let failure { throw failure }
    }

    /// Fills the fleet from the database.
    private static func warm(_ house: House) async throws {
        let since = house.now().advanced(byMilliseconds: -house.settings.staleAfterMilliseconds)
        house.fleet.load(
            try await house.accounts.drivers(standing: nil),
            newestFixes: try await house.locations.newestFixes(since: since))
        house.fleet.noteHolders(of: try await house.orders.openOrders())
    }

    /// What was known about kitchens, and who was where, before the server stopped.
    private static func restore(_ presence: PresenceWatch, from store: Store) async throws {
        presence.load(try await store.kitchenStays(limit: WaitingTimes.capacity))
        presence.resume(try await store.openStays())
    }

    private static func parts(
        _ configuration: AppConfiguration, _ house: House, _ identity: IdentityParts, _ database: Database,
        _ routing: RoutingService?, _ others: OtherServers, options: Options, log: Logger
    ) -> API.Parts {
        var parts = API.Parts(
            house: house, issuer: identity.issuer, verifier: identity.verifier, refresh: identity.refresh,
            hasher: identity.hasher, epochs: identity.epochs, randomBytes: { RealWorld.randomBytes($0) }, logger: log)
        parts.settings.corsOrigins = configuration.http.corsOrigins
        parts.settings.speaksTLS = configuration.http.certificate != nil
        parts.settings.trustedProxies = configuration.http.trustedProxies
        parts.settings.currency = configuration.currency
        parts.settings.timeZone = configuration.timeZone
        parts.settings.integrationKey = configuration.poolKey
        parts.settings.showsOTPToDriver = !configuration.hidesOTP
        parts.webhooks = database.store
        let pool = database.pool
        parts.hooks.readiness = {
            do {
                try await pool.check()
                return [.init(name: "database", isReady: true)] + (routing?.state ?? [])
            } catch {
                return [.init(name: "database", isReady: false, detail: "PostgreSQL does not answer")]
                    + (routing?.state ?? [])
            }
        }
        if let metrics = options.metrics { parts.hooks.metrics = { metrics.exposition() } }
        parts.hooks.refuseZones = { await ZoneDesk(house, log: log).refusal(of: $0) }
        parts.hooks.zonesReplaced = { zones in
            ZoneDesk(house, log: log).take(zones)
            others.hints.note(.zones)
        }
        return parts
    }

    private static func front(
        _ configuration: AppConfiguration, certificate: DoorCertificate?, gateway: DriverGateway, api: API,
        options: Options, log: Logger
    ) throws -> any Service {
        let server: HTTPServerBuilder
        if let certificate {
            server = try .tls(gateway.server, tlsConfiguration: certificate.configuration)
        } else {
            server = gateway.server
        }
        let onReady = options.onReady
        return Application(
            responder: api.makeResponder(), server: server,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.http.host, port: configuration.http.port), serverName: "tiffin",
                backlog: 4096),
            onServerRunning: { channel in await onReady(channel.localAddress?.port ?? 0) }, logger: log)
    }

    private static func certificate(_ configuration: AppConfiguration) throws -> DoorCertificate? {
        guard let certificate = configuration.http.certificate, let key = configuration.http.key else { return nil }
        return try DoorCertificate(certificate: certificate, key: key)
    }

    private static func renewal(of certificate: DoorCertificate?, log: Logger) -> [any Service] {
        guard let certificate else { return [] }
        return [
            RecurringService(name: "certificate", every: DoorCertificate.readEvery, log: log) {
                try certificate.reload()
            }
        ]
    }

    private static func upkeep(
        _ configuration: AppConfiguration, house: House, store: Store, identity: IdentityParts, push: RegistryPush,
        admins: AdminHub, dispatcher: Dispatcher, log: Logger
    ) -> [any Service] {
        let reader = EpochReader(accounts: store, register: identity.epochs, now: house.now) { revocation in
            switch revocation.principal {
            case .driver(let id):
                if revocation.isBlocked {
                    house.push.cutOff(id, because: .blocked)
                    // By another program: memory does not know yet.
                    if house.fleet.member(id)?.account.standing == .approved,
                        let account = try? await house.accounts.driver(id)
                    {
                        house.fleet.update(account)
                    }
                }
                push.revoke(id, before: revocation.epoch)
            case .admin(let id): admins.revoke(id, before: revocation.epoch)
            case .engine, .integration: break
            }
        }
        var webhookPolicy = WebhookPolicy()
        webhookPolicy.attempts = configuration.webhookAttempts
        webhookPolicy.firstPauseMilliseconds = Int64(configuration.webhookFirstPauseSeconds * 1000)
        let kept = Retention(locationDays: configuration.retentionDays)
        let alarm = UndeliveredAlarm(events: house.events, feed: house.feed, log: log)
        return [
            WebhookSender(
                store: store, policy: webhookPolicy,
                timeout: .milliseconds(Int64(configuration.webhookTimeoutSeconds * 1000)), now: house.now, log: log),
            RecurringService(name: "token epochs", every: .seconds(1), log: log) { try await reader.read() },
            RecurringService(name: "accounts", every: .seconds(20), log: log) {
                for account in try await house.accounts.drivers(standing: nil) { house.fleet.update(account) }
            },
            RecurringService(name: "expiry", every: .seconds(1), log: log) { house.fleet.expire(at: house.now()) },
            RecurringService(name: "presence", every: .seconds(5), log: log) {
                let open = try await house.orders.openOrders()
                // Also what another server or a lost answer has changed.
                house.fleet.noteHolders(of: open)
                await dispatcher.watch(open)
                guard let presence = house.presence else { return }
                presence.expect(open, at: house.now())
                try await presence.flush(to: store)
            },
            RecurringService(name: "daily upkeep", every: .seconds(3600), log: log) {
                if let doubt = try await store.keepUp(at: house.now(), retention: kept) {
                    throw StoreError(.constraint, detail: doubt)
                }
            },
            RecurringService(name: "undelivered assignments", every: .seconds(30), log: log) {
                try await alarm.look(at: house.now())
            },
        ]
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }

    fileprivate var failure: (any Error)? {
        if case .failure(let error) = self { error } else { nil }
    }
}
