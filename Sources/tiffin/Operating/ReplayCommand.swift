import App
import ArgumentParser

/// `tiffin replay TICK`: whether the engine still makes the stored plan of the stored inputs.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Plan a stored tick again and compare the plan byte for byte.",
        discussion: "The number of a tick stands in the answer of `explain`. Exit code 1 when another plan came out.")

    @Argument(help: "The tick's number.")
    var tick: Int64

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await speakingPlainly {
            let configuration = try AppConfiguration(try await database.reader())
            guard let verdict = try await Upkeep.replay(tick: tick, configuration) else {
                Terminal.complain("tiffin: there is no tick \(tick)")
                throw ExitCode(1)
            }
            Terminal.line(verdict.sentence)
            if !verdict.isGood { throw ExitCode(1) }
        }
    }
}
