/// The rules for the orders of one zone, where they differ from those of all.
///
/// What concerns a whole route (driving, time in the bag, batch sizes, the search itself) is the same in every zone,
/// because a route may lead through several: of `policy` only what an order has of its own is read.
package struct ZonePolicy: Hashable, Sendable {
    package var zone: ZoneID
    package var policy: DispatchPolicy

    package init(zone: ZoneID, policy: DispatchPolicy) {
        self.zone = zone
        self.policy = policy
    }
}

/// The policy that each order is judged by.
struct OrderPolicies: Hashable, Sendable {
    private let general: DispatchPolicy
    private let byZone: [ZoneID: DispatchPolicy]

    /// - Parameter zones: Of several for one zone the first counts.
    init(_ general: DispatchPolicy, zones: [ZonePolicy]) {
        self.general = general.bounded
        byZone = Dictionary(zones.map { ($0.zone, $0.policy.bounded) }) { first, _ in first }
    }

    subscript(zone: ZoneID?) -> DispatchPolicy {
        if byZone.isEmpty { return general }
        return zone.flatMap { byZone[$0] } ?? general
    }
}

extension DispatchSnapshot {
    /// Changes the rules of all zones alike.
    package mutating func changePolicies(_ body: (inout DispatchPolicy) -> Void) {
        body(&policy)
        for index in zonePolicies.indices { body(&zonePolicies[index].policy) }
    }
}
