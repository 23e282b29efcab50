import DispatchCore
import Fulfilment
import Postgres
import Store
import TestSupport
import Testing

/// Every question of `invariants.sql` answers when its promise is broken; without these nobody would know whether it
/// can. What the schema itself would refuse is planted with the constraint taken away.
@Suite("Every invariant sees its violation")
struct InvariantTests {
    struct Plant: Sendable, CustomTestStringConvertible {
        let promise: String
        let sql: String
        var testDescription: String { promise }

        init(_ promise: String, _ sql: String) {
            self.promise = promise
            self.sql = sql
        }
    }

    private static let unguarded = """
        ALTER TABLE holds DROP CONSTRAINT one_holder_at_any_time, DROP CONSTRAINT engine_respects_capacity;
        DROP INDEX one_holder_per_order, one_order_per_slot, one_live_token_per_family;
        SET LOCAL session_replication_role = replica;
        """

    /// A copy of the hold of order 1, changed.
    private static func hold(order: Int = 1, driver: Int = 1, batch: Int = 1, slot: Int = 9, held: String) -> String {
        """
        INSERT INTO holds (order_id, driver_id, batch_id, sequence, slot, capacity, source, base_paise,
            distance_paise, peak_hour_paise, multi_order_paise, adjustment_paise, distance_m, assigned_at, held)
        SELECT \(order), \(driver), \(batch), 1, \(slot), capacity, source, 1, 0, 0, 0, 0, 1, assigned_at, \(held)
        FROM holds WHERE order_id = 1
        """
    }

    private static let live = "tstzrange(lower(held), NULL)"

    /// Driver 1 has orders 1 (picked up) and 2 as batch 1; driver 2 has delivered order 3 of batch 2 and has order 4 by
    /// force as batch 3; order 5 he gave back, and it waits.
    static let plants: [Plant] = [
        .init("two_holders_now", hold(driver: 2, batch: 2, held: live)),
        .init("two_holders_at_some_time", hold(driver: 2, batch: 2, held: "tstzrange(lower(held), clock_timestamp())")),
        .init("slot_used_twice", "UPDATE holds SET slot = 1 WHERE order_id = 2"),
        .init("engine_beyond_capacity", "UPDATE holds SET capacity = 1; UPDATE drivers SET capacity = 1"),
        .init("batch_of_two_drivers", "UPDATE batches SET driver_id = 2 WHERE id = 1"),
        .init("batch_not_whole", "UPDATE batches SET order_ids = '{1,2,5}' WHERE id = 1"),
        .init(
            "held_without_hold",
            "UPDATE holds SET held = tstzrange(lower(held), clock_timestamp()) WHERE order_id = 2"),
        .init("hold_without_held_order", hold(order: 5, held: live)),
        .init(
            "hold_of_another_order",
            "UPDATE orders SET hold_id = (SELECT hold_id FROM orders WHERE id = 2) WHERE id = 1"),
        .init("delivered_not_paid", "DELETE FROM earnings"),
        .init("paid_not_ended", "UPDATE earnings SET order_id = 2"),
        .init("paid_to_another", "UPDATE earnings SET hold_id = (SELECT hold_id FROM orders WHERE id = 2)"),
        .init("gap_in_events", "DELETE FROM driver_events WHERE driver_id = 1 AND seq = 1"),
        .init("events_beyond_counter", "UPDATE drivers SET event_seq = event_seq + 1 WHERE id = 1"),
        .init("hold_never_told", "UPDATE driver_events SET kind = 'orderCancelled' WHERE order_id = 2"),
        .init(
            "told_and_gone",
            """
            UPDATE holds SET held = tstzrange(lower(held), clock_timestamp()) WHERE order_id = 2;
            UPDATE orders SET state = 'PENDING', hold_id = NULL WHERE id = 2
            """),
        .init("versions_without_audit", "DELETE FROM order_audit WHERE order_id = 5 AND version = 1"),
        .init("older_epoch_after_newer", "UPDATE batches SET epoch = 99 WHERE id = 1"),
        .init(
            "family_with_two_live_tokens",
            """
            INSERT INTO refresh_tokens (hash, family, principal, issued_at, expires_at)
            SELECT sha256(n::text::bytea), 'f', 'driver:1', now(), now() FROM generate_series(1, 2) n
            """),
        .init(
            "excluded_pair_met_again",
            """
            INSERT INTO batches SELECT 90, 2, 'engine', 1, NULL, NULL, 10, NULL, '{5}', now();
            \(hold(order: 5, driver: 2, batch: 90, held: live));
            INSERT INTO order_audit (order_id, version, from_state, to_state, asked_by, driver_id, batch_id, at)
            SELECT 5, version + 1, 'PENDING', 'ASSIGNED', 'engine', 2, 90, now() FROM orders WHERE id = 5
            """),
        .init(
            "pinned_order_moved_by_engine",
            """
            INSERT INTO order_audit (order_id, version, from_state, to_state, asked_by, driver_id, batch_id, at)
            SELECT 4, version + 1, 'ASSIGNED', 'PENDING', 'engine', 2, 4, now() FROM orders WHERE id = 4
            """),
        .init(
            "food_moved_by_engine",
            """
            INSERT INTO order_audit (order_id, version, from_state, to_state, asked_by, driver_id, batch_id, at)
            SELECT 1, version + 1, 'PICKED_UP', 'PENDING', 'engine', 1, 1, now() FROM orders WHERE id = 1
            """),
        .init(
            "batch_pay_does_not_add_up",
            """
            UPDATE driver_events SET body = jsonb_set(body, '{orderAssigned,_0,earnings,rawValue}', '1')
            WHERE order_id = 2 AND kind = 'orderAssigned'
            """),
        .init("paid_another_amount", "UPDATE earnings SET base_paise = base_paise + 1"),
    ]

