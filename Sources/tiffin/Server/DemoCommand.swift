import App
import ArgumentParser
import Foundation
import Fulfilment
import ServiceLifecycle

/// `tiffin demo`: a running city after one command.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Run a simulated city on a private database: drivers, orders, batches.",
        discussion:
            "Sockets, idle limits and tokens run on the wall clock; --speed hurries driving, cooking and ordering.")

    @Option(help: "Port of REST and WebSocket, whatever the environment or the file says (8000).")
    var port: Int?

    @Option(help: "Folder of the private database.")
    var dataDir: String?

    @Option(help: "The same seed gives the same city and the same orders.")
    var seed: UInt64 = 42

    @Option(help: "Simulated drivers. One more, the first, has no phone: be that driver yourself.")
    var drivers = 14

    @Option(help: "Orders in one minute of the city's time.")
    var ordersPerMinute = 4.0

    @Option(help: "How much faster than life the city runs, 1 to 10.")
    var speed = 8.0

    @Option(name: .customLong("for"), help: "Stop by itself after so many seconds.")
    var duration: Int?

    @Flag(help: "No simulated phones: the drivers are yours.")
    var noDrivers = false

    @Option(help: "Write addresses and accounts here when ready (JSON).")
    var readyFile: String?

    @Option(help: "YAML file with settings.")
    var config: String?

    @Argument(parsing: .allUnrecognized, help: .hidden)
    var settings: [String] = []

    func validate() throws {
        guard (1...10).contains(speed) else { throw ValidationError("--speed must be from 1 to 10") }
        guard (0...5000).contains(drivers) else { throw ValidationError("--drivers must be from 0 to 5000") }
        guard (0.01...10_000).contains(ordersPerMinute) else {
            throw ValidationError("--orders-per-minute must be from 0.01 to 10000")
        }
        guard (0...65535).contains(port ?? 0) else { throw ValidationError("--port must be from 0 to 65535") }
    }

    func run() async throws {
        try await speakingPlainly { try await runCity() }
    }

    private func runCity() async throws {
        let metrics = PrometheusFactory()
        let quiet =
            settings.contains { $0.hasPrefix("--log-level") } ? settings : settings + ["--log-level", "warning"]
        let log = try await TrialLogging.start(quiet, file: config, metrics: metrics)
        let plan = DemoScript.Plan(
            seed: seed, drivers: drivers, ordersPerMinute: ordersPerMinute, pace: speed, hasPhones: !noDrivers)
        let gate = ReadyGate()
        let board = TrialBoard(readyFile: readyFile, gate: gate)
        let figures = FigureBoard()
        let ticker = DemoTicker(figures)
        var options = Server.Options()
        options.metrics = metrics
        options.pace = speed
        options.onTick = { ticker.show($0) }
        options.onReady = { port in await board.ready(port: port) }
        Terminal.line(
            "  city       Meridian, 4 zones, \(DemoScript.restaurants) restaurants, \(drivers) drivers, seed \(seed), speed \(speed)x"
        )
        let trial = try await Trial.prepared(
            folder: dataDir ?? TrialFolder.standard,
            arguments: settings + (port.map { ["--http-port", "\($0)"] } ?? []),
            environment: ProcessInfo.processInfo.environment, file: config, contents: DemoScript.contents(plan),
            options: options, log: log,
            extraDefaults: ["dispatch.tick": "4", "dispatch.maxHold": "8"])
        Terminal.line("  database   \(trial.databaseURL)")
        board.hold(trial)
        let script = DemoScript(plan, trial: trial, ready: gate, figures: figures, log: log)
        let watch = Stopwatch()
        var companions: [any Service] = [script]
        if let duration { companions.append(EndAfter(seconds: duration)) }
        try await trial.run(with: companions)
        ticker.summarise(seconds: watch.seconds)
    }
}

/// Ends the program after a time.
struct EndAfter: Service {
    let seconds: Int

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            try await Task.sleep(for: .seconds(seconds))
        }
    }
}
