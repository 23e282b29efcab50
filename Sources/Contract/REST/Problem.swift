/// An error answer (RFC 9457) that every one of the company's screens can show: `detail` is a string, and `message`
/// repeats it for the calls that read only that.
package struct Problem: Error, Equatable, Sendable {
    /// The HTTP status.
    package var status: Int
    /// A short machine-readable word, such as `illegal_transition`; also the last part of `type`.
    package var code: String
    package var title: String
    package var detail: String
    package var requestID: String?
    /// The fields at fault, of a 422.
    package var errors: [FieldError]
    /// More members, in this order, such as `current` and `allowed`.
    package var extensions: [JSONMember]

    package init(
        status: Int, code: String, title: String, detail: String, requestID: String? = nil, errors: [FieldError] = [],
        extensions: [JSONMember] = []
    ) {
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.requestID = requestID
        self.errors = errors
        self.extensions = extensions
    }

    package static let mediaType = "application/problem+json"
}

/// One field that cannot be used, and why.
package struct FieldError: Equatable, Sendable {
    package var field: String
    package var message: String

    package init(field: String, message: String) {
        self.field = field
        self.message = message
    }
}

extension Problem: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("type", "urn:tiffin:problem:\(code)")
            writer.field("title", title)
            writer.field("status", status)
            writer.field("detail", detail)
            writer.field("message", detail)
            writer.field("code", code)
            writer.field("request_id", requestID)
            if !errors.isEmpty { writer.field("errors", errors) }
            for member in extensions {
                writer.key(dynamic: member.key)
                writer.value(member.value)
            }
        }
    }
}

extension FieldError: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("field", field)
            writer.field("message", message)
        }
    }
}