    private struct RolledBack: Error {}

    private static func broken(_ pool: ConnectionPool, after sql: String) async throws -> Set<String> {
        var found: Set<String> = []
        do {
            try await pool.transaction { connection in
                try await connection.script(unguarded + sql)
                for row in try await connection.query(Invariants.sql) { found.insert(try row.get(0)) }
                throw RolledBack()
            }
        } catch is RolledBack {}
        return found
    }

    @Test func eachIsFound() async throws {
        try await StoreDatabase.with { database in
            let sample = Sample(store: database.store)
            let (first, second) = (try await sample.driver(1), try await sample.driver(2))
            let admin = try await sample.admin()
            var orders: [OrderID] = []
            for number in 1...5 { orders.append(try await sample.order(number).id) }
            #expect(orders.map(\.rawValue) == [1, 2, 3, 4, 5] && second.id == DriverID(2))
            let fence = try await sample.fence()
            try await sample.assign([orders[0], orders[1]], to: first, fence: fence)
            try await sample.assign([orders[2]], to: second, fence: fence)
            try await sample.assign([orders[4]], to: second, fence: fence)
            try await sample.assign([orders[3]], to: second, admin: admin.id)
            try await sample.step(.pickUp, orders[0], by: .driver(first.id))
            try await sample.step(.pickUp, orders[2], by: .driver(second.id))
            try await sample.step(.deliver(.otp(nil)), orders[2], by: .driver(second.id))
            try await sample.step(.reject(reason: nil), orders[4], by: .driver(second.id))
            #expect(try await Self.broken(database.pool, after: "") == [])
            for plant in Self.plants {
                let found = try await Self.broken(database.pool, after: plant.sql)
                #expect(found.contains(plant.promise), "\(plant.promise): \(found)")
            }
            // A question that is asked and never planted would prove nothing.
            let asked = Invariants.sql.matches(of: /SELECT '([a-z_]+)'/).map { String($0.output.1) }
            #expect(Set(asked) == Set(Self.plants.map(\.promise)))
        }
    }
}
