package import DispatchCore
package import Fulfilment

extension InMemoryStore: RuleStore {
    package func ruleRevision() async throws -> RuleRevision {
        try with { RuleRevision(policies: $0.policies.last?.version ?? 0, driverRules: $0.ruleRevision) }
    }

    package func ruleBook() async throws -> RuleBook {
        let revision = try await ruleRevision()
        return try with { RuleBook(revision: revision, policies: $0.policies, rules: $0.driverRules) }
    }

    package func addPolicy(
        _ draft: PolicyDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> PolicyRecord {
        try with { state in
            let first = try state.repeats(of: idempotency)?.first?.rawValue
            if let known = state.policies.first(where: { $0.version == first }) { return known }
            if let zone = draft.zone, !state.zones.contains(where: { $0.id == zone }) {
                throw StoreError(.constraint, detail: "no such zone")
            }
            let record = PolicyRecord(
                version: (state.policies.last?.version ?? 1) + 1, zone: draft.zone, values: draft.values,
                note: draft.note, createdAt: now, createdBy: draft.createdBy)
            state.policies.append(record)
            state.keep(idempotency, [record.version])
            return record
        }
    }

    package func policies(matching query: PolicyQuery) async throws -> [PolicyRecord] {
        try with { state in
            let wanted = state.policies.reversed().filter { record in
                switch query.scope {
                case .everything: true
                case .general: record.zone == nil
                case .zone(let zone): record.zone == zone
                }
            }
            return Array(wanted.filter { $0.version < query.before ?? .max }.prefix(query.limit))
        }
    }

    package func driverRules(driver: DriverID?, restaurant: RestaurantID?) async throws -> [DriverRule] {
        try with { state in
            state.driverRules.filter { rule in
                rule.driver == driver ?? rule.driver && rule.restaurant == restaurant ?? rule.restaurant
            }
        }
    }

    package func replaceRules(
        of driver: DriverID, with rules: [DriverRule], by admin: AdminID, at now: Timestamp
    ) async throws {
        try with { state in
            guard state.drivers[driver] != nil, rules.allSatisfy({ state.restaurants[$0.restaurant] != nil }) else {
                throw StoreError(.constraint, detail: "no such driver or restaurant")
            }
            let sorted = rules.sorted { $0.restaurant < $1.restaurant }
            if state.driverRules.filter({ $0.driver == driver }) == sorted { return }
            state.driverRules.removeAll { $0.driver == driver }
            state.driverRules = (state.driverRules + sorted).sorted {
                ($0.driver, $0.restaurant) < ($1.driver, $1.restaurant)
            }
            state.ruleRevision += 1
        }
    }
}
