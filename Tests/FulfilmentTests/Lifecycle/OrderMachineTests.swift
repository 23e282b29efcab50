import DispatchCore
import Fulfilment
import Testing

@Suite struct OrderMachineTests {
    static let driver = DriverID(7)
    static let admin = AdminID(1)
    static let now = Timestamp(milliseconds: 1000)

    static func order(_ state: OrderState, otp: String? = nil) -> Order {
        var content = OrderContent(
            customer: Customer(name: "Asha", phone: "1"), pickup: Place(name: "R", address: "a"),
            dropoff: Place(address: "b"))
        content.otp = otp
        var order = Order(
            id: OrderID(5), version: 3, state: state, content: content, createdAt: Timestamp(milliseconds: 0))
        if state != .pending {
            order.assignment = Assignment(
                driverID: driver, driverName: "Ravi", batchID: BatchID(1), sequence: 1, source: .engine, pinnedBy: nil,
                earnings: EarningsQuote(base: Paise(4550)), distance: 3200, durationSeconds: nil,
                assignedAt: Timestamp(milliseconds: 0))
        }
        return order
    }

    static func decide(
        _ command: OrderCommand, _ state: OrderState, by principal: Principal
    ) -> Result<OrderStep, FulfilmentError> {
        do {
            return .success(try OrderMachine.decide(command, on: order(state), by: principal, at: now))
        } catch {
            return .failure(error)
        }
    }

    /// The whole table: for each command of a driver, the states from which it is legal and where it leads.
    @Test(
        arguments: [
            (.accept, [.assigned: .accepted, .accepted: .accepted]),
            (
                .pickUp,
                [
                    .assigned: .pickedUp, .accepted: .pickedUp, .pickedUp: .pickedUp, .inTransit: .inTransit,
                    .delivered: .delivered,
                ]
            ),
            (.startTransit, [.pickedUp: .inTransit, .inTransit: .inTransit]),
            (.deliver(.otp(nil)), [.pickedUp: .delivered, .inTransit: .delivered, .delivered: .delivered]),
            (.reject(reason: nil), [.assigned: .pending, .accepted: .pending, .cancelled: .cancelled]),
        ] as [(OrderCommand, [OrderState: OrderState])])
    func driversStepsFollowTheTable(command: OrderCommand, legal: [OrderState: OrderState]) {
        for state in OrderState.allCases where state != .pending {
            let outcome = Self.decide(command, state, by: .driver(Self.driver))
            switch (outcome, legal[state]) {
            case (.success(let step), .some(let expected)): #expect(step.after.state == expected)
            case (.failure(.illegalStep(_, let current, let allowed)), .none):
                #expect(current == state)
                #expect(allowed == OrderMachine.allowed(from: state))
            default: Issue.record("\(command) from \(state): \(outcome)")
            }
        }
    }

    @Test func someoneElsesOrderIsUnknown() {
        for state in OrderState.allCases {
            #expect(Self.decide(.accept, state, by: .driver(DriverID(8))) == .failure(.unknownOrder(OrderID(5))))
        }
    }

    @Test func sameStateAgainChangesNothing() throws {
        let order = Self.order(.pickedUp)
        let step = try OrderMachine.decide(.pickUp, on: order, by: .driver(Self.driver), at: Self.now)
        #expect(step == OrderStep(after: order))
    }

    @Test func deliveryPaysExactlyTheQuote() throws {
        let step = try OrderMachine.decide(
            .deliver(.otp(nil)), on: Self.order(.inTransit), by: .driver(Self.driver), at: Self.now)
        #expect(step.earnings?.quote.total == Paise(4550))
        #expect(step.after.deliveredAt == Self.now)
    }

    @Test func adminDeliversFromEveryHeldState() throws {
        for state in [OrderState.assigned, .accepted, .pickedUp, .inTransit] {
            let step = try OrderMachine.decide(
                .deliverByHand, on: Self.order(state), by: .admin(Self.admin), at: Self.now)
            #expect(step.after.state == .delivered)
            #expect(step.after.pickedUpAt != nil)
            #expect(step.earnings != nil)
        }
    }

    @Test func rejectionReturnsToThePoolAndExcludesThePair() throws {
        let step = try OrderMachine.decide(
            .reject(reason: "far"), on: Self.order(.assigned), by: .driver(Self.driver), at: Self.now)
        #expect(step.after.state == .pending)
        #expect(step.after.assignment == nil)
        #expect(step.after.pooledAt == Self.now)
        #expect(step.exclusion == Exclusion(orderID: OrderID(5), driverID: Self.driver))
        #expect(step.event == nil)
    }

    @Test func unassignmentTellsTheDriver() throws {
        let step = try OrderMachine.decide(
            .unassign(reason: "too slow"), on: Self.order(.accepted), by: .admin(Self.admin), at: Self.now)
        #expect(step.event?.body == .orderUnassigned(order: 5, reason: "too slow", code: "unassigned"))
    }

    @Test func cancellationGoesToThePresentDriverOnly() throws {
        let held = try OrderMachine.decide(
            .cancel(by: .customer, reason: "Customer cancelled"), on: Self.order(.assigned), by: .admin(Self.admin),
            at: Self.now)
        #expect(
            held.event
                == EventDraft(driverID: Self.driver, body: .orderCancelled(order: 5, reason: "Customer cancelled")))
        #expect(held.earnings == nil)
        let waiting = try OrderMachine.decide(
            .cancel(by: .customer, reason: "x"), on: Self.order(.pending), by: .admin(Self.admin), at: Self.now)
        #expect(waiting.event == nil)
    }

    @Test func afterPickupOnlyAnAdminCancelsAndTheDriverIsPaid() throws {
        let refusal = FulfilmentError.illegalStep(
            order: Self.order(.pickedUp).id, current: .pickedUp, allowed: [.inTransit, .delivered])
        #expect(throws: refusal) {
            try OrderMachine.decide(
                .cancel(by: .restaurant, reason: "x"), on: Self.order(.pickedUp), by: .admin(Self.admin), at: Self.now)
        }
        let step = try OrderMachine.decide(
            .cancel(by: .admin, reason: "x"), on: Self.order(.pickedUp), by: .admin(Self.admin), at: Self.now)
        #expect(step.earnings?.quote.total == Paise(4550))
    }

    @Test(
        arguments: [("123456", true), ("3456", true), ("1234", false), ("", false), (nil, false), ("56", false)]
            as [(String?, Bool)])
    func otpIsTheSixDigitsOrTheLastFour(given: String?, opens: Bool) {
        let order = Self.order(.inTransit, otp: "123456")
        let outcome = Result {
            try OrderMachine.decide(.deliver(.otp(given)), on: order, by: .driver(Self.driver), at: Self.now)
        }
        #expect(((try? outcome.get()) != nil) == opens)
    }

    @Test func otpLocksAfterFiveWrongTries() {
        var order = Self.order(.inTransit, otp: "123456")
        order.otpFailures = OrderMachine.otpTries
        #expect(throws: FulfilmentError.otpLocked(OrderID(5))) {
            try OrderMachine.decide(.deliver(.otp("123456")), on: order, by: .driver(Self.driver), at: Self.now)
        }
    }
}
