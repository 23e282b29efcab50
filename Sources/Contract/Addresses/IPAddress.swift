import Glibc

/// The bytes of an IPv4 address (4) or an IPv6 address (16); an IPv4 address inside IPv6 counts as IPv4.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// Nil for text that is no address.
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

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var isLoopback: Bool {
        bytes.count == 4 ? bytes[0] == 127 : bytes.dropLast().allSatisfy { $0 == 0 } && bytes.last == 1
    }

    /// One household or phone has a whole /64.
    package var limitedTo64Bits: IPAddress {
        bytes.count == 4 ? self : IPAddress(bytes: Array(bytes.prefix(8)) + [UInt8](repeating: 0, count: 8))
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(INET6_ADDRSTRLEN))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// A network in the notation `address/bits`, or a single address.
package struct IPNetwork: Hashable, Sendable {
    private let address: IPAddress
    private let bits: Int

    /// Nil for text that is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        let all = address.bytes.count * 8
        guard let bits = parts.count > 1 ? Int(parts[1]) : all, (0...all).contains(bits) else { return nil }
        self.address = address
        self.bits = bits
    }

    /// Whether an address of the same kind lies in the network.
    package func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        for index in 0..<bits where bit(index, of: address) != bit(index, of: other) { return false }
        return true
    }

    private func bit(_ index: Int, of address: IPAddress) -> UInt8 {
        address.bytes[index / 8] >> UInt8(7 - index % 8) & 1
    }
}
