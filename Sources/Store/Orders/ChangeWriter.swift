import DispatchCore
import Fulfilment
import Geo
import Postgres

/// The second round trip of a transaction: what was decided, in as few statements as there are kinds of change. Each
/// takes arrays, one element per row, so that a plan of a hundred batches costs what one does.
struct ChangeWriter {
    private let scope: TransactionScope
    private let batches: [BatchDraft]
    private let orders: [OrderChange]
    private let events: [EventDraft]
    private let earnings: [EarningsDraft]
    private let exclusions: [Exclusion]
    private let otpFailures: [OrderID]
    private let notes: [String]

    init<Result: Sendable>(_ changes: OrderChanges<Result>, scope: TransactionScope) {
        self.scope = scope
        batches = changes.batches
        orders = changes.orders
        events = changes.events
        earnings = changes.earnings
        exclusions = changes.exclusions
        otpFailures = changes.otpFailures
        notes = changes.notes
    }

    /// One statement with the number of rows that it must change; `nil` where any number is right.
    private struct Step {
        let statement: Statement
        let expected: Int?
        var isEvents = false
    }

    /// - Returns: the events with their numbers.
    /// - Throws: `StoreError` when a row was not as it was read, which only a broken caller can bring about.
    func perform(on connection: PostgresConnection) async throws -> [DriverEvent] {
        let steps = try steps()
        if steps.isEmpty { return [] }
        let answers = try await connection.query(steps.map(\.statement))
        var numbered: [DriverEvent] = []
        for (step, answer) in zip(steps, answers) {
            if let expected = step.expected, answer.affected != expected {
                throw StoreError(.constraint, detail: "a row changed under the transaction")
            }
            if step.isEvents { numbered = try number(answer) }
        }
        return numbered
    }

    private func steps() throws -> [Step] {
        var steps: [Step] = []
        let ended = orders.filter(\.endsHold)
        let begun = orders.filter(\.beginsHold)
        let kept = orders.filter(\.keepsHold)
        if !ended.isEmpty { steps.append(Step(statement: endHolds(ended), expected: ended.count)) }
        if !batches.isEmpty { steps.append(Step(statement: insertBatches, expected: batches.count)) }
        if !begun.isEmpty { steps.append(Step(statement: beginHolds(begun), expected: begun.count)) }
        if !kept.isEmpty { steps.append(Step(statement: updateHolds(kept), expected: kept.count)) }
        let edited = orders.filter(\.editsContent)
        if !edited.isEmpty { steps.append(Step(statement: updateContent(edited), expected: edited.count)) }
        if !orders.isEmpty {
            steps.append(Step(statement: updateOrders, expected: orders.count))
            steps.append(Step(statement: insertAudit, expected: orders.count))
        }
        if let known = markKnown { steps.append(Step(statement: known, expected: nil)) }
        if !events.isEmpty { steps.append(Step(statement: try insertEvents(), expected: nil, isEvents: true)) }
        if !earnings.isEmpty { steps.append(Step(statement: insertEarnings, expected: earnings.count)) }
        if let count = countEnded { steps.append(Step(statement: count, expected: nil)) }
        if !exclusions.isEmpty { steps.append(Step(statement: insertExclusions, expected: nil)) }
        if !otpFailures.isEmpty { steps.append(Step(statement: countOTPFailures, expected: otpFailures.count)) }
        if let key = scope.idempotency, !notes.isEmpty {
            steps.append(Step(statement: IdempotencyRow.note(notes, under: key), expected: 1))
        }
        return steps
    }

    // MARK: Holds

    private func endHolds(_ changes: [OrderChange]) -> Statement {
        Statement(
            """
            UPDATE holds SET held = tstzrange(lower(held), GREATEST(clock_timestamp(), lower(held))) \
            WHERE order_id = ANY ($1) AND upper_inf(held)
            """, [.ids(changes.map(\.before.id))])
    }

