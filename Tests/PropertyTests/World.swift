import DispatchCore
import Fulfilment
import Geo
import Logging
import Simulation
import Synchronization

/// Every port that the house needs, of one store.
typealias Ports = OrderStore & AccountStore & PlaceStore & PoolStore & EarningsStore & LocationStore & EventLog
    & DispatchLedger

/// The real use cases on some store, with a clock that moves by hand: what a run acts on and looks at.
struct World: Sendable {
    static let drivers = 5
    static let admins = 2
    static let start = Timestamp(milliseconds: 1_763_548_200_000)
    static let staleAfter: Int64 = 60_000
    static let lostAfter: Int64 = 90_000
    /// A dispatcher that looked away for longer begins to count anew.
    static let longestGap: Int64 = 60_000

    let house: House
    let time = VirtualTime(World.start)
    let push = RecordingPush()
    let records: RecordingLedger
    let intake: LocationIntake
    let driverIDs: [DriverID]
    let adminIDs: [AdminID]

    /// - Parameter fault: What is wrong with the store on purpose; nil in earnest.
    init(on ports: any Ports, fault: Fault? = nil) async throws {
        var settings = HouseSettings()
        settings.staleAfterMilliseconds = Self.staleAfter
        settings.lostDriverAfterMilliseconds = Self.lostAfter
        let time = time
        let orders: any OrderStore = fault.map { FaultyOrders(base: ports, fault: $0) } ?? ports
        records = RecordingLedger(base: ports, forgetsSeeds: fault == .theRecordForgetsTheSeed)
        let house = House(
            orders: orders, accounts: ports, places: ports, pools: ports, earnings: ports, locations: ports,
            events: ports, ledger: records, push: push, feed: RecordingFeed(),
            fleet: Fleet(staleAfterMilliseconds: Self.staleAfter), atlas: Atlas(), rounds: RoundSignal(),
            settings: settings, now: { time.now })
        self.house = house
        intake = LocationIntake(fleet: house.fleet, store: ports, accounts: ports, feed: RecordingFeed())
        var drivers: [DriverID] = []
        for number in 0..<Self.drivers {
            var draft = DriverDraft(name: "Driver \(number)", phone: "+91\(number)", email: nil, passwordHash: "-")
            draft.capacity = 1 + number % 3
            drivers.append(try await DriverDesk(house).create(draft).id)
        }
        driverIDs = drivers
        var admins: [AdminID] = []
        for number in 0..<Self.admins {
            let email = "admin\(number)@example.org"
            admins.append(try await ports.createAdmin(email: email, fullName: "-", passwordHash: "-").id)
        }
        adminIDs = admins
    }

    /// A dispatcher of the name, that calls `meanwhile` while it makes its plan.
    func dispatcher(_ holder: String, meanwhile: @escaping @Sendable () async -> Void) -> Dispatcher {
        Dispatcher(
            house, policy: { DispatchPolicy() }, holder: holder,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 },
            solve: { snapshot, previous, seed in
                await meanwhile()
                return Self.plan(TickInputs(snapshot: snapshot, previous: previous, seed: seed))
            })
    }

    static func plan(_ inputs: TickInputs) -> DispatchPlan {
        DispatchEngine.plan(
            inputs.snapshot, previous: inputs.previous, seed: inputs.seed, budget: WorkBudget(steps: 300))
    }

    /// A point so many metres east and north of the city's centre.
    static func point(_ east: Int, _ north: Int) -> GeoPoint? {
        GeoPoint(latitude: 12.9352 + Double(north) / 111_195, longitude: 77.6245 + Double(east) / 108_374)
    }

    /// All that the house knows, read through its ports.
    func look() async throws -> Facts {
        var everything = OrderQuery()
        everything.limit = 100_000
        var facts = Facts()
        for order in try await house.orders.orders(matching: everything) { facts.orders[order.id] = order }
        for pair in try await house.orders.exclusions() {
            facts.exclusions[pair.orderID, default: []].insert(pair.driverID)
        }
        let end = time.now.advanced(bySeconds: 86_400)
        for driver in driverIDs {
            facts.drivers[driver] = try await house.accounts.driver(driver)
            facts.streams[driver] = try await house.events.states(of: driver, limit: 100_000).map(\.event)
                .sorted { $0.seq < $1.seq }
            facts.earnings += try await house.earnings.earnings(of: driver, from: Self.start, to: end)
            facts.fixes[driver] = try await house.locations.fixes(of: driver, limit: 100_000).count
        }
        return facts
    }
}

