package import DispatchCore

/// What somebody wants to happen to one order that exists.
package enum OrderCommand: Equatable, Sendable {
    case accept
    case pickUp
    case startTransit
    case deliver(DeliveryProof)
    /// An admin's delivery: from any held state, implies the steps between, asks for no password.
    case deliverByHand
    case reject(reason: String?)
    case cancel(by: CancellingParty, reason: String)
    case unassign(reason: String)
    /// The driver gave no sign of life for too long, or did not accept it in time.
    case lapse(LapseReason)
}

/// What shows that the customer stands at the door.
package enum DeliveryProof: Equatable, Sendable {
    /// The customer's six digits, or their last four, where the order has a one-time password.
    case otp(String?)
    /// Another order of the same customer was opened with its password in the same call.
    case checked
}

/// Who wants an order cancelled.
package enum CancellingParty: String, Sendable {
    case customer
    case restaurant
    case admin
}

/// What a legal command does.
package struct OrderStep: Equatable, Sendable {
    /// The order as it will be; equal to the order before when nothing changes.
    package var after: Order
    package var event: EventDraft?
    package var earnings: EarningsDraft?
    package var exclusion: Exclusion?

    package init(after: Order) {
        self.after = after
    }
}

/// The one place that knows which step an order may take, who may ask for it, and what follows from it.
package enum OrderMachine {
    /// Wrong passwords after which an order's delivery needs an admin.
    package static let otpTries = 5

    /// Decides a command on an order.
    ///
    /// The same state again is a success that changes nothing.
    ///
    /// - Throws: ``FulfilmentError``. `otpWrong` must be followed by counting the failure.
    package static func decide(
        _ command: OrderCommand, on order: Order, by principal: Principal, at now: Timestamp
    ) throws(FulfilmentError) -> OrderStep {
        if case .driver(let driver) = principal, order.assignment?.driverID != driver {
            throw .unknownOrder(order.id)
        }
        switch command {
        case .accept: return try accept(order, by: principal, at: now)
        case .pickUp: return try pickUp(order, by: principal, at: now)
        case .startTransit: return try startTransit(order, by: principal, at: now)
        case .deliver(let proof): return try deliver(order, proof, by: principal, at: now)
        case .deliverByHand: return try deliverByHand(order, by: principal, at: now)
        case .reject: return try release(order, by: principal, at: now, event: nil)
        case .cancel(let party, let reason): return try cancel(order, party, reason: reason, by: principal, at: now)
        case .unassign(let reason): return try release(order, by: principal, at: now, event: ("unassigned", reason))
        case .lapse(let reason): return try release(order, by: principal, at: now, event: ("timeout", reason.text))
        }
    }

    /// States that an order may go to from `state`, for the answer to an illegal step.
    package static func allowed(from state: OrderState) -> [OrderState] {
        switch state {
        case .pending: [.assigned, .cancelled]
        case .assigned: [.accepted, .pickedUp, .pending, .cancelled]
        case .accepted: [.pickedUp, .pending, .cancelled]
        case .pickedUp: [.inTransit, .delivered, .cancelled]
        case .inTransit: [.delivered, .cancelled]
        case .delivered, .cancelled: []
        }
    }

    static func illegal(_ order: Order) -> FulfilmentError {
        .illegalStep(order: order.id, current: order.state, allowed: allowed(from: order.state))
    }

    private static func accept(
        _ order: Order, by principal: Principal, at now: Timestamp
    ) throws(FulfilmentError) -> OrderStep {
        guard case .driver = principal else { throw .notAllowed("only the driver accepts an order") }
        if order.state == .accepted { return OrderStep(after: order) }
        guard order.state == .assigned else { throw illegal(order) }
        var after = order
        after.state = .accepted
        after.acceptedAt = now
        return OrderStep(after: after)
    }

    /// The app sends it again for orders of a restaurant that are further on already: a success that changes nothing.
    private static func pickUp(
        _ order: Order, by principal: Principal, at now: Timestamp
    ) throws(FulfilmentError) -> OrderStep {
        if order.state.isOnBoard || order.state == .delivered { return OrderStep(after: order) }
        guard order.state.isHeldBeforePickup else { throw illegal(order) }
        var after = order
        after.state = .pickedUp
        after.acceptedAt = order.acceptedAt ?? now
        after.pickedUpAt = now
        return OrderStep(after: after)
    }

    private static func startTransit(
        _ order: Order, by principal: Principal, at now: Timestamp
    ) throws(FulfilmentError) -> OrderStep {
        guard case .driver = principal else { throw .notAllowed("only the driver starts the transit") }
        if order.state == .inTransit { return OrderStep(after: order) }
        guard order.state == .pickedUp else { throw illegal(order) }
        var after = order
        after.state = .inTransit
        return OrderStep(after: after)
    }

    private static func deliver(
        _ order: Order, _ proof: DeliveryProof, by principal: Principal, at now: Timestamp
    ) throws(FulfilmentError) -> OrderStep {
        if order.state == .delivered { return OrderStep(after: order) }
        guard order.state.isOnBoard else { throw illegal(order) }
        if case .driver = principal, case .otp(let otp) = proof { try check(otp, of: order) }
        return delivered(order, at: now)
    }

    private static func deliverByHand(
        _ order: Order, by principal: Principal, at now: Timestamp
    ) throws(FulfilmentError) -> OrderStep {
        guard principal.isAdmin else { throw .notAllowed("only an admin delivers by hand") }
        if order.state == .delivered { return OrderStep(after: order) }
        guard order.state.isHeld else { throw illegal(order) }
        var picked = order
        picked.acceptedAt = order.acceptedAt ?? now
        picked.pickedUpAt = order.pickedUpAt ?? now
        return delivered(picked, at: now)
    }

    private static func delivered(_ order: Order, at now: Timestamp) -> OrderStep {
        var after = order
        after.state = .delivered
        after.deliveredAt = now
        var step = OrderStep(after: after)
        step.earnings = pay(for: order, at: now)
        return step
    }

    private static func pay(for order: Order, at now: Timestamp) -> EarningsDraft? {
        order.assignment.map {
            EarningsDraft(
                orderID: order.id, driverID: $0.driverID, quote: $0.earnings, distance: $0.distance, earnedAt: now)
        }
    }

    /// Accepts the whole password or its last four digits, because one screen of the drivers' app can type only four.
    static func check(_ otp: String?, of order: Order) throws(FulfilmentError) {
        guard let expected = order.content.otp else { return }
        guard let otp, !otp.isEmpty else { throw .otpMissing(order.id) }
        guard order.otpFailures < otpTries else { throw .otpLocked(order.id) }
        guard otp == expected || otp == String(expected.suffix(4)) else {
            throw .otpWrong(order.id, triesLeft: max(0, otpTries - order.otpFailures - 1))
        }
    }

    /// Back to the pool, with the pair excluded from automatic work. A pin ends here.
    private static func release(
        _ order: Order, by principal: Principal, at now: Timestamp, event: (code: String, reason: String)?
    ) throws(FulfilmentError) -> OrderStep {
        if order.state == .pending { return OrderStep(after: order) }
        // A rejection that crosses a cancellation: the driver's pop-up cannot know better.
        let isRejection = event == nil
        if isRejection, order.state == .cancelled { return OrderStep(after: order) }
        guard order.state.isHeldBeforePickup, let assignment = order.assignment else { throw illegal(order) }
        var after = order
        after.state = .pending
        after.assignment = nil
        after.acceptedAt = nil
        after.pooledAt = now
        after.isGivenBack = !principal.isAdmin
        var step = OrderStep(after: after)
        step.exclusion = Exclusion(orderID: order.id, driverID: assignment.driverID)
        if let event {
            step.event = EventDraft(
                driverID: assignment.driverID,
                body: .orderUnassigned(order: order.id.rawValue, reason: event.reason, code: event.code))
        }
        return step
    }

    private static func cancel(
        _ order: Order, _ party: CancellingParty, reason: String, by principal: Principal, at now: Timestamp
    ) throws(FulfilmentError) -> OrderStep {
        if order.state == .cancelled { return OrderStep(after: order) }
        guard order.state != .delivered else { throw illegal(order) }
        if case .driver = principal { throw .notAllowed("a driver rejects an order, he does not cancel it") }
        // The step exists, but not for whom it is asked: what the order may do next without an admin is told.
        guard !order.state.isOnBoard || party == .admin else {
            let left = allowed(from: order.state).filter { $0 != .cancelled }
            throw .illegalStep(order: order.id, current: order.state, allowed: left)
        }
        var after = order
        after.state = .cancelled
        after.cancelledAt = now
        after.cancelReason = reason
        var step = OrderStep(after: after)
        if let holder = order.holder {
            step.event = EventDraft(driverID: holder, body: .orderCancelled(order: order.id.rawValue, reason: reason))
        }
        // The driver made the trip: he is paid for it as quoted.
        if order.state.isOnBoard { step.earnings = pay(for: order, at: now) }
        return step
    }
}
