import DispatchCore
import Foundation
import Fulfilment
import Simulation
import Testing

@Suite struct CityDayTests {
    private func policy(_ name: String = "default") throws -> DispatchPolicy {
        var policy = try #require(PolicyName.policy(name))
        policy.budget = WorkBudget(steps: 3000)
        return policy
    }

    private func small() throws -> CityScenario {
        var scenario = try #require(CityScenario.named("small"))
        scenario.minutes = 20
        return scenario
    }

    @Test(arguments: UInt64(1)...6)
    func noRuleBreaksWhateverGoesWrong(seed: UInt64) async throws {
        var scenario = try small()
        scenario.cancellations = 150
        scenario.rejections = 200
        scenario.silences = 800
        scenario.forces = 100
        scenario.travelNoise = 500
        scenario.preparationNoise = 480
        var day = CityDay(scenario, policy: try policy(), seed: seed)
        try await day.run()
        #expect(day.violations.isEmpty, "seed \(seed): \(day.violations.prefix(3))")
        #expect(day.orders.allSatisfy { $0.state?.isEnded == true }, "seed \(seed)")
        #expect(day.events > day.orders.count)
    }

    @Test func theSameSeedGivesTheSameDay() async throws {
        let scenario = try small()
        var first = CityDay(scenario, policy: try policy(), seed: 9)
        var second = CityDay(scenario, policy: try policy(), seed: 9)
        try await first.run()
        try await second.run()
        #expect(first.orders.map(\.delivered) == second.orders.map(\.delivered))
        #expect(first.batchSizes == second.batchSizes)
        #expect(first.events == second.events)
        #expect(CityFigures(first).clickToDoor == CityFigures(second).clickToDoor)
    }

    @Test func batchingSavesRoadWhereDriversAreScarce() async throws {
        var scenario = try small()
        scenario.ordersPerHour = (120, 120, 120)
        scenario.drivers = 8
        scenario.rejections = 0
        var batched = CityDay(scenario, policy: try policy(), seed: 2)
        var single = CityDay(scenario, policy: try policy("single"), seed: 2)
        try await batched.run()
        try await single.run()
        #expect(CityFigures(batched).kilometresPerOrder < CityFigures(single).kilometresPerOrder)
        #expect(CityFigures(single).ordersPerBatch == 1)
    }

    @Test func aPolicyIsHeldAgainstAnother() async throws {
        var day = CityDay(try small(), policy: try policy(), seed: 3)
        try await day.run()
        let base = CityFigures(day)
        var slower = base
        slower.clickToDoor = base.clickToDoor * 1.2
        #expect(base.worsening(against: base) == 0)
        #expect(abs(slower.worsening(against: base) - 20) < 0.01)
        #expect(base.worsening(against: slower) == 0, "no later than the slower one")
        var later = base
        later.minutesLate = base.minutesLate + base.clickToDoor / 10
        #expect(abs(later.worsening(against: base) - 10) < 0.01)
    }

    @Test func theReportStandsAlone() async throws {
        var day = CityDay(try small(), policy: try policy(), seed: 3)
        try await day.run()
        let html = CityReport([.init(name: "a<b", day: day), .init(name: "other", day: day)]).html
        #expect(html.contains("a&lt;b"))
        #expect(!html.contains("a<b"))
        #expect(!html.contains("http"))
        #expect(html.components(separatedBy: "<svg").count == 8)
    }

    @Test(arguments: ["", "fast", "default,maxBatch", "default,maxBatch=x", "default,unknown=1"])
    func aPolicyThatIsNoneIsRefused(name: String) { #expect(PolicyName.policy(name) == nil) }

    @Test func changesOfAPolicyApply() {
        let policy = PolicyName.policy("eager,maxBatch=2,tick=20")
        #expect(policy?.commitment == .immediate)
        #expect(policy?.maxBatch == 2)
        #expect(policy?.tick == Seconds(20))
    }
}
