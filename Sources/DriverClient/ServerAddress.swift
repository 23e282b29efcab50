import Foundation

/// Where a server listens, as a person writes it: `http://127.0.0.1:8000`, `wss://api.example.com/base`.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    /// Whether the connection is encrypted (`https` or `wss`).
    package let isSecure: Bool
    /// Name or address, without brackets.
    package let host: String
    package let port: Int
    /// What stands before `/api/v1`, without a slash at its end; usually empty.
    package let basePath: String

    /// Reads a URL; nil for another scheme or a missing host. The port defaults to 80 or 443.
    package init?(_ text: String) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host, !host.isEmpty, ["http", "https", "ws", "wss"].contains(scheme)
        else { return nil }
        isSecure = scheme == "https" || scheme == "wss"
        self.host = host.trimmingCharacters(in: ["[", "]"])
        port = parts.port ?? (isSecure ? 443 : 80)
        basePath = parts.path.hasSuffix("/") ? String(parts.path.dropLast()) : parts.path
    }

    /// The value of the `Host` header.
    var hostHeader: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// The URL of a REST path such as `/api/v1/orders`.
    func url(_ path: String) -> String {
        let name = host.contains(":") ? "[\(host)]" : host
        return "\(isSecure ? "https" : "http")://\(name):\(port)\(basePath)\(path)"
    }

    package var description: String { url("") }
}
