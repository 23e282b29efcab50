/// Why a body was refused: a 400 or a 422.
package enum BodyRefusal: Error, Equatable, Sendable {
    /// Not JSON, or not a JSON object.
    case unreadable(String)
    /// Readable, with these fields at fault.
    case fields([FieldError])

    package var problem: Problem {
        switch self {
        case .unreadable(let detail):
            Problem(status: 400, code: "unreadable_body", title: "The body cannot be read", detail: detail)
        case .fields(let errors):
            Problem(
                status: 422, code: "invalid_fields", title: "Some fields cannot be used",
                detail: errors.map { "\($0.field): \($0.message)" }.joined(separator: "; "), errors: errors)
        }
    }
}

/// Reads the fields of a request body one by one and collects everything that is wrong, so that the caller is told of
/// all mistakes at once. A name may have synonyms; the first one present counts.
package struct BodyReader {
    /// Where a description is made of what is read, this notes it.
    @TaskLocal package static var log: ReadLog?

    package let body: JSON
    package private(set) var errors: [FieldError] = []

    /// Takes a body: JSON, or an HTML form when the content type says so and it does not begin like an object (curl
    /// says "form" of whatever it sends). An empty body and the literal `null` read as an object without members, as
    /// the deployed apps send both.
    package init(_ bytes: [UInt8], contentType: String? = nil) throws(BodyRefusal) {
        let isForm = contentType?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true
        if isForm, bytes.first(where: { $0 > 0x20 }) != UInt8(ascii: "{") {
            body = try FormBody.parse(bytes)
            return
        }
        guard bytes.contains(where: { $0 > 0x20 }) else {
            body = .object([])
            return
        }
        do {
            let json = try JSON(parsing: bytes)
            body = json.isNull ? .object([]) : json
        } catch { throw .unreadable("The body is not valid JSON: \(error).") }
        guard body.isObject else { throw .unreadable("The body must be a JSON object.") }
    }

    /// Reads an object inside a body.
    package init(_ json: JSON) {
        body = json
    }

    /// Call after the last field.
    package func finish() throws(BodyRefusal) {
        if !errors.isEmpty { throw .fields(errors) }
    }

    /// Notes that a field cannot be taken; `finish()` throws all notes together.
    package mutating func reject(_ field: String, _ message: String) {
        errors.append(FieldError(field: field, message: message))
    }

    package mutating func append(_ others: [FieldError], under prefix: String) {
        errors += others.map { FieldError(field: "\(prefix).\($0.field)", message: $0.message) }
    }

    /// Text of at most `limit` characters, white space trimmed; nil when absent, null or blank.
    package mutating func text(_ names: String..., limit: Int = 500) -> String? {
        Self.log?.note(names, "string")
        guard let value = said(names) else { return nil }
        guard let text = value.text ?? value.numberText else { return refuse(names, "must be text") }
        guard text.count <= limit else { return refuse(names, "must have at most \(limit) characters") }
        guard !text.utf8.contains(0) else { return refuse(names, "must not contain a NUL character") }
        let trimmed = text.trimmed
        return trimmed.isEmpty ? nil : trimmed
    }

    /// Text that must be there.
    package mutating func requiredText(_ names: String..., limit: Int = 500) -> String {
        Self.log?.note(names, "string", isRequired: true)
        let before = errors.count
        let value = said(names)
        guard let text = value?.text ?? value?.numberText else {
            reject(names[0], value == nil ? "is required" : "must be text")
            return ""
        }
        var reader = BodyReader(.object([JSONMember(names[0], .string(text))]))
        let checked = reader.text(names[0], limit: limit)
        errors += reader.errors
        if checked == nil, errors.count == before { reject(names[0], "must not be empty") }
        return checked ?? ""
    }

    /// A password: never trimmed, because blanks may be a part of it; empty when it is absent.
    package func secret(_ names: String...) -> String {
        Self.log?.note(names, "string", isRequired: true)
        return body.first(of: names)?.text ?? ""
    }

    /// An id as a number or as digits in a string, at least 1.
    package mutating func identifier(_ names: String...) -> Int64? {
        Self.log?.note(names, "number | string")
        guard let value = body.first(of: names) else { return nil }
        guard let id = value.identifier, id > 0, id < 1 << 53 else {
            return refuse(names, "must be a positive integer")
        }
        return id
    }

    /// A whole number within the range; anything else is noted.
    package mutating func integer(_ names: String..., in range: ClosedRange<Int64>) -> Int64? {
        Self.log?.note(names, "number")
        guard let value = body.first(of: names) else { return nil }
        guard let number = value.identifier, range.contains(number) else {
            return refuse(names, "must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// True or false, also as the words of a form.
    package mutating func boolean(_ names: String...) -> Bool? {
        Self.log?.note(names, "boolean")
        guard let value = body.first(of: names) else { return nil }
        switch value {
        case .bool(let flag): return flag
        case .string("true"): return true
        case .string("false"): return false
        case .null, .number, .string, .array, .object: return refuse(names, "must be true or false")
        }
    }

    /// Money in rupees, read exactly into paise; at most ten million rupees.
    package mutating func paise(_ names: String...) -> Int64? {
        decimal(names, scale: 2, largest: 1_000_000_000, "must be an amount in rupees from 0 to 10000000")
    }

    /// Kilometres, read exactly into metres; at most a thousand.
    package mutating func metres(_ names: String...) -> Int64? {
        decimal(names, scale: 3, largest: 1_000_000, "must be a distance in kilometres from 0 to 1000")
    }

    /// A number with at most three decimals, read exactly into thousandths within the range.
    package mutating func thousandths(_ names: String..., in range: ClosedRange<Int64>) -> Int64? {
        Self.log?.note(names, "number")
        guard let value = body.first(of: names) else { return nil }
        guard case .number(let number) = value, let scaled = number.scaled(byPowerOfTen: 3, exact: true),
            range.contains(scaled)
        else {
            return refuse(
                names,
                "must be a number from \(Double(range.lowerBound) / 1000) to \(Double(range.upperBound) / 1000) with at most three decimals"
            )
        }
        return scaled
    }

    /// A list of words without repeats, in their order and in lower case.
    package mutating func words(_ names: String..., limit: Int) -> [String]? {
        Self.log?.note(names, "string[]")
        guard let value = body.first(of: names) else { return nil }
        guard let elements = value.elements, elements.count <= limit else {
            return refuse(names, "must be a list of at most \(limit) words")
        }
        var words: [String] = []
        for element in elements {
            guard let word = element.text?.trimmed.lowercased(), !word.isEmpty else {
                return refuse(names, "must be a list of words")
            }
            if !words.contains(word) { words.append(word) }
        }
        return words
    }

    /// A moment in ISO 8601, as milliseconds since 1970.
    package mutating func time(_ names: String...) -> Int64? {
        Self.log?.note(names, "string")
        guard let value = body.first(of: names) else { return nil }
        guard let text = value.text, let moment = WireTime.parse(text) else {
            return refuse(names, "must be a time in ISO 8601, such as 2025-11-19T10:30:00Z")
        }
        return moment
    }

    /// A pair of coordinates; nil when neither is there. The first name of each list is the one in error messages.
    package mutating func point(latitude: [String], longitude: [String]) -> WirePoint? {
        Self.log?.note(latitude, "number")
        Self.log?.note(longitude, "number")
        let north = body.first(of: latitude)
        let east = body.first(of: longitude)
        if north == nil, east == nil { return nil }
        let validNorth = north?.coordinate.flatMap { (-90...90).contains($0) ? $0 : nil }
        let validEast = east?.coordinate.flatMap { (-180...180).contains($0) ? $0 : nil }
        if validNorth == nil { reject(latitude[0], "must be a number from -90 to 90") }
        if validEast == nil { reject(longitude[0], "must be a number from -180 to 180") }
        guard let validNorth, let validEast else { return nil }
        return WirePoint(latitude: validNorth, longitude: validEast)
    }

    /// A list of ids without repeats, in their order.
    package mutating func identifiers(_ names: String..., limit: Int) -> [Int64]? {
        Self.log?.note(names, "number[]")
        guard let value = body.first(of: names) else { return nil }
        guard let elements = value.elements else { return refuse(names, "must be a list of integers") }
        guard elements.count <= limit else { return refuse(names, "must have at most \(limit) entries") }
        var seen: Set<Int64> = []
        var ids: [Int64] = []
        for element in elements {
            guard let id = element.identifier, id > 0 else { return refuse(names, "must be a list of integers") }
            if seen.insert(id).inserted { ids.append(id) }
        }
        return ids
    }

    /// A list of at least one of the words that are known.
    package mutating func words(_ name: String, from known: [String]) -> [String]? {
        Self.log?.note([name], "(\(known.map { "\"\($0)\"" }.joined(separator: " | ")))[]")
        guard let value = body.first(of: [name]) else { return nil }
        let words = value.elements?.map { $0.text ?? "" } ?? []
        guard !words.isEmpty, words.allSatisfy(known.contains) else {
            return refuse([name], "must be a list of \(known.joined(separator: ", "))")
        }
        return words
    }

    /// The first of the synonyms that says something; a blank one beside it counts as absent.
    private func said(_ names: [String]) -> JSON? {
        let present = names.compactMap { body.first(of: [$0]) }
        return present.first { !($0.text?.trimmed.isEmpty ?? false) } ?? present.first
    }

    private mutating func decimal(_ names: [String], scale: Int, largest: Int64, _ message: String) -> Int64? {
        Self.log?.note(names, "number")
        guard let value = body.first(of: names) else { return nil }
        let literal = value.text.flatMap { try? JSON(parsing: $0.trimmed) } ?? value
        guard let amount = literal.scaled(byPowerOfTen: scale), (0...largest).contains(amount) else {
            return refuse(names, message)
        }
        return amount
    }

    private mutating func refuse<Value>(_ names: [String], _ message: String) -> Value? {
        reject(names.first { !(body[$0]?.isNull ?? true) } ?? names[0], message)
        return nil
    }
}

extension JSON {
    fileprivate var numberText: String? {
        if case .number(let number) = self { number.text } else { nil }
    }

    /// A coordinate as a number, or as its text: some forms send what was typed.
    fileprivate var coordinate: Double? {
        double ?? text.flatMap { try? JSON(parsing: $0.trimmed) }?.double
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        guard let start = firstIndex(where: { !$0.isWhitespace }), let end = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[start...end])
    }
}
