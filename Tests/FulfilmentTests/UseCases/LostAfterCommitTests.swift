import DispatchCore
import Fulfilment
import Geo
import Simulation
import Synchronization
import Testing

/// The store goes away right after a commit: nobody may hear that nothing was written.
@Suite struct LostAfterCommitTests {
    let city = VirtualHouse()
    let kitchen = GeoPoint(latitude: 12.935, longitude: 77.624)
    let door = GeoPoint(latitude: 12.945, longitude: 77.634)
    let admin = AdminID(900)

    /// The house on a store that does one transaction and is away from then on.
    func leavingHouse() -> House {
        var house = city.house
        let store = city.store
        house.orders = HookedOrderStore(store, after: { store.setDown(true) })
        return house
    }

    func change(_ command: OrderCommand, _ order: OrderID, by principal: Principal) async throws -> Order {
        let answer = try await ChangeOrder(leavingHouse())(command, order: order, by: principal)
        city.store.setDown(false)
        #expect(try await city.store.order(order) == answer)
        return answer
    }

    @Test func aStepIsAnsweredWithWhatWasCommitted() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        _ = try await AssignOrders(city.house)(.init(orderIDs: [order.id], driverID: driver.id), by: admin)
        for command in [OrderCommand.accept, .pickUp, .startTransit, .deliver(.otp(nil))] {
            _ = try await change(command, order.id, by: .driver(driver.id))
        }
        #expect(city.feed.orderChanges.map(\.1) == [.pending, .assigned, .accepted, .pickedUp, .inTransit, .delivered])
    }

    @Test func aRejectionAndACancellationAreToldAndAskForARound() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        _ = try await AssignOrders(city.house)(.init(orderIDs: [order.id], driverID: driver.id), by: admin)
        _ = city.house.rounds.take()
        #expect(try await change(.reject(reason: "far"), order.id, by: .driver(driver.id)).state == .pending)
        #expect(city.house.rounds.take() != nil)
        #expect(try await change(.cancel(by: .admin, reason: "x"), order.id, by: .admin(admin)).state == .cancelled)
        #expect(city.house.rounds.take() != nil)
    }

    @Test func aForceIsAnsweredToldAndShown() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let ids = [
            try await city.placeOrder(from: kitchen, to: door).id,
            try await city.placeOrder(from: kitchen, to: door).id,
        ]
        let outcome = try await AssignOrders(leavingHouse())(.init(orderIDs: ids, driverID: driver.id), by: admin)
        city.store.setDown(false)
        #expect(outcome.orders.map(\.id) == ids)
        for order in outcome.orders { #expect(try await city.store.order(order.id) == order) }
        #expect(city.push.events.count == 2)
        #expect(city.feed.orderChanges.suffix(2).map(\.1) == [.assigned, .assigned])
    }

    @Test func aReadyKitchenStartsARound() async throws {
        let order = try await city.placeOrder(from: kitchen, to: door)
        _ = city.house.rounds.take()
        let answer = try await MarkReady(leavingHouse())(order.id, by: admin)
        city.store.setDown(false)
        #expect(try await city.store.order(order.id) == answer)
        #expect(city.house.rounds.take() != nil)
        #expect(city.feed.orderChanges.count == 2)
    }

    @Test func aBlockWhoseOrdersCouldNotBeReleasedIsNotCalledUndone() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        var house = city.house
        house.orders = HookedOrderStore(city.store, before: { _ in throw StoreError(.unavailable, detail: "away") })
        await #expect(throws: StoreError(.outcomeUnknown, detail: "away")) {
            try await DriverDesk(house).setStanding(.blocked, of: driver.id, by: admin)
        }
        #expect(try await city.store.driver(driver.id)?.standing == .blocked)
        #expect(city.push.cut[driver.id] == .blocked)
    }

    @Test func aRejectionWhoseFirstTryMayBeWrittenIsNotCalledUndone() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        var house = city.house
        let calls = Atomic<Int>(0)
        house.orders = HookedOrderStore(
            city.store,
            before: { _ in
                let isFirst = calls.add(1, ordering: .relaxed).newValue == 1
                throw StoreError(isFirst ? .outcomeUnknown : .unavailable, detail: "away")
            })
        await #expect(throws: StoreError(.outcomeUnknown, detail: "away")) {
            try await ChangeOrder(house)(.reject(reason: nil), order: order.id, by: .driver(driver.id))
        }
    }
}
