import Contract
import HTTPTypes

/// Whose address a request counts for.
struct ClientAddress: Sendable {
    let trustedProxies: TrustedProxies

    /// The peer's address, or the forwarded one behind trusted proxies; `unknown` for a peer without an IP address.
    func resolve(peer: String?, headers: HTTPFields) -> String {
        guard let peer else { return "unknown" }
        guard let address = IPAddress(peer) else { return peer }
        let forwarded = HTTPField.Name("X-Forwarded-For").map { headers[values: $0] } ?? []
        return "\(trustedProxies.client(peer: address, forwardedFor: forwarded))"
    }
}
