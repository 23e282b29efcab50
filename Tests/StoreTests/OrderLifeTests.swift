import DispatchCore
import Fulfilment
import Postgres
import Store
import TestSupport
import Testing

@Suite("Orders in PostgreSQL")
struct OrderLifeTests {
    @Test func anOrderComesBackAsItWasPlaced() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            var content = Sample.content(1)
            content.externalID = "ext-1"
            content.externalPoolID = PoolID(77)
            content.instructions = "ring twice"
            content.readyAt = Sample.start.advanced(bySeconds: 600)
            content.promisedAt = Sample.start.advanced(bySeconds: 2400)
            content.otp = "123456"
            content.statedEarnings = Paise(4321)
            content.statedDistance = 3200
            content.customer.email = "c@example.org"
            let placement = Placement(content: content, zoneID: nil, at: Sample.start, by: .engine, idempotency: nil)
            let (order, created) = try await store.insert(placement)
            #expect(created)
            #expect(order.content == content)
            #expect(order.state == .pending && order.version == 1 && order.createdAt == Sample.start)
            let again = try await store.insert(placement)
            #expect(!again.created && again.order == order)
            #expect(try await store.order(order.id) == order)
            #expect(try await store.order(OrderID(999)) == nil)
            let open = try await store.openOrders()
            #expect(open.map(\.id) == [order.id] && open[0].pickup == content.pickup.point && !open[0].pinned)
        }
    }

    @Test func anOrderLivesFromThePoolToThePay() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            let driver = try await sample.driver(1)
            let first = try await sample.order(1)
            let second = try await sample.order(2)
            let fence = try await sample.fence()
            let committed = try await sample.assign([first.id, second.id], to: driver, fence: fence)
            #expect(committed.events.map(\.seq) == [1, 2])

            let assigned = try #require(try await store.order(first.id))
            #expect(assigned.state == .assigned && assigned.version == 2)
            #expect(assigned.assignment?.driverName == driver.name && assigned.assignment?.sequence == 1)
            let batchID = try #require(assigned.assignment?.batchID)
            let batch = try #require(try await store.batch(batchID))
            #expect(batch.orders.map(\.id) == [first.id, second.id] && batch.driverID == driver.id)
            #expect(try await store.batches(limit: 5, before: nil).map(\.id) == [batchID])

            let mine = Principal.driver(driver.id)
            try await sample.step(.accept, first.id, by: mine)
            // He may have acted upon an earlier offer: what was never sent is not taken as heard.
            #expect(try await store.undelivered(for: driver.id).map(\.seq) == [1, 2])
            try await store.markSent([EventMark(driverID: driver.id, seq: 2, at: Sample.start)])
            try await sample.step(.pickUp, first.id, by: mine)
            // Who acts upon an order has heard of what was sent to him of it, and of no other.
            #expect(try await store.undelivered(for: driver.id).map(\.seq) == [2])
            try await sample.step(.deliver(.otp(nil)), first.id, by: mine, at: Sample.start.advanced(bySeconds: 900))
            let delivered = try #require(try await store.order(first.id))
            #expect(
                delivered.state == .delivered && delivered.assignment?.driverID == driver.id && delivered.version == 5)
            let earned = try await store.earnings(
                of: driver.id, from: Sample.start, to: Sample.start.advanced(bySeconds: 1000))
            #expect(earned.map(\.orderID) == [first.id] && earned[0].quote.total == Paise(5000))
            #expect(try await store.driver(driver.id)?.completedOrders == 1)

            try await sample.step(.reject(reason: nil), second.id, by: mine)
            let back = try #require(try await store.order(second.id))
            #expect(back.state == .pending && back.assignment == nil)
            #expect(try await store.exclusions() == [Exclusion(orderID: second.id, driverID: driver.id)])
            #expect(try await store.wasHeld(second.id, by: driver.id))

            var query = OrderQuery()
            query.driverID = driver.id
            query.states = [.assigned]
            #expect(try await store.orders(matching: query).isEmpty)
            query.endedSince = Sample.start
            #expect(try await store.orders(matching: query).map(\.id) == [first.id])
            #expect(try await store.brokenInvariants() == [])
        }
    }

    @Test func aForceMovesAnOrderAndTellsBothInOneTransaction() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            let (old, new) = (try await sample.driver(1), try await sample.driver(2, capacity: 1))
            let admin = try await sample.admin()
            let orders = [try await sample.order(1), try await sample.order(2)]
            let fence = try await sample.fence()
            try await sample.assign(orders.map(\.id), to: old, fence: fence)
            // Beyond the new driver's capacity of one: an admin may.
            let forced = try await sample.assign(orders.map(\.id), to: new, admin: admin.id)
            #expect(
                forced.events.map { [$0.driverID, DriverID($0.seq)] } == [
                    [old.id, DriverID(3)], [new.id, DriverID(1)], [old.id, DriverID(4)], [new.id, DriverID(2)],
                ])
            let moved = try #require(try await store.order(orders[0].id))
            #expect(moved.holder == new.id && moved.assignment?.pinnedBy == admin.id && moved.version == 3)
            #expect(try await store.openOrders().allSatisfy(\.pinned))
            #expect(try await store.undelivered(for: old.id).map(\.seq) == [3, 4])
            #expect(try await store.brokenInvariants() == [])
        }
    }

    @Test func aForceMayGiveOneDriverAnyNumberOfOrders() async throws {
        try await StoreDatabase.with { database in
            let sample = Sample(store: database.store)
            let driver = try await sample.driver(1)
            let admin = try await sample.admin()
            var orders: [OrderID] = []
            for number in 1...205 { orders.append(try await sample.order(number).id) }
            try await sample.assign(Array(orders[..<5]), to: driver, admin: admin.id)
            try await sample.assign(Array(orders[5...]), to: driver, admin: admin.id)
            #expect(try await database.store.openOrders().allSatisfy { $0.driverID == driver.id })
            #expect(try await database.store.brokenInvariants() == [])
        }
    }

    @Test func aRepeatedRequestIsKnownAndAnotherUnderItsKeyIsRefused() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let key = IdempotencyKey(principal: .admin(AdminID(1)), key: "k-1", requestHash: "a")
            func place(_ key: IdempotencyKey, _ number: Int) async throws -> (order: Order, created: Bool) {
                try await store.insert(
                    Placement(
                        content: Sample.content(number), zoneID: nil, at: Sample.start, by: .engine, idempotency: key))
            }
            // Fifty at once act as one.
            let outcomes = try await withThrowingTaskGroup(of: (OrderID, Bool).self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let (order, created) = try await place(key, number)
                        return (order.id, created)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(outcomes.map(\.0)).count == 1)
            #expect(outcomes.count { $0.1 } == 1)
            let other = IdempotencyKey(principal: .admin(AdminID(1)), key: "k-1", requestHash: "b")
            let error = await #expect(throws: StoreError.self) { _ = try await place(other, 1) }
            #expect(error?.code == .keyReused)
            var scope = TransactionScope(by: .engine, at: Sample.start)
            scope.idempotency = key
            scope.orderIDs = [outcomes[0].0]
            let seen = try await store.transact(scope) { rows in
                var changes = OrderChanges(result: rows.repeats)
                changes.notes = ["driver_offline"]
                return changes
            }
            let notes = try await store.transact(scope) { rows in OrderChanges(result: rows.repeatedNotes) }
            #expect(notes.result == ["driver_offline"])
            #expect(seen.result == [outcomes[0].0])
        }
    }

    @Test func aStaleVersionWritesNothing() async throws {
        try await StoreDatabase.with { database in
            let sample = Sample(store: database.store)
            let driver = try await sample.driver(1)
            let order = try await sample.order(1)
            let fence = try await sample.fence()
            let ids = try await database.store.reserveBatchIDs(1)
            var scope = TransactionScope(by: .engine, at: Sample.start)
            scope.orderIDs = [order.id]
            scope.driverIDs = [driver.id]
            scope.fence = fence
            let error = await #expect(throws: StoreError.self) {
                _ = try await database.store.transact(scope) { rows in
                    var stale = rows.orders
                    stale[0].version -= 1
                    return Sample.assignment(of: stale, to: driver, batch: ids[0], admin: nil, at: Sample.start)
                }
            }
            #expect(error?.code == .constraint)
            #expect(try await database.store.order(order.id) == order)
            #expect(try await database.store.undelivered(for: driver.id).isEmpty)
        }
    }

    @Test func whatTheDecisionThrowsIsThrownOnAndRollsBack() async throws {
        try await StoreDatabase.with { database in
            let sample = Sample(store: database.store)
            let order = try await sample.order(1)
            await #expect(throws: FulfilmentError.self) {
                try await sample.step(.pickUp, order.id, by: .admin(AdminID(1)))
            }
            #expect(try await database.store.order(order.id) == order)
        }
    }
}
