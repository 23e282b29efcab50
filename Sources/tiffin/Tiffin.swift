import ArgumentParser

/// The command line of Tiffin.
@main
struct Tiffin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiffin", abstract: "Pool-batching dispatch for food delivery.",
        subcommands: [
            DemoCommand.self, ServeCommand.self, ConformanceCommand.self, LoadCommand.self,
            SolveCommand.self, SimulateCommand.self,
        ])
}
