import ArgumentParser
import DispatchCore
import Foundation
import Simulation

/// `tiffin simulate`: days on a virtual clock through the real engine.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run a day on a virtual clock through the real engine.",
        subcommands: [SimulateCityCommand.self, SimulateMdrpCommand.self], defaultSubcommand: SimulateCityCommand.self)
}

/// `tiffin simulate mdrp DIR`.
struct SimulateMdrpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mdrp", abstract: "Run one instance of the meal delivery routing problem library; metrics as JSON."
    )

    @Argument(help: "Folder of the instance.")
    var folder: String

    @Option(help: "strict (one restaurant a batch) or pooled.")
    var track: String = "strict"

    @Option(help: "Seconds between two ticks, whole minutes.")
    var tick: Int64 = 60

    @Option(help: "Work of each tick in steps.")
    var steps: Int64?

    @Option(help: "Seed of the search.")
    var seed: UInt64 = 1

    @Option(help: "Threads, 1 or 2.")
    var threads: Int = 2

    @Option(help: "Where the solution goes that an independent scorer reads.")
    var out: String?

    func validate() throws {
        guard MdrpDay.Track(rawValue: track) != nil else { throw ValidationError("--track is strict or pooled") }
        guard (60...3600).contains(tick), tick % 60 == 0 else {
            throw ValidationError("--tick is a multiple of 60, 3600 at most")
        }
        guard threads > 0, steps ?? 0 >= 0 else { throw ValidationError("work and threads are above zero") }
    }

    func run() throws {
        let instance = try MdrpInstance(folder: folder)
        if instance.orders.isEmpty { Terminal.complain("note: the day has no orders") }
        if instance.drivers.isEmpty { Terminal.complain("note: the day has no drivers: nothing is delivered") }
        let kind = MdrpDay.Track(rawValue: track) ?? .strict
        var policy = MdrpDay.policy(instance, track: kind, tick: tick)
        if let steps { policy.budget = WorkBudget(steps: steps) }
        var day = MdrpDay(instance, track: kind, policy: policy, seed: seed)
        let progress = ProgressLine("minute")
        day.run(lanes: ThreadLanes(threads: threads)) { progress.show(Double($0) / 1440, note: "\($0)") }
        progress.end()
        if let out { try Terminal.save(day.solution, as: out) }
        Terminal.line(MdrpReport(day).json)
    }
}
