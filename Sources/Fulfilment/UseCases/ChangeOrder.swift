package import DispatchCore

/// Every step of an order that is not its assignment: accept, pickup, transit, delivery, rejection, cancellation,
/// return.
package struct ChangeOrder: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// Carries out a command on one order.
    ///
    /// - Returns: The order as it is now.
    /// - Throws: ``FulfilmentError``, ``StoreError``.
    package func callAsFunction(
        _ command: OrderCommand, order id: OrderID, by principal: Principal, reason: String? = nil
    ) async throws -> Order {
        if case .reject = command, case .driver(let driver) = principal {
            return try await house.rounds.expecting {
                try await insist { try await reject(id, by: driver, reason: reason) }
            }
        }
        return try await change(command, first: id, by: principal, reason: reason, driver: nil) { first, _ in [first] }
    }

    /// How often a rejection is tried in all: within the patience of a phone, whose screen shows no failure of it.
    private static let tries = 3

    /// Tries again what the store could not do, or may have done: for commands of which a repetition is harmless.
    ///
    /// - Throws: `outcomeUnknown` when any of the tries may have been written.
    private func insist(_ work: () async throws -> Order) async throws -> Order {
        var mayBeDone = false
        var left = Self.tries
        while true {
            do {
                return try await work()
            } catch let error as StoreError where error.code == .unavailable || error.code == .outcomeUnknown {
                mayBeDone = mayBeDone || error.code == .outcomeUnknown
                left -= 1
                guard left > 0 else { throw StoreError(mayBeDone ? .outcomeUnknown : error.code, detail: error.detail) }
                try Task.checkCancellation()
            }
        }
    }

    /// A rejection that comes after the order was taken back, or twice, is a success that changes nothing: the app's
    /// pop-up cannot know better.
    private func reject(_ id: OrderID, by driver: DriverID, reason: String?) async throws -> Order {
        do {
            return try await change(
                .reject(reason: reason), first: id, by: .driver(driver), reason: reason, driver: nil
            ) {
                first, _ in [first]
            }
        } catch FulfilmentError.unknownOrder {
            guard let order = try await house.orders.order(id), try await house.orders.wasHeld(id, by: driver) else {
                throw FulfilmentError.unknownOrder(id)
            }
            return order
        }
    }

    /// Delivers the order and every other order of the same customer that the driver carries from the same pool: the
    /// app asks once for all that one customer gets.
    package func deliverAllOfCustomer(_ id: OrderID, otp: String?, by driver: DriverID) async throws -> Order {
        try await change(.deliver(.otp(otp)), first: id, by: .driver(driver), reason: nil, driver: driver) {
            first, held in
            [first] + Self.others(ofCustomerOf: first, in: held.filter(\.state.isOnBoard))
        }
    }

    /// Looks whether the password is the customer's, without delivering. A wrong one counts as at the door.
    ///
    /// - Returns: The order, which is as it was.
    /// - Throws: ``FulfilmentError``: `otpMissing`, `otpWrong`, `otpLocked`; `illegalStep` for an order that is not in
    ///   the driver's hands and was not delivered by him. ``StoreError``.
    package func verify(otp: String?, of id: OrderID, by driver: DriverID) async throws -> Order {
        var scope = TransactionScope(by: .driver(driver), at: house.now())
        scope.orderIDs = [id]
        scope.driverIDs = [driver]
        scope.includesOrdersHeld = true
        let committed = try await house.orders.transact(scope) { rows -> OrderChanges<Outcome> in
            guard let order = rows.orders.first, order.assignment?.driverID == driver else {
                throw FulfilmentError.unknownOrder(id)
            }
            guard order.state.isHeld || order.state == .delivered else { throw OrderMachine.illegal(order) }
            return try Self.look(at: otp, of: order, others: Self.others(ofCustomerOf: order, in: rows.held))
        }
        switch committed.result {
        case .refused(let refusal): throw refusal
        case .changed(let order, _, _), .unchanged(let order): return order
        }
    }

    private static func look(
        at otp: String?, of order: Order, others: [Order]
    ) throws(FulfilmentError) -> OrderChanges<Outcome> {
        if others.contains(where: { opens(otp, $0) }) { return OrderChanges(result: .unchanged(order)) }
        do {
            try OrderMachine.check(otp, of: order)
            return OrderChanges(result: .unchanged(order))
        } catch {
            guard case .otpWrong(let id, _) = error else { throw error }
            var refusal = OrderChanges<Outcome>(result: .refused(error))
            refusal.otpFailures = [id]
            return refusal
        }
    }

    /// What the same driver has for the same customer, as the app shows it on one card: the same pool or none, whatever
    /// batches it came in. Words in the place of a telephone, such as "N/A", make nobody the same customer.
    private static func others(ofCustomerOf first: Order, in held: [Order]) -> [Order] {
        guard first.content.customer.phone.contains(where: \.isNumber) else { return [] }
        return held.filter { other in
            other.id != first.id && other.holder == first.assignment?.driverID
                && other.content.customer.phone == first.content.customer.phone
                && other.content.externalPoolID == first.content.externalPoolID
        }
    }

    /// Takes an order back from a driver without anybody's word, under the dispatcher's fence. Nothing happens when
    /// the order is no longer as it was looked at: it was picked up, pinned or given to another meanwhile.
    ///
    /// - Throws: ``StoreError`` with `staleFence` when another dispatcher has taken over.
    package func lapse(_ order: OpenOrder, because reason: LapseReason, fence: Fence) async throws {
        _ = try await change(
            .lapse(reason), first: order.id, by: .engine, reason: nil, driver: nil, claim: Claim(order.version, fence)
        ) { first, _ in [first] }
    }

    /// What must still hold inside the transaction for a decision that was made outside.
    private struct Claim: Sendable {
        let version: Int64
        let fence: Fence

        init(_ version: Int64, _ fence: Fence) {
            self.version = version
            self.fence = fence
        }
    }

    private func change(
        _ command: OrderCommand, first id: OrderID, by principal: Principal, reason: String?, driver: DriverID?,
        claim: Claim? = nil, widen: @Sendable @escaping (Order, [Order]) -> [Order]
    ) async throws -> Order {
        let now = house.now()
        var scope = TransactionScope(by: principal, at: now)
        scope.orderIDs = [id]
        scope.fence = claim?.fence
        if let driver {
            scope.driverIDs = [driver]
            scope.includesOrdersHeld = true
        }
        let committed = try await house.orders.transact(scope) { rows -> OrderChanges<Outcome> in
            guard let order = rows.orders.first else { throw FulfilmentError.unknownOrder(id) }
            if let claim, claim.version != order.version {
                return OrderChanges(result: .unchanged(order))
            }
            return try Self.decide(command, on: widen(order, rows.held), by: principal, at: now, reason: reason)
        }
        // The answer is what was committed: to read it again could fail, and would then deny what has happened.
        switch committed.result {
        case .changed(let order, let orders, let batch):
            tell(committed.events, of: orders)
            if orders.contains(where: { $0.state == .pending || $0.state == .cancelled }) {
                house.rounds.raise(await wish(after: command, of: batch, by: principal))
            } else if orders.contains(where: { $0.state == .delivered || $0.state == .pickedUp }) {
                house.rounds.raise(.inPassing)
            }
            return order
        case .unchanged(let order): return order
        case .refused(let refusal): throw refusal
        }
    }

    /// A driver who gives one order of a batch back is likely to give back the rest as well: his phone says so order by
    /// order.
    private func wish(
        after command: OrderCommand, of batch: BatchID?, by principal: Principal
    ) async -> RoundSignal.Wish {
        guard case .reject = command, case .driver(let driver) = principal, let batch else { return .atOnce }
        var query = OrderQuery()
        query.driverID = driver
        query.batchID = batch
        query.states = [.assigned]
        query.limit = 1
        do {
            return try await house.orders.orders(matching: query).isEmpty ? .atOnce : .whenComplete
        } catch {
            // A round too many is better than none.
            return .atOnce
        }
    }

    private enum Outcome: Sendable {
        /// The order asked for, every order that changed, and the batch that they were in.
        case changed(Order, [Order], BatchID?)
        case unchanged(Order)
        /// Refused, yet something was written (a wrong password was counted).
        case refused(FulfilmentError)
    }

    /// - Parameter orders: The one asked for first.
    private static func decide(
        _ command: OrderCommand, on orders: [Order], by principal: Principal, at now: Timestamp, reason: String?
    ) throws -> OrderChanges<Outcome> {
        // Any password of the customer opens the delivery of all that he gets.
        var command = command
        if case .deliver(.otp(let otp)) = command, orders.count > 1,
            orders.contains(where: { opens(otp, $0) })
        {
            command = .deliver(.checked)
        }
        var changes = OrderChanges<Outcome>(result: .unchanged(orders[0]))
        for order in orders {
            let step: OrderStep
            do {
                step = try OrderMachine.decide(command, on: order, by: principal, at: now)
            } catch {
                guard case .otpWrong(let id, _) = error else { throw error }
                var refusal = OrderChanges<Outcome>(result: .refused(error))
                refusal.otpFailures = [id]
                return refusal
            }
            guard step.after != order else { continue }
            changes.orders.append(
                OrderChange(before: order, after: step.after, reason: reason ?? spokenReason(of: command)))
            if let event = step.event { changes.events.append(event) }
            if let earnings = step.earnings { changes.earnings.append(earnings) }
            if let exclusion = step.exclusion { changes.exclusions.append(exclusion) }
        }
        let changed = changes.orders.map(\.committed)
        if !changed.isEmpty {
            let first = changed.first { $0.id == orders[0].id } ?? orders[0]
            changes.result = .changed(first, changed, orders[0].assignment?.batchID)
        }
        return changes
    }

    /// Whether the password is this order's; one without any opens nothing but itself.
    private static func opens(_ otp: String?, _ order: Order) -> Bool {
        guard order.content.otp != nil else { return false }
        do {
            try OrderMachine.check(otp, of: order)
            return true
        } catch {
            return false
        }
    }

    private static func spokenReason(of command: OrderCommand) -> String? {
        switch command {
        case .reject(let reason): reason
        case .cancel(_, let reason): reason
        case .unassign(let reason): reason
        case .lapse(let reason): reason.text
        case .accept, .pickUp, .startTransit, .deliver, .deliverByHand: nil
        }
    }

    private func tell(_ events: [DriverEvent], of orders: [Order]) {
        if !events.isEmpty { house.push.push(events) }
        for order in orders {
            house.fleet.noteHolder(order.holder, of: order.id)
            house.feed.orderChanged(order.id, state: order.state, driverName: order.assignment?.driverName)
        }
    }
}
