package import DispatchCore

/// A policy as it was decided, once and for ever: a change is a new version.
package struct PolicyRecord: Sendable, Equatable {
    /// Grows over all policies of all zones: the number alone says which rules were in force when it was the newest.
    package var version: Int64
    /// Nil for the one of all orders.
    package var zone: ZoneID?
    package var values: PolicyValues
    package var note: String?
    package var createdAt: Timestamp
    package var createdBy: AdminID

    package init(
        version: Int64, zone: ZoneID?, values: PolicyValues, note: String?, createdAt: Timestamp, createdBy: AdminID
    ) {
        self.version = version
        self.zone = zone
        self.values = values
        self.note = note
        self.createdAt = createdAt
        self.createdBy = createdBy
    }
}

/// What a driver may do at one restaurant.
package struct DriverRule: Hashable, Sendable {
    package enum Kind: String, Sendable, CaseIterable, Codable {
        /// A driver with any of these gets orders only of these restaurants and of those he prefers.
        case allow
        case prefer
        case forbid
    }

    package var driver: DriverID
    package var restaurant: RestaurantID
    package var kind: Kind

    package init(driver: DriverID, restaurant: RestaurantID, kind: Kind) {
        self.driver = driver
        self.restaurant = restaurant
        self.kind = kind
    }
}

/// Which state of the rules a book was read in. Equal revisions mean equal rules.
package struct RuleRevision: Hashable, Sendable {
    /// The newest policy's version, 0 without any.
    package var policies: Int64
    /// Grows with every change of drivers' rules.
    package var driverRules: Int64

    package init(policies: Int64 = 0, driverRules: Int64 = 0) {
        self.policies = policies
        self.driverRules = driverRules
    }
}

/// Everything that admins have ruled about dispatch, as of one revision: a value that a tick decides under.
package struct RuleBook: Sendable, Equatable {
    package private(set) var revision: RuleRevision
    /// Without a zone first, then by zone.
    package private(set) var policies: [PolicyRecord]
    private let rules: [DriverID: [DriverState.RestaurantRule]]

    /// - Parameters:
    ///   - policies: In any sequence; of several for one zone the newest is in force.
    ///   - rules: In any sequence.
    package init(
        revision: RuleRevision = RuleRevision(), policies: [PolicyRecord] = [], rules: [DriverRule] = []
    ) {
        self.revision = revision
        var newest: [ZoneID?: PolicyRecord] = [:]
        for record in policies where record.version > newest[record.zone]?.version ?? 0 { newest[record.zone] = record }
        self.policies = newest.values.sorted { ($0.zone?.rawValue ?? 0) < ($1.zone?.rawValue ?? 0) }
        var byDriver: [DriverID: [DriverState.RestaurantRule]] = [:]
        for rule in rules.sorted(by: { $0.restaurant < $1.restaurant }) {
            byDriver[rule.driver, default: []].append(
                DriverState.RestaurantRule(restaurant: rule.restaurant, kind: rule.kind.inTheEngine))
        }
        self.rules = byDriver
    }

    /// The rules of all orders: what the settings say, as changed by the newest policy without a zone. Its version is
    /// that of the newest policy of any zone.
    package func policy(over settings: DispatchPolicy) -> DispatchPolicy {
        var policy = policies.first { $0.zone == nil }?.values.applied(to: settings) ?? settings
        policy.version = policies.map(\.version).max() ?? settings.version
        return policy
    }

    /// The rules of the zones that have their own, by zone.
    package func zonePolicies(over settings: DispatchPolicy) -> [ZonePolicy] {
        let general = policy(over: settings)
        return policies.compactMap { record in
            guard let zone = record.zone, !record.values.isEmpty else { return nil }
            var policy = record.values.applied(to: general)
            policy.version = record.version
            return ZonePolicy(zone: zone, policy: policy)
        }
    }

    /// By restaurant.
    package func rules(of driver: DriverID) -> [DriverState.RestaurantRule] { rules[driver] ?? [] }
}

extension DriverRule.Kind {
    var inTheEngine: DriverState.RestaurantRule.Kind {
        switch self {
        case .allow: .allow
        case .prefer: .prefer
        case .forbid: .forbid
        }
    }
}

extension [DriverRule] {
    /// Whether a driver with these rules may have an order of a restaurant.
    func allow(_ restaurant: RestaurantID?) -> Bool {
        if let rule = first(where: { $0.restaurant == restaurant }) { return rule.kind != .forbid }
        return !contains { $0.kind == .allow }
    }
}
