import Contract
import DriverClient
import Postgres
import Synchronization

/// One phone of a run: a socket and what it received.
struct Phone: Sendable {
    let socket: DriverSocket
    let inbox: Inbox
}

/// The signed-in people of a run and what they can do. Remembers the orders it made, to cancel them at the end.
final class Stage: Sendable {
    let client: WireClient
    let plan: ConformancePlan
    let a: SignedIn
    let b: SignedIn
    let admin: SignedIn
    let positions: SavedPositions
    private let pool: ConnectionPool?
    private let orders = Mutex<[Int64]>([])

    /// Signs everyone in.
    init(client: WireClient, plan: ConformancePlan) async throws {
        self.client = client
        self.plan = plan
        a = try await client.signIn(driver: plan.drivers.a)
        b = try await client.signIn(driver: plan.drivers.b)
        admin = try await client.signIn(admin: plan.admin)
        if a.id == b.id { throw Fault("both driver log-ins are driver \(a.id); two different drivers are needed") }
        if let database = plan.database {
            let target = ConnectionTarget(connectionString: database, applicationName: "tiffin conformance")
            let pool = try ConnectionPool(
                configuration: .init(target: target, connections: 1), generator: Dice(seed: UInt64(bitPattern: a.id)))
            self.pool = pool
            positions = .database(pool)
        } else {
            pool = nil
            positions = .rest(client, adminToken: admin.accessToken)
        }
    }

    /// Opens a socket for a driver with his own token and waits for the server's confirmation or its first frame.
    func open(_ driver: SignedIn, token: String? = nil) async throws -> Phone {
        let phone = try await attempt(path: "\(driver.id)", token: token ?? driver.accessToken)
        _ = try await phone.inbox.message(within: .seconds(1)) { _ in true }
        if let close = phone.inbox.close { throw Fault("driver \(driver.id) with a valid token was \(close)") }
        return phone
    }

    /// Opens a socket with any path and token, without judging what follows.
    func attempt(path: String, token: String?) async throws -> Phone {
        let inbox = Inbox()
        let socket = try await client.openSocket(driver: path, token: token) { inbox.receive($0) }
        return Phone(socket: socket, inbox: inbox)
    }

    /// Creates an order without coordinates, so that no engine takes it before the admin does.
    func createOrder() async throws -> Int64 {
        let id = try await HandOrder.create(client, token: admin.accessToken, customer: "Conformance Check")
        orders.withLock { $0.append(id) }
        return id
    }

    /// Gives an order to a driver by the admin's hand.
    func assign(_ order: Int64, to driver: SignedIn) async throws {
        try await HandOrder.assign(order, to: driver.id, client, token: admin.accessToken)
    }

    /// Cancels an order in the customer's name.
    func cancel(_ order: Int64, reason: String) async throws {
        _ = try await client.send(.post, "/api/v1/orders/\(order)/cancel", token: admin.accessToken) { writer in
            writer.field("reason", reason)
            writer.field("by", "customer")
        }
        orders.withLock { $0.removeAll { $0 == order } }
    }

    /// Cancels what is left over and lets go of the database. Failures do not matter any more.
    func strike() async {
        for order in orders.withLock({ $0 }) { try? await cancel(order, reason: "Conformance run ended") }
        await pool?.close()
    }
}

/// A small seeded generator (SplitMix64, Steele, Lea and Flood 2014).
struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
