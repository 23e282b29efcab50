import App
import ArgumentParser
import DispatchCore
import Fulfilment

/// `tiffin user`: accounts from the command line.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Make accounts and set passwords.", subcommands: [Add.self, Password.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an admin or a driver.")

        @OptionGroup var database: DatabaseOptions

        @Flag(help: "An admin; otherwise a driver.")
        var admin = false

        @Option(help: "E-mail; an admin needs one.")
        var email: String?

        @Option(help: "Phone; a driver needs one.")
        var phone: String?

        @Option(help: "Name.")
        var name: String

        @Option(help: "Password; without it one is made and printed.")
        var password: String?

        func run() async throws {
            try await speakingPlainly {
                let configuration = try AppConfiguration(try await database.reader())
                let secret = password ?? RealWorld.password()
                try await Upkeep.withAccounts(configuration) { accounts in
                    if admin {
                        guard let email else { throw ConfigurationError("an admin needs --email") }
                        try await accounts.createAdmin(email: email, fullName: name, password: secret)
                        Terminal.line("admin \(email) made\(password == nil ? ", password \(secret)" : "")")
                    } else {
                        guard let phone else { throw ConfigurationError("a driver needs --phone") }
                        let account = try await accounts.createDriver(
                            name: name, phone: phone, email: email, password: secret)
                        Terminal.line("driver \(account.id) made\(password == nil ? ", password \(secret)" : "")")
                    }
                }
            }
        }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "passwd", abstract: "Set a password; tokens of before are dead.",
            discussion: "Settings as flags (--database-url URL) stand behind the account.")

        @Argument(help: "E-mail or phone.")
        var identity: String

        @OptionGroup var database: DatabaseOptions

        @Option(help: "The new password; without it one is made and printed.")
        var password: String?

        func run() async throws {
            try await speakingPlainly {
                let configuration = try AppConfiguration(try await database.reader())
                let secret = password ?? RealWorld.password()
                try await Upkeep.withAccounts(configuration) { accounts in
                    guard try await accounts.setPassword(secret, identity: identity) else {
                        throw ConfigurationError("there is no account \(identity)")
                    }
                    Terminal.line(
                        password == nil ? "password of \(identity): \(secret)" : "password of \(identity) set")
                }
            }
        }
    }
}
