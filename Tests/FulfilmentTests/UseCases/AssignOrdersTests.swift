import DispatchCore
import Fulfilment
import Geo
import Simulation
import Testing

@Suite struct AssignOrdersTests {
    let city = VirtualHouse()
    let kitchen = GeoPoint(latitude: 12.935, longitude: 77.624)
    let door = GeoPoint(latitude: 12.945, longitude: 77.634)
    let admin = AdminID(900)

    func force(
        _ orders: [OrderID], on driver: DriverID, by admin: AdminID? = nil,
        edit: (inout AssignOrders.Request) -> Void = { _ in }
    )
        async throws -> AssignOrders.Outcome
    {
        var request = AssignOrders.Request(orderIDs: orders, driverID: driver)
        edit(&request)
        return try await AssignOrders(city.house)(request, by: admin ?? self.admin)
    }

    @Test func forceNeedsNoFlagAndTellsTheDriver() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        let outcome = try await force([order.id], on: driver.id)
        #expect(outcome.warnings.isEmpty)
        #expect(outcome.orders.first?.state == .assigned)
        #expect(outcome.orders.first?.assignment?.pinnedBy == admin)
        guard case .orderAssigned(let told) = city.push.events.first?.body else {
            Issue.record("no assignment was pushed")
            return
        }
        #expect(told.orderID == order.id.rawValue)
        #expect(told.batch.source == .admin)
        #expect(city.push.events.map(\.seq) == [1])
    }

    @Test func aBatchIsOneMessageForEachOrderInRouteOrder() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        var ids: [OrderID] = []
        for _ in 0..<3 { ids.append(try await city.placeOrder(from: kitchen, to: door).id) }
        let outcome = try await force(ids, on: driver.id) { $0.earnings = Paise(10_000) }
        let told = city.push.events.compactMap { event -> AssignedOrder? in
            if case .orderAssigned(let told) = event.body { told } else { nil }
        }
        #expect(told.map(\.sequence) == [1, 2, 3])
        #expect(told.map(\.orderID) == told.first?.batch.orderIDs)
        #expect(told.reduce(.zero) { $0 + $1.earnings } == Paise(10_000))
        #expect(Set(outcome.orders.compactMap(\.assignment?.batchID)).count == 1)
    }

    @Test func takeOverTellsTheOldDriverFirst() async throws {
        let first = try await city.addDriver("ravi", at: kitchen)
        let second = try await city.addDriver("meera", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        _ = try await force([order.id], on: first.id)
        _ = try await force([order.id], on: second.id)
        let bodies = city.push.events.map { ($0.driverID, $0.body) }
        #expect(bodies.count == 3)
        #expect(bodies[1].0 == first.id)
        #expect(
            bodies[1].1
                == .orderUnassigned(order: order.id.rawValue, reason: "given to another driver", code: "reassigned"))
        #expect(bodies[2].0 == second.id)
    }

    @Test func refusalsAreTheFewThatNobodyOverrides() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let other = try await city.addDriver("meera", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        await #expect(throws: FulfilmentError.unknownOrder(OrderID(99))) {
            try await force([OrderID(99)], on: driver.id)
        }
        await #expect(throws: FulfilmentError.unknownDriver(DriverID(99))) {
            try await force([order.id], on: DriverID(99))
        }
        _ = try await force([order.id], on: driver.id)
        await #expect(throws: FulfilmentError.pinnedByAnother(order: order.id, admin: admin)) {
            try await force([order.id], on: other.id, by: AdminID(901))
        }
        _ = try await force([order.id], on: other.id, by: AdminID(901)) { $0.force = true }
        _ = try await ChangeOrder(city.house)(.pickUp, order: order.id, by: .driver(other.id))
        await #expect(throws: FulfilmentError.foodOnBoard(order: order.id, current: .pickedUp)) {
            try await force([order.id], on: driver.id)
        }
        _ = try await ChangeOrder(city.house)(.cancel(by: .admin, reason: "x"), order: order.id, by: .admin(admin))
        await #expect(throws: FulfilmentError.orderEnded(order: order.id, current: .cancelled)) {
            try await force([order.id], on: driver.id)
        }
        _ = try await DriverDesk(city.house).setStanding(.blocked, of: driver.id, by: admin)
        let next = try await city.placeOrder(from: kitchen, to: door)
        await #expect(throws: FulfilmentError.driverBlocked(driver.id)) { try await force([next.id], on: driver.id) }
    }

    @Test func everythingElseIsDoneWithAWarning() async throws {
        let driver = try await city.addDriver("ravi", at: nil, online: false)
        var ids: [OrderID] = []
        for _ in 0..<4 { ids.append(try await city.placeOrder(from: nil, to: door).id) }
        let outcome = try await force(ids, on: driver.id)
        #expect(Set(outcome.warnings) == [.overCapacity, .offline, .stalePosition, .noCoordinates])
        #expect(outcome.orders.allSatisfy { $0.state == .assigned })
    }

    @Test func aRepeatedRequestHearsTheSameWarnings() async throws {
        let driver = try await city.addDriver("ravi", at: nil, online: false)
        let order = try await city.placeOrder(from: kitchen, to: door)
        let key = IdempotencyKey(principal: .admin(admin), key: "k", requestHash: "h")
        let first = try await force([order.id], on: driver.id) { $0.idempotency = key }
        let again = try await force([order.id], on: driver.id) { $0.idempotency = key }
        #expect(first.warnings == [.offline, .stalePosition])
        #expect(again.warnings == first.warnings)
        #expect(again.batchID == first.batchID)
    }

    @Test func payThatIsSaidForOrdersHeHasAlreadyIsApplied() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        var ids: [OrderID] = []
        for _ in 0..<3 { ids.append(try await city.placeOrder(from: kitchen, to: door).id) }
        _ = try await force([ids[0]], on: driver.id)
        let alone = try await force([ids[0]], on: driver.id) { $0.earnings = Paise(9001) }
        #expect(alone.orders.first?.assignment?.earnings.total == Paise(9001))
        // Together with others one amount covers all.
        let all = try await force(ids, on: driver.id) { $0.earnings = Paise(20_001) }
        #expect(all.orders.reduce(.zero) { $0 + ($1.assignment?.earnings.total ?? .zero) } == Paise(20_001))
        #expect(all.orders.allSatisfy { ($0.assignment?.earnings.total ?? .zero) > .zero })
    }

    @Test func aBatchIsAllOrNothing() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let good = try await city.placeOrder(from: kitchen, to: door)
        let ended = try await city.placeOrder(from: kitchen, to: door)
        _ = try await ChangeOrder(city.house)(.cancel(by: .customer, reason: "x"), order: ended.id, by: .admin(admin))
        await #expect(throws: FulfilmentError.self) { try await force([good.id, ended.id], on: driver.id) }
        #expect(try await city.store.order(good.id)?.state == .pending)
        #expect(city.push.events.isEmpty)
    }

    @Test func blockingADriverReturnsHisOrdersAndCutsHimOff() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        _ = try await force([order.id], on: driver.id)
        _ = try await DriverDesk(city.house).setStanding(.blocked, of: driver.id, by: admin)
        #expect(try await city.store.order(order.id)?.state == .pending)
        #expect(city.push.cut[driver.id] == .blocked)
    }

    @Test func deliveringOnceDeliversAllOfTheCustomer() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        var ids: [OrderID] = []
        for (phone, otp) in [("+91A", "111111"), ("+91A", "222222"), ("+91B", "333333")] {
            ids.append(try await city.placeOrder(from: kitchen, to: door, phone: phone) { $0.otp = otp }.id)
        }
        _ = try await force(ids, on: driver.id)
        for id in ids { _ = try await ChangeOrder(city.house)(.pickUp, order: id, by: .driver(driver.id)) }
        await #expect(throws: FulfilmentError.otpWrong(ids[0], triesLeft: 4)) {
            try await ChangeOrder(city.house).deliverAllOfCustomer(ids[0], otp: "999999", by: driver.id)
        }
        _ = try await ChangeOrder(city.house).deliverAllOfCustomer(ids[0], otp: "2222", by: driver.id)
        var states: [OrderState?] = []
        for id in ids { states.append(try await city.store.order(id)?.state) }
        #expect(states == [.delivered, .delivered, .pickedUp])
    }

    @Test func aLateRejectionIsASuccessThatChangesNothing() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen)
        let stranger = try await city.addDriver("meera", at: kitchen)
        let order = try await city.placeOrder(from: kitchen, to: door)
        _ = try await force([order.id], on: driver.id)
        let change = ChangeOrder(city.house)
        _ = try await change(.reject(reason: nil), order: order.id, by: .driver(driver.id))
        let again = try await change(.reject(reason: nil), order: order.id, by: .driver(driver.id))
        #expect(again.state == .pending)
        await #expect(throws: FulfilmentError.unknownOrder(order.id)) {
            try await change(.reject(reason: nil), order: order.id, by: .driver(stranger.id))
        }
    }
}
