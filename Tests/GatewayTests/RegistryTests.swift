import Contract
import DispatchCore
import Fulfilment
import Gateway
import NIOCore
import Synchronization
import Testing

final class RecordingEndpoint: SessionEndpoint {
    let commands = Mutex<[SessionCommand]>([])
    var sentThrough: Int64 { 0 }
    var tokenEpoch: Int64 { 0 }
    let openedAt: Timestamp

    init(openedAt: Timestamp = Timestamp(milliseconds: 0)) {
        self.openedAt = openedAt
    }

    func deliver(_ command: SessionCommand) { commands.withLock { $0.append(command) } }

    var ends: [CloseReason] {
        commands.withLock { $0.compactMap { if case .end(let reason) = $0 { reason } else { nil } } }
    }

    var pushes: [[Int64]] {
        commands.withLock { $0.compactMap { if case .pushed(let events) = $0 { events.map(\.seq) } else { nil } } }
    }
}

@Suite struct ConnectionRegistryTests {
    let registry = ConnectionRegistry()
    let driver = DriverID(7)

    @Test func theNewestConnectionIsTheDriversSession() {
        let (old, new) = (RecordingEndpoint(), RecordingEndpoint())
        let (first, second) = (registry.nextEpoch(), registry.nextEpoch())
        #expect(registry.register(old, of: driver, epoch: first) == nil)
        #expect(registry.register(new, of: driver, epoch: second) === old)
        #expect(registry.session(of: driver) === new)
        #expect(registry.count == 1)
    }

    @Test func theEndOfAnOldConnectionLeavesTheNewOne() {
        let (old, new) = (RecordingEndpoint(), RecordingEndpoint())
        let (first, second) = (registry.nextEpoch(), registry.nextEpoch())
        _ = registry.register(old, of: driver, epoch: first)
        _ = registry.register(new, of: driver, epoch: second)
        #expect(!registry.remove(driver, epoch: first))
        #expect(registry.session(of: driver) === new)
        #expect(registry.remove(driver, epoch: second))
        #expect(registry.session(of: driver) == nil)
        #expect(registry.count == 0)
    }

    @Test func aConnectionThatComesTooLateIsTheOneToGo() {
        let (old, new) = (RecordingEndpoint(), RecordingEndpoint())
        let (first, second) = (registry.nextEpoch(), registry.nextEpoch())
        _ = registry.register(new, of: driver, epoch: second)
        #expect(registry.register(old, of: driver, epoch: first) === old)
        #expect(registry.session(of: driver) === new)
    }

    @Test func otherServersAreToldOfEachOpeningOnceAndANewerSocketStays() {
        let moment = Timestamp(milliseconds: 5)
        let (old, new) = (RecordingEndpoint(openedAt: moment), RecordingEndpoint())
        let push = RegistryPush(registry)
        let first = registry.nextEpoch()
        _ = registry.register(old, of: driver, epoch: first)
        #expect(push.openings(after: 0) == [SessionOpening(driverID: driver, number: first, openedAt: moment)])
        #expect(push.openings(after: first).isEmpty)
        let second = registry.nextEpoch()
        _ = registry.register(new, of: driver, epoch: second)
        push.takeOver(driver, through: first)
        #expect(new.ends.isEmpty)
        push.takeOver(driver, through: second)
        #expect(new.ends == [.takenOver])
    }

    @Test func manyThreadsNeverLoseTheNewestConnection() async {
        let registry = registry
        let epochs = await withTaskGroup(of: (Int64, UInt64).self) { group in
            for task in 0..<64 {
                group.addTask {
                    let driver = DriverID(Int64(task % 8))
                    let epoch = registry.nextEpoch()
                    _ = registry.register(RecordingEndpoint(), of: driver, epoch: epoch)
                    if task.isMultiple(of: 3) { registry.remove(driver, epoch: epoch &- 1) }
                    return (driver.rawValue, epoch)
                }
            }
            return await group.reduce(into: [Int64: UInt64]()) { $0[$1.0] = max($0[$1.0] ?? 0, $1.1) }
        }
        for (driver, epoch) in epochs {
            #expect(registry.remove(DriverID(driver), epoch: epoch) || registry.session(of: DriverID(driver)) == nil)
        }
    }

    @Test func eventsReachTheSessionOfTheirDriverOnly() {
        let (mine, other) = (RecordingEndpoint(), RecordingEndpoint())
        _ = registry.register(mine, of: driver, epoch: registry.nextEpoch())
        _ = registry.register(other, of: DriverID(8), epoch: registry.nextEpoch())
        func event(_ driver: Int64, _ seq: Int64) -> DriverEvent {
            DriverEvent(driverID: DriverID(driver), seq: seq, body: .offer(seq), createdAt: Timestamp(milliseconds: 0))
        }
        let push = RegistryPush(registry)
        push.push([event(7, 1), event(7, 2), event(9, 5), event(8, 3), event(7, 3)])
        #expect(mine.pushes == [[1, 2], [3]])
        #expect(other.pushes == [[3]])
        push.cutOff(driver, because: .blocked)
        #expect(mine.ends == [.driverBlocked])
        #expect(push.connectionCount == 2)
        #expect(push.isConnected(driver) && !push.isConnected(DriverID(9)))
    }
}

