/// Whose `X-Forwarded-For` is believed, and so whose address a connection or a request counts for.
package struct TrustedProxies: Hashable, Sendable {
    /// An entry that is neither an address nor a network.
    package struct Malformed: Error, Equatable {
        package let entry: String

        package init(entry: String) {
            self.entry = entry
        }
    }

    private let networks: [IPNetwork]

    /// Believes nobody.
    package init() {
        networks = []
    }

    /// - Parameter entries: Single addresses, or networks such as `10.0.0.0/8`.
    package init(_ entries: [String]) throws(Malformed) {
        var networks: [IPNetwork] = []
        for entry in entries {
            guard let network = IPNetwork(entry) else { throw Malformed(entry: entry) }
            networks.append(network)
        }
        self.networks = networks
    }

    /// The peer's address, or behind trusted proxies the last address in `X-Forwarded-For` that is not one of them:
    /// entries further left were written by the client and prove nothing.
    ///
    /// - Parameter forwardedFor: The header's lines in their order.
    package func client(peer: IPAddress, forwardedFor: [String]) -> IPAddress {
        guard isTrusted(peer) else { return peer }
        var address = peer
        for hop in forwardedFor.flatMap({ $0.split(separator: ",") }).reversed() {
            guard let next = IPAddress(hop.trimmingBlanks) else { return address }
            address = next
            if !isTrusted(address) { return address }
        }
        return address
    }

    /// Whether the address is one of theirs.
    package func isTrusted(_ address: IPAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
    }
}
