import Contract
import DriverClient
import Fulfilment
import Glibc
import Postgres
import Store
import Synchronization
import TestSupport
import Testing

/// Set once, looked at from anywhere.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }
    func raise() { value.store(true, ordering: .relaxed) }
}

/// A run of clients on a stage while faults happen, and the judgement afterwards.
struct ChaosRun: Sendable {
    let stage: ChaosStage

    /// Clients work while `faults` goes on, then the faults are over, everything settles, and the findings come back.
    ///
    /// - Parameter settle: Whether to wait for every phone to be connected and told.
    func findings(
        phones given: [ChaosPhone]? = nil, ordersEvery pause: Duration = .milliseconds(250), settle: Bool = true,
        faults: () async throws -> Void
    ) async throws -> [String] {
        let phones = given ?? stage.phones()
        let isOver = Flag()
        let result = try await withThrowingTaskGroup(of: Void.self) { group in
            for phone in phones { group.addTask { await phone.run() } }
            group.addTask { await self.administer(phones.map(\.id), every: pause, until: isOver) }
            try await eventually(within: .seconds(30)) { phones.allSatisfy(\.isConnected) }
            var failure: (any Error)?
            do { try await faults() } catch { failure = error }
            isOver.raise()
            if failure == nil, settle { await self.settle(phones) }
            let settledAt = stage.clock.wall
            // A last ping tells what has been read.
            try? await Task.sleep(for: .milliseconds(1500))
            group.cancelAll()
            while let outcome = await group.nextResult() { _ = outcome }
            if let failure { throw failure }
            // So long may a position take into the history.
            try? await Task.sleep(for: .seconds(2))
            return try await judge(hasSettled: settle, settledAt: settledAt)
        }
        return result
    }

    /// An admin: places orders, forces some, cancels some.
    private func administer(_ drivers: [Int64], every pause: Duration, until isOver: Flag) async {
        var random = SeededGenerator(seed: stage.plan.seed)
        var number = 0
        while !Task.isCancelled, !isOver.isRaised {
            number += 1
            let external = "x\(number)"
            let answer = await stage.placeOrder(external)
            if answer.outcome != .ok, Bool.random(using: &random) { _ = await stage.placeOrder(external) }
            if let order = answer.json["id"]?.int64 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0, 1:
                    let driver = drivers[Int.random(in: 0..<drivers.count, using: &random)]
                    await stage.call().make(
                        .post, "/api/v1/orders/\(order)/assign", #"{"driver_id":\#(driver)}"#,
                        for: .force(order: order, driver: driver))
                case 2:
                    await stage.call().make(
                        .post, "/api/v1/orders/\(order)/cancel", #"{"reason":"changed my mind","by":"customer"}"#,
                        for: .cancel(order: order))
                default: break
                }
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// Waits until the server is ready, every phone is connected and every event is marked as delivered.
    private func settle(_ phones: [ChaosPhone]) async {
        try? await eventually(within: .seconds(40)) {
            guard try await stage.isReady(), phones.allSatisfy(\.isConnected) else { return false }
            let waiting = try await stage.pool.query("SELECT count(*) FROM driver_events WHERE delivered_at IS NULL")
            return try waiting.only().get(0, as: Int.self) == 0
        }
    }

    /// What the clients saw against what is stored, and the promises of the schema.
    func judge(hasSettled: Bool, settledAt: Int64) async throws -> [String] {
        let facts = try await facts(settledAt: settledAt)
        let broken = try await Store(pool: stage.pool).brokenInvariants()
        let checker = HistoryChecker(record: stage.history.snapshot, facts: facts, hasSettled: hasSettled)
        return broken.map { "broken promise: \($0)" } + checker.findings()
    }

    private func facts(settledAt: Int64) async throws -> StoredFacts {
        let pool = stage.pool
        var facts = StoredFacts()
        facts.orders = try await pool.query("SELECT id, external_id, state FROM orders").map { row in
            StoredFacts.Order(id: try row.get(0), external: try row.get(1), state: try row.get(2))
        }
        facts.audits = try await pool.query(
            """
            SELECT order_id, to_state, asked_by, driver_id, (extract(epoch FROM at) * 1000)::int8, from_state IS NULL \
            FROM order_audit
            """
        ).map { row in
            StoredFacts.Audit(
                order: try row.get(0), state: try row.get(1), by: try row.get(2), driver: try row.get(3),
                at: try row.get(4), isFirst: try row.get(5))
        }
        facts.events = try await pool.query(
            """
            SELECT driver_id, seq, kind, order_id, delivered_at IS NOT NULL, \
            created_at > to_timestamp($1::float8 / 1000) FROM driver_events
            """, [.float8(Double(settledAt))]
        ).map { row in
            StoredFacts.Event(
                driver: try row.get(0), seq: try row.get(1), kind: try row.get(2), order: try row.get(3),
                isDelivered: try row.get(4), isLate: try row.get(5))
        }
        let positions = try await pool.query(
            """
            SELECT driver_id, (extract(epoch FROM recorded_at) * 1000)::int8, count(*)::int8 FROM driver_locations \
            WHERE recorded_at IS NOT NULL GROUP BY 1, 2
            """)
        for row in positions {
            facts.positions[.init(driver: try row.get(0), recordedAt: try row.get(1))] = try row.get(2)
        }
        return facts
    }
}
