import Contract
import Testing

@Suite struct TrustedProxiesTests {
    @Test(arguments: ["10.0.0.0/33", "proxy", "10.0.0", "::/129", "", "10.0.0.1/"])
    func whatIsNoAddressOrNetworkIsRefused(entry: String) {
        #expect(throws: TrustedProxies.Malformed(entry: entry)) { try TrustedProxies([entry]) }
    }

    @Test(arguments: [
        ("10.1.2.3", "203.0.113.9"), ("192.0.2.1", "203.0.113.9"), ("192.0.2.2", "192.0.2.2"),
        ("2001:db8::7", "203.0.113.9"), ("2001:db9::7", "2001:db9::7"), ("::ffff:10.0.0.1", "203.0.113.9"),
    ])
    func aNetworkAndASingleAddressAreBelieved(peer: String, client: String) throws {
        let proxies = try TrustedProxies(["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"])
        let address = try #require(IPAddress(peer))
        let found = proxies.client(peer: address, forwardedFor: ["198.51.100.1, 203.0.113.9", "10.9.9.9"])
        #expect("\(found)" == client)
    }
}
