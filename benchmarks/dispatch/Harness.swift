import DispatchCore
import Foundation
import Simulation

/// Runs the engine's functions without the rest of the server, so that a figure needs a build of seconds: `solve` and
/// `mdrp` take the options of `tiffin solve` and `tiffin simulate mdrp` and print the same; `tick` measures one tick of
/// a large city.
@main
enum Harness {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch words.first {
        case "solve": try solve(Options(words))
        case "simulate": try mdrp(Options(Array(words.dropFirst())))
        case "city": try await city(Options(words))
        case "tick": LargeTick(Options(words)).run()
        case "lilim": LongRouteCommand(options: Options(words)).run()
        default: LargeTick(Options([])).run()
        }
    }

    private static func solve(_ options: Options) throws {
        let clock = ContinuousClock()
        let start = clock.now
        let data = FileManager.default.contents(atPath: options.subject) ?? Data()
        let problem = try SnapshotFile(
            json: [UInt8](data), track: SnapshotFile.Track(rawValue: options["track"] ?? "j") ?? .j)
        let read = clock.now
        let snapshot = problem.snapshot
        let budget =
            options.number("steps").map { WorkBudget(steps: $0) }
            ?? SearchRate.budget(milliseconds: options.number("budget-ms") ?? 1000, snapshot: snapshot)
        let seed = UInt64(options.number("seed") ?? 1)
        let timed = TimedLanes()
        let isTimed = options.number("timed") == 1
        let plan =
            isTimed
            ? DispatchEngine.plan(snapshot, seed: seed, budget: budget, lanes: timed)
            : DispatchEngine.plan(
                snapshot, seed: seed, budget: budget,
                lanes: ThreadLanes(threads: Int(options.number("threads") ?? 2)))
        say(problem.solution(plan))
        complain(
            """
            cost \(Double(plan.cost.value) / 1000)  gap per mille \(plan.gapPerMille ?? -1)  steps \(plan.steps) of \(budget.steps)\
            \(plan.isProvenOptimal ? "  proven optimal" : "")\(plan.isDegraded ? "  DEGRADED" : "")  \
            read \(read - start)  plan \(clock.now - read)
            """)
        if isTimed { complain(timed.report) }
    }

    private static func mdrp(_ options: Options) throws {
        let instance = try MdrpInstance(folder: options.subject)
        let track = MdrpDay.Track(rawValue: options["track"] ?? "strict") ?? .strict
        var policy = MdrpDay.policy(instance, track: track, tick: options.number("tick") ?? 60)
        if let steps = options.number("steps") { policy.budget = WorkBudget(steps: steps) }
        if let most = options.number("batch") { policy.maxBatch = Int32(clamping: most) }
        policy.apply(options)
        if let parts = options.number("parts") { policy.tellsInParts = parts > 0 }
        if let near = options.number("near") {
            policy.limits.usesOrderGraph = true
            policy.limits.nearRestaurants = WholeMetres(near)
            policy.limits.onTheWay = WholeMetres(options.number("way") ?? 100_000)
            policy.limits.readySpread = Seconds(options.number("spread") ?? 1800)
        }
        var day = MdrpDay(instance, track: track, policy: policy, seed: UInt64(options.number("seed") ?? 1))
        if let weight = options.number("expected") {
            let span = Seconds.minutes(options.number("span") ?? 30)
            var expected = ExpectedDemand(span: span, weight: Weight(perMille: Int32(clamping: weight)))
            expected.ordersPerDriver = Weight(perMille: Int32(clamping: options.number("per-driver") ?? 1500))
            day.demand = weight > 0 ? expected : nil
        }
        day.run(lanes: ThreadLanes(threads: Int(options.number("threads") ?? 2)))
        if let out = options["out"] { try Data(day.solution.utf8).write(to: URL(fileURLWithPath: out)) }
        say(MdrpReport(day).json)
    }

    /// `city SCENARIO --policy P --seed S --last L --report FILE`: seed after seed until a rule breaks; the report is that
    /// of the last seed.
    private static func city(_ options: Options) async throws {
        guard let scenario = CityScenario.named(options.subject),
            var policy = PolicyName.policy(options["policy"] ?? "default")
        else { return complain("no such scenario or policy") }
        if let steps = options.number("steps") { policy.budget = WorkBudget(steps: steps) }
        let first = UInt64(options.number("seed") ?? 1)
        let last = UInt64(options.number("last") ?? Int64(first))
        for seed in first...max(first, last) {
            var day = CityDay(scenario, policy: policy, seed: seed)
            try await day.run(lanes: ThreadLanes(threads: Int(options.number("threads") ?? 2)))
            guard day.violations.isEmpty else { return complain("seed \(seed) breaks a rule: \(day.violations)") }
            guard seed == last, let report = options["report"] else { continue }
            let html = CityReport([CityReport.Entry(name: options["policy"] ?? "default", day: day)]).html
            try Data(html.utf8).write(to: URL(fileURLWithPath: report))
        }
        say("seeds \(first) to \(last) of \(scenario.name): no rule broken")
    }

    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
    static func complain(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}

extension DispatchPolicy {
    /// What an experiment changes of a day's policy: weights in thousandths, times in seconds.
    fileprivate mutating func apply(_ options: Options) {
        func set(_ value: inout Weight, by name: String) {
            if let number = options.number(name) { value = Weight(perMille: Int32(clamping: number)) }
        }
        set(&weights.completion, by: "completion")
        set(&weights.driving, by: "driving")
        set(&weights.lateness, by: "lateness")
        if let queue = options.number("queue") { limits.queuedBatches = Int32(clamping: queue) }
        if let look = options.number("look") { limits.lookAhead = Seconds(look) }
        if let drivers = options.number("drivers") { limits.nearestDrivers = Int32(clamping: drivers) }
    }
}

/// `COMMAND SUBJECT --name value …`
struct Options {
    let subject: String
    private var values: [String: String] = [:]

    init(_ words: [String]) {
        subject = words.count > 1 ? words[1] : ""
        var name: String?
        for word in words.dropFirst() {
            if word.hasPrefix("--") {
                name = String(word.dropFirst(2))
            } else if let key = name {
                values[key] = word
                name = nil
            }
        }
    }

    subscript(_ name: String) -> String? { values[name] }
    func number(_ name: String) -> Int64? { values[name].flatMap { Int64($0) } }
}
