import DispatchCore
import Fulfilment
import Geo
import Postgres
import Store
import TestSupport

/// Rows that tests begin with.
struct Sample {
    let store: Store
    static let start = Timestamp(milliseconds: 1_790_000_000_000)

    func driver(_ number: Int, capacity: Int = 3) async throws -> DriverAccount {
        var draft = DriverDraft(name: "Driver \(number)", phone: "+9198\(number)", email: nil, passwordHash: "x")
        draft.capacity = capacity
        let account = try await store.createDriver(draft, at: Self.start)
        var patch = DriverPatch()
        patch.availability = .online
        return try await store.updateDriver(account.id, patch) ?? account
    }

    func admin() async throws -> AdminAccount {
        try await store.createAdmin(email: "admin@example.org", fullName: "Admin", passwordHash: "x")
    }

    static func content(_ number: Int) -> OrderContent {
        var content = OrderContent(
            customer: Customer(name: "Customer \(number)", phone: "+91\(number)"),
            pickup: Place(name: "Kitchen", address: "Here", point: GeoPoint(latitude: 12.93, longitude: 77.62)),
            dropoff: Place(address: "There", point: GeoPoint(latitude: 12.95, longitude: 77.6)))
        content.items = [OrderItem(name: "Dosa", quantity: 2, price: Paise(8000))]
        content.total = Paise(16_000)
        return content
    }

    func order(_ number: Int) async throws -> Order {
        let placement = Placement(
            content: Self.content(number), zoneID: nil, at: Self.start, by: .engine, idempotency: nil)
        return try await store.insert(placement).order
    }

    func fence() async throws -> Fence? {
        try await store.claimLease(holder: "dispatcher", lasting: 60_000)
    }

    /// Gives orders to a driver as one batch, by the engine under `fence` or by an admin.
    @discardableResult
    func assign(
        _ orders: [OrderID], to driver: DriverAccount, fence: Fence? = nil, admin: AdminID? = nil,
        at now: Timestamp = Sample.start
    ) async throws -> Committed<Int> {
        let ids = try await store.reserveBatchIDs(1)
        var scope = TransactionScope(by: admin.map { .admin($0) } ?? .engine, at: now)
        scope.orderIDs = orders
        scope.driverIDs = [driver.id]
        scope.includesOrdersHeld = true
        scope.fence = fence
        scope.skipsLocked = admin == nil
        return try await store.transact(scope) { rows in
            Self.assignment(of: rows.orders, to: driver, batch: ids[0], admin: admin, at: now)
        }
    }

    static func assignment(
        of orders: [Order], to driver: DriverAccount, batch: BatchID, admin: AdminID?, at now: Timestamp
    ) -> OrderChanges<Int> {
        var changes = OrderChanges(result: orders.count)
        let source: AssignmentSource = admin == nil ? .engine : .admin
        changes.batches = [
            BatchDraft(
                id: batch, driverID: driver.id, source: source, poolID: nil, distance: 1200, orderIDs: orders.map(\.id),
                reason: nil)
        ]
        let summary = AssignedBatch(
            batchID: batch.rawValue, poolID: nil, source: source, orderIDs: orders.map(\.id.rawValue),
            restaurants: ["Kitchen"], earnings: Paise(5000 * Int64(orders.count)), distance: 1200)
        for (index, order) in orders.enumerated() {
            if let former = order.holder, former != driver.id {
                changes.events.append(
                    EventDraft(
                        driverID: former,
                        body: .orderUnassigned(order: order.id.rawValue, reason: "moved", code: "reassigned")))
            }
            var after = order
            after.state = .assigned
            after.assignment = Assignment(
                driverID: driver.id, driverName: driver.name, batchID: batch, sequence: index + 1, source: source,
                pinnedBy: admin, earnings: EarningsQuote(base: Paise(5000)), distance: 1200, durationSeconds: 600,
                assignedAt: now)
            changes.orders.append(OrderChange(before: order, after: after, reason: nil))
            let told = AssignedOrder(
                order: after, sequence: index + 1, earnings: Paise(5000), distance: 1200, batch: summary)
            changes.events.append(EventDraft(driverID: driver.id, body: .orderAssigned(told)))
        }
        return changes
    }

    /// Takes one order a step further by the rules of the order machine.
    @discardableResult
    func step(
        _ command: OrderCommand, _ id: OrderID, by principal: Principal, at now: Timestamp = Sample.start
    ) async throws -> Committed<Order?> {
        var scope = TransactionScope(by: principal, at: now)
        scope.orderIDs = [id]
        return try await store.transact(scope) { rows in
            guard let order = rows.orders.first else { return OrderChanges(result: nil) }
            return try Self.changes(command, order, by: principal, at: now)
        }
    }

    static func changes(
        _ command: OrderCommand, _ order: Order, by principal: Principal, at now: Timestamp
    ) throws -> OrderChanges<Order?> {
        let step = try OrderMachine.decide(command, on: order, by: principal, at: now)
        var changes = OrderChanges<Order?>(result: step.after)
        if step.after == order { return changes }
        changes.orders = [OrderChange(before: order, after: step.after, reason: nil)]
        changes.events = step.event.map { [$0] } ?? []
        changes.earnings = step.earnings.map { [$0] } ?? []
        changes.exclusions = step.exclusion.map { [$0] } ?? []
        return changes
    }
}
