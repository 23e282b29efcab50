import DispatchCore
import Testing

/// What an order without a driver says of the drivers.
@Suite struct HoldJudgeTests {
    private static func refusals(_ plan: DispatchPlan, of order: OrderID) -> [Refusal: Int32] {
        let counts = plan.waiting.first { $0.order == order }?.refusals ?? []
        return Dictionary(uniqueKeysWithValues: counts.map { ($0.why, $0.drivers) })
    }

    @Test func queuesWithoutRoomAreFullAndDriversWhoWereNotTriedAreFarther() {
        var policy = DispatchPolicy()
        policy.limits.nearestDrivers = 3
        policy.maxBatch = 1
        policy.limits.queuedBatches = 1
        var city = SmallCity(policy: policy)
        // Kitchens on one side of the city with three drivers, and three drivers on the other.
        for id in Int64(1)...5 { city.order(id, from: (Double(id) * 350, 0), to: (Double(id) * 350, 500), ready: 0) }
        for id in Int64(1)...3 { city.driver(10 + id, at: (Double(id), 0)) }
        for id in Int64(1)...3 { city.driver(20 + id, at: (9000 + Double(id), 0)) }
        city.driver(30, at: (0, 0)) { $0.isOnline = false }
        let plan = city.plan()
        checkRules(plan, for: city.snapshot)
        let waiting = plan.waiting.filter { $0.driver == nil }
        #expect(waiting.count >= 2 || plan.commits.count > 3)
        for reason in waiting where reason.reason == .allDriversFull {
            let counts = Self.refusals(plan, of: reason.order)
            #expect(counts[.full] == 3)
            #expect(counts[.farther] == 3)
            #expect(counts[.tooLate] == nil)
            #expect(counts[.offline] == 1)
        }
        #expect(waiting.contains { $0.reason == .allDriversFull })
    }

    @Test func anOrderForWhichTheWorkDidNotReachSaysSo() {
        var city = SmallCity()
        for id in Int64(1)...80 { city.order(id, from: (Double(id) * 90, 0), to: (Double(id) * 90, 700), ready: 0) }
        for id in Int64(1)...30 { city.driver(100 + id, at: (Double(id) * 200, 50)) }
        let plan = DispatchEngine.plan(city.snapshot, budget: WorkBudget(steps: 0))
        #expect(plan.isDegraded)
        let reasons = Set(plan.waiting.filter { $0.driver == nil }.map(\.reason))
        #expect(reasons == [.workRanOut])
    }

    @Test func whoCannotBeThereInTimeIsTooLateAndNotFarther() {
        var policy = DispatchPolicy()
        policy.limits.clickToDoor = Seconds(1800)
        var city = SmallCity(policy: policy)
        city.order(1, from: (0, 0), to: (500, 0), ready: 0)
        for id in Int64(1)...4 { city.driver(id, at: (40_000, Double(id))) }
        city.driver(9, at: (100, 0)) { $0.shiftEndsAt = SmallCity.at(5) }
        let plan = city.plan()
        #expect(plan.hold(of: 1) == .noDriverInRange)
        #expect(Self.refusals(plan, of: OrderID(1)) == [.tooLate: 4, .shiftEnds: 1])
    }

    @Test func everyDriverHasOneReasonOrIsACandidateWithRoom() {
        var policy = DispatchPolicy()
        policy.limits.nearestDrivers = 5
        policy.maxBatch = 2
        policy.limits.queuedBatches = 2
        var city = SmallCity(policy: policy)
        for id in Int64(0)..<60 { city.order(id + 1, from: (Double(id % 6) * 900, 0), to: (Double(id) * 40, 900)) }
        for id in Int64(0)..<12 {
            city.driver(100 + id, at: (Double(id) * 400, 50)) { driver in
                if id == 3 { driver.rules = [.init(restaurant: RestaurantID(77), kind: .allow)] }
                if id == 4 { driver.lastFixAt = SmallCity.at(-900) }
            }
        }
        let plan = city.plan()
        checkRules(plan, for: city.snapshot)
        let waiting = plan.waiting.filter { $0.reason == .allDriversFull }
        #expect(!waiting.isEmpty)
        for reason in waiting {
            let counts = Self.refusals(plan, of: reason.order)
            #expect(counts.values.reduce(0, +) == 12)
            #expect(counts[.restaurantNotAllowed] == 1)
            #expect(counts[.staleFix] == 1)
            #expect(counts[.full] == 5)
        }
    }
}
