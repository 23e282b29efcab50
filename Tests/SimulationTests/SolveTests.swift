import DispatchCore
import Foundation
import Simulation
import Testing

@Suite struct SolveTests {
    static func problem(orders: Int, drivers: Int, seed: UInt64) -> String {
        var random = RandomSource(seed: seed)
        func place(_ random: inout RandomSource) -> String {
            "[\(12.95 + Double(random.below(40_000)) * 1e-6),\(77.58 + Double(random.below(40_000)) * 1e-6)]"
        }
        let rows = (0..<orders).map { id in
            let placed = -random.below(600)
            return """
                {"id":"o\(id)","restaurant":"r","pickup":\(place(&random)),"dropoff":\(place(&random)),\
                "placed_s":\(placed),"ready_s":\(placed + random.below(1500))}
                """
        }
        let people = (0..<drivers).map { id in
            "{\"id\":\"d\(id)\",\"pos\":\(place(&random)),\"available_s\":\(random.below(600)),\"capacity\":3}"
        }
        return """
            {"now_s":0,"speed_mps":6.5,"detour":1.35,"pickup_service_s":120,"dropoff_service_s":120,\
            "max_click_to_door_s":5400,"unserved_penalty_s":7200,"drive_weight":0.25,\
            "orders":[\(rows.joined(separator: ","))],"drivers":[\(people.joined(separator: ","))]}
            """
    }

    private func read(_ text: String) throws -> SnapshotFile { try SnapshotFile(json: Array(text.utf8)) }

    @Test(arguments: UInt64(1)...4)
    func fiveOrdersAreSolvedToTheOptimumThatTryingEverythingFinds(seed: UInt64) throws {
        let file = try read(Self.problem(orders: 5, drivers: 2, seed: seed))
        let plan = DispatchEngine.plan(file.snapshot)
        #expect(plan.isProvenOptimal)
        #expect(plan.cost == Cost(Exhaustive(file.snapshot).best()))
    }

    @Test(arguments: [10, 14, 40])
    func oneAndTwoThreadsGiveTheSameBytes(orders: Int) throws {
        let file = try read(Self.problem(orders: orders, drivers: 12, seed: 3))
        let budget = WorkBudget(steps: 400_000)
        let one = DispatchEngine.plan(file.snapshot, seed: 5, budget: budget, lanes: SerialLanes())
        let two = DispatchEngine.plan(file.snapshot, seed: 5, budget: budget, lanes: ThreadLanes(threads: 2))
        #expect(one.bytes == two.bytes)
        #expect(file.solution(one) == file.solution(two))
    }

    @Test func theSearchIsNotWorseThanTheProof() throws {
        // 13 orders are searched, 12 are proven: leaving one out of a searched plan bounds it from below.
        let file = try read(Self.problem(orders: 13, drivers: 5, seed: 8))
        var part = file.snapshot
        part.orders.removeLast()
        let searched = DispatchEngine.plan(file.snapshot, budget: WorkBudget(steps: 500_000))
        let proven = DispatchEngine.plan(part)
        #expect(proven.isProvenOptimal)
        #expect(searched.cost >= proven.cost)
    }

    @Test(arguments: ["", "{}", "[1,2]", "{\"orders\":[],\"drivers\":[]}", "{\"speed_mps\":0}"])
    func whatIsNoProblemFileIsRefused(text: String) {
        #expect(throws: SnapshotError.self) { try SnapshotFile(json: Array(text.utf8)) }
    }

    /// A value that makes no sense spoils its own order or driver and nothing else.
    @Test(arguments: [
        ("\"ready_s\":", "NaN"), ("\"ready_s\":", "null"), ("\"ready_s\":", "1e999"), ("\"placed_s\":", "\"soon\""),
        ("\"pickup\":[", "Infinity,0.5],\"was\":["), ("\"dropoff\":[", "-Infinity],\"was\":["),
    ])
    func aPoisonOrderHurtsOnlyItself(key: String, value: String) throws {
        var text = Self.problem(orders: 6, drivers: 3, seed: 1)
        let place = try #require(text.range(of: key))
        let isPlace = key.hasSuffix("[")
        text.replaceSubrange(place, with: isPlace ? key + value : "\(key)\(value),\"was\":")
        let file = try read(text)
        let plan = DispatchEngine.plan(file.snapshot)
        #expect(plan.hold(of: 0) == .impossible)
        #expect(plan.commits.flatMap(\.orders).count == 5)
        #expect(file.solution(plan).hasSuffix(#""waiting":[{"order":"o0","reason":"impossible"}]}"#))
    }

