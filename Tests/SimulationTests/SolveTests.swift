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

    private func plan(_ file: SnapshotFile) -> DispatchPlan {
        DispatchEngine.plan(file.snapshot, budget: WorkBudget(steps: 20_000))
    }

    /// A row that cannot be taken is named with the reason; the other rows are planned.
    @Test(arguments: [
        (
            "{\"id\":\"o2\",", "{\"id\":\"o1\",",
            #"{"order":"o1","row":2,"reason":"another order before it has the same id"}"#
        ),
        ("{\"id\":\"o2\",", "null,{\"id\":\"o2\",", #"{"order":null,"row":2,"reason":"it is no object"}"#),
        ("{\"id\":\"o2\",", "[7],{\"id\":\"o2\",", #"{"order":null,"row":2,"reason":"it is no object"}"#),
        ("{\"id\":\"o2\",", "{", #"{"order":null,"row":2,"reason":"it has no id that is text or a whole number"}"#),
        (
            "{\"id\":\"o2\",", "{\"id\":2.5,",
            #"{"order":null,"row":2,"reason":"it has no id that is text or a whole number"}"#
        ),
        (
            "{\"id\":\"o2\",\"restaurant\":\"r\",\"pickup\"", "{\"id\":\"o2\",\"was\"",
            #"{"order":"o2","row":2,"reason":"it has no pickup"}"#
        ),
        (
            "{\"id\":\"d1\"", "{\"id\":\"d0\"",
            #"{"driver":"d0","row":1,"reason":"another driver before it has the same id"}"#
        ),
        ("{\"id\":\"d1\",\"pos\"", "{\"id\":\"d1\",\"was\"", #"{"driver":"d1","row":1,"reason":"it has no pos"}"#),
    ])
    func anOddRowIsRefusedAlone(row: String, odd: String, refusal: String) throws {
        let file = try read(Self.problem(orders: 6, drivers: 3, seed: 1).replacing(row, with: odd))
        let plan = plan(file)
        let rows = file.snapshot.orders.count
        #expect(rows == (refusal.contains("driver") || odd.contains("},") || odd.contains(",{") ? 6 : 5))
        #expect(plan.commits.flatMap(\.orders).count == rows)
        #expect(file.solution(plan).hasSuffix(",\"refused\":[\(refusal)]}"))
        #expect(file.notes.count == 1)
    }

    @Test func numbersAsIdsAreGivenBackAsNumbers() throws {
        let file = try read(Self.problem(orders: 2, drivers: 1, seed: 1).replacing("\"o1\"", with: "17"))
        let solution = file.solution(plan(file))
        #expect(solution.contains("[\"pickup\",17]") && solution.contains("[\"dropoff\",17]"))
        #expect(!solution.contains("refused"))
    }

    /// Whatever the file's limits are, the plan keeps them: counted here stop by stop from the file's own numbers.
    @Test(arguments: [
        ("max_click_to_door_s", "30"), ("max_click_to_door_s", "-5"), ("max_click_to_door_s", "1500.7"),
        ("pickup_service_s", "120.4"), ("dropoff_service_s", "3600"), ("capacity", "2.7"), ("now_s", "0.5"),
    ])
    func thePlanKeepsTheLimitsOfTheFile(key: String, value: String) throws {
        let text = Self.problem(orders: 8, drivers: 4, seed: 2).replacing(
            try Regex("\"\(key)\":[0-9.]+"), with: "\"\(key)\":\(value)")
        let file = try read(text)
        let plan = plan(file)
        #expect(Checker.firstBreach(of: plan, in: text, file.snapshot) == nil)
        #expect(plan.commits.isEmpty == (value == "30" || value == "-5"))
    }

    @Test func aLimitBelowAMinuteIsKeptToTheSecond() throws {
        func text(_ limit: Int) -> String {
            """
            {"now_s":0,"speed_mps":6.5,"detour":1.35,"pickup_service_s":10,"dropoff_service_s":10,\
            "max_click_to_door_s":\(limit),"unserved_penalty_s":7200,"drive_weight":0.25,"orders":[{"id":"o",\
            "pickup":[12.95,77.58],"dropoff":[12.95,77.58],"placed_s":0,"ready_s":0}],\
            "drivers":[{"id":"d","pos":[12.95,77.58],"available_s":0,"capacity":1}]}
            """
        }
        #expect(plan(try read(text(20))).commits.count == 1)
        #expect(plan(try read(text(19))).commits.isEmpty)
    }

    @Test(arguments: [
        ("pickup_service_s", "5000", "3600"), ("dropoff_service_s", "5000", "3600"), ("drive_weight", "1e300", "100"),
        ("unserved_penalty_s", "2e6", "1000000"), ("max_click_to_door_s", "864001", "864000"),
    ])
    func whatIsBeyondWhatCanBePlannedRefusesTheFile(key: String, value: String, most: String) throws {
        let text = Self.problem(orders: 2, drivers: 1, seed: 1).replacing(
            try Regex("\"\(key)\":[0-9.]+"), with: "\"\(key)\":\(value)")
        #expect(throws: SnapshotError.unsupported("\(key) is above \(most)")) { try read(text) }
    }

    @Test func anotherFormatIsRefused() throws {
        let text = Self.problem(orders: 2, drivers: 1, seed: 1)
        let other = text.replacing("{\"now_s\"", with: "{\"format\":\"dispatch-snapshot/7\",\"now_s\"")
        #expect(throws: SnapshotError.unsupported("its format is not dispatch-snapshot/1")) { try read(other) }
        _ = try read(text.replacing("{\"now_s\"", with: "{\"format\":\"dispatch-snapshot/1\",\"now_s\""))
    }

    /// The engine's tables end after eleven days: an order of another year must not be planned as one of today.
    @Test func momentsFarFromTheFilesOwnAreNone() throws {
        let far = Self.problem(orders: 3, drivers: 2, seed: 1).replacing(
            try Regex("\"placed_s\":[-0-9]+,\"ready_s\":[-0-9]+"), with: "\"placed_s\":2e6,\"ready_s\":3e6")
        let plan = plan(try read(far))
        #expect(plan.commits.isEmpty)
        #expect(plan.waiting.allSatisfy { $0.reason == .impossible })
    }

    @Test func aDriverOfTomorrowIsUsed() throws {
        let text = Self.problem(orders: 1, drivers: 1, seed: 1)
            .replacing(try Regex("\"available_s\":[0-9]+"), with: "\"available_s\":90000")
            .replacing("_door_s\":5400", with: "_door_s\":200000")
            .replacing("penalty_s\":7200", with: "penalty_s\":1000000")
        #expect(plan(try read(text)).commits.count == 1)
    }

    @Test func idsAreToldApartByTheirBytes() throws {
        let text = Self.problem(orders: 2, drivers: 1, seed: 1)
            .replacing("\"o0\"", with: "\"caf\u{E9}\"").replacing("\"o1\"", with: "\"cafe\u{301}\"")
        #expect(try read(text).snapshot.orders.count == 2)
    }

    @Test func largeDriversAreNoted() throws {
        let text = Self.problem(orders: 9, drivers: 1, seed: 1).replacing("\"capacity\":3", with: "\"capacity\":9")
        let file = try read(text)
        #expect(file.notes == ["1 drivers take more than 4 orders; a batch has 4 at most"])
        #expect(plan(file).commits.map(\.orders.count) == [4])
        #expect(try read(Self.problem(orders: 9, drivers: 1, seed: 1)).notes.isEmpty)
    }

    @Test(arguments: [
        ("\"orders\":[", "\"orders\":7,\"was\":[", "orders is not what the format says"),
        ("\"drive_weight\"", "\"was\"", "it has no drive_weight"), ("{\"now_s\"", "now", "it is no JSON"),
        ("_door_s\":5400", "_door_s\":NaN", "max_click_to_door_s is not a number"),
        ("_door_s\":5400", "_door_s\":\"600\"", "max_click_to_door_s is not a number"),
        ("\"now_s\":0", "\"now_s\":Infinity", "now_s is not a number"),
        ("dropoff_service_s\":120", "dropoff_service_s\":null", "dropoff_service_s is not a number"),
    ])
    func aRefusedFileIsToldInWords(part: String, odd: String, words: String) {
        let text = Self.problem(orders: 2, drivers: 1, seed: 1).replacing(part, with: odd)
        #expect(throws: SnapshotError.unreadable(words)) { try read(text) }
    }

    @Test(arguments: [
        "\"pickup_service_s\":-1e18", "\"now_s\":1e308", "\"speed_mps\":1e-300", "\"detour\":1e300",
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

/// Walks a plan by the rules of the format, from the file's own numbers; knows nothing of the policy.
private enum Checker {
    static func firstBreach(of plan: DispatchPlan, in text: String, _ snapshot: DispatchSnapshot) -> String? {
        guard let file = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any],
            let orders = file["orders"] as? [[String: Any]], let drivers = file["drivers"] as? [[String: Any]],
            case .matrix(let table) = snapshot.travel
        else { return "unreadable" }
        func number(_ key: String, of row: [String: Any]) -> Double { (row[key] as? NSNumber)?.doubleValue ?? .nan }
        for batch in plan.commits {
            let (driver, state) = (Int(batch.driver.rawValue), snapshot.drivers[Int(batch.driver.rawValue)])
            if Double(batch.orders.count) > number("capacity", of: drivers[driver]) { return "\(driver) over capacity" }
            var time = max(number("now_s", of: file), number("available_s", of: drivers[driver]))
            var place = state.place
            for stop in batch.stops {
                let (order, row) = (orders[Int(stop.order.rawValue)], snapshot.orders[Int(stop.order.rawValue)])
                let next = stop.kind == .pickup ? row.pickup : row.dropoff
                time += Double(table.seconds[Int(place.value) * table.columns + Int(next.value)])
                place = next
                if stop.kind == .pickup {
                    time = max(time, number("ready_s", of: order)) + number("pickup_service_s", of: file)
                } else {
                    time += number("dropoff_service_s", of: file)
                    let limit = number("placed_s", of: order) + number("max_click_to_door_s", of: file)
                    if !(time <= limit) { return "\(stop.order) at \(time) after \(limit)" }
                }
            }
        }
        return nil
    }
}

extension DispatchPlan {
    fileprivate func hold(of order: Int64) -> HoldReason? { waiting.first { $0.order == OrderID(order) }?.reason }
}
