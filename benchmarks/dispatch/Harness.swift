import DispatchCore
import Foundation
import Simulation

/// Runs the engine's functions without the rest of the server, so that a figure needs a build of seconds: `solve` and
/// `mdrp` take the options of `tiffin solve` and `tiffin simulate mdrp` and print the same; `tick` measures one tick of
/// a large city.
@main
enum Harness {
    static func main() throws {
        let words = Array(CommandLine.arguments.dropFirst())
        switch words.first {
        case "solve": try solve(Options(words))
        case "simulate": try mdrp(Options(Array(words.dropFirst())))
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
        let plan = DispatchEngine.plan(
            snapshot, seed: UInt64(options.number("seed") ?? 1), budget: budget,
            lanes: ThreadLanes(threads: Int(options.number("threads") ?? 2)))
        say(problem.solution(plan))
        complain(
            """
            cost \(Double(plan.cost.value) / 1000)  steps \(plan.steps) of \(budget.steps)\
            \(plan.isProvenOptimal ? "  proven optimal" : "")\(plan.isDegraded ? "  DEGRADED" : "")  \
            read \(read - start)  plan \(clock.now - read)
            """)
    }

    private static func mdrp(_ options: Options) throws {
        let instance = try MdrpInstance(folder: options.subject)
        let track = MdrpDay.Track(rawValue: options["track"] ?? "strict") ?? .strict
        var policy = MdrpDay.policy(instance, track: track, tick: options.number("tick") ?? 60)
        if let steps = options.number("steps") { policy.budget = WorkBudget(steps: steps) }
        var day = MdrpDay(instance, track: track, policy: policy, seed: UInt64(options.number("seed") ?? 1))
        day.run(lanes: ThreadLanes(threads: Int(options.number("threads") ?? 2)))
        if let out = options["out"] { try Data(day.solution.utf8).write(to: URL(fileURLWithPath: out)) }
        say(MdrpReport(day).json)
    }

    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }
    static func complain(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
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
