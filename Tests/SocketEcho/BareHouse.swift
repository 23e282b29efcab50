import DispatchCore
import Fulfilment
import Gateway
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The gateway over a fleet in memory: positions are read, parsed, judged and indexed, and no history is kept. What the
/// socket path costs by itself is measured with this; a driver's token is his number.
struct BareHouse: DriverDoor {
    let fleet = Fleet()

    init(drivers: Int64, at now: Timestamp) {
        for number in 1...max(drivers, 1) {
            fleet.update(
                DriverAccount(id: DriverID(number), name: "\(number)", phone: "\(number)", email: nil, createdAt: now))
        }
    }

    func standing(of account: VerifiedToken.Account, epoch: Int64) -> Result<Void, CloseReason>? { .success(()) }

    func welcome(_ driver: DriverID, epoch: Int64) async throws -> Result<Welcome, CloseReason> {
        .success(Welcome(isOnline: true, assignedCount: 0, lastSequence: 0, undelivered: []))
    }

    func fallbackWelcome(_ driver: DriverID) -> Welcome {
        Welcome(isOnline: true, assignedCount: 0, lastSequence: nil, undelivered: [])
    }

    func admits(_ admin: AdminID, epoch: Int64) async throws -> Result<Void, CloseReason> { .failure(.tokenInvalid) }

    func accept(_ fixes: [Fix]) {
        _ = fleet.accept(fixes)
    }

    func seen(_ driver: DriverID, at now: Timestamp) { fleet.seen(driver, at: now) }

    func sightings() -> [DriverSighting] { [] }

    /// Serves until the process ends.
    static func serve(port: Int, drivers: Int64, clock: GatewayClock) async throws {
        var settings = GatewaySettings()
        settings.messageRate = 0
        settings.connectRefill = 0
        let logger = Logger(label: "socket-echo") { _ in SwiftLogNoOpLogHandler() }
        let gateway = DriverGateway(
            settings: settings, clock: clock, door: BareHouse(drivers: drivers, at: clock.read().wall),
            verifier: NumberTokens(), registry: ConnectionRegistry(), admins: AdminHub(), events: EmptyEventLog(),
            logger: logger)
        let channel = gateway.channel { _, writer, _ in
            try await writer.writeResponse(HTTPResponse(status: .notFound))
        }
        let server = channel.server(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: port), backlog: 4096),
            onServerRunning: nil, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await gateway.run() }
            try await server.run()
            group.cancelAll()
        }
    }
}

/// A driver's number is his token.
struct NumberTokens: TokenVerifying {
    func verify(_ token: String?, at now: Timestamp) -> Result<VerifiedToken, CloseReason> {
        guard let token, let number = Int64(token) else { return .failure(.tokenInvalid) }
        return .success(
            VerifiedToken(
                account: .driver(DriverID(number)), epoch: 0, expiresAt: now.advanced(bySeconds: 1_000_000)))
    }
}

/// No event has ever happened.
struct EmptyEventLog: EventLog {
    func undelivered(for driver: DriverID) async throws -> [DriverEvent] { [] }
    func undelivered(beyond sent: [DriverID: Int64], limit: Int) async throws -> [DriverEvent] { [] }
    func lastSequence(of driver: DriverID) async throws -> Int64 { 0 }
    func markSent(_ marks: [EventMark]) async throws {}
    func markDelivered(_ marks: [EventMark]) async throws {}
    func states(of driver: DriverID, limit: Int) async throws -> [EventState] { [] }
    func overdue(before: Timestamp, limit: Int) async throws -> [EventState] { [] }
}
