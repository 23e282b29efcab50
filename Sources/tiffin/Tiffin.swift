import ArgumentParser

/// The command line of Tiffin.
@main
struct Tiffin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tiffin", abstract: "Pool-batching dispatch for food delivery.", version: "1.0.0",
        subcommands: [
            DemoCommand.self, ServeCommand.self, MigrateCommand.self, UserCommand.self, TokenCommand.self,
            ConfigCommand.self, DoctorCommand.self, ExplainCommand.self, ReplayCommand.self, DriversCommand.self,
            ImportCommand.self,
            ExportCommand.self, SolveCommand.self,
            SimulateCommand.self, ConformanceCommand.self, LoadCommand.self, Bench.self,
            PoolCommand.self, APICommand.self,
        ])
}