    private var insertBatches: Statement {
        var admin: AdminID?
        if case .admin(let id) = scope.by { admin = id }
        return Statement(
            """
            INSERT INTO batches (id, driver_id, source, epoch, forced_by, pool_id, distance_m, reason, order_ids, \
            created_at) \
            SELECT u.id, u.driver_id, u.source, CASE WHEN u.source = 'engine' THEN $8::int8 END, \
            CASE WHEN u.source = 'admin' THEN $9::int8 END, u.pool_id, u.distance_m, u.reason, \
            string_to_array(u.order_ids, ',')::int8[], $10 \
            FROM UNNEST($1::int8[], $2::int8[], $3::text[], $4::int8[], $5::int4[], $6::text[], $7::text[]) \
            AS u(id, driver_id, source, pool_id, distance_m, reason, order_ids)
            """,
            [
                .ids(batches.map(\.id)), .ids(batches.map(\.driverID)), .textArray(batches.map(\.source.rawValue)),
                .int8Array(batches.map { $0.poolID?.rawValue }), .integers(batches.map(\.distance)),
                .textArray(batches.map(\.reason)),
                // An array of arrays must be rectangular, which batches are not.
                .textArray(batches.map { $0.orderIDs.map(\.description).joined(separator: ",") }),
                .int8(scope.fence?.epoch), .id(admin), .timestamp(scope.at),
            ])
    }

    /// Each new hold takes its driver's lowest free slots, in the order given. The driver's row is locked, so they stay
    /// free; that nobody takes one twice is the index's word all the same.
    private func beginHolds(_ changes: [OrderChange]) -> Statement {
        let assignments = changes.compactMap { change in change.after.assignment.map { (change.after.id, $0) } }
        return Statement(
            """
            WITH fresh AS (SELECT u.*, row_number() OVER (PARTITION BY u.driver_id ORDER BY u.ordinal) AS place \
            FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int4[], $5::text[], $6::int8[], $7::int8[], \
            $8::int8[], \
            $9::int8[], $10::int8[], $11::int8[], $12::int4[], $13::int4[], $14::timestamptz[]) WITH ORDINALITY \
            AS u(order_id, driver_id, batch_id, sequence, source, pinned_by, base, distance, peak, multi, adjustment, \
            distance_m, duration_s, assigned_at, ordinal)), \
            wanted AS (SELECT f.driver_id, f.added + (SELECT count(*) FROM holds h WHERE h.driver_id = f.driver_id \
            AND upper_inf(h.held)) AS slots FROM (SELECT driver_id, count(*) AS added FROM fresh GROUP BY driver_id) f), \
            free AS (SELECT f.driver_id, s.slot, row_number() OVER (PARTITION BY f.driver_id ORDER BY s.slot) AS place \
            FROM wanted f CROSS JOIN LATERAL generate_series(1, f.slots) AS s(slot) \
            WHERE NOT EXISTS (SELECT 1 FROM holds h WHERE h.driver_id = f.driver_id AND h.slot = s.slot AND \
            upper_inf(h.held))) \
            INSERT INTO holds (order_id, driver_id, batch_id, sequence, slot, capacity, source, pinned_by, base_paise, \
            distance_paise, peak_hour_paise, multi_order_paise, adjustment_paise, distance_m, duration_s, \
            assigned_at, held) \
            SELECT f.order_id, f.driver_id, f.batch_id, f.sequence, free.slot, d.capacity, f.source, f.pinned_by, \
            f.base, \
            f.distance, f.peak, f.multi, f.adjustment, f.distance_m, f.duration_s, f.assigned_at, \
            tstzrange(GREATEST(clock_timestamp(), (SELECT max(upper(p.held)) FROM holds p WHERE p.order_id = \
            f.order_id)), NULL) \
            FROM fresh f JOIN free USING (driver_id, place) JOIN drivers d ON d.id = f.driver_id
            """,
            [
                .ids(assignments.map(\.0)), .ids(assignments.map(\.1.driverID)), .ids(assignments.map(\.1.batchID)),
                .integers(assignments.map(\.1.sequence)), .textArray(assignments.map(\.1.source.rawValue)),
                .int8Array(assignments.map { $0.1.pinnedBy?.rawValue }),
            ] + amounts(assignments.map(\.1)) + [
                .integers(assignments.map(\.1.distance)), .integers(assignments.map(\.1.durationSeconds)),
                .timestamps(assignments.map(\.1.assignedAt)),
            ])
    }

    private func amounts(_ assignments: [Assignment]) -> [Parameter] {
        let parts: [KeyPath<EarningsQuote, Paise>] = [\.base, \.distance, \.peakHour, \.multiOrder, \.adjustment]
        return parts.map { part in .int8Array(assignments.map { $0.earnings[keyPath: part].rawValue }) }
    }

