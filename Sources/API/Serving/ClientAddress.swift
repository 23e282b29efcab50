import HTTPTypes

/// Whose address a request counts for.
struct ClientAddress: Sendable {
    let trustedProxies: Set<String>

    /// The peer's address, or, when the peer is a trusted proxy, the nearest address in `X-Forwarded-For` that is none:
    /// entries further left were written by the client and prove nothing.
    func resolve(peer: String?, headers: HTTPFields) -> String {
        let peer = peer ?? "unknown"
        guard trustedProxies.contains(peer), let name = HTTPField.Name("X-Forwarded-For") else { return peer }
        let hops = headers[values: name].flatMap { $0.split(separator: ",") }.map { hop in
            String(hop.drop { $0 == " " }.prefix { $0 != " " })
        }
        return hops.last { !trustedProxies.contains($0) && !$0.isEmpty } ?? peer
    }
}
