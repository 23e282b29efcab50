import DispatchCore
package import Fulfilment
import Postgres

extension Store {
    /// Three round trips: lock and read, write, commit. See `OrderStore` for what is promised. Where the answer to the
    /// commit is lost, the database is asked what became of it.
    package func transact<Result: Sendable>(
        _ scope: TransactionScope, decide: @Sendable @escaping (LockedRows) throws -> OrderChanges<Result>
    ) async throws -> Committed<Result> {
        try await speaking {
            try await pool.decidedTransaction { connection, name in
                let rows = try await LockingRead(scope, name: name).perform(on: connection)
                let changes = try decide(rows)
                if let change = changes.orders.first {
                    name.leavesAudit(of: change.before.id, version: change.before.version + 1, by: scope.by)
                }
                let events = try await ChangeWriter(changes, scope: scope).perform(on: connection)
                return Committed(result: changes.result, events: events)
            }
        }
    }
}

extension TransactionName {
    /// Every change of an order leaves a row of the audit, which nothing changes afterwards.
    func leavesAudit(of order: OrderID, version: Int64, by principal: Principal) {
        leaves { name in
            Statement(
                """
                SELECT EXISTS (SELECT FROM order_audit WHERE order_id = $1 AND version = $2 AND asked_by = $3 \
                AND xmin = $4::text::xid8::xid)
                """, [.id(order), .int8(version), .text(principal), .text(name)])
        }
    }
}

/// The first round trip of a transaction: the fence, the idempotency key, the locks in their order, then the rows.
///
/// Locking and reading are separate statements, because a row that was waited for is read anew while what is joined
/// to it is not. The locks: orders by id, among them those that the scope's drivers hold; drivers by id, among them
/// those who hold the orders and will be told. What a driver holds grows only under his row's lock, so the last
/// statements see the truth.
private struct LockingRead {
    let scope: TransactionScope
    let name: TransactionName

    init(_ scope: TransactionScope, name: TransactionName) {
        self.scope = scope
        self.name = name
    }

    /// Which indexes to use does not depend on the ids, but a plan made anew for each array of ids costs more than the
    /// whole work. For this transaction alone, because other statements do depend on their arguments.
    private static let plansOnce = Statement("SELECT set_config('plan_cache_mode', 'force_generic_plan', true)")

    func perform(on connection: PostgresConnection) async throws -> LockedRows {
        var statements = [Self.plansOnce, TransactionName.statement]
        if let fence = scope.fence { statements.append(Statement("SELECT check_fence($1)", [.int8(fence.epoch)])) }
        let keyIndex = statements.count
        if let key = scope.idempotency {
            statements += IdempotencyRow.statements(key, orders: scope.orderIDs, at: scope.at)
        }
        let lockIndex = statements.count
        statements += locks + reads
        let answers = try await connection.query(statements)
        try name.learn(answers[1])

        var repeats: [OrderID]?
        var notes: [String] = []
        if let key = scope.idempotency {
            repeats = try IdempotencyRow.repeats(key, inserted: answers[keyIndex], found: answers[keyIndex + 1])
            notes = try IdempotencyRow.notes(inserted: answers[keyIndex], found: answers[keyIndex + 1])
        }
        let locked = Set(try answers[lockIndex].map { try $0.get(0, as: Int64.self) })
        let read = answers.suffix(reads.count)
        let orders = try OrderRow.orders(read[read.startIndex]).filter { locked.contains($0.id.rawValue) }
        let drivers = try read[read.startIndex + 1].map(DriverRow.account)
        let held = scope.includesOrdersHeld ? try OrderRow.orders(read[read.startIndex + 2]) : []
        return LockedRows(orders: orders, drivers: drivers, held: held, repeats: repeats, repeatedNotes: notes)
    }

    private var orderIDs: Parameter { .ids(scope.orderIDs) }
    private var driverIDs: Parameter { .ids(scope.driverIDs) }

    private var locks: [Statement] {
        let drivers = Statement(
            """
            SELECT id FROM drivers WHERE id IN (SELECT unnest($1::int8[]) UNION SELECT h.driver_id FROM holds h \
            WHERE h.order_id = ANY ($2) AND upper_inf(h.held)) ORDER BY id FOR NO KEY UPDATE
            """, [driverIDs, orderIDs])
        if scope.skipsLocked {
            // The engine gives way, and changes nothing of what drivers hold already: that is read without a lock.
            return [
                Statement(
                    "SELECT id FROM orders WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED", [orderIDs]),
                drivers,
            ]
        }
        guard scope.includesOrdersHeld else {
            return [
                Statement("SELECT id FROM orders WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE", [orderIDs]),
                drivers,
            ]
        }
        let orders = Statement(
            """
            SELECT id FROM orders WHERE id IN (SELECT unnest($1::int8[]) UNION SELECT h.order_id FROM holds h \
            WHERE h.driver_id = ANY ($2) AND upper_inf(h.held)) ORDER BY id FOR NO KEY UPDATE
            """, [orderIDs, driverIDs])
        // Once more after the drivers: what came to them between the two locks is locked as well.
        return [orders, drivers, orders]
    }

    private var reads: [Statement] {
        var reads = [
            Statement("\(OrderRow.selection) WHERE o.id = ANY ($1) ORDER BY o.id", [orderIDs]),
            Statement("\(DriverRow.selection) WHERE d.id = ANY ($1) ORDER BY d.id", [driverIDs]),
        ]
        if scope.includesOrdersHeld {
            reads.append(
                Statement(
                    """
                    \(OrderRow.selection) WHERE h.driver_id = ANY ($1) AND upper_inf(h.held) \
                    ORDER BY h.driver_id, h.batch_id, h.sequence
                    """, [driverIDs]))
        }
        return reads
    }
}
