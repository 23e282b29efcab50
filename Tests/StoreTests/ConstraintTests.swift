import Postgres
import Store
import TestSupport
import Testing

/// Each promise that the schema makes, seen refusing the row that breaks it.
@Suite("The schema refuses")
struct ConstraintTests {
    struct Forbidden: Sendable, CustomTestStringConvertible {
        let promise: String
        let sql: String
        let code: String
        let constraint: String?
        var testDescription: String { promise }

        init(_ promise: String, _ code: String, _ constraint: String?, _ sql: String) {
            self.promise = promise
            self.code = code
            self.constraint = constraint
            self.sql = sql
        }
    }

    /// Two drivers (capacity 2), an admin, three orders; order 1 is held by driver 1 in slot 1 of batch 1.
    private static let rows = """
        INSERT INTO admins (email, full_name, password_hash) VALUES ('a@example.org', 'A', 'x');
        INSERT INTO drivers (name, phone, email, password_hash, standing, vehicle_type, capacity, bag_units, created_at)
            VALUES ('D1', '1', 'd@example.org', 'x', 'APPROVED', 'car', 2, 6, now()), ('D2', '2', NULL, 'x', \
            'APPROVED', 'car', 2, 6, now());
        INSERT INTO orders (customer_name, customer_phone, pickup_address, dropoff_address, items, total_paise, \
        bag_units, created_at, pooled_at)
            SELECT 'C', '9', 'p', 'd', '[]', 0, 1, now(), now() FROM generate_series(1, 3);
        INSERT INTO batches VALUES (1, 1, 'engine', 1, NULL, NULL, 10, NULL, '{1}', now()), (2, 2, 'engine', 1, \
        NULL, NULL, 10, NULL, '{1}', now());
        \(hold(order: 1, driver: 1, batch: 1, slot: 1));
        UPDATE orders SET state = 'ASSIGNED', hold_id = 1 WHERE id = 1;
        UPDATE drivers SET event_seq = 1 WHERE id = 1;
        INSERT INTO driver_events (driver_id, seq, kind, order_id, body, created_at) VALUES (1, 1, 'orderAssigned', \
        1, '{}', now());
        INSERT INTO dispatch_lease (holder, epoch, expires_at) VALUES ('h', 5, now());
        INSERT INTO refresh_tokens (hash, family, principal, issued_at, expires_at) VALUES (sha256('1'), 'f', \
        'driver:1', now(), now());
        """

    private static func hold(
        order: Int, driver: Int, batch: Int, slot: Int, source: String = "engine",
        held: String = "tstzrange(clock_timestamp(), NULL)"
    ) -> String {
        """
        INSERT INTO holds (order_id, driver_id, batch_id, sequence, slot, capacity, source, base_paise, \
        distance_paise, \
        peak_hour_paise, multi_order_paise, adjustment_paise, distance_m, assigned_at, held) \
        VALUES (\(order), \(driver), \(batch), 1, \(slot), 2, '\(source)', 1, 0, 0, 0, 0, 1, now(), \(held))
        """
    }

    private static func earn(order: Int, driver: Int, hold: Int) -> String {
        """
        INSERT INTO earnings (order_id, driver_id, hold_id, base_paise, distance_paise, peak_hour_paise, \
        multi_order_paise, \
        adjustment_paise, distance_m, earned_at) VALUES (\(order), \(driver), \(hold), 1, 0, 0, 0, 0, 1, now())
        """
    }

    private static func event(driver: Int, seq: Int) -> String {
        """
        INSERT INTO driver_events (driver_id, seq, kind, order_id, body, created_at) \
        VALUES (\(driver), \(seq), 'k', 1, '{}', now())
        """
    }

    private static func token(_ number: Int, family: String) -> String {
        """
        INSERT INTO refresh_tokens (hash, family, principal, issued_at, expires_at) \
        VALUES (sha256('\(number)'), '\(family)', 'driver:1', now(), now())
        """
    }

