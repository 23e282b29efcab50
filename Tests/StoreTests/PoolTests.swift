import DispatchCore
import Foundation
import Fulfilment
import Geo
import Postgres
import Store
import TestSupport
import Testing

@Suite("External pools")
struct PoolTests {
    private func row(
        _ number: Int, pool: String = "p", edit: (inout OrderContent) -> Void = { _ in }
    ) -> PoolImport.Row {
        var content = Sample.content(number)
        content.externalID = "o-\(number)"
        edit(&content)
        return PoolImport.Row(
            externalOrderID: "o-\(number)", externalPoolID: pool, content: .order(content, zone: nil), body: "{}")
    }

    private func work(_ rows: [PoolImport.Row]) -> PoolImport {
        PoolImport(
            pools: [PoolDraft(externalID: "p", closedAt: Sample.start)], rows: rows, by: .integration("test"),
            at: Sample.start)
    }

    /// `TIFFIN_IMPORT_ROWS=100000` makes it a long run.
    static let manyRows = ProcessInfo.processInfo.environment["TIFFIN_IMPORT_ROWS"].flatMap { Int($0) } ?? 5000

    @Test func manyRowsAreOneImportAndTheSecondChangesNothing() async throws {
        try await StoreDatabase.with(deadline: .seconds(300)) { database in
            let store = database.store
            let rows = (0..<Self.manyRows).map { row($0) }
            let first = try await store.importOrders(work(rows))
            #expect(first.count == Self.manyRows)
            #expect(first.allSatisfy { if case .inserted = $0 { true } else { false } })
            let second = try await store.importOrders(work(rows))
            #expect(second.allSatisfy { if case .skipped = $0 { true } else { false } })
            let pool = try #require(try await store.pools().first)
            #expect(
                pool.totalOrders == Self.manyRows && pool.status == .synced
                    && pool.value == Paise(16_000 * Int64(Self.manyRows)))
            #expect(pool.restaurantCount == 1)
        }
    }

    @Test func nothingIsHalfDoneWhenOneRowIsImpossible() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let rows = (0..<1500).map { number in row(number) { if number == 1400 { $0.bagUnits = 0 } } }
            let bad = work(rows)
            let error = await #expect(throws: StoreError.self) { _ = try await store.importOrders(bad) }
            #expect(error?.code == .constraint)
            let orders = try await database.pool.query("SELECT 1 FROM orders")
            #expect(orders.isEmpty)
            #expect(try await store.pools() == [])
        }
    }

    @Test func placesAreFilledInWhileAnOrderWaitsAndNeverAfterwards() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let bare = row(1) { $0.dropoff.point = nil }
            let made = try await store.importOrders(work([bare]))
            let id = try #require(try await store.openOrders().first?.id)
            #expect(made == [.inserted(id)])
            #expect(try await store.order(id)?.content.dropoff.point == nil)
            #expect(try await store.importOrders(work([bare])) == [.skipped(id)])
            #expect(try await store.importOrders(work([row(1)])) == [.repaired(id)])
            #expect(try await store.order(id)?.content.dropoff.point != nil)
            let elsewhere = GeoPoint(latitude: 1, longitude: 1)
            #expect(try await store.importOrders(work([row(1) { $0.dropoff.point = elsewhere }])) == [.skipped(id)])
            #expect(try await store.order(id)?.content.dropoff.point != elsewhere)
            #expect(try await store.brokenInvariants() == [])
        }
    }

    @Test func keptRowsStayUntilTheirOrderComes() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            var waiting = row(1)
            waiting.content = .kept(problem: .unknownRestaurant, detail: "nobody knows r")
            waiting.body = #"{"order_id":"o-1"}"#
            let rows = [waiting, row(2)]
            #expect(try await store.importOrders(work(rows))[0] == .kept)
            #expect(try await store.importOrders(work(rows))[0] == .kept)
            let pool = try #require(try await store.pools().first)
            #expect(pool.keptRows == 1 && pool.status == .closed)
            #expect(try await store.keptRows(of: pool.id).map(\.body) == [waiting.body])
            _ = try await store.importOrders(work([row(1)]))
            #expect(try await store.keptRows(of: pool.id) == [])
            #expect(try await store.pool(pool.id)?.status == .synced)
        }
    }

    @Test func groupsThatBecameBatchesOutliveTheNextGrouping() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            _ = try await store.importOrders(work([row(1), row(2)]))
            let pool = try #require(try await store.pools().first)
            let orders = try await store.openOrders().map(\.id)
            let ids = try await store.reserveBatchIDs(3)
            func group(_ id: BatchID, _ order: OrderID) -> PoolGroup {
                PoolGroup(
                    id: id,
                    stops: [true, false].map {
                        .init(orderID: order.rawValue, isPickup: $0, metres: $0 ? 0 : 900, afterSeconds: 60)
                    }, distance: 900, durationSeconds: 300)
            }
            let first = [group(ids[0], orders[0]), group(ids[1], orders[1])]
            try await store.replaceGroups(of: pool.id, with: first, at: Sample.start)
            #expect(try await store.groups(of: pool.id) == first)
            let driver = try await sample.driver(1)
            let admin = try await sample.admin()
            var scope = TransactionScope(by: .admin(admin.id), at: Sample.start)
            scope.orderIDs = [orders[0]]
            scope.driverIDs = [driver.id]
            _ = try await store.transact(scope) { rows in
                Sample.assignment(of: rows.orders, to: driver, batch: ids[0], admin: admin.id, at: Sample.start)
            }
            try await store.replaceGroups(of: pool.id, with: [group(ids[2], orders[1])], at: Sample.start)
            #expect(try await store.groups(of: pool.id).map(\.id) == [ids[0], ids[2]])
        }
    }

    @Test func anOrderThatNamesANewPoolMakesItAndNumbersNeverCollide() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            var content = Sample.content(1)
            content.externalPoolID = PoolID(1)
            _ = try await store.insert(
                Placement(content: content, zoneID: nil, at: Sample.start, by: .engine, idempotency: nil))
            #expect(try await store.pool(PoolID(1))?.status == .synced)
            let made = try await store.createPool(PoolDraft(externalID: "x"), at: Sample.start, idempotency: nil)
            #expect(made.id != PoolID(1) && made.status == .open)
            #expect(
                try await store.createPool(PoolDraft(externalID: "x", name: "n"), at: Sample.start, idempotency: nil).id
                    == made.id)
        }
    }
}
