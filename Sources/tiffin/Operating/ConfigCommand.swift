import App
import ArgumentParser
import Foundation

/// `tiffin config`: what is set, and where from.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show or check the settings.",
        subcommands: [Show.self, Check.self, Docs.self],
        defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every value with its source; secrets are hidden.")

        @Option(help: "YAML file with settings.")
        var config: String?

        @Argument(parsing: .allUnrecognized, help: .hidden)
        var settings: [String] = []

        func run() async throws {
            try await speakingPlainly {
                let reader = try await SettingsReader(
                    arguments: settings, environment: ProcessInfo.processInfo.environment, file: config)
                let width = Setting.all.map(\.key.count).max() ?? 0
                for setting in Setting.all {
                    let resolved = try reader.resolve(setting)
                    let value =
                        resolved.value.map { setting.isSecret ? "(hidden)" : $0.isEmpty ? "(none)" : $0 } ?? "(none)"
                    let key = setting.key.padding(toLength: width, withPad: " ", startingAt: 0)
                    let source = resolved.source.padding(toLength: 11, withPad: " ", startingAt: 0)
                    Terminal.line("\(key)  \(source)  \(value)\(setting.unit.isEmpty ? "" : " \(setting.unit)")")
                }
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read everything as serve would, and say what is wrong.")

        @Option(help: "YAML file with settings.")
        var config: String?

        @Argument(parsing: .allUnrecognized, help: .hidden)
        var settings: [String] = []

        func run() async throws {
            try await speakingPlainly {
                let reader = try await SettingsReader(
                    arguments: settings, environment: ProcessInfo.processInfo.environment, file: config)
                _ = try AppConfiguration(reader)
                Terminal.line("the settings are sound")
            }
        }
    }

    struct Docs: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The table of all settings, as Markdown.")

        func run() throws {
            Terminal.line("| key | flag | environment | default | meaning |\n|---|---|---|---|---|")
            for setting in Setting.all {
                let standard = setting.standard.map { $0.isEmpty ? "none" : "\($0) \(setting.unit)" } ?? "none"
                Terminal.line(
                    "| `\(setting.key)` | `\(setting.flag)` | `\(setting.environment)` | \(standard) | \(setting.summary) |"
                )
            }
        }
    }
}