    static let forbidden: [Forbidden] = [
        .init("a second holder", "23P01", "one_holder_at_any_time", hold(order: 1, driver: 2, batch: 2, slot: 1)),
        .init(
            "a second holder, by its index alone", "23505", "one_holder_per_order",
            "ALTER TABLE holds DROP CONSTRAINT one_holder_at_any_time; "
                + hold(order: 1, driver: 2, batch: 2, slot: 1)),
        .init(
            "a holder in the past of another", "23P01", "one_holder_at_any_time",
            hold(
                order: 1, driver: 2, batch: 2, slot: 1,
                held: "tstzrange(now() - interval '1 h', now() + interval '1 h')")),
        .init("a slot used twice", "23505", "one_order_per_slot", hold(order: 2, driver: 1, batch: 1, slot: 1)),
        .init(
            "the engine beyond capacity", "23514", "engine_respects_capacity",
            hold(order: 2, driver: 1, batch: 1, slot: 3)),
        .init(
            "a hold of another driver's batch", "23503", "hold_is_of_its_batchs_driver",
            hold(order: 2, driver: 2, batch: 1, slot: 1)),
        .init(
            "a hold that its order knows nothing of", "TF003", "held_order_has_its_hold",
            hold(order: 2, driver: 2, batch: 2, slot: 1) + "; UPDATE orders SET state = 'PENDING' WHERE id = 2"),
        .init(
            "a held order without a hold", "TF003", "held_order_has_its_hold",
            """
            UPDATE holds SET held = tstzrange(lower(held), clock_timestamp()) WHERE id = 1;
            UPDATE orders SET state = 'ACCEPTED' WHERE id = 1
            """
        ),
        .init(
            "a pending order with a holder", "23514", "pending_has_no_holder",
            "UPDATE orders SET state = 'PENDING' WHERE id = 1"),
        .init(
            "a held order without a holder", "23514", "held_and_delivered_have_a_holder",
            "UPDATE orders SET state = 'ASSIGNED' WHERE id = 2"),
        .init(
            "a state that does not exist", "23514", "orders_state_check",
            "UPDATE orders SET state = 'LOST' WHERE id = 1"),
        .init(
            "an ended order that goes on", "TF002", "ended_is_final",
            """
            UPDATE orders SET state = 'CANCELLED', cancelled_at = now() WHERE id = 2;
            UPDATE orders SET state = 'PENDING', cancelled_at = NULL WHERE id = 2
            """),
        .init(
            "a delivery without pay", "TF004", "delivered_order_is_paid",
            """
            UPDATE holds SET held = tstzrange(lower(held), clock_timestamp()) WHERE id = 1;
            UPDATE orders SET state = 'DELIVERED', delivered_at = now() WHERE id = 1
            """),
        .init(
            "a delivery without its time", "23514", "delivery_has_its_time",
            "UPDATE orders SET state = 'DELIVERED' WHERE id = 1"),
        .init(
            "pay for an order twice", "23505", "earnings_pkey",
            earn(order: 1, driver: 1, hold: 1) + ";" + earn(order: 1, driver: 1, hold: 1)),
        .init("pay for someone who did not hold it", "23503", "who_earns_has_held", earn(order: 1, driver: 2, hold: 1)),
        .init("a gap in an event stream", "23503", "stream_has_no_gap", event(driver: 1, seq: 3)),
        .init("a stream that does not begin at one", "23503", "stream_has_no_gap", event(driver: 2, seq: 2)),
        .init("an event number twice", "23505", "driver_events_pkey", event(driver: 1, seq: 1)),
        .init(
            "an event removed from the middle", "23503", "stream_has_no_gap",
            event(driver: 1, seq: 2) + "; DELETE FROM driver_events WHERE driver_id = 1 AND seq = 1"),
        .init(
            "an engine's batch without an epoch", "23514", "engine_decides_under_an_epoch",
            "INSERT INTO batches VALUES (9, 1, 'engine', NULL, NULL, NULL, 1, NULL, '{1}', now())"),
        .init(
            "a force without an admin", "23514", "force_has_an_admin",
            "INSERT INTO batches VALUES (9, 1, 'admin', NULL, NULL, NULL, 1, NULL, '{1}', now())"),
        .init(
            "an empty batch", "23514", "batches_order_ids_check",
            "INSERT INTO batches VALUES (9, 1, 'engine', 1, NULL, NULL, 1, NULL, '{}', now())"),
        .init("an epoch that goes back", "TF005", "epoch_never_goes_back", "UPDATE dispatch_lease SET epoch = 4"),
        .init("a lease that is deleted", "TF005", "epoch_never_goes_back", "DELETE FROM dispatch_lease"),
        .init(
            "a second lease", "23514", "dispatch_lease_id_check",
            "INSERT INTO dispatch_lease (id, holder, epoch, expires_at) VALUES (2, 'x', 1, now())"),
        .init("a stale fence", "TF001", nil, "SELECT check_fence(4)"),
        .init("two live tokens in a family", "23505", "one_live_token_per_family", token(2, family: "f")),
        .init(
            "a token that is no digest", "23514", "refresh_tokens_hash_check",
            """
            INSERT INTO refresh_tokens (hash, family, principal, issued_at, expires_at) \
            VALUES ('x', 'g', 'p', now(), now())
            """
        ),
        .init(
            "a phone used twice", "23505", "drivers_phone_key",
            """
            INSERT INTO drivers (name, phone, password_hash, standing, vehicle_type, capacity, bag_units, created_at)
            VALUES ('D', '1', 'x', 'APPROVED', 'car', 2, 6, now())
            """),
        .init(
            "an e-mail used twice in other letters", "23505", "drivers_email",
            """
            INSERT INTO drivers (name, phone, email, password_hash, standing, vehicle_type, capacity, bag_units, \
            created_at)
            VALUES ('D', '3', 'D@Example.org', 'x', 'APPROVED', 'car', 2, 6, now())
            """),
        .init(
            "a latitude that is not a number", "23514", "driver_locations_latitude_check",
            """
            SELECT make_location_partition(current_date);
            INSERT INTO driver_locations (driver_id, latitude, longitude) VALUES (1, 'NaN', 0)
            """),
        .init(
            "a longitude off the globe", "23514", "driver_locations_longitude_check",
            """
            SELECT make_location_partition(current_date);
            INSERT INTO driver_locations (driver_id, latitude, longitude) VALUES (1, 0, 180.5)
            """),
        .init(
            "a position of a day without a partition", "23514", nil,
            "INSERT INTO driver_locations (driver_id, latitude, longitude, created_at) VALUES (1, 0, 0, '1999-01-01')"),
        .init(
            "half a point", "23514", "restaurants_check",
            "INSERT INTO restaurants (name, address, latitude) VALUES ('r', 'a', 1)"),
        .init(
            "an idempotency key twice", "23505", "idempotency_keys_pkey",
            """
            INSERT INTO idempotency_keys SELECT 'p', 'k', 'h', '{}', now() FROM generate_series(1, 2)
            """),
    ]

