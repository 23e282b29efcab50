import App
import ArgumentParser
import DispatchCore
import Fulfilment

/// `tiffin token`: access tokens without a log-in, and why a token is refused.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Issue or check access tokens.", subcommands: [Issue.self, Check.self])

    struct Issue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print a token as a log-in would give it.")

        @OptionGroup var database: DatabaseOptions

        @Option(help: "Number of a driver.")
        var driver: Int64?

        @Option(help: "Number of an admin.")
        var admin: Int64?

        @Option(help: "Tokens for the first N drivers.")
        var drivers: Int?

        @Flag(help: "Lines of driver_id<TAB>access_token.")
        var tsv = false

        func run() async throws {
            try await speakingPlainly {
                let configuration = try AppConfiguration(try await database.reader())
                try await Upkeep.withAccounts(configuration) { accounts in
                    var principals: [Principal] = []
                    if let driver { principals.append(.driver(DriverID(driver))) }
                    if let admin { principals.append(.admin(AdminID(admin))) }
                    if let drivers { principals += try await accounts.firstDrivers(drivers).map { .driver($0) } }
                    guard !principals.isEmpty else {
                        throw ConfigurationError("whose token? give --driver N, --admin N or --drivers COUNT")
                    }
                    for principal in principals {
                        guard let token = try await accounts.token(for: principal) else {
                            throw ConfigurationError("there is no such account: \(principal)")
                        }
                        if tsv, case .driver(let id) = principal {
                            Terminal.line("\(id)\t\(token)")
                        } else {
                            Terminal.line(token)
                        }
                    }
                }
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whom a token speaks for, or why it is refused.",
            discussion: "Settings as flags (--auth-secret KEY) stand behind the token.")

        @Argument(help: "The token, or - to read it from standard input.")
        var token: String

        @OptionGroup var database: DatabaseOptions

        func run() async throws {
            try await speakingPlainly {
                let configuration = try AppConfiguration(try await database.reader())
                let text = token == "-" ? (readLine() ?? "") : token
                let verdict = try await Upkeep.check(token: text, configuration)
                Terminal.line(verdict.sentence)
                if !verdict.isGood { throw ExitCode(1) }
            }
        }
    }
}
