import DispatchCore
import Fulfilment
import Gateway
import Geo
import Logging
import Synchronization

/// A clock that moves only when it is told to. Its sleeps end with the cancellation of who sleeps, so nothing happens
/// on its own.
final class ManualClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_000_000)
    /// 2025-11-19T10:30:00Z at uptime 1,000,000.
    private static let wallOffset: Int64 = 1_763_548_200_000 - 1_000_000

    var now: Moment { Self.moment(milliseconds.withLock { $0 }) }

    func advance(_ delta: Int64) { milliseconds.withLock { $0 += delta } }

    var gatewayClock: GatewayClock {
        GatewayClock(
            read: { self.now },
            sleep: { _ in
                let never = AsyncStream<Void> { _ in }
                for await _ in never {}
                throw CancellationError()
            })
    }

    static func moment(_ uptime: Int64) -> Moment {
        Moment(uptime: uptime, wall: Timestamp(milliseconds: uptime + wallOffset))
    }
}

/// Tokens in plain words: `driver-7`, `admin-1`, `driver-7-until-<wall milliseconds>`, `driver-7-epoch-<number>`,
/// `expired`, anything else is invalid.
struct PlainTokens: TokenVerifying {
    func verify(_ token: String?, at now: Timestamp) -> Result<VerifiedToken, CloseReason> {
        guard let token, !token.isEmpty else { return .failure(.tokenMissing) }
        if token == "expired" { return .failure(.tokenExpired) }
        let parts = token.split(separator: "-")
        guard parts.count >= 2, let id = Int64(parts[1]) else { return .failure(.tokenInvalid) }
        let number = parts.count == 4 ? Int64(parts[3]) ?? 0 : Int64.max
        let epoch = parts.count == 4 && parts[2] == "epoch" ? number : 0
        let until = parts.count == 4 && parts[2] == "until" ? number : Int64.max
        let expires = Timestamp(milliseconds: until)
        switch parts[0] {
        case "driver": return .success(VerifiedToken(account: .driver(DriverID(id)), epoch: epoch, expiresAt: expires))
        case "admin": return .success(VerifiedToken(account: .admin(AdminID(id)), epoch: epoch, expiresAt: expires))
        default: return .failure(.tokenInvalid)
        }
    }
}

/// A house in memory: it keeps what arrives and welcomes with what it was given.
final class InMemoryDoor: DriverDoor {
    struct State {
        var fixes: [Fix] = []
        var blocked: Set<DriverID> = []
        var isAnswering = true
        var seen: [DriverID] = []
        var sightings: [DriverSighting] = []
    }

    struct Unanswered: Error {}

    let state = Mutex(State())
    let log: InMemoryEventLog

    init(log: InMemoryEventLog) {
        self.log = log
    }

    func standing(of account: VerifiedToken.Account, epoch: Int64) -> Result<Void, CloseReason>? {
        guard case .driver(let driver) = account else { return nil }
        return state.withLock { $0.blocked.contains(driver) } ? .failure(.driverBlocked) : .success(())
    }

    func welcome(_ driver: DriverID, epoch: Int64) async throws -> Result<Welcome, CloseReason> {
        guard state.withLock({ $0.isAnswering }) else { throw Unanswered() }
        let last = try await log.lastSequence(of: driver)
        let undelivered = try await log.undelivered(for: driver)
        return .success(Welcome(isOnline: true, assignedCount: 0, lastSequence: last, undelivered: undelivered))
    }

    func fallbackWelcome(_ driver: DriverID) -> Welcome {
        Welcome(isOnline: false, assignedCount: 0, lastSequence: nil, undelivered: [])
    }

    func admits(_ admin: AdminID, epoch: Int64) async throws -> Result<Void, CloseReason> {
        guard state.withLock({ $0.isAnswering }) else { throw Unanswered() }
        return .success(())
    }

    func accept(_ fixes: [Fix]) { state.withLock { $0.fixes += fixes } }

    func seen(_ driver: DriverID, at now: Timestamp) { state.withLock { $0.seen.append(driver) } }

    func sightings() -> [DriverSighting] { state.withLock { $0.sightings } }
}

/// An event log in memory with the rules of the real one.
final class InMemoryEventLog: EventLog {
    struct State {
        var events: [DriverID: [DriverEvent]] = [:]
        var delivered: [DriverID: Int64] = [:]
        var sent: [DriverID: Int64] = [:]
    }

    let state = Mutex(State())

    /// Appends events to the driver's stream and returns them with their numbers.
    func append(_ bodies: [DriverEventBody], to driver: DriverID) -> [DriverEvent] {
        state.withLock { state in
            var new: [DriverEvent] = []
            for body in bodies {
                let seq = Int64(state.events[driver, default: []].count) + 1
                let event = DriverEvent(driverID: driver, seq: seq, body: body, createdAt: Timestamp(milliseconds: 0))
                state.events[driver, default: []].append(event)
                new.append(event)
            }
            return new
        }
    }

    func undelivered(for driver: DriverID) async throws -> [DriverEvent] {
        state.withLock { state in state.events[driver, default: []].filter { $0.seq > state.delivered[driver] ?? 0 } }
    }

    func undelivered(beyond sent: [DriverID: Int64], limit: Int) async throws -> [DriverEvent] {
        state.withLock { state in
            sent.flatMap { driver, seq in
                state.events[driver, default: []].filter { $0.seq > max(seq, state.delivered[driver] ?? 0) }
            }
        }
    }

    func lastSequence(of driver: DriverID) async throws -> Int64 {
        state.withLock { $0.events[driver]?.last?.seq ?? 0 }
    }

    func markSent(_ marks: [EventMark]) async throws {
        state.withLock { state in for mark in marks { state.sent[mark.driverID] = mark.seq } }
    }

    func markDelivered(_ marks: [EventMark]) async throws {
        state.withLock { state in for mark in marks { state.delivered[mark.driverID] = mark.seq } }
    }

    func states(of driver: DriverID, limit: Int) async throws -> [EventState] { [] }
    func overdue(before: Timestamp, limit: Int) async throws -> [EventState] { [] }
}

extension DriverEventBody {
    static func offer(
        _ orderID: Int64, batch: Int64 = 1, of orderIDs: [Int64]? = nil, pool: Int64? = nil
    ) -> DriverEventBody {
        let ids = orderIDs ?? [orderID]
        let batch = AssignedBatch(
            batchID: batch, poolID: pool, source: .engine, orderIDs: ids, restaurants: ["R"],
            earnings: Paise(5000 * Int64(ids.count)), distance: 3000 * ids.count)
        var order = Order.sample(orderID)
        order.content.readyAt = nil
        return .orderAssigned(
            AssignedOrder(order: order, sequence: 1, earnings: Paise(5000), distance: 3000, batch: batch))
    }
}

extension Order {
    static func sample(_ id: Int64) -> Order {
        let content = OrderContent(
            customer: Customer(name: "C", phone: "9"), pickup: Place(name: "R", address: "P"),
            dropoff: Place(address: "D"))
        return Order(
            id: OrderID(id), version: 1, state: .assigned, content: content, createdAt: Timestamp(milliseconds: 0))
    }
}
