package import DispatchCore

/// Why an order was taken back from a driver without anybody's word.
package enum LapseReason: Equatable, Sendable {
    /// The driver gave no sign of life.
    case silence
    /// He did not accept it in time.
    case unanswered

    /// As the driver is told.
    package var text: String {
        switch self {
        case .silence: "no sign of life from the driver"
        case .unanswered: "not accepted in time"
        }
    }
}

/// An order with a driver who gave no sign of life for too long, which only an admin may move: it was given by hand, or
/// the food is on board.
package struct LostOrder: Hashable, Sendable {
    package var orderID: OrderID
    package var driverID: DriverID
    package var state: OrderState
    /// When the driver was last known to be there.
    package var lastSignAt: Timestamp
}

/// Which orders return to the pool on their own, and which are an alarm instead. Contract section 2.
struct LapseRule: Sendable {
    var now: Timestamp
    /// Time in which nobody watched does not count: after a restart or a step of the clock every driver has the whole
    /// time again.
    var watchedSince: Timestamp
    var lostAfterMilliseconds: Int64
    /// 0 never.
    var lapseAfterMilliseconds: Int64
    /// The driver's last sign of life; nil when he has never given one.
    var lastSign: @Sendable (DriverID) -> Timestamp?

    struct Verdict: Sendable {
        var lapsing: [(order: OpenOrder, reason: LapseReason)] = []
        var lost: [LostOrder] = []
    }

    /// - Complexity: O(n).
    func judge(_ open: [OpenOrder]) -> Verdict {
        var verdict = Verdict()
        for order in open where order.state.isHeld {
            guard let driver = order.driverID, let assignedAt = order.assignedAt else { continue }
            let isFree = order.state.isHeldBeforePickup && !order.pinned
            let sign = max(lastSign(driver) ?? assignedAt, assignedAt, watchedSince)
            if now.millisecondsSince(sign) > lostAfterMilliseconds {
                if isFree {
                    verdict.lapsing.append((order, .silence))
                } else {
                    verdict.lost.append(
                        LostOrder(orderID: order.id, driverID: driver, state: order.state, lastSignAt: sign))
                }
            } else if lapseAfterMilliseconds > 0, order.state == .assigned, isFree,
                now.millisecondsSince(assignedAt) > lapseAfterMilliseconds
            {
                verdict.lapsing.append((order, .unanswered))
            }
        }
        return verdict
    }
}