    @Test(arguments: [
        "\"drive_weight\":1e300", "\"unserved_penalty_s\":9e300", "\"pickup_service_s\":-1e18", "\"now_s\":1e308",
        "\"max_click_to_door_s\":NaN", "\"dropoff_service_s\":null", "\"speed_mps\":1e-300", "\"detour\":1e300",
    ])
    func absurdRulesGiveAResult(rule: String) throws {
        let key = try #require(rule.split(separator: ":").first)
        let whole = Self.problem(orders: 6, drivers: 3, seed: 1)
        let text = whole.replacing(try Regex("\(key):[0-9.]+"), with: rule)
        #expect(text != whole)
        let file = try read(text)
        let plan = DispatchEngine.plan(file.snapshot, budget: WorkBudget(steps: 20_000))
        #expect(plan.waiting.count + plan.commits.flatMap(\.orders).count == 6)
    }

    @Test(arguments: ["0", "-3", "NaN", "2147483648", "1e300"])
    func absurdCapacitiesGiveAResult(capacity: String) throws {
        let text = Self.problem(orders: 20, drivers: 3, seed: 1).replacing(
            "\"capacity\":3", with: "\"capacity\":\(capacity)")
        let file = try read(text)
        let plan = DispatchEngine.plan(file.snapshot, budget: WorkBudget(steps: 20_000))
        let given = plan.commits.flatMap(\.orders).count
        #expect(given + plan.waiting.count == 20)
        #expect((given == 0) == !(Double(capacity) ?? 0 > 0))
    }

    @Test func coordinatesThatAreNoPlaceLeaveTheOrderUnserved() throws {
        let text = Self.problem(orders: 3, drivers: 2, seed: 1).replacing("\"pickup\":[12.9", with: "\"pickup\":[912.9")
        let plan = DispatchEngine.plan(try read(text).snapshot)
        #expect(plan.commits.isEmpty)
        #expect(plan.waiting.allSatisfy { $0.reason == .impossible })
    }
}

/// Tries every assignment and every sequence of a tiny problem; knows nothing of the engine's tables.
struct Exhaustive {
    private let snapshot: DispatchSnapshot
    private let table: TravelSeconds

    init(_ snapshot: DispatchSnapshot) {
        self.snapshot = snapshot
        guard case .matrix(let table) = snapshot.travel else { preconditionFailure("problem files have a matrix") }
        self.table = table
    }

    func best() -> Int64 { assign(0, Array(repeating: [], count: snapshot.drivers.count), unserved: 0) }

    private func assign(_ index: Int, _ groups: [[Int]], unserved: Int64) -> Int64 {
        if index == snapshot.orders.count {
            var total = unserved * 7_200_000
            for (driver, group) in groups.enumerated() {
                let cost = route(driver, group)
                if cost == .max { return .max }
                total += cost
            }
            return total
        }
        var best = assign(index + 1, groups, unserved: unserved + 1)
        for driver in groups.indices where groups[driver].count < 3 {
            var next = groups
            next[driver].append(index)
            best = min(best, assign(index + 1, next, unserved: unserved))
        }
        return best
    }

    private func route(_ driver: Int, _ group: [Int]) -> Int64 {
        let state = snapshot.drivers[driver]
        let start = state.freeAt.millisecondsSince(snapshot.now) / 1000
        return walk(state.place, start, todo: group, onBoard: [])
    }

    private func walk(_ place: PlaceIndex, _ time: Int64, todo: [Int], onBoard: [Int]) -> Int64 {
        if todo.isEmpty && onBoard.isEmpty { return 0 }
        var best = Int64.max
        for order in todo {
            let row = snapshot.orders[order]
            let way = way(place, row.pickup)
            let ready = (row.readyAt ?? row.placedAt).millisecondsSince(snapshot.now) / 1000
            let rest = walk(
                row.pickup, max(time + way, ready) + 120, todo: todo.filter { $0 != order }, onBoard: onBoard + [order])
            if rest != .max { best = min(best, rest + way * 250) }
        }
        for order in onBoard {
            let row = snapshot.orders[order]
            let way = way(place, row.dropoff)
            let done = time + way + 120
            if done - row.placedAt.millisecondsSince(snapshot.now) / 1000 > 5400 { continue }
            let ready = max(0, (row.readyAt ?? row.placedAt).millisecondsSince(snapshot.now) / 1000)
            let ideal = ready + 240 + self.way(row.pickup, row.dropoff)
            let rest = walk(row.dropoff, done, todo: todo, onBoard: onBoard.filter { $0 != order })
            if rest != .max { best = min(best, rest + way * 250 + (done - ideal) * 1000) }
        }
        return best
    }

    private func way(_ from: PlaceIndex, _ to: PlaceIndex) -> Int64 {
        Int64(table.seconds[Int(from.value) * table.columns + Int(to.value)])
    }
}

extension DispatchPlan {
    fileprivate func hold(of order: Int64) -> HoldReason? { waiting.first { $0.order == OrderID(order) }?.reason }
}
