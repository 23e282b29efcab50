import DispatchCore
import Fulfilment
import Postgres
import Store
import TestSupport
import Testing

@Suite("Policies and rules in PostgreSQL")
struct RuleStoreTests {
    private func draft(_ values: [String: Int64], zone: ZoneID? = nil, by admin: AdminID) -> PolicyDraft {
        PolicyDraft(zone: zone, values: PolicyValues(kept: values), note: "why", createdBy: admin)
    }

    @Test func everyVersionIsKeptAndTheNewestIsInForce() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let admin = try await Sample(store: store).admin()
            #expect(try await store.ruleRevision() == RuleRevision())
            let zone = try #require(try await store.replaceZones([ZoneDraft(name: "Z", geometry: "{}")]).first).id
            let first = try await store.addPolicy(
                draft(["lateness": 2000], by: admin.id), at: Sample.start, idempotency: nil)
            #expect(first.version == 2, "1 is what the settings say")
            #expect(first.values.values == ["lateness": 2000] && first.note == "why" && first.createdAt == Sample.start)
            let key = IdempotencyKey(principal: .admin(admin.id), key: "k", requestHash: "h")
            let second = try await store.addPolicy(
                draft(["delay": 3000], zone: zone, by: admin.id), at: Sample.start, idempotency: key)
            let again = try await store.addPolicy(
                draft(["delay": 3000], zone: zone, by: admin.id), at: Sample.start, idempotency: key)
            #expect(again == second)
            let third = try await store.addPolicy(
                draft(["max_batch": 2], by: admin.id), at: Sample.start, idempotency: nil)
            #expect(try await store.ruleRevision().policies == third.version)
            let book = try await store.ruleBook()
            #expect(book.revision == (try await store.ruleRevision()))
            #expect(book.policies == [third, second])
            #expect(try await store.policies(matching: PolicyQuery()) == [third, second, first])
            var query = PolicyQuery()
            query.scope = .general
            query.before = third.version
            #expect(try await store.policies(matching: query) == [first])
            query = PolicyQuery()
            query.scope = .zone(zone)
            #expect(try await store.policies(matching: query) == [second])
        }
    }

    @Test func aPolicyIsNeverChangedOrTakenAway() async throws {
        try await StoreDatabase.with { database in
            let admin = try await Sample(store: database.store).admin()
            _ = try await database.store.addPolicy(
                draft(["lateness": 2000], by: admin.id), at: Sample.start, idempotency: nil)
            for statement in ["UPDATE dispatch_policies SET weights = '{}'", "DELETE FROM dispatch_policies"] {
                let error = await #expect(throws: PostgresError.self) { _ = try await database.pool.query(statement) }
                #expect(error?.constraint == "policy_is_final")
            }
            let error = await #expect(throws: StoreError.self) {
                _ = try await database.store.addPolicy(
                    draft([:], zone: ZoneID(999), by: admin.id), at: Sample.start, idempotency: nil)
            }
            #expect(error?.code == .constraint)
        }
    }

    @Test func rulesOfADriverAreReplacedAsAWhole() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            let admin = try await sample.admin()
            let (driver, other) = (try await sample.driver(1), try await sample.driver(2))
            var kitchens: [RestaurantID] = []
            for name in ["A", "B"] {
                kitchens.append(try await store.createRestaurant(RestaurantDraft(name: name, address: "x")).id)
            }
            func rule(_ driver: DriverAccount, _ place: Int, _ kind: DriverRule.Kind) -> DriverRule {
                DriverRule(driver: driver.id, restaurant: kitchens[place], kind: kind)
            }
            func replace(_ rules: [DriverRule], of driver: DriverAccount) async throws {
                try await store.replaceRules(of: driver.id, with: rules, by: admin.id, at: Sample.start)
            }
            try await replace([rule(driver, 1, .forbid), rule(driver, 0, .prefer)], of: driver)
            try await replace([rule(other, 0, .allow)], of: other)
            let revision = try await store.ruleRevision()
            try await replace([rule(driver, 0, .prefer), rule(driver, 1, .forbid)], of: driver)
            #expect(try await store.ruleRevision() == revision, "what changes nothing is no change")
            #expect(
                try await store.driverRules(driver: nil, restaurant: kitchens[0])
                    == [rule(driver, 0, .prefer), rule(other, 0, .allow)])
            try await replace([rule(driver, 0, .forbid)], of: driver)
            #expect(try await store.ruleRevision().driverRules > revision.driverRules)
            #expect(try await store.driverRules(driver: driver.id, restaurant: nil) == [rule(driver, 0, .forbid)])
            #expect(try await store.ruleBook().rules(of: other.id).map(\.kind) == [.allow])
            let unknown = DriverRule(driver: driver.id, restaurant: RestaurantID(999), kind: .allow)
            let error = await #expect(throws: StoreError.self) { try await replace([unknown], of: driver) }
            #expect(error?.code == .constraint)
            #expect(try await store.driverRules(driver: driver.id, restaurant: nil) == [rule(driver, 0, .forbid)])
        }
    }

    @Test func whatAnOrderNeedsComesBackAndCanBeCorrected() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            var content = Sample.content(1)
            content.vehicles = [.car, .bicycle]
            content.delayWeight = 2500
            let (order, _) = try await store.insert(
                Placement(content: content, zoneID: nil, at: Sample.start, by: .engine, idempotency: nil))
            #expect(order.content == content)
            let open = try #require(try await store.openOrders().first)
            #expect(open.vehicles == [.car, .bicycle] && open.delayWeight == 2500)
            for vehicles in [[VehicleType.motorbike], []] {
                var scope = TransactionScope(by: .engine, at: Sample.start)
                scope.orderIDs = [order.id]
                _ = try await store.transact(scope) { rows in
                    var changes = OrderChanges(result: 0)
                    changes.orders = rows.orders.map { before in
                        var after = before
                        after.content.vehicles = vehicles
                        after.content.bagUnits = 3
                        after.content.delayWeight = 500
                        return OrderChange(before: before, after: after, reason: nil)
                    }
                    return changes
                }
                let corrected = try #require(try await store.order(order.id)).content
                #expect(corrected.vehicles == vehicles && corrected.bagUnits == 3 && corrected.delayWeight == 500)
            }
        }
    }
}
