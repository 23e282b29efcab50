import DispatchCore
import Fulfilment
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

/// Several dispatchers, an admin and drivers race for the same orders, while connections are killed under them;
/// afterwards no promise is broken. The control runs the same race without the schema's constraints and breaks them.
@Suite("Concurrency fuzz", .serialized)
struct ConcurrencyFuzzTests {
    @Test(.timeLimit(.minutes(2)), arguments: [1, 2, 3] as [UInt64])
    func noPromiseIsBrokenWhoeverRaces(seed: UInt64) async throws {
        try await StoreDatabase.with(connections: 10) { database in
            let race = try await Race(database: database, seed: seed, isHonest: true)
            try await race.run(stepsEach: 100)
            let broken = try await database.store.brokenInvariants()
            #expect(broken == [], "seed \(seed)")
            #expect(race.tally.committed > 30, "seed \(seed): the race was a race (\(race.tally))")
            #expect(race.tally.unexpected == [], "seed \(seed)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func withoutTheConstraintsTheSameRaceBreaksThem() async throws {
        try await StoreDatabase.with(connections: 10) { database in
            try await database.pool.script(
                """
                ALTER TABLE holds DROP CONSTRAINT one_holder_at_any_time;
                DROP INDEX one_holder_per_order;
                DROP INDEX one_order_per_slot;
                ALTER TABLE holds DROP CONSTRAINT engine_respects_capacity;
                DROP TRIGGER order_is_whole ON orders;
                CREATE OR REPLACE FUNCTION check_fence(wanted bigint) RETURNS void LANGUAGE sql AS 'SELECT';
                """)
            let race = try await Race(database: database, seed: 1, isHonest: false)
            try await race.run(stepsEach: 100)
            let broken = try await database.store.brokenInvariants()
            #expect(!broken.isEmpty)
        }
    }
}

/// What the participants did.
private struct Tally: Sendable {
    var committed = 0
    var refused = 0
    var stale = 0
    var unknown = 0
    var kills = 0
    var unexpected: [String] = []
}

private final class Race: Sendable {
    private let database: StoreDatabase
    private let seed: UInt64
    /// Whether the participants lock what they read. The dishonest ones take what they saw long ago for true.
    private let isHonest: Bool
    private let drivers: [DriverAccount]
    private let orders: [OrderID]
    private let admin: AdminAccount
    private let counted = Mutex(Tally())

    var tally: Tally { counted.withLock { $0 } }

    init(database: StoreDatabase, seed: UInt64, isHonest: Bool) async throws {
        self.database = database
        self.seed = seed
        self.isHonest = isHonest
        let sample = Sample(store: database.store)
        admin = try await sample.admin()
        var drivers: [DriverAccount] = []
        for number in 0..<4 { drivers.append(try await sample.driver(number, capacity: 2 + number % 2)) }
        self.drivers = drivers
        var orders: [OrderID] = []
        for number in 0..<60 { orders.append(try await sample.order(number).id) }
        self.orders = orders
    }

    func run(stepsEach: Int) async throws {
        await withTaskGroup { group in
            for number in 0..<4 {
                group.addTask { await self.dispatch(number, steps: stepsEach) }
            }
            group.addTask { await self.force(steps: stepsEach) }
            for driver in self.drivers {
                group.addTask { await self.drive(driver, steps: stepsEach) }
            }
            if self.isHonest { group.addTask { await self.killConnections(steps: stepsEach / 6) } }
        }
    }

    private func generator(_ participant: UInt64) -> SeededGenerator {
        SeededGenerator(seed: seed &* 1_000_003 &+ participant)
    }

    private func now(_ step: Int) -> Timestamp { Sample.start.advanced(byMilliseconds: Int64(step)) }

    /// Errors that a race may bring; everything else is a finding.
    private func attempt(_ work: () async throws -> Bool) async {
        do {
            let isDone = try await work()
            counted.withLock { if isDone { $0.committed += 1 } }
        } catch let error as StoreError where error.code == .staleFence {
            counted.withLock { $0.stale += 1 }
        } catch let error as StoreError where error.code == .unavailable || error.code == .outcomeUnknown {
            counted.withLock { $0.unknown += 1 }
        } catch is FulfilmentError {
            counted.withLock { $0.refused += 1 }
        } catch {
            counted.withLock { if isHonest { $0.unexpected.append("\(error)") } else { $0.refused += 1 } }
        }
    }

