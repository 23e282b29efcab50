import Contract

/// The parameters behind the question mark, decoded, names in any case, the first of equal names.
struct Query: Sendable {
    private let values: [String: String]
    /// As it came, after the question mark.
    let source: String

    init(_ text: String?) {
        var values: [String: String] = [:]
        for pair in (text ?? "").split(separator: "&").prefix(100) {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = FormBody.decode(parts[0].utf8), values[name.lowercased()] == nil,
                let value = FormBody.decode(parts.count > 1 ? parts[1].utf8 : Substring("").utf8)
            else { continue }
            values[name.lowercased()] = value
        }
        self.values = values
        source = text ?? ""
    }

    /// The parameters as they came, with one of them set.
    func text(replacing name: String, with value: String) -> String {
        let others = source.split(separator: "&").filter { !$0.lowercased().hasPrefix(name + "=") }
        return (others.map(String.init) + ["\(name)=\(value)"]).joined(separator: "&")
    }

    /// The value of `name`, nil when it is absent or empty.
    subscript(name: String) -> String? {
        guard let value = values[name], !value.isEmpty else { return nil }
        return value
    }

    func boolean(_ name: String) throws -> Bool? {
        switch self[name]?.lowercased() {
        case nil: return nil
        case "true", "1", "yes": return true
        case "false", "0", "no": return false
        default: throw Problems.field(name, "must be true or false")
        }
    }

    func integer(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = self[name] else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw Problems.field(name, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ names: String..., in range: ClosedRange<Double>) throws -> Double? {
        guard let name = names.first(where: { self[$0] != nil }), let text = self[name] else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw Problems.field(name, "must be a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
