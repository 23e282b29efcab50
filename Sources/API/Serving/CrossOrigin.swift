import HTTPTypes

/// Cross-origin rules for browsers: a list of origins, and the answer to a preflight.
struct CrossOrigin: Sendable {
    let origins: Set<String>

    private static let methods = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
    private static let fields = "Authorization, Content-Type, Accept, Idempotency-Key, X-Request-ID"

    /// Fields to add to any answer to a request with this `Origin`.
    func fields(for origin: String?) -> HTTPFields {
        guard let origin, origin != "null", origins.contains("*") || origins.contains(origin) else {
            return origin == nil ? [:] : [.vary: "Origin"]
        }
        var fields: HTTPFields = [:]
        fields[.accessControlAllowOrigin] = origins.contains("*") ? "*" : origin
        fields[.vary] = "Origin"
        fields[.accessControlExposeHeaders] = "X-Request-ID, Retry-After, Link"
        return fields
    }

    /// Fields of the answer to a preflight; nil when the request is none.
    func preflight(_ request: HTTPRequest) -> HTTPFields? {
        guard request.method == .options, request.headerFields[.accessControlRequestMethod] != nil else { return nil }
        var fields = fields(for: request.headerFields[.origin])
        guard fields[.accessControlAllowOrigin] != nil else { return fields }
        fields[.accessControlAllowMethods] = Self.methods
        fields[.accessControlAllowHeaders] = Self.fields
        fields[.accessControlMaxAge] = "600"
        return fields
    }
}
