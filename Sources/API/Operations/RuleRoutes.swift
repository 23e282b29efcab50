import Contract
import DispatchCore
import Fulfilment
import HTTPTypes

/// What admins rule about dispatch: policies, and what a driver may do at which restaurant. In force with the next tick
/// of whatever server dispatches.
struct RuleRoutes: RouteGroup {
    private let house: House

    init(_ parts: API.Parts) {
        house = parts.house
    }

    var routes: [Route] {
        [
            Route(.get, "/api/v1/dispatch/policies", .admin, policies),
            Route(.post, "/api/v1/dispatch/policies", .admin, addPolicy),
            Route(.get, "/api/v1/dispatch/rules", .admin, rules),
            Route(.get, "/api/v1/drivers/{id}/rules", .admin) { exchange in
                try await rules(of: try await driver(exchange))
            },
            Route(.put, "/api/v1/drivers/{id}/rules", .admin, replaceRules),
        ]
    }

    private func store() throws -> any RuleStore {
        guard let store = house.rules else { throw Problems.notOffered("Changing the rules of dispatch") }
        return store
    }

    // MARK: Policies

    /// Every version, newest first; `zone_id=0` is the policy of all orders.
    private func policies(_ exchange: Exchange) async throws -> Reply {
        let store = try store()
        var query = PolicyQuery()
        if let zone = try exchange.query.integer("zone_id", in: 0...(1 << 53)) {
            query.scope = zone == 0 ? .general : .zone(ZoneID(zone))
        }
        query.before = try exchange.query.integer("before", in: 1...(1 << 53))
        if let limit = try exchange.query.integer("limit", in: 1...1000) { query.limit = Int(limit) }
        let inForce = Set(try await store.ruleBook().policies.map(\.version))
        let found = try await store.policies(matching: query)
        return .list(found.map { PolicyObject(record: $0, isInForce: inForce.contains($0.version)) })
    }

    private func addPolicy(_ exchange: Exchange) async throws -> Reply {
        let request = try PolicyRequest(body: exchange.body)
        var errors: [FieldError] = []
        let zone = request.zoneID.map { ZoneID($0) }
        if let zone, !(try await house.places.zones().contains { $0.id == zone }) {
            errors.append(FieldError(field: "zone_id", message: "is no zone in force"))
        }
        let values = Self.values(request, errors: &errors)
        if !errors.isEmpty { throw BodyRefusal.fields(errors) }
        let draft = PolicyDraft(zone: zone, values: values, note: request.note, createdBy: try exchange.admin())
        let record = try await store().addPolicy(
            draft, at: exchange.now, idempotency: try exchange.idempotencyKey())
        return .json(PolicyObject(record: record, isInForce: true), status: .created)
    }

    /// The values of a request, and what is wrong with each that cannot be taken.
    private static func values(_ request: PolicyRequest, errors: inout [FieldError]) -> PolicyValues {
        var values = PolicyValues()
        for value in request.weights {
            let field = "weights.\(value.name.prefix(40))"
            guard let knob = PolicyKnob.named(value.name) else {
                let known = PolicyKnob.all.map(\.name).joined(separator: ", ")
                errors.append(FieldError(field: field, message: "is nothing that a policy says; it says \(known)"))
                continue
            }
            let scale = knob.unit == .factor ? 3 : 0
            guard let number = value.number?.scaled(byPowerOfTen: scale, exact: true) else {
                errors.append(FieldError(field: field, message: "must be \(knob.words)"))
                continue
            }
            if let message = values.set(value.name, to: number, inZone: request.zoneID != nil) {
                errors.append(FieldError(field: field, message: message))
            }
        }
        return values
    }

    // MARK: Drivers and restaurants

    private func driver(_ exchange: Exchange) async throws -> DriverID {
        let id = DriverID(try exchange.id("id"))
        guard try await house.accounts.driver(id) != nil else { throw FulfilmentError.unknownDriver(id) }
        return id
    }

    private func rules(_ exchange: Exchange) async throws -> Reply {
        let driver = try exchange.query.integer("driver_id", in: 1...(1 << 53)).map { DriverID($0) }
        let restaurant = try exchange.query.integer("restaurant_id", in: 1...(1 << 53)).map { RestaurantID($0) }
        return .list(try await store().driverRules(driver: driver, restaurant: restaurant).map(DriverRuleObject.init))
    }

    private func rules(of driver: DriverID) async throws -> Reply {
        let rules = try await store().driverRules(driver: driver, restaurant: nil)
        return .object { writer in
            writer.field("driver_id", driver.rawValue)
            writer.field("allow", rules.restaurants(.allow))
            writer.field("prefer", rules.restaurants(.prefer))
            writer.field("forbid", rules.restaurants(.forbid))
        }
    }

    private func replaceRules(_ exchange: Exchange) async throws -> Reply {
        let request = try DriverRulesRequest(body: exchange.body)
        let driver = try await driver(exchange)
        let known = Set(try await house.places.restaurants().map(\.id))
        var errors: [FieldError] = []
        var rules: [DriverRule] = []
        for (kind, restaurants) in [
            (DriverRule.Kind.allow, request.allow), (.prefer, request.prefer), (.forbid, request.forbid),
        ] {
            for (index, number) in restaurants.enumerated() {
                let restaurant = RestaurantID(number)
                if !known.contains(restaurant) {
                    errors.append(
                        FieldError(field: "\(kind.rawValue)[\(index)]", message: "there is no restaurant \(number)"))
                }
                rules.append(DriverRule(driver: driver, restaurant: restaurant, kind: kind))
            }
        }
        if !errors.isEmpty { throw BodyRefusal.fields(errors) }
        try await store().replaceRules(of: driver, with: rules, by: try exchange.admin(), at: exchange.now)
        return try await self.rules(of: driver)
    }
}

extension [DriverRule] {
    fileprivate func restaurants(_ kind: DriverRule.Kind) -> [Int64] {
        filter { $0.kind == kind }.map(\.restaurant.rawValue)
    }
}

private struct PolicyObject: JSONWritable {
    let record: PolicyRecord
    let isInForce: Bool

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("version", record.version)
            writer.field("zone_id", record.zone?.rawValue)
            writer.field("is_in_force", isInForce)
            writer.key("weights")
            writer.object { writer in
                for (knob, value) in record.values.entries {
                    writer.key(dynamic: knob.name)
                    if knob.unit == .factor { writer.double(Double(value) / 1000) } else { writer.integer(value) }
                }
            }
            writer.field("note", record.note)
            writer.field("created_at", milliseconds: record.createdAt.milliseconds)
            writer.field("created_by", record.createdBy.rawValue)
        }
    }
}

private struct DriverRuleObject: JSONWritable {
    let rule: DriverRule

    init(_ rule: DriverRule) { self.rule = rule }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("driver_id", rule.driver.rawValue)
            writer.field("restaurant_id", rule.restaurant.rawValue)
            writer.field("rule", rule.kind.rawValue)
        }
    }
}
