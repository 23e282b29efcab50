import DispatchCore
import Testing

/// Routes whose cost after each change is written down beforehand, so that what annealing makes of it can be seen.
private struct ScriptedRoutes: ~Copyable, RuinRecreateRoutes {
    let script: [Int]
    var random = RandomSource(seed: 5)
    var steps = 0
    var total: Int
    var savedTotal = 0
    let removed = UnsafeMutablePointer<Int32>.allocate(capacity: 8)
    var removedCount = 0
    let sortKeys = UnsafeMutablePointer<Int>.allocate(capacity: 8)
    let relatedCount = 7
    var change = 0
    var noted: [Int] = []
    var undone = 0
    var placed: [[Int]] = []
    var isOut = [Bool](repeating: false, count: 8)

    init(_ script: [Int]) {
        self.script = script
        total = script[0]
    }

    deinit {
        removed.deallocate()
        sortKeys.deallocate()
    }

    mutating func drawOrder() -> Int { random.below(8) }
    func relative(_ index: Int, of order: Int) -> Int { (order + 1 + index) % 8 }

    mutating func takeOut(_ order: Int, neighbours: Bool, upTo limit: Int) {
        guard !isOut[order] else { return }
        isOut[order] = true
        removed[removedCount] = Int32(order)
        removedCount += 1
    }

    func sortKey(_ key: RecreateKey, of order: Int) -> Int { key == .readyLast ? -order : order }

    mutating func place(_ order: Int, blink: Double) {
        isOut[order] = false
        placed[placed.count - 1].append(order)
    }

    mutating func begin() {
        savedTotal = total
        removedCount = 0
        placed.append([])
        change += 1
        total = script[change]
        steps += 1
    }

    mutating func undo() {
        total = savedTotal
        undone += 1
    }

    mutating func keep() {}
    mutating func noteBest(isFirst: Bool) { noted.append(total) }
    mutating func restoreBest() { total = noted.last ?? 0 }
}

@Suite struct RuinRecreateTests {
    @Test func annealingEndsWithTheCheapestRoutesMet() {
        // Cold: what is dearer is undone, what costs no more is kept, what is cheapest noted.
        var routes = ScriptedRoutes([100, 90, 95, 90, 70, 80, 71, 60, 99])
        routes.anneal(Cooling(first: 1e-6, last: 1e-9, ruin: 2, blink: 0), untilSteps: 8)
        #expect(routes.noted == [100, 90, 70, 60])
        #expect(routes.undone == 4)
        #expect(routes.total == 60)
    }

    @Test func hotAnnealingKeepsWhatIsDearerAndStillEndsWithTheBest() {
        var routes = ScriptedRoutes([100, 90, 95, 99, 92])
        routes.anneal(Cooling(first: 1e9, last: 1e9, ruin: 2, blink: 0), untilSteps: 4)
        #expect(routes.undone == 0)
        #expect(routes.noted == [100, 90])
        #expect(routes.total == 90)
    }

    @Test func everyOrderTakenOutIsPutBackOnce() {
        var routes = ScriptedRoutes([Int](repeating: 1, count: 401))
        routes.anneal(Cooling(first: 1, last: 1, ruin: 3, blink: 0), untilSteps: 400)
        #expect(routes.placed.allSatisfy { Set($0).count == $0.count && !$0.isEmpty })
        #expect(routes.isOut.allSatisfy { !$0 })
        // One to five around each draw, and two more with neighbours at most.
        #expect(routes.placed.map(\.count).min() == 1)
        #expect(routes.placed.map(\.count).max() == 5)
    }

    @Test func sequencesFollowTheKeysAndAreDrawnByLot() {
        var routes = ScriptedRoutes([Int](repeating: 1, count: 401))
        routes.anneal(Cooling(first: 1, last: 1, ruin: 3, blink: 0), untilSteps: 400)
        let several = routes.placed.filter { $0.count > 2 }
        let (rising, falling) = (several.count { $0 == $0.sorted() }, several.count { $0 == $0.sorted(by: >) })
        #expect(rising > several.count / 3)
        #expect(falling > several.count / 12)
        #expect(rising + falling < several.count)
    }
}
