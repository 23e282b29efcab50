/// Cross-origin rules for browsers: which origins may read our answers, and the fields that tell them so. REST and the
/// gateway's own refusals carry the same ones.
package struct CrossOrigin: Sendable {
    package typealias Field = (name: String, value: String)

    /// Origins such as `http://localhost:5173`; `*` admits all.
    package let origins: Set<String>

    package init(origins: Set<String>) {
        self.origins = origins
    }

    /// Fields to add to any answer to a request with this `Origin`, errors included: without them a page cannot read
    /// what it was told.
    package func fields(for origin: String?) -> [Field] {
        guard let origin else { return [] }
        guard origin != "null", origins.contains("*") || origins.contains(origin) else { return [("Vary", "Origin")] }
        return [
            ("Access-Control-Allow-Origin", origins.contains("*") ? "*" : origin), ("Vary", "Origin"),
            ("Access-Control-Expose-Headers", "X-Request-ID, Retry-After, Link"),
        ]
    }

    /// Fields of the answer to a preflight from this `Origin`.
    package func preflight(for origin: String?) -> [Field] {
        let fields = fields(for: origin)
        guard fields.count > 1 else { return fields }
        return fields + [
            ("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS"),
            (
                "Access-Control-Allow-Headers",
                "Authorization, Content-Type, Accept, Idempotency-Key, X-Request-ID"
            ), ("Access-Control-Max-Age", "600"),
        ]
    }
}

/// The number under which a request is found in the log.
package enum RequestID {
    /// The client's own, when it is short and plain enough to stand in a log; nil otherwise.
    package static func accepted(_ text: String?) -> String? {
        guard let text, (1...64).contains(text.utf8.count), text.utf8.allSatisfy(isPlain) else { return nil }
        return text
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