    /// One database for all cases, on one connection: what is refused leaves nothing behind for the next case.
    private static let shared = Task { () throws -> ConnectionPool in
        let database = try await StoreDatabase.kept()
        try await database.pool.script(rows)
        return database.pool
    }

    @Test(arguments: forbidden)
    func the(forbidden: Forbidden) async throws {
        let pool = try await Self.shared.value
        let error = await #expect(throws: PostgresError.self) { try await pool.script(forbidden.sql) }
        #expect(error?.code.value == forbidden.code)
        #expect(error?.constraint == forbidden.constraint)
    }

    @Test func theRowsThatTestsBeginWithAreAllowed() async throws {
        try await StoreDatabase.with(connections: 1) { database in
            try await database.pool.script(Self.rows)
            // An admin goes beyond capacity, and an order goes from holder to holder.
            try await database.pool.script(
                Self.hold(order: 2, driver: 1, batch: 1, slot: 3, source: "admin")
                    + "; UPDATE orders SET state = 'ASSIGNED', hold_id = 2 WHERE id = 2")
            try await database.pool.script(
                "UPDATE holds SET held = tstzrange(lower(held), clock_timestamp()) WHERE id = 1;"
                    + Self.hold(order: 1, driver: 2, batch: 2, slot: 1)
                    + "; UPDATE orders SET state = 'ASSIGNED', hold_id = 3 WHERE id = 1")
        }
    }
}
