import Contract
import DispatchCore
import Fulfilment
import HTTPTypes
import Identity

/// One authorised request, as controllers see it: no framework, no stream.
struct Exchange: Sendable {
    let requestID: String
    let method: HTTPRequest.Method
    let path: String
    let parameters: [String: String]
    let query: Query
    let headers: HTTPFields
    let body: [UInt8]
    /// Who asks; nil on public routes.
    let bearer: Bearer?
    /// The client's address, behind trusted proxies the forwarded one.
    let address: String
    let now: Timestamp

    var contentType: String? { headers[.contentType] }

    /// Whether the client asks for GeoJSON.
    var wantsGeoJSON: Bool { headers[.accept]?.contains("application/geo+json") ?? false }

    /// The number in the path; what is no number names nothing that exists.
    func id(_ name: String) throws -> Int64 {
        guard let id = parameters[name].flatMap({ Int64($0) }), id > 0 else { throw Problems.notFound }
        return id
    }

    /// The driver who asks. Routes of drivers alone call it.
    func driver() throws -> DriverID {
        guard let bearer, bearer.role == .driver else { throw Problems.wrongRole }
        return DriverID(bearer.id)
    }

    /// The admin who asks. Routes of admins alone call it.
    func admin() throws -> AdminID {
        guard let bearer, bearer.role == .admin else { throw Problems.wrongRole }
        return AdminID(bearer.id)
    }

    /// Who asks, in the house's words.
    func principal() throws -> Principal {
        guard let bearer else { throw Problems.wrongRole }
        switch bearer.role {
        case .driver: return .driver(DriverID(bearer.id))
        case .admin: return .admin(AdminID(bearer.id))
        }
    }

    /// The client's promise that this request and an earlier one are one.
    ///
    /// - Parameter longest: In bytes; less where the parts of a request get keys made from this one.
    func idempotencyKey(longest: Int = 255) throws -> IdempotencyKey? {
        guard let text = headers[.idempotencyKey]?.trimmedQuotes, !text.isEmpty else { return nil }
        guard text.utf8.count <= longest else {
            throw Problems.field("Idempotency-Key", "must have at most \(longest) characters")
        }
        let request = Array("\(method.rawValue) \(path)?\(query.source)\n".utf8) + body
        return IdempotencyKey(principal: try principal(), key: text, requestHash: hexadecimal(sha256(request)))
    }
}

/// What a controller answers.
struct Reply: Sendable {
    var status: HTTPResponse.Status = .ok
    var contentType: String? = "application/json"
    var headers: HTTPFields = [:]
    var body: [UInt8] = []

    /// A JSON value.
    static func json(_ value: some JSONWritable, status: HTTPResponse.Status = .ok) -> Reply {
        Reply(status: status, body: value.jsonBytes)
    }

    /// A bare array, as the apps read their lists.
    static func list(_ values: [some JSONWritable]) -> Reply {
        var writer = JSONWriter(capacity: 512 * (values.count + 1))
        writer.array(values) { writer, value in value.write(to: &writer) }
        return Reply(body: writer.bytes)
    }

    /// An object whose members `write` writes.
    static func object(status: HTTPResponse.Status = .ok, _ write: (inout JSONWriter) -> Void) -> Reply {
        var writer = JSONWriter()
        writer.object(write)
        return Reply(status: status, body: writer.bytes)
    }

    /// A sentence under `message`, for calls whose answer nobody reads.
    static func message(_ text: String) -> Reply {
        object { $0.field("message", text) }
    }

    static func geoJSON(_ write: (inout JSONWriter) -> Void) -> Reply {
        var reply = object(write)
        reply.contentType = "application/geo+json"
        return reply
    }

    static func text(_ text: String, type: String) -> Reply {
        Reply(contentType: type, body: Array(text.utf8))
    }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

extension String {
    /// The draft writes the key as a quoted string; clients send it bare.
    fileprivate var trimmedQuotes: String {
        guard count >= 2, hasPrefix("\""), hasSuffix("\"") else { return self }
        return String(dropFirst().dropLast())
    }
}
