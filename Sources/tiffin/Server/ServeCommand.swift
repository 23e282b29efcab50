import App
import ArgumentParser
import Foundation
import Logging

/// `tiffin serve`: the server.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the server.",
        discussion: """
            Every setting can be given as a flag (--http-port 8000), in the environment (TIFFIN_HTTP_PORT) or in a YAML
            file (--config FILE); `tiffin config show` lists them all.
            Needs DATABASE_URL and TIFFIN_AUTH_SECRET, or --dev for a private database on this machine.
            """)

    @Flag(help: "Private PostgreSQL, made-up accounts, loopback only: for trying, never for a company.")
    var dev = false

    @Option(help: "With --dev: how many drivers there are.")
    var drivers = 10

    @Option(help: "With --dev: folder of the private database.")
    var dataDir: String?

    @Option(help: "With --dev: write addresses and accounts here when ready (JSON).")
    var readyFile: String?

    @Option(help: "YAML file with settings.")
    var config: String?

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var settings: [String] = []

    func run() async throws {
        Upkeep.raiseOpenFileLimit()
        try await speakingPlainly {
            if dev { try await runTrial() } else { try await runServer() }
        }
    }

    private func runServer() async throws {
        let environment = ProcessInfo.processInfo.environment
        let reader = try await SettingsReader(arguments: settings, environment: environment, file: config)
        let configuration = try AppConfiguration(reader)
        let metrics = PrometheusFactory()
        let log = try LogOutput.start(
            level: configuration.logLevel, format: configuration.logFormat, metrics: metrics)
        var options = Server.Options()
        options.metrics = metrics
        let host = configuration.http.host
        options.onReady = { port in log.info("ready", metadata: ["host": "\(host)", "port": "\(port)"]) }
        let server = try await Server(configuration, options: options, log: log)
        if let email = environment["TIFFIN_ADMIN_EMAIL"], let password = environment["TIFFIN_ADMIN_PASSWORD"],
            try await server.accounts.createFirstAdmin(email: email, password: password)
        {
            log.info("first admin made from the environment")
        }
        try await server.run()
    }

    private func runTrial() async throws {
        let metrics = PrometheusFactory()
        let quick = try await TrialLogging.start(settings, file: config, metrics: metrics)
        var options = Server.Options()
        options.metrics = metrics
        let board = TrialBoard(readyFile: readyFile)
        options.onReady = { port in await board.ready(port: port) }
        let contents = DemoScript.contents(
            DemoScript.Plan(seed: 42, drivers: max(drivers, 1) - 1, ordersPerMinute: 0, pace: 1, hasPhones: false))
        Terminal.line("  trial      private PostgreSQL and made-up accounts: not for a company's data")
        let trial = try await Trial.prepared(
            folder: dataDir ?? TrialFolder.standard, arguments: settings,
            environment: ProcessInfo.processInfo.environment, file: config, contents: contents, options: options,
            log: quick)
        board.hold(trial)
        try await trial.run()
    }
}

/// Log output of a trial: as the settings say, warnings only unless they say otherwise.
enum TrialLogging {
    static func start(_ arguments: [String], file: String?, metrics: PrometheusFactory) async throws -> Logger {
        let reader = try await SettingsReader(
            arguments: arguments, environment: ProcessInfo.processInfo.environment, file: file)
        func value(_ key: String) throws -> String? {
            guard let setting = Setting.all.first(where: { $0.key == key }) else { return nil }
            return try reader.resolve(setting).value
        }
        return try LogOutput.start(
            level: try value("log.level") ?? "info", format: try value("log.format") ?? "auto", metrics: metrics)
    }
}
