import Glibc
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
    private let trusted: [Network]
    private struct State {
        var buckets: [IPAddress: TokenBucket] = [:]
        var sweptAt: Int64?
    }

    private let state = Mutex(State())

    package init(_ settings: GatewaySettings) {
        self.settings = settings
        trusted = settings.trustedProxies.compactMap(Network.init)
    }

    /// The client's address: the peer's, or behind trusted proxies the last address in `X-Forwarded-For` that is not
    /// one of them. Nil for a peer without an IP address.
    package func client(peer: SocketAddress?, forwardedFor: [String]) -> IPAddress? {
        guard var address = peer.flatMap(IPAddress.init) else { return nil }
        guard isTrusted(address) else { return address }
        let hops = forwardedFor.flatMap { $0.split(separator: ",") }
        for hop in hops.reversed() {
            guard let next = IPAddress(hop.trimmingBlanks) else { return address }
            address = next
            if !isTrusted(address) { return address }
        }
        return address
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
        guard let address = peer.flatMap(IPAddress.init), !isTrusted(address),
            settings.guardsLoopback || !address.isLoopback
        else { return nil }
        return address.limitedTo64Bits
    }

    private func isTrusted(_ address: IPAddress) -> Bool {
        trusted.contains { $0.contains(address) }
    }

    private static func sweep(_ buckets: inout [IPAddress: TokenBucket], at uptime: Int64) {
        buckets = buckets.filter { entry in
            var bucket = entry.value
            return !bucket.isFull(at: uptime)
        }
    }
}

/// The bytes of an IPv4 address (4) or an IPv6 address (16); an IPv4 address inside IPv6 counts as IPv4.
package struct IPAddress: Hashable, Sendable {
    package let bytes: [UInt8]

    package init?(_ text: some StringProtocol) {
        var raw = [UInt8](repeating: 0, count: 16)
        let family = text.contains(":") ? AF_INET6 : AF_INET
        guard inet_pton(family, String(text), &raw) == 1 else { return nil }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        if family == AF_INET {
            bytes = Array(raw.prefix(4))
        } else {
            bytes = raw.starts(with: mapped) ? Array(raw[12...]) : raw
        }
    }

    package init?(_ address: SocketAddress) {
        guard let text = address.ipAddress else { return nil }
        self.init(text)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// One household or phone has a whole /64.
    var limitedTo64Bits: IPAddress {
        bytes.count == 4 ? self : IPAddress(bytes: Array(bytes.prefix(8)) + [UInt8](repeating: 0, count: 8))
    }
}

/// A network in the notation `address/bits`.
struct Network: Hashable, Sendable {
    let address: IPAddress
    let bits: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        let all = address.bytes.count * 8
        guard let bits = parts.count > 1 ? Int(parts[1]) : all, (0...all).contains(bits) else { return nil }
        self.address = address
        self.bits = bits
    }

    func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        for index in 0..<bits where bit(index, of: address) != bit(index, of: other) { return false }
        return true
    }

    private func bit(_ index: Int, of address: IPAddress) -> UInt8 {
        address.bytes[index / 8] >> UInt8(7 - index % 8) & 1
    }
}

extension Substring {
    fileprivate var trimmingBlanks: Substring {
        drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" }
    }
}