    /// A dispatcher that plans on what it read, dawdles, and commits; leases end under it all the time. Two and two
    /// share a name, so that the fence cannot keep them apart and the rest has to.
    private func dispatch(_ number: Int, steps: Int) async {
        var random = generator(UInt64(number))
        let store = database.store
        var fence: Fence?
        for step in 0..<steps {
            await attempt {
                if fence == nil || Int.random(in: 0..<4, using: &random) == 0 {
                    fence = try await store.claimLease(holder: "d\(number % 2)", lasting: 60) ?? fence
                }
                guard let fence else { return false }
                let open = try await store.openOrders().filter { $0.state == .pending }
                // After the orders, as the real one reads them: a pair that comes between them changes a version.
                let excluded = Set(try await store.exclusions())
                let driver = drivers[Int.random(in: 0..<drivers.count, using: &random)]
                let free = open.filter { !excluded.contains(Exclusion(orderID: $0.id, driverID: driver.id)) }
                let chosen = Array(free.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)))
                guard !chosen.isEmpty else { return false }
                for _ in 0..<Int.random(in: 0..<50, using: &random) { await Task.yield() }
                return try await commit(chosen, to: driver, fence: fence, at: now(step))
            }
        }
    }

    private func commit(
        _ chosen: [OpenOrder], to driver: DriverAccount, fence: Fence, at now: Timestamp
    ) async throws -> Bool {
        let store = database.store
        let batch = try await store.reserveBatchIDs(1)[0]
        var scope = TransactionScope(by: .engine, at: now)
        scope.orderIDs = chosen.map(\.id).sorted()
        scope.driverIDs = [driver.id]
        scope.includesOrdersHeld = true
        scope.skipsLocked = true
        scope.fence = fence
        if !isHonest { return try await commitBlindly(chosen, to: driver, batch: batch, fence: fence, at: now) }
        let committed = try await store.transact(scope) { rows -> OrderChanges<Int> in
            let versions = Dictionary(uniqueKeysWithValues: chosen.map { ($0.id, $0.version) })
            let fits =
                rows.orders.count == chosen.count
                && rows.orders.allSatisfy { $0.state == .pending && $0.version == versions[$0.id] }
                && rows.held.count + chosen.count <= driver.capacity
            guard fits else { return OrderChanges(result: 0) }
            return Sample.assignment(of: rows.orders, to: driver, batch: batch, admin: nil, at: now)
        }
        return committed.result > 0
    }

    /// What a dispatcher without locks, versions and fence would do.
    private func commitBlindly(
        _ chosen: [OpenOrder], to driver: DriverAccount, batch: BatchID, fence: Fence, at now: Timestamp
    ) async throws -> Bool {
        try await database.pool.transaction { connection in
            try await connection.query(
                "INSERT INTO batches VALUES ($1, $2, 'engine', $3, NULL, NULL, 1, NULL, $4, now())",
                [
                    .int8(batch.rawValue), .int8(driver.id.rawValue), .int8(fence.epoch),
                    .int8Array(chosen.map(\.id.rawValue)),
                ])
            for (index, order) in chosen.enumerated() {
                try await connection.query(
                    """
                    INSERT INTO holds (order_id, driver_id, batch_id, sequence, slot, capacity, source, base_paise, \
                    distance_paise, peak_hour_paise, multi_order_paise, adjustment_paise, distance_m, assigned_at, \
                    held) \
                    VALUES ($1, $2, $3, 1, $4, 2, 'engine', 0, 0, 0, 0, 0, 1, now(), tstzrange(clock_timestamp(), NULL))
                    """,
                    [
                        .int8(order.id.rawValue), .int8(driver.id.rawValue), .int8(batch.rawValue),
                        .int2(Int16(index + 1)),
                    ])
            }
            return true
        }
    }

    /// An admin who takes whatever can be taken, to whomever.
    private func force(steps: Int) async {
        var random = generator(100)
        let sample = Sample(store: database.store)
        for step in 0..<steps {
            let driver = drivers[Int.random(in: 0..<drivers.count, using: &random)]
            let order = orders[Int.random(in: 0..<orders.count, using: &random)]
            let takesBack = Int.random(in: 0..<3, using: &random) == 0
            await attempt {
                if takesBack {
                    let command = OrderCommand.unassign(reason: "admin")
                    return try await sample.step(command, order, by: .admin(admin.id), at: now(step)).result != nil
                }
                let batch = try await database.store.reserveBatchIDs(1)[0]
                var scope = TransactionScope(by: .admin(admin.id), at: now(step))
                scope.orderIDs = [order]
                scope.driverIDs = [driver.id]
                scope.includesOrdersHeld = true
                let (admin, at) = (admin.id, now(step))
                return try await database.store.transact(scope) { rows -> OrderChanges<Int> in
                    let free = rows.orders.filter { !$0.state.isEnded && !$0.state.isOnBoard && $0.holder != driver.id }
                    if free.isEmpty { return OrderChanges(result: 0) }
                    return Sample.assignment(of: free, to: driver, batch: batch, admin: admin, at: at)
                }.result > 0
            }
        }
    }

    /// A driver who does something with what he has, and sometimes with what he has not.
    private func drive(_ driver: DriverAccount, steps: Int) async {
        var random = generator(200 + UInt64(driver.id.rawValue))
        let sample = Sample(store: database.store)
        let commands: [OrderCommand] = [.accept, .pickUp, .startTransit, .deliver(.otp(nil)), .reject(reason: nil)]
        for step in 0..<steps {
            let command = commands[Int.random(in: 0..<commands.count, using: &random)]
            await attempt {
                var query = OrderQuery()
                query.driverID = driver.id
                query.states = [.assigned, .accepted, .pickedUp, .inTransit]
                guard let order = try await database.store.orders(matching: query).randomElement(using: &random) else {
                    return false
                }
                return try await sample.step(command, order.id, by: .driver(driver.id), at: now(step)).result != nil
            }
        }
    }

    /// Ends a random session on the server, in the middle of whatever it does.
    private func killConnections(steps: Int) async {
        for _ in 0..<steps {
            try? await Task.sleep(for: .milliseconds(30))
            let killed = try? await database.pool.query(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1
                """)
            counted.withLock { $0.kills += killed?.count ?? 0 }
        }
    }
}
