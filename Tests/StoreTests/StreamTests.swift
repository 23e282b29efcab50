import DispatchCore
import Fulfilment
import Geo
import Postgres
import Store
import TestSupport
import Testing

@Suite("Events, positions, leases and upkeep")
struct StreamTests {
    @Test func eventsAreReplayedUntilDelivered() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            let driver = try await sample.driver(1)
            let fence = try await sample.fence()
            let orders = [try await sample.order(1), try await sample.order(2), try await sample.order(3)]
            let events = try await sample.assign(orders.map(\.id), to: driver, fence: fence).events
            #expect(try await store.undelivered(for: driver.id) == events)
            #expect(try await store.lastSequence(of: driver.id) == 3)
            #expect(try await store.lastSequence(of: DriverID(99)) == 0)
            let sentAt = Sample.start.advanced(bySeconds: 1)
            try await store.markSent([EventMark(driverID: driver.id, seq: 2, at: sentAt)])
            try await store.markDelivered([EventMark(driverID: driver.id, seq: 1, at: sentAt)])
            // A repeated mark changes nothing of what was noted first.
            try await store.markDelivered([EventMark(driverID: driver.id, seq: 1, at: sentAt.advanced(bySeconds: 9))])
            let states = try await store.states(of: driver.id, limit: 10)
            #expect(states.map(\.event.seq) == [3, 2, 1])
            #expect(states.map(\.sentAt) == [nil, sentAt, sentAt])
            #expect(states.map(\.deliveredAt) == [nil, nil, sentAt])
            #expect(try await store.undelivered(beyond: [driver.id: 2], limit: 10).map(\.seq) == [3])
            #expect(try await store.undelivered(beyond: [driver.id: 0], limit: 1).map(\.seq) == [2])
            #expect(try await store.undelivered(beyond: [:], limit: 10).isEmpty)
            #expect(try await store.overdue(before: Sample.start, limit: 10).isEmpty)
            #expect(try await store.overdue(before: sentAt, limit: 10).map(\.event.seq) == [2, 3])
            #expect(states.map(\.progress) == [.pending, .sent, .delivered])
            // What the driver has acted upon, or does not hold any more, is nobody's alarm.
            try await database.pool.script(
                """
                UPDATE orders SET state = 'ACCEPTED' WHERE id = \(orders[1].id.rawValue);
                BEGIN;
                UPDATE holds SET held = tstzrange(lower(held), clock_timestamp())
                    WHERE order_id = \(orders[2].id.rawValue);
                UPDATE orders SET state = 'PENDING', hold_id = NULL WHERE id = \(orders[2].id.rawValue);
                COMMIT;
                """)
            #expect(try await store.overdue(before: sentAt, limit: 10).isEmpty)
        }
    }

    @Test func anOfferIsToldOnlyWhileItsDriverHoldsTheOrder() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            let (driver, other) = (try await sample.driver(1), try await sample.driver(2))
            let admin = Principal.admin(try await sample.admin().id)
            let fence = try await sample.fence()
            var orders: [OrderID] = []
            for number in 1...3 { orders.append(try await sample.order(number).id) }
            let told = try await sample.assign(orders, to: driver, fence: fence).events
            try await sample.step(.deliverByHand, orders[0], by: admin)
            try await sample.step(.reject(reason: nil), orders[1], by: .driver(driver.id))
            try await sample.assign([orders[1]], to: other, fence: fence)
            // Neither end is an event of his; what is left is the third order, in a batch of one.
            for left in [
                try await store.undelivered(for: driver.id),
                try await store.undelivered(beyond: [driver.id: 0], limit: 10),
            ] {
                #expect(left.map(\.seq) == [3])
                guard case .orderAssigned(let offer)? = left.first?.body, case .orderAssigned(let first) = told[2].body
                else { continue }
                #expect(offer.batch.orderIDs == [orders[2].rawValue])
                #expect(offer.batch.restaurants == ["Kitchen"])
                #expect(offer.batch.earnings == Paise(5000))
                #expect(offer.batch.distance == first.batch.distance)
            }
            #expect(try await store.undelivered(for: other.id).map(\.body.orderID) == [orders[1].rawValue])
            #expect(try await store.lastSequence(of: driver.id) == 3)
        }
    }

    @Test func presenceIsKeptAndWaitsAreReadBack() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let draft = RestaurantDraft(name: "Kitchen", address: "Here", phone: nil, point: nil, externalID: nil)
            let restaurant = try await store.createRestaurant(draft).id
            let start = Sample.start
            let came = PresenceEvent(driver: DriverID(7), spot: .restaurant(restaurant), beganAt: start)
            var stays = (1...3).map { number in
                var stay = came
                stay.endedAt = start.advanced(bySeconds: 600)
                stay.waited = Int64(number) * 1000
                return stay
            }
            stays[1].driver = DriverID(8)
            stays[1].preparation = 60_000
            stays[2].beyondWord = 90_000
            let zone = PresenceEvent(
                driver: DriverID(7), spot: .zone(ZoneID(5)), beganAt: start, endedAt: start.advanced(bySeconds: 1))
            let customer = PresenceEvent(driver: DriverID(7), spot: .customer(OrderID(9)), beganAt: start)
            try await store.append([came, zone, customer] + stays)
            #expect(
                try await store.presence(of: DriverID(7), limit: 10) == [stays[2], stays[0], customer, zone, came])
            #expect(
                try await store.kitchenStays(limit: 2)
                    == [
                        restaurant: [
                            KitchenStay(waited: 2000, preparation: 60_000),
                            KitchenStay(waited: 3000, beyondWord: 90_000),
                        ]
                    ])
            try await store.keepUp(
                at: start.advanced(bySeconds: 31 * 86_400), retention: Retention(locationDays: 30), doubtsClock: false)
            #expect(try await store.kitchenStays(limit: 2).isEmpty)
        }
    }

    @Test func staysThatHaveNotEndedAreReadBack() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let driver = try await Sample(store: store).driver(1).id
            let start = Sample.start
            func event(_ spot: Spot, _ from: Int64, _ to: Int64? = nil) -> PresenceEvent {
                PresenceEvent(
                    driver: driver, spot: spot, beganAt: start.advanced(bySeconds: from),
                    endedAt: to.map { start.advanced(bySeconds: $0) })
            }
            let (zone, other) = (Spot.zone(ZoneID(1)), Spot.zone(ZoneID(2)))
            let kitchen = Spot.restaurant(RestaurantID(1))
            try await store.append([
                event(zone, 0), event(other, 1), event(kitchen, 5), event(zone, 0, 7), event(kitchen, 5, 8),
                event(zone, 9),
            ])
            #expect(try await store.openStays() == [event(other, 1), event(zone, 9)])
        }
    }

    private func fix(_ driver: Int64, latitude: Double, at now: Timestamp) throws -> Fix {
        var fix = Fix(
            driverID: DriverID(driver), point: try #require(GeoPoint(latitude: latitude, longitude: 77.59461234)),
            receivedAt: now)
        fix.accuracy = 4.5
        fix.batteryLevel = 80
        fix.recordedAt = now.advanced(bySeconds: -3600)
        return fix
    }

    @Test func positionsKeepTheirOwnTimesAndFindTheirDay() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let night = Timestamp(milliseconds: Sample.start.milliseconds / 86_400_000 * 86_400_000)
            // Either side of midnight, and no partition made ahead.
            let fixes = [
                try fix(1, latitude: 12.97159876, at: night.advanced(byMilliseconds: -1)),
                try fix(1, latitude: -90, at: night), try fix(2, latitude: 90, at: night),
            ]
            try await store.append(fixes)
            try await store.append([fixes[0]])
            let stored = try await store.fixes(of: DriverID(1), limit: 10)
            #expect(stored.map(\.fix) == [fixes[1], fixes[0], fixes[0]])
            #expect(Set(stored.map(\.id)).count == 3)
            #expect(try await store.newestFixes(since: night) == [fixes[1], fixes[2]])
            #expect(try await store.newestFixes(since: night.advanced(byMilliseconds: -1)) == [fixes[1], fixes[2]])
            let days = try await database.pool.query(
                "SELECT count(DISTINCT tableoid) FROM driver_locations"
            ).only().get(0, as: Int.self)
            #expect(days == 2)
        }
    }

    @Test func upkeepMakesDaysAheadAndDropsOldOnes() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let old = try fix(1, latitude: 1, at: Sample.start.advanced(bySeconds: -86_400 * 40))
            let kept = try fix(1, latitude: 2, at: Sample.start.advanced(bySeconds: -86_400 * 30))
            try await store.append([old, kept])
            // Whoever only opens the database drops nothing.
            try await store.makePartitions(at: Sample.start)
            #expect(try await store.fixes(of: DriverID(1), limit: 10).map(\.fix) == [kept, old])
            let retention = Retention(locationDays: 30)
            try await store.keepUp(at: Sample.start, retention: retention, doubtsClock: false)
            try await store.keepUp(at: Sample.start, retention: retention, doubtsClock: false)
            #expect(try await store.fixes(of: DriverID(1), limit: 10).map(\.fix) == [kept])
            let days = try await database.pool.query(
                "SELECT count(*) FROM pg_inherits WHERE inhparent = 'driver_locations'::regclass")
            #expect(try days.only().get(0, as: Int.self) == 10)
        }
    }

    @Test func nothingIsDroppedByAClockThatStandsWrong() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let row = try await database.pool.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::int8")
                .only()
            let now = Timestamp(milliseconds: try row.get(0))
            let old = try fix(1, latitude: 1, at: now.advanced(bySeconds: -86_400 * 40))
            let fresh = try fix(1, latitude: 2, at: now)
            try await store.append([old])
            // Nobody has been heard of for forty days, or the clock is ahead by as much: which, cannot be told.
            #expect(
                try await store.keepUp(at: now, retention: Retention(locationDays: 30))?.contains("newest position")
                    == true)
            try await store.append([fresh])
            #expect(
                try await store.keepUp(
                    at: now.advanced(bySeconds: 86_400 * 90), retention: Retention(locationDays: 30))?.contains("clock")
                    == true)
            #expect(try await store.fixes(of: DriverID(1), limit: 10).map(\.fix) == [fresh, old])
            #expect(try await store.keepUp(at: now, retention: Retention(locationDays: 30)) == nil)
            #expect(try await store.fixes(of: DriverID(1), limit: 10).map(\.fix) == [fresh])
        }
    }

    @Test func aPartitionThatIsInUseIsWaitedForAMomentOnly() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let old = try fix(1, latitude: 1, at: Sample.start.advanced(bySeconds: -86_400 * 40))
            try await store.append([old])
            try await database.pool.transaction { reader in
                _ = try await reader.query("SELECT count(*) FROM driver_locations")
                await #expect(throws: StoreError.self) {
                    try await store.dropLocationPartitions(before: Sample.start, tries: 1)
                }
            }
            #expect(
                try await store.keepUp(
                    at: Sample.start, retention: Retention(locationDays: 30), doubtsClock: false) == nil)
            #expect(try await store.fixes(of: DriverID(1), limit: 10).isEmpty)
        }
    }

    @Test func fixesWhoseWritingNobodyAnsweredForAreAskedAfterBeforeTheyAreWrittenAgain() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let fixes = [try fix(1, latitude: 1, at: Sample.start), try fix(2, latitude: 2, at: Sample.start)]
            for isCommitted in [true, false] {
                let name = TransactionName()
                do {
                    try await database.pool.transaction { connection in
                        let answers = try await connection.query([TransactionName.statement])
                        try name.learn(answers[0])
                        name.leaves { _ in Statement("SELECT true") }
                        if !isCommitted { throw CancellationError() }
                    }
                } catch is CancellationError {}
                store.openLoads.keep(name, of: fixes)
                try await store.append(fixes)
                #expect(try await store.fixes(of: DriverID(2), limit: 10).count == (isCommitted ? 0 : 1))
            }
            #expect(store.openLoads.take(fixes) == nil)
        }
    }

    @Test func theSeedsColumnsAndIndexAreThere() async throws {
        try await StoreDatabase.with { database in
            let columns = try await database.pool.query(
                """
                SELECT column_name::text, data_type::text FROM information_schema.columns
                WHERE table_name = 'driver_locations' ORDER BY ordinal_position
                """)
            #expect(
                try columns.map { try $0.get(0, as: String.self) } == [
                    "id", "driver_id", "latitude", "longitude", "accuracy", "heading", "speed", "battery_level",
                    "created_at",
                    "recorded_at",
                ])
            let index = try await database.pool.query(
                "SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_driver_created'"
            ).only().get(0, as: String.self)
            #expect(index.hasSuffix("(driver_id, created_at)"))
        }
    }

    @Test func aLeaseIsRenewedByItsHolderAndTakenOverAfterItsEnd() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            #expect(try await store.claimLease(holder: "a", lasting: 60_000) == Fence(epoch: 1))
            #expect(try await store.claimLease(holder: "a", lasting: 60_000) == Fence(epoch: 1))
            #expect(try await store.claimLease(holder: "b", lasting: 60_000) == nil)
            try await store.releaseLease(holder: "b")
            #expect(try await store.claimLease(holder: "b", lasting: 60_000) == nil)
            try await store.releaseLease(holder: "a")
            #expect(try await store.claimLease(holder: "b", lasting: 60_000) == Fence(epoch: 2))
            try await store.releaseLease(holder: "b")
            // Its own ended lease gives a new epoch as well: somebody might have decided in between.
            #expect(try await store.claimLease(holder: "b", lasting: 60_000) == Fence(epoch: 3))
        }
    }

    @Test func ticksAndTheirReasonsAreKept() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            var decision = OrderDecision(order: 7, outcome: "waiting", heldBy: "no_driver")
            decision.terms = [.init(name: "detour", value: 12)]
            for id in [Int64(10), 20] {
                decision.driver = id
                try await store.record(
                    TickRecord(
                        id: id, startedAt: Sample.start, policyVersion: 1, solveMicroseconds: 5, inputs: [1, 0, 255],
                        plan: [], decisions: [decision]))
            }
            let newest = try #require(try await store.newestDecision(about: OrderID(7)))
            #expect(newest.tick.id == 20 && newest.decision == decision && newest.tick.inputs == [1, 0, 255])
            #expect(try await store.tick(10)?.decisions.first?.driver == 10)
            #expect(try await store.tick(11) == nil)
            #expect(try await store.newestDecision(about: OrderID(8)) == nil)
            var studied = newest.decision
            studied.study = OrderDecision.Study(
                isReplayed: true, alternatives: [.init(driver: 3, difference: 40, isPossible: true)], refused: [],
                releasedBy: nil)
            try await store.amend(studied, of: newest.tick.id)
            #expect(try await store.newestDecision(about: OrderID(7))?.decision == studied)
        }
    }

    @Test func ticksOfOneMillisecondAndOfAClockSetBackKeepTheirOrder() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            for (id, driver) in [(Int64(1000), Int64(1)), (1000, 2), (400, 3), (2000, 4)] {
                var decision = OrderDecision(order: 7, outcome: "assigned")
                decision.driver = driver
                try await store.record(
                    TickRecord(
                        id: id, startedAt: Sample.start, policyVersion: 1, solveMicroseconds: 5, inputs: [], plan: [],
                        decisions: [decision]))
                #expect(try await store.newestDecision(about: OrderID(7))?.decision.driver == driver)
            }
            let numbers = try await database.pool.query("SELECT id FROM dispatch_ticks ORDER BY id")
            #expect(try numbers.map { try $0.get(0, as: Int64.self) } == [1000, 1001, 1002, 2000])
        }
    }

    @Test func migrationsRunOnceAndRefuseWhatTheyDoNotKnow() async throws {
        try await TestDatabase.with(connections: 4) { database in
            // Two programs at once: one does the work, the other finds it done.
            async let first = Migrator(pool: database.pool).migrate()
            async let second = Migrator(pool: database.pool).migrate()
            let versions = try await [first, second]
            #expect(versions.sorted { $0.count < $1.count } == [[], Migration.all.map(\.version)])

            let newer = Migration.all + [Migration(version: 99, sql: "CREATE TABLE extra (a int)")]
            #expect(try await Migrator(pool: database.pool, migrations: newer).migrate() == [99])
            let error = await #expect(throws: MigrationError.self) { try await Migrator(pool: database.pool).migrate() }
            #expect(error?.code == .newerSchema)
            let changed = newer.dropLast() + [Migration(version: 99, sql: "CREATE TABLE other (a int)")]
            let refused = await #expect(throws: MigrationError.self) {
                try await Migrator(pool: database.pool, migrations: Array(changed)).migrate()
            }
            #expect(refused?.code == .changedStep)
        }
    }

    @Test func aStepThatFailsLeavesNothing() async throws {
        try await TestDatabase.with { database in
            let steps = [
                Migration(version: 1, sql: "CREATE TABLE good (a int)"),
                Migration(version: 2, sql: "CREATE TABLE bad (a nothing)"),
            ]
            await #expect(throws: PostgresError.self) {
                try await Migrator(pool: database.pool, migrations: steps).migrate()
            }
            let tables = try await database.pool.query("SELECT 1 FROM pg_tables WHERE schemaname = 'public'")
            #expect(tables.isEmpty)
        }
    }
}
