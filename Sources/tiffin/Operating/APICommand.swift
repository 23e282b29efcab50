import ArgumentParser
import Contract

/// `tiffin api`: the wire, for those who write clients.
struct APICommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api", abstract: "Describe the wire to those who write clients.", subcommands: [Types.self])

    enum Language: String, ExpressibleByArgument, CaseIterable {
        case typeScript = "ts"
    }

    struct Types: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the types of every message and body, made from the server's own definitions.")

        @Option(help: "The language: ts.")
        var lang = Language.typeScript

        func run() {
            switch lang {
            case .typeScript: Terminal.line(WireTypes.typeScript())
            }
        }
    }
}
