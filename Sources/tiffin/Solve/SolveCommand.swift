import ArgumentParser
import DispatchCore
import Foundation
import Simulation

/// `tiffin solve`: one problem file through the engine.
struct SolveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "solve",
        abstract: "Plan one dispatch-snapshot/1 file: the solution on standard output, figures on standard error.",
        discussion: """
            The budget is work, not time: --budget-ms names the work that two free cores of a small server do in that
            time, --steps names it exactly. The same file, seed and work give the same bytes, on one thread or two.
            """)

    @Argument(help: "The problem; - reads standard input.")
    var file: String

    @Option(name: .customLong("budget-ms"), help: "Work, as milliseconds of two free cores.")
    var budget: Int64 = 1000

    @Option(help: "Work in steps, instead of --budget-ms.")
    var steps: Int64?

    @Option(help: "What is minimised: j (delay, driving, unserved) or drive (driving, everyone served).")
    var track: String = "j"

    @Option(help: "Seed of the search.")
    var seed: UInt64 = 1

    @Option(help: "Threads, 1 or 2.")
    var threads: Int = 2

    func validate() throws {
        guard SnapshotFile.Track(rawValue: track) != nil else { throw ValidationError("--track is j or drive") }
        guard budget >= 0, steps ?? 0 >= 0, threads > 0 else {
            throw ValidationError("work and threads are above zero")
        }
    }

    func run() throws {
        let data =
            file == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: file)
        guard let data else { throw ValidationError("cannot read \(file)") }
        let watch = Stopwatch()
        let problem = try SnapshotFile(json: [UInt8](data), track: SnapshotFile.Track(rawValue: track) ?? .j)
        let work =
            steps.map { WorkBudget(steps: $0) }
            ?? SearchRate.budget(milliseconds: budget, snapshot: problem.snapshot)
        let plan = DispatchEngine.plan(
            problem.snapshot, seed: seed, budget: work, lanes: ThreadLanes(threads: threads))
        Terminal.line(problem.solution(plan))
        for note in problem.notes { Terminal.complain("note: \(note)") }
        let gap = plan.gapPerMille.map { "\(Double($0) / 10) %" } ?? "unknown"
        Terminal.complain(
            """
            cost \(Double(plan.cost.value) / 1000)  batches \(plan.commits.count)  unserved \(plan.waiting.count)  \
            gap over the batches looked at \(gap)\(plan.isProvenOptimal ? ", proven optimal" : "")\
            \(plan.isDegraded ? "  DEGRADED to insertion" : "")  steps \(plan.steps)  \(watch.elapsed)
            """)
    }
}
