import DispatchCore

extension OrderDecision.Refusal {
    /// Why the driver was refused, as a person reads it.
    package var words: String { Self.words[rule] ?? rule }

    private static let words: [String: String] = Dictionary(
        uniqueKeysWithValues: DispatchCore.Refusal.allCases.map { (String(describing: $0), $0.words) })
}

extension DispatchCore.Refusal {
    /// After "the driver is not taken: ".
    package var words: String {
        switch self {
        case .offline: "offline"
        case .staleFix: "no fresh position"
        case .shiftEnds: "shift ends before"
        case .excluded: "gave this order back or lost it"
        case .pinnedElsewhere: "order pinned to another driver"
        case .restaurantForbidden: "forbidden at this restaurant"
        case .restaurantNotAllowed: "only allowed at other restaurants"
        case .wrongVehicle: "vehicle cannot carry"
        case .full: "has all the orders that he may have"
        case .bagFull: "bag too small"
        case .tooLate: "cannot be there in time"
        case .busyTooLong: "busy for too long"
        case .offeredJustNow: "was offered another order just now"
        case .farther: "others are nearer"
        }
    }
}
