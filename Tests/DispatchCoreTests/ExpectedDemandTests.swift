import DispatchCore
import Testing

@Suite struct ExpectedDemandTests {
    private func order(_ id: Int64, placed: Int64, ready: Int64? = nil) -> WaitingOrder {
        var order = WaitingOrder(
            id: OrderID(id), pickup: PlaceIndex(0), dropoff: PlaceIndex(1), placedAt: SmallCity.at(placed))
        order.readyAt = ready.map(SmallCity.at)
        order.pinned = DriverID(1)
        return order
    }

    @Test func theOrdersOfTheLastSpanComeAgain() {
        var demand = ExpectedDemand(span: Seconds(600), weight: Weight(perMille: 200))
        let recent = [
            order(1, placed: -600), order(2, placed: -599, ready: 100), order(3, placed: 0), order(4, placed: 1),
        ]
        let expected = demand.orders(after: recent, now: SmallCity.noon, waiting: 1, drivers: 3)
        #expect(expected.map(\.id) == [OrderID(2), OrderID(3)])
        #expect(expected.map(\.readyAt) == [SmallCity.at(700), SmallCity.at(600)])
        #expect(expected.allSatisfy { $0.weight == demand.weight && $0.pinned == nil })
        demand.most = 1
        #expect(demand.orders(after: recent, now: SmallCity.noon, waiting: 1, drivers: 3).map(\.id) == [OrderID(3)])
    }

    @Test func whereDriversAreScarceNothingIsExpected() {
        var demand = ExpectedDemand(span: Seconds(600), weight: Weight(perMille: 200))
        let recent = [order(1, placed: -60), order(2, placed: 0)]
        #expect(demand.orders(after: recent, now: SmallCity.noon, waiting: 2, drivers: 3).isEmpty)
        #expect(demand.orders(after: recent, now: SmallCity.noon, waiting: 2, drivers: 4).count == 2)
        demand.ordersPerDriver = Weight(perMille: 1500)
        #expect(demand.orders(after: recent, now: SmallCity.noon, waiting: 2, drivers: 3).count == 2)
        #expect(demand.orders(after: recent, now: SmallCity.noon, waiting: 3, drivers: 3).isEmpty)
    }

    /// Either driver is as good for the order; only one of them stands where the next one is expected.
    private func city(expectsAtSecond: Bool) -> SmallCity {
        var policy = DispatchPolicy()
        policy.weights.driving = .none
        policy.commitment = .immediate
        var city = SmallCity(policy: policy)
        city.order(1, from: (0, 0), to: (0, 4000), ready: 0)
        city.driver(7, at: (-1000, 0))
        city.driver(8, at: (1000, 0))
        let (x, y) = (expectsAtSecond ? 1000.0 : -1000.0, 0.0)
        var next = WaitingOrder(
            id: OrderID(1), pickup: city.place(x, y), dropoff: city.place(x, y - 900), placedAt: SmallCity.at(300))
        next.pooledAt = SmallCity.noon
        next.readyAt = SmallCity.at(300)
        next.weight = Weight(perMille: 200)
        city.snapshot.expected = [next]
        return city
    }

    @Test(arguments: [(true, 7), (false, 8)] as [(Bool, Int64)])
    func aDriverIsLeftWhereAnOrderIsExpected(expectsAtSecond: Bool, chosen: Int64) {
        let city = city(expectsAtSecond: expectsAtSecond)
        let plan = city.plan()
        checkRules(plan, for: city.snapshot)
        #expect(plan.driver(of: 1) == DriverID(chosen))
    }

    @Test func expectedOrdersAreInNoFigureOfThePlan() {
        var city = city(expectsAtSecond: true)
        let plan = city.plan()
        #expect(plan.commits.count == 1 && plan.tentative.isEmpty && plan.waiting.isEmpty)
        city.snapshot.expected = []
        #expect(plan.cost == city.plan().cost)
        #expect(plan.bound ?? .zero <= plan.cost)
        #expect(!plan.isProvenOptimal)
    }

    @Test func theSnapshotWithThemIsReadFromItsBytes() throws {
        let snapshot = city(expectsAtSecond: true).snapshot
        #expect(try DispatchSnapshot(bytes: snapshot.bytes) == snapshot)
        var twice = snapshot
        twice.expected += snapshot.expected
        #expect(DispatchEngine.plan(twice).bytes == DispatchEngine.plan(snapshot).bytes)
    }
}
