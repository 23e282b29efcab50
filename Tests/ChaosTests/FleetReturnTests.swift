import Contract
import DriverClient
import Glibc
import Synchronization
import TestSupport
import Testing

/// A server dies and is started again while the whole fleet is connected: every app comes back in the same second, with
/// the app's own patience.
@Suite("The fleet's return", .serialized, .timeLimit(.minutes(10)))
struct FleetReturnTests {
    /// `TIFFIN_FLEET=2000` makes it the whole fleet.
    static let fleet = getenv("TIFFIN_FLEET").flatMap { Int(String(cString: $0)) } ?? 120

    @Test func aFleetThatLosesItsServerIsBackWellWithinTheAppsPatience() async throws {
        var plan = ChaosStage.Plan()
        plan.drivers = Self.fleet
        // As it is set up by default: the stage's own numbers are for phones that reconnect all the time.
        plan.settings = ["ws-connect-burst": "30", "ws-ping-interval": "25"]
        try await ChaosStage.with(plan) { stage in
            let phones = stage.drivers.map { AppPhone(id: $0.id, token: $0.token, stage: stage) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for phone in phones { group.addTask { await phone.run() } }
                try await eventually(within: .seconds(120)) { phones.allSatisfy { $0.welcomes == 1 } }
                let lostAt = stage.clock.milliseconds
                try await stage.killServer()
                let readyAfter = try await stage.startServer()
                try await eventually(within: .seconds(AppPhone.patience)) {
                    phones.allSatisfy { $0.welcomes == 2 || $0.hasGivenUp }
                }
                let times = phones.compactMap(\.welcomedAt).map { $0 - lostAt }.sorted()
                let median = times[times.count / 2]
                let last = times.last ?? 0
                print(
                    "fleet: \(phones.count) sockets back after \(median) ms (median) and \(last) ms (last) of the app's",
                    "\(AppPhone.patience) s; the server was ready after \(readyAfter) ms;",
                    "most tries \(phones.map(\.mostTries).max() ?? 0) of \(AppPhone.delays.count + 1)")
                #expect(phones.allSatisfy { $0.welcomes == 2 && !$0.hasGivenUp })
                #expect(last < AppPhone.patience * 1000 / 3, "a wide margin")
                #expect(phones.allSatisfy { $0.mostTries <= 5 }, "half of its tries are left")
                group.cancelAll()
            }
        }
    }
}

/// The deployed app as far as its connection goes: it connects after log-in, sends its position at once, and after any
/// end but 4001 and 4003 tries again on a fixed schedule without jitter, which begins anew with each open socket; then
/// it gives up for good.
private final class AppPhone: Sendable {
    /// Seconds before each further try.
    static let delays: [Int64] = [1, 2, 4, 8, 16, 30, 30, 30, 30, 30]
    /// Seconds until it has given up.
    static let patience = delays.reduce(0, +)

    private struct State {
        var welcomes = 0
        var welcomedAt: Int64?
        var mostTries = 0
        var hasGivenUp = false
    }

    private let id: Int64
    private let token: String
    private let stage: ChaosStage
    private let state = Mutex(State())

    init(id: Int64, token: String, stage: ChaosStage) {
        self.id = id
        self.token = token
        self.stage = stage
    }

    /// How often the server has confirmed a connection.
    var welcomes: Int { state.withLock { $0.welcomes } }
    var welcomedAt: Int64? { state.withLock { $0.welcomedAt } }
    /// The most tries that one connection took.
    var mostTries: Int { state.withLock { $0.mostTries } }
    var hasGivenUp: Bool { state.withLock { $0.hasGivenUp } }

    /// Lives until cancelled, or until it has given up.
    func run() async {
        var tries = 0
        while !Task.isCancelled {
            if tries > 0 {
                guard tries <= Self.delays.count else {
                    state.withLock { $0.hasGivenUp = true }
                    return
                }
                do { try await Task.sleep(for: .seconds(Self.delays[tries - 1])) } catch { return }
            }
            tries += 1
            let count = tries
            state.withLock { $0.mostTries = max($0.mostTries, count) }
            guard let socket = try? await stage.client.openSocket(driver: "\(id)", token: token, onEvent: hear) else {
                continue
            }
            tries = 0
            socket.send(
                DriverMessage.location(LocationUpdate(latitude: 12.93, longitude: 77.62, recordedAt: stage.clock.wall))
                    .jsonBytes)
            await withTaskCancellationHandler {
                await socket.waitForEnd()
            } onCancel: {
                socket.drop()
            }
            // The close handler runs as for a first failure: one second.
            tries = 1
        }
    }

    private func hear(_ event: SocketEvent) {
        guard case .text(let text) = event, text.contains("\"connection_ack\"") else { return }
        let now = stage.clock.milliseconds
        state.withLock { state in
            state.welcomes += 1
            state.welcomedAt = now
        }
    }
}