@Suite struct LimitTests {
    @Test func aDriverMayConnectThirtyTimesAtOnceThenEveryTwoSeconds() {
        let limiter = ConnectLimiter(capacity: 30, rate: 0.5)
        for _ in 1...30 { #expect(limiter.admits(DriverID(1), at: 0)) }
        #expect(!limiter.admits(DriverID(1), at: 1999))
        #expect(limiter.admits(DriverID(1), at: 2000))
        #expect(!limiter.admits(DriverID(1), at: 2001))
        #expect(limiter.admits(DriverID(2), at: 2001))
    }

    private func addressGuard(_ change: (inout GatewaySettings) -> Void) -> AddressGuard {
        var settings = GatewaySettings()
        settings.addressBurst = 2
        settings.addressRefill = 0.1
        change(&settings)
        return AddressGuard(settings)
    }

    @Test func aFloodingAddressIsToldWhenToComeBack() {
        let guardian = addressGuard { _ in }
        let address = IPAddress("203.0.113.7")
        #expect(guardian.refusal(of: address, at: 0) == nil)
        #expect(guardian.refusal(of: address, at: 0) == nil)
        #expect(guardian.refusal(of: address, at: 0) == 10)
        #expect(guardian.refusal(of: IPAddress("203.0.113.8"), at: 0) == nil)
        #expect(guardian.refusal(of: address, at: 10_000) == nil)
    }

    @Test func anIPv6NetworkCountsAsOneAndLoopbackIsExempt() {
        let guardian = addressGuard { _ in }
        #expect(guardian.refusal(of: IPAddress("2001:db8::1"), at: 0) == nil)
        #expect(guardian.refusal(of: IPAddress("2001:db8::2"), at: 0) == nil)
        #expect(guardian.refusal(of: IPAddress("2001:db8::3"), at: 0) != nil)
        for _ in 1...10 { #expect(guardian.refusal(of: IPAddress("::1"), at: 0) == nil) }
    }

    @Test func onlyATrustedProxyIsBelieved() throws {
        let proxies = try TrustedProxies(["10.0.0.0/8", "192.0.2.1"])
        let guardian = addressGuard { $0.trustedProxies = proxies }
        let proxy = try SocketAddress(ipAddress: "10.1.2.3", port: 1)
        let stranger = try SocketAddress(ipAddress: "198.51.100.1", port: 1)
        let forwarded = ["203.0.113.9, 198.51.100.7", "192.0.2.1"]
        #expect(guardian.client(peer: proxy, forwardedFor: forwarded) == IPAddress("198.51.100.7"))
        #expect(guardian.client(peer: stranger, forwardedFor: forwarded) == IPAddress("198.51.100.1"))
        #expect(guardian.client(peer: proxy, forwardedFor: ["nonsense"]) == IPAddress("10.1.2.3"))
        #expect(guardian.client(peer: proxy, forwardedFor: []) == IPAddress("10.1.2.3"))
    }

    static let routes: [(String, String?, SocketRoute.Target, String?)] = [
        ("/api/v1/ws/driver/123?token=abc", nil, .driver(123), "abc"),
        ("/api/v1/ws/driver/123/?x=1&token=a%2Eb", nil, .driver(123), "a.b"),
        ("/api/v1/ws/driver/123", "Bearer  xyz", .driver(123), "xyz"),
        ("/api/v1/ws/driver/123?token=abc", "Bearer xyz", .driver(123), "abc"),
        ("/api/v1/ws/driver/abc?token=t", nil, .driver(nil), "t"),
        ("/api/v1/ws/driver/-1?token=", nil, .driver(nil), nil),
        ("/api/v1/ws/admin?token=t", nil, .admin, "t"),
    ]

    @Test(arguments: routes)
    func aSocketsPathIsRead(uri: String, authorization: String?, target: SocketRoute.Target, token: String?) throws {
        let route = try #require(SocketRoute(uri: uri, authorization: authorization))
        #expect(route.target == target)
        #expect(route.token == token)
        #expect(!"\(route)".contains(token ?? "?token"))
    }

    @Test(arguments: ["/", "/api/v1/ws/drivers/1", "/api/v1/orders", "/api/v1/ws/administrator"])
    func otherPathsAreNoSockets(uri: String) {
        #expect(SocketRoute(uri: uri, authorization: nil) == nil)
    }
}
