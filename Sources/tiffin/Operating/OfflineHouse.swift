import App
import ArgumentParser
import Foundation
import Logging

/// What commands that work on the database without a server need: the settings, and the accounts behind them.
struct DatabaseOptions: ParsableArguments {
    @Option(help: "Take the database from this ready file of demo or serve --dev.")
    var readyFile: String?

    @Option(help: "With a private database: its folder, to read the key of the tokens from.")
    var dataDir: String?

    @Option(help: "YAML file with settings.")
    var config: String?

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var settings: [String] = []

    /// The server's settings; with a ready file those of the trial.
    func reader() async throws -> SettingsReader {
        var defaults: [String: String] = [:]
        var environment = ProcessInfo.processInfo.environment
        if let readyFile {
            let ready = try ReadyFile(path: readyFile)
            guard let url = ready.databaseURL else { throw ConfigurationError("\(readyFile) names no database") }
            let folder = try TrialFolder(path: dataDir ?? TrialFolder.around(databaseURL: url))
            defaults = folder.defaults(databaseURL: url)
            environment["DATABASE_URL"] = nil
        }
        return try await SettingsReader(arguments: settings, environment: environment, file: config, defaults: defaults)
    }
}