    /// The holder stays and something about the assignment changes: a pin, the pay.
    private func updateHolds(_ changes: [OrderChange]) -> Statement {
        let assignments = changes.compactMap(\.after.assignment)
        return Statement(
            """
            UPDATE holds h SET pinned_by = u.pinned_by, base_paise = u.base, distance_paise = u.distance, \
            peak_hour_paise = u.peak, multi_order_paise = u.multi, adjustment_paise = u.adjustment, \
            distance_m = u.distance_m, duration_s = u.duration_s, sequence = u.sequence \
            FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], \
            $8::int4[], \
            $9::int4[], $10::int4[]) \
            AS u(order_id, pinned_by, base, distance, peak, multi, adjustment, distance_m, duration_s, sequence) \
            WHERE h.order_id = u.order_id AND upper_inf(h.held)
            """,
            [.ids(changes.map(\.after.id)), .int8Array(assignments.map { $0.pinnedBy?.rawValue })]
                + amounts(assignments) + [
                    .integers(assignments.map(\.distance)), .integers(assignments.map(\.durationSeconds)),
                    .integers(assignments.map(\.sequence)),
                ])
    }

    // MARK: Orders

    /// Compare and set: a version that is not the one read changes nothing and is noticed by the count.
    private var updateOrders: Statement {
        let afters = orders.map(\.after)
        return Statement(
            """
            UPDATE orders o SET version = o.version + 1, state = u.state, pooled_at = u.pooled_at, \
            accepted_at = u.accepted_at, picked_up_at = u.picked_up_at, delivered_at = u.delivered_at, \
            cancelled_at = u.cancelled_at, cancel_reason = u.cancel_reason, otp_failures = u.otp_failures, zone_id \
            = u.zone_id, ready_at = u.ready_at, given_back = u.given_back = 1, \
            hold_id = CASE u.hold WHEN 'live' THEN (SELECT h.id FROM holds h WHERE h.order_id = o.id AND \
            upper_inf(h.held)) \
            WHEN 'last' THEN o.hold_id END \
            FROM UNNEST($1::int8[], $2::int8[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], \
            $7::timestamptz[], $8::timestamptz[], $9::text[], $10::int4[], $11::int8[], $12::text[], $13::timestamptz[], \
            $14::int4[]) \
            AS u(id, version, state, pooled_at, accepted_at, picked_up_at, delivered_at, cancelled_at, cancel_reason, \
            otp_failures, zone_id, hold, ready_at, given_back) \
            WHERE o.id = u.id AND o.version = u.version
            """,
            [
                .ids(afters.map(\.id)), .int8Array(orders.map(\.before.version)),
                .textArray(afters.map(\.state.rawValue)),
                .timestamps(afters.map(\.pooledAt)), .timestamps(afters.map(\.acceptedAt)),
                .timestamps(afters.map(\.pickedUpAt)), .timestamps(afters.map(\.deliveredAt)),
                .timestamps(afters.map(\.cancelledAt)), .textArray(afters.map(\.cancelReason)),
                .integers(afters.map(\.otpFailures)), .int8Array(afters.map { $0.zoneID?.rawValue }),
                .textArray(afters.map { $0.state.isHeld ? "live" : $0.assignment == nil ? "none" : "last" }),
                .timestamps(afters.map(\.content.readyAt)), .integers(afters.map { $0.isGivenBack ? 1 : 0 }),
            ])
    }

