import DispatchCore
import Testing

@Suite struct CommitmentTests {
    @Test func aDriverIsNotToldBeforeHeMustLeave() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 900)
        city.driver(7, at: (500, 0))
        var plan = city.plan()
        #expect(plan.commits.isEmpty)
        #expect(plan.hold(of: 1) == .waitingForReadyTime)
        #expect(plan.tentative.first?.driver == DriverID(7))
        var told: Int64?
        for second in stride(from: Int64(10), through: 900, by: 10) where told == nil {
            city.pass(10)
            plan = city.plan(previous: plan)
            if !plan.commits.isEmpty { told = second }
        }
        // 100 s of way and 60 s at the counter: he must leave at 740, and is told a tick and a margin before.
        #expect(told.map { (690...740).contains($0) } == true)
    }

    /// The second order decides when the driver leaves the counter: until then the first one only waits there with him.
    @Test(arguments: [0.0, 300])
    func aDriverIsNotSentToWaitAtACounterForTheLastOrder(apart: Double) {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0), ready: 0)
        city.order(2, from: (apart, 0), to: (2000, 50), ready: 500)
        city.driver(7, at: (-500, 0))
        let plan = city.plan()
        #expect(plan.tentative.first?.orders.count == 2)
        #expect(plan.hold(of: 1) == .waitingForReadyTime)
        city.pass(400)
        #expect(city.plan(previous: plan).commits.first?.orders.count == 2)
    }

    /// Two orders of one restaurant and one of another behind it, for a driver who has six minutes to the first.
    private func partly(_ tellsInParts: Bool) -> SmallCity {
        var policy = DispatchPolicy()
        policy.tellsInParts = tellsInParts
        var city = SmallCity(policy: policy)
        city.order(1, from: (3000, 0), to: (5000, 0), ready: 0)
        city.order(2, from: (3000, 0), to: (5000, 50), ready: 0)
        city.order(3, from: (3400, 0), to: (5000, 100), ready: 0)
        city.driver(7, at: (0, 0))
        return city
    }

    @Test func aBatchToldInPartsBeginsWithWhatSendsTheDriverOff() throws {
        #expect(partly(false).plan().commits.first?.orders.count == 3)
        var city = partly(true)
        var plan = city.plan()
        checkRules(plan, for: city.snapshot)
        #expect(plan.commits.first?.orders == [OrderID(1)])
        #expect(plan.commits.first?.stops.count == 2)
        #expect(plan.tentative.first?.orders == [OrderID(2), OrderID(3)])
        #expect(plan.tentative.first?.stops.filter(\.isRunning).map(\.order) == [OrderID(1), OrderID(1)])
        #expect(plan.hold(of: 3) == .driverBusy)

        // He drives there; the rest is told him at the counter, and behind it.
        let stops = try #require(plan.commits.first?.stops)
        city.snapshot.drivers[0].running = stops.map {
            RunningStop(
                kind: $0.kind, order: $0.order, place: $0.place, placedAt: SmallCity.noon)
        }
        city.snapshot.drivers[0].place = stops[0].place
        city.snapshot.drivers[0].freeAt = stops[0].arrival
        city.snapshot.orders.removeFirst()
        city.pass(10)
        plan = city.plan(previous: plan)
        #expect(plan.commits.isEmpty && plan.tentative.first?.orders.count == 2)
        city.pass(stops[0].arrival.millisecondsSince(city.snapshot.now) / 1000)
        plan = city.plan(previous: plan)
        #expect(plan.commits.first?.orders == [OrderID(2)])
        #expect(plan.tentative.first?.orders == [OrderID(3)])
        checkRules(plan, for: city.snapshot)
    }

    @Test func coldOrderIsNotHeldForABatch() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0))
        city.driver(7, at: (500, 0))
        #expect(city.plan().driver(of: 1) == DriverID(7))
    }

    @Test func anOrderWithoutReadyTimeIsGivenWithinTheHold() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0))
        city.order(2, from: (9000, 9000), to: (9000, 8000), ready: 1200)
        city.driver(7, at: (500, 0))
        var plan = city.plan()
        #expect(plan.hold(of: 1) == .windowOpen)
        var waited: Int64 = 0
        while plan.driver(of: 1) == nil, waited < 100 {
            city.pass(10)
            waited += 10
            plan = city.plan(previous: plan)
        }
        #expect(waited <= city.snapshot.policy.maxHold.value)
    }

    @Test func theWindowLetsALaterPartnerJoin() {
        var city = SmallCity()
        city.order(1, from: (0, 0), to: (2000, 0))
        city.order(9, from: (9000, 9000), to: (9000, 8000), ready: 1200)
        city.driver(7, at: (500, 0))
        let first = city.plan()
        #expect(first.hold(of: 1) == .windowOpen)
        city.pass(10)
        city.order(2, from: (0, 0), to: (2050, 60), placed: 8)
        city.pass(10)
        let plan = city.plan(previous: first)
        #expect(plan.driver(of: 1) == DriverID(7))
        #expect(plan.driver(of: 2) == DriverID(7))
    }

    @Test func nobodyWaitsBeyondTheBoundWithADriver() {
        var policy = DispatchPolicy()
        policy.maxWait = Seconds(300)
        var city = SmallCity(policy: policy)
        city.order(1, from: (0, 0), to: (2000, 0), ready: 3000)
        city.driver(7, at: (500, 0))
        var plan = city.plan()
        var waited: Int64 = 0
        while plan.commits.isEmpty, waited < 3000 {
            city.pass(10)
            waited += 10
            plan = city.plan(previous: plan)
        }
        #expect(waited <= 300)
        #expect(plan.commits.first?.reason.trigger == .waitBound)
    }

    @Test func aFrozenWorldDoesNotOscillate() {
        var city = SmallCity()
        for id in 0..<12 {
            let x = Double(id % 4) * 700
            city.order(Int64(id), from: (x, 0), to: (x + 1000, Double(id) * 90), ready: 1500)
        }
        for id in 0..<8 { city.driver(Int64(100 + id), at: (Double(id) * 400, 200)) }
        var plan = city.plan(seed: 1)
        let first = plan
        for tick in 1...20 {
            plan = city.plan(previous: plan, seed: UInt64(tick + 1))
            #expect(plan.tentative.map(\.driver) == first.tentative.map(\.driver))
            #expect(plan.tentative.map(\.orders) == first.tentative.map(\.orders))
        }
    }

    @Test func ofOrdersBeyondTheBoundTheOldestGoesFirst() {
        var policy = DispatchPolicy()
        policy.maxWait = Seconds(60)
        policy.maxBatch = 1
        policy.limits.queuedBatches = 1
        var city = SmallCity(policy: policy)
        city.order(1, from: (3000, 0), to: (3500, 0), ready: 0) { $0.pooledAt = SmallCity.at(-400) }
        city.order(2, from: (0, 0), to: (500, 0), ready: 0) { $0.pooledAt = SmallCity.at(-61) }
        city.driver(7, at: (0, 0))
        #expect(city.plan().driver(of: 1) == DriverID(7))
    }

    @Test func beyondTheBoundNoWeightMakesLeavingAnOrderTheCheaperThing() {
        var policy = DispatchPolicy()
        policy.maxWait = Seconds(60)
        policy.weights.driving = Weight(perMille: 100_000)
        policy.weights.unserved = Seconds(1)
        var city = SmallCity(policy: policy)
        city.order(1, from: (5000, 0), to: (9000, 0), ready: 0)
        city.driver(7, at: (0, 0))
        #expect(city.plan().commits.isEmpty)
        city.snapshot.orders[0].pooledAt = SmallCity.at(-90)
        #expect(city.plan().driver(of: 1) == DriverID(7))
    }

    @Test func aWeightGrowsWithAgeSoThatNobodyStarves() {
        var city = SmallCity()
        for id in 1...6 { city.order(Int64(id), from: (0, Double(id) * 2000), to: (500, Double(id) * 2000), ready: 0) }
        city.snapshot.orders[5].pooledAt = SmallCity.at(-1800)
        city.driver(7, at: (0, 7000))
        #expect(city.plan().driver(of: 6) == DriverID(7))
    }

    @Test func immediateCommitmentTellsEverything() {
        var policy = DispatchPolicy()
        policy.commitment = .immediate
        var city = SmallCity(policy: policy)
        city.order(1, from: (0, 0), to: (2000, 0), ready: 5000)
        city.driver(7, at: (500, 0))
        #expect(city.plan().commits.count == 1)
    }
}
