internal import Geo

/// Who may get orders at all, and who may get this one: the rules that no cost can outweigh.
struct Eligibility: Sendable {
    let now: Timestamp
    let policy: DispatchPolicy

    /// Why a driver gets nothing new at this tick; nil where he may.
    func refusal(of driver: DriverState) -> Refusal? {
        if !driver.isOnline { return .offline }
        if now.millisecondsSince(driver.lastFixAt) > policy.staleAfter.value * 1000 { return .staleFix }
        if let end = driver.shiftEndsAt, end < now { return .shiftEnds }
        if let offered = driver.offeredAt, policy.offerGap.forbids(anotherAt: now, after: offered) {
            return .offeredJustNow
        }
        if driver.freeAt.millisecondsSince(now) > policy.limits.lookAhead.value * 1000 { return .busyTooLong }
        // What he was told and has no place on the map uses his room up until it is delivered.
        if driver.room.orders <= 0 { return .full }
        return nil
    }

    /// Why a driver cannot have an order, capacity and time apart; nil where he may.
    func refusal(of driver: DriverState, for order: WaitingOrder) -> Refusal? {
        if let pinned = order.pinned { return pinned == driver.id ? nil : .pinnedElsewhere }
        if order.excluded.contains(driver.id) { return .excluded }
        if !order.vehicles.isEmpty, !order.vehicles.contains(driver.vehicle) { return .wrongVehicle }
        if order.bagUnits > driver.room.units { return .bagFull }
        return restaurantRefusal(of: driver, for: order)
    }

    private func restaurantRefusal(of driver: DriverState, for order: WaitingOrder) -> Refusal? {
        if driver.rules.isEmpty { return nil }
        var hasAllowed = false
        var isAllowed = false
        for rule in driver.rules {
            let applies = rule.restaurant == order.restaurant
            switch rule.kind {
            case .forbid:
                if applies { return .restaurantForbidden }
            case .allow:
                hasAllowed = true
                if applies { isAllowed = true }
            case .prefer:
                if applies { isAllowed = true }
            }
        }
        return hasAllowed && !isAllowed ? .restaurantNotAllowed : nil
    }
}
