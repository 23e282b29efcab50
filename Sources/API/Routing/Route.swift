package import HTTPTypes

/// Who may use a route. Every route says it; there is no default.
package enum Access: String, Sendable, CaseIterable {
    /// Anybody, without a token.
    case open = "public"
    case driver
    case admin
    /// Drivers and admins; what each sees is decided by role.
    case either
    /// Another system, with the key of `X-API-Key`.
    case integration = "api_key"
}

/// One address of the REST side: how it is called, who may, how much it reads, what answers.
package struct Route: Sendable {
    package let method: HTTPRequest.Method
    /// From the root, parameters in braces.
    package let path: String
    package let access: Access
    /// Whether the body may be as large as an import.
    package let takesImport: Bool
    /// Whether it answers while the server drains.
    let answersWhileDraining: Bool
    let handler: @Sendable (Exchange) async throws -> Reply

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, takesImport: Bool = false,
        answersWhileDraining: Bool = false, _ handler: @escaping @Sendable (Exchange) async throws -> Reply
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.takesImport = takesImport
        self.answersWhileDraining = answersWhileDraining
        self.handler = handler
    }

    /// Parts of the path between slashes.
    var segments: [Substring] { path.split(separator: "/") }

    /// Whether the path of a request is one of this route's.
    func covers(_ parts: [Substring]) -> Bool {
        let segments = segments
        return segments.count == parts.count
            && zip(segments, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }

    /// Names of the parameters in the path.
    var parameterNames: [String] {
        segments.filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}

/// A controller: a few routes around one subject.
protocol RouteGroup: Sendable {
    var routes: [Route] { get }
}
