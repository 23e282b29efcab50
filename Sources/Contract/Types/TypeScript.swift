/// The types of values that were seen, as TypeScript says them.
///
/// What a field may hold is read off samples that the server's own writers wrote, so that a description cannot say what
/// the server does not send.
struct TypeScript {
    indirect enum Shape: Equatable {
        case null, boolean, number, string
        case literal(String)
        /// Nil: no element was seen.
        case list(Shape?)
        case object([Member])
        case union([Shape])
        case named(String)
    }

    struct Member: Equatable {
        let name: String
        var shape: Shape
        var isOptional: Bool
    }

    private var known: [(name: String, shape: Shape)] = []
    private(set) var text = ""

    /// Adds an interface for what these samples have in common. Objects with the members of an earlier interface are
    /// called by its name.
    mutating func add(_ name: String, _ samples: [JSON], says comment: String? = nil) {
        guard let first = samples.first else { return }
        let shape = samples.dropFirst().reduce(Self.shape(first)) { Self.merged($0, Self.shape($1)) }
        let named = naming(shape, isOutermost: true)
        known.append((name, shape))
        if let comment { text += "/** \(comment) */\n" }
        guard case .object(let members) = named else {
            text += "export type \(name) = \(Self.said(named));\n\n"
            return
        }
        text += "export interface \(name) {\n"
        for member in members {
            text += "  \(member.name)\(member.isOptional ? "?" : ""): \(Self.said(member.shape));\n"
        }
        text += "}\n\n"
    }

    /// Adds the fields of a body that the server reads.
    mutating func add(request name: String, _ fields: [ReadField]) {
        text += "export interface \(name) {\n"
        var seen: Set<String> = []
        for field in fields where seen.insert(field.names[0]).inserted {
            if field.names.count > 1 {
                text += "  /** Or: \(field.names.dropFirst().joined(separator: ", ")). */\n"
            }
            text +=
                "  \(field.names[0])\(field.isRequired ? "" : "?"): \(field.type)\(field.isRequired ? "" : " | null");\n"
        }
        text += "}\n\n"
    }

    mutating func add(union name: String, of names: [String]) {
        text += "export type \(name) =\n" + names.map { "  | \($0)" }.joined(separator: "\n") + ";\n\n"
    }

    // MARK: Shapes

    static func shape(_ json: JSON) -> Shape {
        switch json {
        case .null: return .null
        case .bool: return .boolean
        case .number: return .number
        case .string: return .string
        case .array(let elements):
            guard let first = elements.first else { return .list(nil) }
            return .list(elements.dropFirst().reduce(shape(first)) { merged($0, shape($1)) })
        case .object(let members):
            return .object(
                members.map { member in
                    // The word that tells messages apart is a type of its own.
                    if member.key == "type", let word = member.value.text {
                        return Member(name: "type", shape: .literal(word), isOptional: false)
                    }
                    return Member(name: member.key, shape: shape(member.value), isOptional: false)
                })
        }
    }

    static func merged(_ left: Shape, _ right: Shape) -> Shape {
        switch (left, right) {
        case _ where left == right: return left
        case (.list(let one), .list(let other)):
            guard let one else { return right }
            return .list(other.map { merged(one, $0) } ?? one)
        case (.object(let one), .object(let other)):
            var members = one.map { member in
                guard let twin = other.first(where: { $0.name == member.name }) else {
                    return Member(name: member.name, shape: member.shape, isOptional: true)
                }
                return Member(
                    name: member.name, shape: merged(member.shape, twin.shape),
                    isOptional: member.isOptional || twin.isOptional)
            }
            for member in other where !one.contains(where: { $0.name == member.name }) {
                members.append(Member(name: member.name, shape: member.shape, isOptional: true))
            }
            return .object(members)
        default:
            var parts: [Shape] = []
            for shape in [left, right] {
                if case .union(let inner) = shape { parts += inner } else { parts.append(shape) }
            }
            var unique: [Shape] = []
            for part in parts where part != .null && !unique.contains(part) { unique.append(part) }
            if parts.contains(.null) { unique.append(.null) }
            return unique.count == 1 ? unique[0] : .union(unique)
        }
    }

    private func naming(_ shape: Shape, isOutermost: Bool = false) -> Shape {
        switch shape {
        case .null, .boolean, .number, .string, .literal, .named: return shape
        case .list(let element): return .list(element.map { naming($0) })
        case .union(let parts): return .union(parts.map { naming($0) })
        case .object(let members):
            if !isOutermost, let name = known.first(where: { Self.hasSameMembers($0.shape, members) })?.name {
                return .named(name)
            }
            return .object(
                members.map { Member(name: $0.name, shape: naming($0.shape), isOptional: $0.isOptional) })
        }
    }

    private static func hasSameMembers(_ shape: Shape, _ members: [Member]) -> Bool {
        guard case .object(let own) = shape, !own.contains(where: { $0.name == "type" }) else { return false }
        return own.map(\.name) == members.map(\.name)
    }

    private static func said(_ shape: Shape) -> String {
        switch shape {
        case .null: "null"
        case .boolean: "boolean"
        case .number: "number"
        case .string: "string"
        case .literal(let word): "\"\(word)\""
        case .named(let name): name
        case .list(nil): "unknown[]"
        case .list(.union(let parts)?): "(\(said(.union(parts))))[]"
        case .list(let element?): "\(said(element))[]"
        case .union(let parts): parts.map(said).joined(separator: " | ")
        case .object(let members):
            members.isEmpty
                ? "Record<string, never>"
                : "{ "
                    + members.map { "\($0.name)\($0.isOptional ? "?" : ""): \(said($0.shape))" }
                    .joined(separator: "; ") + " }"
        }
    }
}