    /// What an admin may still correct about an order that waits; the ready time goes with every change.
    private func updateContent(_ changes: [OrderChange]) -> Statement {
        let contents = changes.map(\.after.content)
        return Statement(
            """
            UPDATE orders o SET customer_phone = u.phone, dropoff_address = u.address, \
            dropoff_latitude = u.latitude, dropoff_longitude = u.longitude, instructions = u.instructions, \
            promised_at = u.promised_at, bag_units = u.bag_units, delay_weight = u.delay_weight, \
            vehicle_types = string_to_array(u.vehicle_types, ',') \
            FROM UNNEST($1::int8[], $2::text[], $3::text[], $4::float8[], $5::float8[], $6::text[], \
            $7::timestamptz[], $8::int4[], $9::int4[], $10::text[]) AS u(id, phone, address, latitude, longitude, \
            instructions, promised_at, bag_units, delay_weight, vehicle_types) \
            WHERE o.id = u.id
            """,
            [
                .ids(changes.map(\.after.id)), .textArray(contents.map(\.customer.phone)),
                .textArray(contents.map(\.dropoff.address)),
                .float8Array(contents.map { $0.dropoff.point?.latitude }),
                .float8Array(contents.map { $0.dropoff.point?.longitude }),
                .textArray(contents.map(\.instructions)), .timestamps(contents.map(\.promisedAt)),
                .integers(contents.map(\.bagUnits)), .integers(contents.map(\.delayWeight)),
                .textArray(contents.map { $0.vehicles.map(\.rawValue).joined(separator: ",") }),
            ])
    }

    private var insertAudit: Statement {
        Statement(
            """
            INSERT INTO order_audit (order_id, version, from_state, to_state, driver_id, batch_id, reason, \
            asked_by, at) \
            SELECT u.*, $8, $9 FROM UNNEST($1::int8[], $2::int8[], $3::text[], $4::text[], $5::int8[], $6::int8[], \
            $7::text[]) u
            """,
            [
                .ids(orders.map(\.before.id)), .int8Array(orders.map { $0.before.version + 1 }),
                .textArray(orders.map(\.before.state.rawValue)), .textArray(orders.map(\.after.state.rawValue)),
                .int8Array(orders.map { ($0.after.assignment ?? $0.before.assignment)?.driverID.rawValue }),
                .int8Array(orders.map { ($0.after.assignment ?? $0.before.assignment)?.batchID.rawValue }),
                .textArray(orders.map(\.reason)), .text(scope.by), .timestamp(scope.at),
            ])
    }

    private var insertEarnings: Statement {
        let quotes = earnings.map(\.quote)
        let parts: [KeyPath<EarningsQuote, Paise>] = [\.base, \.distance, \.peakHour, \.multiOrder, \.adjustment]
        return Statement(
            """
            INSERT INTO earnings (order_id, driver_id, hold_id, base_paise, distance_paise, peak_hour_paise, \
            multi_order_paise, adjustment_paise, distance_m, earned_at) \
            SELECT u.order_id, u.driver_id, o.hold_id, u.base, u.distance, u.peak, u.multi, u.adjustment, \
            u.distance_m, \
            u.earned_at FROM UNNEST($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], \
            $7::int8[], \
            $8::int4[], $9::timestamptz[]) \
            AS u(order_id, driver_id, base, distance, peak, multi, adjustment, distance_m, earned_at) \
            JOIN orders o ON o.id = u.order_id
            """,
            [.ids(earnings.map(\.orderID)), .ids(earnings.map(\.driverID))]
                + parts.map { part in .int8Array(quotes.map { $0[keyPath: part].rawValue }) }
                + [.integers(earnings.map(\.distance)), .timestamps(earnings.map(\.earnedAt))])
    }

    /// The drivers' own counts of what they delivered and of what was cancelled while they had it.
    private var countEnded: Statement? {
        var delivered: [DriverID: Int] = [:]
        var cancelled: [DriverID: Int] = [:]
        for change in orders where change.before.state != change.after.state {
            guard let driver = change.before.assignment?.driverID else { continue }
            if change.after.state == .delivered { delivered[driver, default: 0] += 1 }
            if change.after.state == .cancelled { cancelled[driver, default: 0] += 1 }
        }
        let drivers = Set(delivered.keys).union(cancelled.keys).sorted()
        guard !drivers.isEmpty else { return nil }
        return Statement(
            """
            UPDATE drivers d SET completed_orders = d.completed_orders + u.delivered, \
            cancelled_orders = d.cancelled_orders + u.cancelled \
            FROM UNNEST($1::int8[], $2::int4[], $3::int4[]) AS u(id, delivered, cancelled) WHERE d.id = u.id
            """,
            [
                .ids(drivers), .integers(drivers.map { delivered[$0, default: 0] }),
                .integers(drivers.map { cancelled[$0, default: 0] }),
            ])
    }

