import DispatchCore
import Fulfilment
import Geo
import Logging
import Simulation
import Synchronization
import Testing

@Suite struct ExplainOrderTests {
    let city = VirtualHouse()

    private func point(_ east: Double, _ north: Double = 0) -> GeoPoint? {
        GeoPoint(latitude: 12.9352 + north / 111_195, longitude: 77.6245 + east / 108_374)
    }

    private func tick() async throws {
        var policy = DispatchPolicy()
        policy.budget = WorkBudget(steps: 60_000)
        let fixed = policy
        let dispatcher = Dispatcher(
            city.house, policy: { fixed }, holder: "a", log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 }, solve: { DispatchEngine.plan($0, previous: $1, seed: $2) })
        _ = try await dispatcher.tick()
    }

    /// Two drivers near an order whose food is ready: one is told.
    private func toldOrder() async throws -> Order {
        let now = city.time.now
        let order = try await city.placeOrder(from: point(100), to: point(2000), readyAt: now)
        for (name, east) in [("ravi", 90.0), ("meera", 1500), ("asha", 2500)] {
            _ = try await city.addDriver(name, at: point(east))
        }
        _ = try await city.addDriver("offline", at: point(95), online: false)
        try await tick()
        return order
    }

    @Test func aGivenOrderNamesTheNextBestWithTheDifferenceOfTheWholePlanAndTheRefused() async throws {
        let order = try await toldOrder()
        let (tick, decision) = try #require(try await ExplainOrder(city.house)(order.id))
        #expect(decision.outcome == "assigned")
        let study = try #require(decision.study)
        #expect(study.isReplayed)
        #expect(study.alternatives.count == 2)
        #expect(study.alternatives.map(\.difference) == study.alternatives.map(\.difference).sorted())
        #expect(study.refused.map(\.rule) == ["offline"])
        // Forced by hand, the same tick costs as much more as the study says.
        let inputs = try TickInputs(bytes: tick.inputs)
        var forced = inputs.snapshot
        forced.orders[0].pinned = DriverID(study.alternatives[0].driver)
        let (free, other) = (
            DispatchEngine.plan(inputs.snapshot, seed: inputs.seed), DispatchEngine.plan(forced, seed: inputs.seed)
        )
        #expect(study.alternatives[0].difference == (other.cost - free.cost).value)
    }

    @Test func aWaitingOrderNamesTheRuleThatWouldLetItGo() async throws {
        let order = try await city.placeOrder(from: point(100), to: point(2000), readyAt: city.time.now)
        _ = try await city.addDriver("offline", at: point(95), online: false)
        try await tick()
        let (_, decision) = try #require(try await ExplainOrder(city.house)(order.id))
        #expect(decision.outcome == "waiting")
        #expect(decision.study?.releasedBy == "offlineDrivers")
    }

    @Test func aTickIsStudiedOncePerOrder() async throws {
        let order = try await toldOrder()
        let studies = Count()
        var house = city.house
        house.study = { tick, order in
            studies.add()
            return try TickInputs.study(tick, of: order)
        }
        let first = try await ExplainOrder(house)(order.id)?.decision
        let second = try await ExplainOrder(house)(order.id)?.decision
        #expect(first == second && first?.study != nil)
        #expect(studies.value == 1)
    }

    @Test func aRecordOfAnotherVersionKeepsWhatWasNoted() async throws {
        let order = try await toldOrder()
        let (newest, decision) = try #require(try await city.store.newestDecision(about: order.id))
        var tick = newest
        tick.id += 1
        tick.inputs = [99]
        tick.decisions = [decision]
        try await city.store.record(tick)
        let answer = try #require(try await ExplainOrder(city.house)(order.id))
        #expect(answer.tick.id == tick.id)
        #expect(answer.decision == decision)
    }

    @Test func aStoredTickIsReplayedToTheByteWithItsFigures() async throws {
        let order = try await toldOrder()
        let (tick, _) = try #require(try await city.store.newestDecision(about: order.id))
        let replay = try #require(try await ReplayTick(city.house)(tick.id))
        #expect(replay.outcome == .same)
        #expect(replay.policyVersion == tick.policyVersion)
        let plan = try DispatchPlan(bytes: tick.plan)
        let figures = try #require(replay.stored)
        #expect(figures == PlanFigures(plan))
        #expect(figures.orders == 1 && figures.batches == 1 && figures.waiting == 0 && !figures.isDegraded)
        #expect(figures.gapPerMille == plan.gapPerMille && figures.bound == plan.bound)
        #expect(try await ReplayTick(city.house)(tick.id + 1) == nil)
    }

    @Test func aReplayTellsAnotherPlanFromARecordThatItCannotRead() async throws {
        let order = try await toldOrder()
        var (tick, _) = try #require(try await city.store.newestDecision(about: order.id))
        var other = try DispatchPlan(bytes: tick.plan)
        other.seed += 1
        tick.plan = other.bytes
        #expect(TickReplay(tick).outcome == .different)
        #expect(TickReplay(tick).stored != nil)
        tick.plan = [99]
        #expect(TickReplay(tick).outcome == .different)
        #expect(TickReplay(tick).stored == nil)
        tick.inputs = [99]
        #expect(TickReplay(tick).outcome == .unreadable(.otherVersion(99)))
        #expect(TickReplay(tick).words.contains("form 99"))
    }

    @Test func aPlanThatWasNotTheTicksOwnIsNotPassedOffAsOne() async throws {
        let order = try await toldOrder()
        let (newest, _) = try #require(try await city.store.newestDecision(about: order.id))
        var tick = newest
        tick.id += 1
        tick.plan[tick.plan.count - 1] ^= 1
        try await city.store.record(tick)
        #expect(try await ExplainOrder(city.house)(order.id)?.decision.study?.isReplayed == false)
    }
}

private final class Count: Sendable {
    private let number = Mutex(0)

    var value: Int { number.withLock { $0 } }
    func add() { number.withLock { $0 += 1 } }
}
