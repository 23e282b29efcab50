import DispatchCore
import FoundationEssentials
import Fulfilment
import Geo
import Postgres

extension Parameter {
    static func id<Kind>(_ id: Identifier<Kind>?) -> Parameter { .int8(id?.rawValue) }
    static func ids<Kind>(_ ids: [Identifier<Kind>]) -> Parameter { .int8Array(ids.map(\.rawValue)) }
    static func timestamp(_ moment: Timestamp?) -> Parameter { .timestamp(milliseconds: moment?.milliseconds) }
    static func timestamps(_ moments: [Timestamp?]) -> Parameter {
        .timestampArray(milliseconds: moments.map { $0?.milliseconds })
    }
    static func integer(_ value: Int?) -> Parameter { .int4(value.map { Int32(clamping: $0) }) }
    static func integers(_ values: [Int?]) -> Parameter { .int4Array(values.map { $0.map { Int32(clamping: $0) } }) }
    static func paise(_ value: Paise?) -> Parameter { .int8(value?.rawValue) }
    static func text(_ principal: Principal) -> Parameter { .text(principal.text) }
}

extension Principal {
    /// `driver:123`, `admin:1`, `engine`, `integration:NAME`.
    var text: String {
        switch self {
        case .driver(let id): "driver:\(id)"
        case .admin(let id): "admin:\(id)"
        case .engine: "engine"
        case .integration(let name): "integration:\(name)"
        }
    }

    init?(text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.dropFirst().first) {
        case ("engine", nil): self = .engine
        case ("driver", let id?): if let id = Int64(id) { self = .driver(DriverID(id)) } else { return nil }
        case ("admin", let id?): if let id = Int64(id) { self = .admin(AdminID(id)) } else { return nil }
        case ("integration", let name?): self = .integration(name)
        default: return nil
        }
    }
}

extension Row.Cells {
    mutating func id<Kind>() throws -> Identifier<Kind> { Identifier(try next(Int64.self)) }
    mutating func optionalID<Kind>() throws -> Identifier<Kind>? { try next(Int64?.self).map { Identifier($0) } }
    mutating func time() throws -> Timestamp { Timestamp(milliseconds: try next(Int64.self)) }
    mutating func optionalTime() throws -> Timestamp? { try next(Int64?.self).map(Timestamp.init(milliseconds:)) }
    mutating func paise() throws -> Paise { Paise(try next(Int64.self)) }
    mutating func optionalPaise() throws -> Paise? { try next(Int64?.self).map { Paise($0) } }

    mutating func point() throws -> GeoPoint? {
        let latitude = try next(Double?.self)
        let longitude = try next(Double?.self)
        guard let latitude, let longitude else { return nil }
        return GeoPoint(latitude: latitude, longitude: longitude)
    }

    /// A word of one of our enumerations.
    mutating func word<Word: RawRepresentable<String>>(_ type: Word.Type = Word.self) throws -> Word {
        let text = try next(String.self)
        guard let word = Word(rawValue: text) else {
            throw PostgresError(.decodingFailed, "\(Word.self) has no such word")
        }
        return word
    }

    /// Words of one of our enumerations.
    mutating func words<Word: RawRepresentable<String>>(_ type: Word.Type = Word.self) throws -> [Word] {
        try next([String].self).map { text in
            guard let word = Word(rawValue: text) else {
                throw PostgresError(.decodingFailed, "\(Word.self) has no such word")
            }
            return word
        }
    }

    mutating func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONText.decode(try next(String.self))
    }
}

/// The JSON that we keep in the database for ourselves: keys sorted, so that equal values have equal texts.
enum JSONText {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}