/// What is in the store at one moment.
struct Facts: Sendable {
    var orders: [OrderID: Order] = [:]
    var drivers: [DriverID: DriverAccount] = [:]
    /// Of orders that have not ended.
    var exclusions: [OrderID: Set<DriverID>] = [:]
    var streams: [DriverID: [DriverEvent]] = [:]
    var earnings: [EarningsEntry] = []
    var fixes: [DriverID: Int] = [:]
}

/// Something wrong with the store, planted to see that a run notices.
enum Fault: String, Sendable, CaseIterable {
    case eventsOfTheFormerHolderAreLost
    case refusalsAreForgotten
    case deliveriesAreNotPaid
    case pinsAreForgotten
    case theFenceIsNotChecked
    case theRecordForgetsTheSeed
}

/// The ledger of a store, with every record of a tick at hand for whoever wants to plan it again.
final class RecordingLedger: DispatchLedger {
    private let base: any DispatchLedger
    /// A planted fault: records that lack what the plan was made from.
    private let forgetsSeeds: Bool
    private let unread = Mutex<[TickRecord]>([])

    init(base: any DispatchLedger, forgetsSeeds: Bool) {
        self.base = base
        self.forgetsSeeds = forgetsSeeds
    }

    /// The records since the last call.
    func takeRecords() -> [TickRecord] {
        unread.withLock { records in
            defer { records = [] }
            return records
        }
    }

    func record(_ tick: TickRecord) async throws {
        var tick = tick
        if forgetsSeeds, var inputs = try? TickInputs(bytes: tick.inputs) {
            inputs.seed = 0
            inputs.previous = nil
            tick.inputs = inputs.bytes
        }
        unread.withLock { $0.append(tick) }
        try await base.record(tick)
    }

    func claimLease(holder: String, lasting milliseconds: Int64) async throws -> Fence? {
        try await base.claimLease(holder: holder, lasting: milliseconds)
    }
    func releaseLease(holder: String) async throws { try await base.releaseLease(holder: holder) }
    func newestDecision(about order: OrderID) async throws -> (tick: TickRecord, decision: OrderDecision)? {
        try await base.newestDecision(about: order)
    }
    func amend(_ decision: OrderDecision, of tick: Int64) async throws { try await base.amend(decision, of: tick) }
    func tick(_ id: Int64) async throws -> TickRecord? { try await base.tick(id) }
}

/// A store that breaks one promise.
private struct FaultyOrders: OrderStore {
    let base: any OrderStore
    let fault: Fault

    func transact<Result: Sendable>(
        _ scope: TransactionScope, decide: @Sendable @escaping (LockedRows) throws -> OrderChanges<Result>
    ) async throws -> Committed<Result> {
        var scope = scope
        if fault == .theFenceIsNotChecked { scope.fence = scope.fence.map { _ in Fence(epoch: .max) } }
        let fault = fault
        return try await base.transact(scope) { rows in

            var changes = try decide(rows)
            switch fault {
            case .eventsOfTheFormerHolderAreLost:
                changes.events.removeAll { if case .orderUnassigned = $0.body { true } else { false } }
            case .refusalsAreForgotten: changes.exclusions = []
            case .deliveriesAreNotPaid: changes.earnings = []
            case .pinsAreForgotten:
                for index in changes.orders.indices { changes.orders[index].after.assignment?.pinnedBy = nil }
            case .theFenceIsNotChecked, .theRecordForgetsTheSeed: break
            }
            return changes
        }
    }

    func insert(_ placement: Placement) async throws -> (order: Order, created: Bool) {
        try await base.insert(placement)
    }
    func order(_ id: OrderID) async throws -> Order? { try await base.order(id) }
    func orders(matching query: OrderQuery) async throws -> [Order] { try await base.orders(matching: query) }
    func openOrders() async throws -> [OpenOrder] { try await base.openOrders() }
    func reserveBatchIDs(_ count: Int) async throws -> [BatchID] { try await base.reserveBatchIDs(count) }
    func batch(_ id: BatchID) async throws -> Batch? { try await base.batch(id) }
    func batches(limit: Int, before: BatchID?) async throws -> [Batch] {
        try await base.batches(limit: limit, before: before)
    }
    func wasHeld(_ order: OrderID, by driver: DriverID) async throws -> Bool {
        try await base.wasHeld(order, by: driver)
    }
    func exclusions() async throws -> [Exclusion] { try await base.exclusions() }
}