    private var insertExclusions: Statement {
        Statement(
            """
            INSERT INTO exclusions (order_id, driver_id) SELECT * FROM UNNEST($1::int8[], $2::int8[]) ON CONFLICT \
            DO NOTHING
            """, [.ids(exclusions.map(\.orderID)), .ids(exclusions.map(\.driverID))])
    }

    private var countOTPFailures: Statement {
        Statement(
            "UPDATE orders SET otp_failures = otp_failures + 1 WHERE id = ANY ($1)", [.ids(otpFailures)])
    }

    // MARK: Events

    /// Who acts upon an order has heard of it: what was sent to him of it so far is delivered, whatever became of the
    /// answer to the ping. Not what was never sent: he may act upon an earlier offer of an order that was taken from
    /// him and given to him again meanwhile. Rows are locked in their order, as by those who mark.
    private var markKnown: Statement? {
        guard case .driver(let driver) = scope.by, !orders.isEmpty else { return nil }
        return Statement(
            """
            WITH known AS (SELECT driver_id, seq FROM driver_events WHERE driver_id = $1 AND order_id = ANY ($2) \
            AND sent_at IS NOT NULL AND delivered_at IS NULL ORDER BY seq FOR NO KEY UPDATE) \
            UPDATE driver_events e SET delivered_at = $3 FROM known k WHERE e.driver_id = k.driver_id AND e.seq = k.seq
            """, [.id(driver), .ids(orders.map(\.before.id)), .timestamp(scope.at)])
    }

    /// Numbers are given out under the driver's row lock, so that they have no gap and their order is the order of
    /// commits.
    private func insertEvents() throws -> Statement {
        Statement(
            """
            WITH drafts AS (SELECT u.*, row_number() OVER (PARTITION BY u.driver_id ORDER BY u.ordinal) AS place \
            FROM UNNEST($1::int8[], $2::text[], $3::int8[], $4::text[]) WITH ORDINALITY \
            AS u(driver_id, kind, order_id, body, ordinal)), \
            counted AS (UPDATE drivers d SET event_seq = d.event_seq + c.added \
            FROM (SELECT driver_id, count(*) AS added FROM drafts GROUP BY driver_id) c WHERE d.id = c.driver_id \
            RETURNING d.id, d.event_seq - c.added AS base), \
            written AS (INSERT INTO driver_events (driver_id, seq, kind, order_id, body, created_at) \
            SELECT n.driver_id, c.base + n.place, n.kind, n.order_id, n.body::jsonb, $5 \
            FROM drafts n JOIN counted c ON c.id = n.driver_id ORDER BY n.ordinal RETURNING driver_id) \
            SELECT n.ordinal, c.base + n.place FROM drafts n JOIN counted c ON c.id = n.driver_id ORDER BY n.ordinal
            """,
            [
                .ids(events.map(\.driverID)), .textArray(events.map(\.body.kind)),
                .int8Array(events.map(\.body.orderID)),
                .textArray(try events.map { try JSONText.encode($0.body) }), .timestamp(scope.at),
            ])
    }

    private func number(_ rows: Rows) throws -> [DriverEvent] {
        guard rows.count == events.count else {
            throw StoreError(.constraint, detail: "an event's driver does not exist")
        }
        return try zip(events, rows).map { draft, row in
            DriverEvent(driverID: draft.driverID, seq: try row.get(1), body: draft.body, createdAt: scope.at)
        }
    }
}

extension DriverEventBody {
    /// The name of the case, as the table's column has it.
    var kind: String {
        switch self {
        case .orderAssigned: "orderAssigned"
        case .orderCancelled: "orderCancelled"
        case .orderUnassigned: "orderUnassigned"
        }
    }
}

extension OrderChange {
    /// Same driver, same batch: the hold goes on.
    private var isSameHold: Bool {
        before.state.isHeld && after.state.isHeld && before.assignment?.driverID == after.assignment?.driverID
            && before.assignment?.batchID == after.assignment?.batchID
    }

    /// The ready time aside, which is written with every change.
    fileprivate var editsContent: Bool {
        var old = before.content
        old.readyAt = after.content.readyAt
        return old != after.content
    }

    fileprivate var endsHold: Bool { before.state.isHeld && !isSameHold }
    fileprivate var beginsHold: Bool { after.state.isHeld && !isSameHold }
    fileprivate var keepsHold: Bool { isSameHold && before.assignment != after.assignment }
}
