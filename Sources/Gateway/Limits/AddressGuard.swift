package import Contract
package import NIOCore
import Synchronization

/// A loose flood guard before the upgrade, counted by address: IPv4 by the whole address, IPv6 by its /64.
///
/// Owner of its state: one `Mutex`, held for one look-up. The table is bounded: when it is full of addresses that all
/// are busy, a new one is not limited, which is the lesser harm. A full table is swept once a second at most.
package final class AddressGuard: Sendable {
    private static let capacity = 16_384
    /// Milliseconds.
    private static let sweepPause: Int64 = 1000

    private let settings: GatewaySettings
    private struct State {
        var buckets: [IPAddress: TokenBucket] = [:]
        var sweptAt: Int64?
    }

    private let state = Mutex(State())

    package init(_ settings: GatewaySettings) {
        self.settings = settings
    }

    /// The client's address: the peer's, or the forwarded one behind trusted proxies. Nil for a peer without an IP
    /// address.
    package func client(peer: SocketAddress?, forwardedFor: [String]) -> IPAddress? {
        peer.flatMap(IPAddress.init).map { settings.trustedProxies.client(peer: $0, forwardedFor: forwardedFor) }
    }

    /// Seconds to wait when the address floods, else nil.
    package func refusal(of address: IPAddress?, at uptime: Int64) -> Int64? {
        guard let address, settings.guardsLoopback || !address.isLoopback else { return nil }
        let key = address.limitedTo64Bits
        let admits = state.withLock { state -> Bool in
            if state.buckets[key] == nil, state.buckets.count >= Self.capacity,
                state.sweptAt.map({ uptime - $0 >= Self.sweepPause }) ?? true
            {
                state.sweptAt = uptime
                Self.sweep(&state.buckets, at: uptime)
            }
            guard state.buckets[key] != nil || state.buckets.count < Self.capacity else { return true }
            let fresh = TokenBucket(capacity: settings.addressBurst, rate: settings.addressRefill, at: uptime)
            return state.buckets[key, default: fresh].take(at: uptime)
        }
        return admits ? nil : max(1, Int64((1 / max(settings.addressRefill, 0.01)).rounded(.up)))
    }

    /// The address under which a connection is counted before it has said anything; nil for those that are not counted
    /// by address: clients on this machine, proxies, peers without one.
    func counted(_ peer: SocketAddress?) -> IPAddress? {
        guard let address = peer.flatMap(IPAddress.init), !settings.trustedProxies.isTrusted(address),
            settings.guardsLoopback || !address.isLoopback
        else { return nil }
        return address.limitedTo64Bits
    }

    private static func sweep(_ buckets: inout [IPAddress: TokenBucket], at uptime: Int64) {
        buckets = buckets.filter { entry in
            var bucket = entry.value
            return !bucket.isFull(at: uptime)
        }
    }
}

extension IPAddress {
    /// The address of a peer; nil for one without an IP address.
    package init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        self.init(text)
    }
}
