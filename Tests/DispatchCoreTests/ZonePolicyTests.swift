import DispatchCore
import Testing

@Suite struct ZonePolicyTests {
    private static let zone = ZoneID(3)

    /// One driver who can take one of two orders; the first is a little nearer.
    private func rivals(_ change: (inout DispatchPolicy) -> Void) -> DispatchPlan {
        var policy = DispatchPolicy()
        policy.commitment = .immediate
        policy.maxBatch = 1
        policy.limits.queuedBatches = 1
        var city = SmallCity(policy: policy)
        city.order(1, from: (0, 1000), to: (0, 2000), ready: 0)
        city.order(2, from: (0, -1100), to: (0, -2100), ready: 0) { $0.zone = Self.zone }
        city.driver(7, at: (0, 0))
        change(&policy)
        city.snapshot.zonePolicies = [ZonePolicy(zone: Self.zone, policy: policy)]
        return city.plan()
    }

    @Test func anOrderIsJudgedByTheWeightsOfItsZone() {
        #expect(rivals { _ in }.driver(of: 1) == DriverID(7))
        #expect(rivals { $0.weights.delay = Weight(perMille: 3000) }.driver(of: 2) == DriverID(7))
        #expect(rivals { $0.weights.unserved = Seconds(20_000) }.driver(of: 2) == DriverID(7))
    }

    @Test func anOrderIsHeldByTheBoundsOfItsZone() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0)) { $0.zone = Self.zone }
        city.order(9, from: (9000, 9000), to: (9000, 8000), ready: 1200)
        city.driver(7, at: (500, 0))
        #expect(city.plan().hold(of: 1) == .windowOpen)
        var hasty = city.snapshot.policy
        hasty.maxHold = .zero
        city.snapshot.zonePolicies = [ZonePolicy(zone: Self.zone, policy: hasty)]
        #expect(city.plan().driver(of: 1) == DriverID(7))
    }

    @Test func aZoneWithoutAPolicyOfItsOwnIsJudgedByTheGeneralOne() {
        var city = DeterminismTests.busyCity(seed: 8)
        let plain = city.plan()
        for index in city.snapshot.orders.indices { city.snapshot.orders[index].zone = Self.zone }
        #expect(city.plan().bytes == plain.bytes)
    }
}
