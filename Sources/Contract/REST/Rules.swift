/// A new version of the dispatch policy, of all orders or of one zone's.
package struct PolicyRequest: Equatable, Sendable {
    /// One value that the policy is to have. Which there are, and their ranges, is the house's business.
    package struct Value: Equatable, Sendable {
        package let name: String
        /// Nil where it is no number.
        package let number: JSONNumber?
    }

    package var zoneID: Int64?
    package var note: String?
    /// In the order of the body; of equal names the last counts.
    package var weights: [Value]

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        zoneID = reader.identifier("zone_id")
        note = reader.text("note", limit: 500)
        weights = Self.weights(&reader)
        try reader.finish()
    }

    private static func weights(_ reader: inout BodyReader) -> [Value] {
        BodyReader.log?.note(["weights"], "Record<string, number>", isRequired: true)
        guard let value = reader.body["weights"] else {
            reader.reject("weights", "is required; an empty object takes everything back")
            return []
        }
        guard case .object(let members) = value else {
            reader.reject("weights", "must be an object of names and numbers")
            return []
        }
        return members.map { member in
            if case .number(let number) = member.value { return Value(name: member.key, number: number) }
            return Value(name: member.key, number: nil)
        }
    }
}

/// Every rule of a driver about restaurants: what is not named is without a rule afterwards.
package struct DriverRulesRequest: Equatable, Sendable {
    package var allow: [Int64]
    package var prefer: [Int64]
    package var forbid: [Int64]

    package init(body: [UInt8]) throws(BodyRefusal) {
        var reader = try BodyReader(body)
        allow = reader.identifiers("allow", limit: 1000) ?? []
        prefer = reader.identifiers("prefer", limit: 1000) ?? []
        forbid = reader.identifiers("forbid", limit: 1000) ?? []
        if ["allow", "prefer", "forbid"].allSatisfy({ reader.body[$0] == nil }) {
            reader.reject("allow", "is required, or prefer or forbid; an empty list takes the rules away")
        }
        let named = allow.map { ("allow", $0) } + prefer.map { ("prefer", $0) } + forbid.map { ("forbid", $0) }
        var first: [Int64: String] = [:]
        for (list, restaurant) in named {
            if let other = first[restaurant] {
                reader.reject(list, "has restaurant \(restaurant), which \(other) has too: a restaurant has one rule")
            } else {
                first[restaurant] = list
            }
        }
        try reader.finish()
    }
}
