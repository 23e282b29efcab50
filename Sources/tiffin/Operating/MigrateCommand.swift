import App
import ArgumentParser

/// `tiffin migrate`: brings the schema up to date without serving.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database's schema up to date.")

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
        try await speakingPlainly {
            let steps = try await Upkeep.migrate(try AppConfiguration(try await database.reader()))
            Terminal.line(
                steps.isEmpty
                    ? "the schema is up to date" : "applied: \(steps.map(String.init).joined(separator: ", "))")
        }
    }
}
