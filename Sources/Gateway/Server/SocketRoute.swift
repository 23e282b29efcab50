import Contract

/// Which socket a request asks for, and with which token. Read from the request's line and headers; the token is in no
/// description of it.
package struct SocketRoute: Equatable, Sendable, CustomStringConvertible {
    package enum Target: Equatable, Sendable {
        /// Nil for a path whose last part is no id: nobody's.
        case driver(Int64?)
        case admin
    }

    package let target: Target
    package let token: String?

    private static let driverPrefix = "/api/v1/ws/driver/"
    private static let adminPath = "/api/v1/ws/admin"

    /// Nil when the path is no socket's.
    package init?(uri: String, authorization: String?) {
        let parts = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path = parts[0]
        if path.count > 1, path.last == "/" { path = path.dropLast() }
        if path == Self.adminPath {
            target = .admin
        } else if path.hasPrefix(Self.driverPrefix) {
            target = .driver(Self.identifier(path.dropFirst(Self.driverPrefix.count)))
        } else {
            return nil
        }
        token = (parts.count > 1 ? Self.token(query: parts[1]) : nil) ?? authorization.flatMap(Self.bearer)
    }

    package var description: String {
        switch target {
        case .driver(let id): "driver \(id.map(String.init) ?? "?")"
        case .admin: "admin"
        }
    }

    private static func identifier(_ text: Substring) -> Int64? {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let id = Int64(text), id > 0 else { return nil }
        return id
    }

    private static func token(query: Substring) -> String? {
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0] == "token", parts.count > 1 else { continue }
            return FormBody.decode(parts[1].utf8).flatMap { $0.isEmpty ? nil : $0 }
        }
        return nil
    }

    private static func bearer(_ header: String) -> String? {
        guard header.lowercased().hasPrefix("bearer ") else { return nil }
        let token = header.dropFirst(7).drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
