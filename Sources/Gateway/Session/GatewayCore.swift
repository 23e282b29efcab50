import DispatchCore
import Fulfilment
import Logging
import Metrics
import NIOCore
import Synchronization

/// What every socket of one gateway shares.
final class GatewayCore: Sendable {
    let settings: GatewaySettings
    let clock: GatewayClock
    let door: any DriverDoor
    let verifier: any TokenVerifying
    let registry: ConnectionRegistry
    let limiter: ConnectLimiter
    let addresses: AddressGuard
    let undecided: UndecidedConnections
    let refusalLog = RefusalLog()
    let recorder: DeliveryRecorder
    let joins = JoinDesk()
    let floodLines = LineLimiter()
    let admins: AdminHub
    let logger: Logger
    let meters = GatewayMeters()
    /// Sockets without a verdict or with a bad one.
    let unauthenticated = Atomic<Int>(0)
    /// Requests that became no socket and were answered by the gateway itself.
    let refusedRequests = Atomic<Int>(0)
    /// True from the start of a drain on: new sockets are told to come back.
    let isDraining = Atomic<Bool>(false)
    private let desks = Mutex<[ObjectIdentifier: NIOLoopBound<LoopDesk>]>([:])

    init(
        settings: GatewaySettings, clock: GatewayClock, door: any DriverDoor, verifier: any TokenVerifying,
        registry: ConnectionRegistry, log: any EventLog, admins: AdminHub, logger: Logger
    ) {
        self.settings = settings
        self.clock = clock
        self.door = door
        self.verifier = verifier
        self.registry = registry
        self.admins = admins
        self.logger = logger
        limiter = ConnectLimiter(capacity: settings.connectBurst, rate: settings.connectRefill)
        addresses = AddressGuard(settings)
        undecided = UndecidedConnections(
            limit: settings.undecidedConnections, limitPerAddress: settings.undecidedPerAddress)
        recorder = DeliveryRecorder(log: log)
    }

    /// The desk of the loop that this runs on.
    func desk(of eventLoop: any EventLoop) -> LoopDesk {
        let bound = desks.withLock { desks -> NIOLoopBound<LoopDesk> in
            if let desk = desks[ObjectIdentifier(eventLoop)] { return desk }
            let door = door
            let desk = LoopDesk(eventLoop: eventLoop, clock: clock) { door.accept($0) }
            let bound = NIOLoopBound(desk, eventLoop: eventLoop)
            desks[ObjectIdentifier(eventLoop)] = bound
            return bound
        }
        return bound.value
    }
}

/// The gateway's counters and gauges.
struct GatewayMeters: Sendable {
    private let live = Gauge(label: "ws_sessions")
    private let bad = Counter(label: "ws_bad_messages_total")
    private let sent = Counter(label: "ws_events_sent_total")
    private let throttled = Counter(label: "ws_throttled_total")
    private let fallbacks = Counter(label: "ws_join_fallbacks_total")

    func connected(_ kind: SocketKind, sessions: Int) {
        Counter(label: "ws_connections_total", dimensions: [("kind", kind.rawValue)]).increment()
        live.record(sessions)
    }

    func ended(_ kind: SocketKind, _ end: SocketEnd, sessions: Int) {
        let dimensions = [("kind", kind.rawValue), ("code", end.codeForMeters), ("reason", end.reason)]
        Counter(label: "ws_closed_total", dimensions: dimensions).increment()
        live.record(sessions)
    }

    func crowded() { Counter(label: "ws_refused_total", dimensions: [("reason", "too_many_undecided")]).increment() }
    func flooded() { Counter(label: "ws_refused_total", dimensions: [("reason", "address_flood")]).increment() }

    func refusedMessage(_ code: String) {
        bad.increment()
        Counter(label: "ws_refused_messages_total", dimensions: [("code", code)]).increment()
    }

    func rejectedFields(_ names: [String]) {
        for name in names {
            Counter(label: "location_rejected_fields_total", dimensions: [("field", name)]).increment()
        }
    }

    func eventsSent(_ count: Int) { sent.increment(by: count) }
    func throttle() { throttled.increment() }
    func joinFallback() { fallbacks.increment() }
}

enum SocketKind: String, Sendable {
    case driver
    case admin
}
