import DispatchCore
import Fulfilment
import Gateway
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import Store
import Synchronization

/// What the other servers on the database had better know at once: collected here, told in one breath by
/// ``HintService``. Alone on its database a server tells nothing.
///
/// Owner of its state: one `Mutex`, held for one note. It is bounded: of more drivers than may be named nobody is.
final class HintLine: Sendable {
    private struct State {
        var hasOthers = false
        var drivers: Set<DriverID> = []
        var round: RoundSignal.Wish?
        var zones = false
    }

    private static let driversNamed = 10_000

    private let state = Mutex(State())
    private let isWaiting = RoundSignal()

    /// Whether anybody would hear.
    var hasOthers: Bool {
        get { state.withLock { $0.hasOthers } }
        set { state.withLock { $0.hasOthers = newValue } }
    }

    func note(_ hint: ServerHint) {
        let isNews = state.withLock { state -> Bool in
            guard state.hasOthers else { return false }
            switch hint {
            case .events(let drivers): if state.drivers.count <= Self.driversNamed { state.drivers.formUnion(drivers) }
            case .round(let wish): state.round = max(state.round ?? wish, wish)
            case .zones: state.zones = true
            }
            return true
        }
        if isNews { isWaiting.raise() }
    }

    /// Returns when there is something, or the surrounding task is cancelled.
    func wait() async { await isWaiting.wait() }

    /// What was noted since the last look.
    func take() -> [ServerHint] {
        state.withLock { state in
            var hints: [ServerHint] = []
            if !state.drivers.isEmpty {
                hints.append(.events(state.drivers.count > Self.driversNamed ? [] : state.drivers.sorted()))
            }
            if let round = state.round { hints.append(.round(round)) }
            if state.zones { hints.append(.zones) }
            (state.drivers, state.round, state.zones) = ([], nil, false)
            return hints
        }
    }
}

/// The way to the phones, of which some are connected to other servers.
struct HintedPush: DriverPush {
    let push: RegistryPush
    let hints: HintLine

    func push(_ events: [DriverEvent]) {
        push.push(events)
        guard hints.hasOthers else { return }
        let elsewhere = Set(events.map(\.driverID)).filter { !push.isConnected($0) }
        if !elsewhere.isEmpty { hints.note(.events(elsewhere.sorted())) }
    }

    func cutOff(_ driver: DriverID, because reason: CutOffReason) { push.cutOff(driver, because: reason) }
    func isConnected(_ driver: DriverID) -> Bool { push.isConnected(driver) }
    var connectionCount: Int { push.connectionCount }
}

/// Tells hints as they come, a few times a second at most. One that cannot be told is lost: whoever it was for looks by
/// itself a little later.
struct HintService: Service {
    /// Hints that come within this time of each other are told together.
    private static let gathering = Duration.milliseconds(30)

    let hints: HintLine
    let roll: any ServerRoll

    func run() async throws {
        let lost = Counter(label: "server_hints_lost_total")
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await hints.wait()
                try? await Task.sleep(for: Self.gathering)
                for hint in hints.take() {
                    do { try await roll.hint(hint) } catch { lost.increment() }
                }
            }
        }
    }
}

/// Hears the hints of other servers. After every connection, the first and each later one, it looks at everything,
/// because nobody can say what was missed.
struct HearingService: Service {
    let target: ConnectionTarget
    let onHint: @Sendable (ServerHint) async -> Void

    func run() async throws {
        let listener = try NotificationListener(
            target: target, channels: [Store.hintChannel], generator: Database.jitter)
        await cancelWhenGracefulShutdown {
            for await event in listener.events {
                switch event {
                case .connected:
                    await onHint(.events([]))
                    await onHint(.zones)
                case .notification(_, let payload): if let hint = Store.hint(heard: payload) { await onHint(hint) }
                }
            }
        }
        listener.stop()
    }
}

/// Tells and hears, once a second, what servers on one database know of their drivers.
struct ExchangeService: Service {
    private static let every = Duration.seconds(1)

    let exchange: SignExchange
    let log: Logger

    func run() async throws {
        try await RecurringService(name: "other servers", every: Self.every, log: log) { try await exchange.turn() }
            .run()
        await exchange.leave()
    }
}

/// What a server does on account of the others on its database.
struct OtherServers: Sendable {
    /// Names this server among them, and in the dispatcher's lease.
    let name = RealWorld.randomBytes(8).map { String($0, radix: 16) }.joined(separator: "-")
    let hints = HintLine()

    func services(
        _ house: House, store: Store, sessions: RegistryPush, gateway: DriverGateway, target: ConnectionTarget,
        log: Logger
    ) -> [any Service] {
        let hints = hints
        let zones = ZoneReader(house, log: log)
        return [
            ExchangeService(
                exchange: SignExchange(house, roll: store, sessions: sessions, server: name) { hints.hasOthers = $0 },
                log: log),
            HintService(hints: hints, roll: store),
            HearingService(target: target) { hint in
                switch hint {
                case .events(let drivers): await gateway.look(for: drivers)
                case .round(let wish): if !house.rounds.isStandingBy { house.rounds.raise(wish) }
                case .zones: try? await zones.read()
                }
            },
            // What a lost hint has missed.
            RecurringService(name: "zones", every: .seconds(20), log: log) { try await zones.read() },
        ]
    }
}

/// Takes zones into force that another server has put into the database.
actor ZoneReader {
    private let house: House
    private let log: Logger
    private var known: [Zone]?

    init(_ house: House, log: Logger) {
        self.house = house
        self.log = log
    }

    func read() async throws {
        let zones = try await house.places.zones()
        guard zones != known else { return }
        known = zones
        ZoneDesk(house, log: log).take(zones)
    }
}
