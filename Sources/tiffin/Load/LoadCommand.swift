import ArgumentParser
import DriverClient
import Foundation
import Glibc

/// `tiffin load`: real sockets against a running server, percentiles at the end, thresholds in the exit code.
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Put a server under the load of many drivers and measure.",
        discussion: """
            Point it only at a server of your own. Tokens come from a file of driver_id<TAB>access_token lines
            (tiffin token issue --tsv), or the drivers of the ready file are logged in one by one.
            Exit code 1 when a threshold is not kept.
            """)

    @Option(help: "Where the server listens; the ready file's URL by default.")
    var url: String?

    @Option(help: "File that demo or serve --dev wrote.")
    var readyFile: String?

    @Option(help: "File of driver_id<TAB>access_token lines.")
    var tokens: String?

    @Option(help: "An admin as email:password, for --orders-per-minute; the ready file's by default.")
    var admin: String?

    @Option(help: "How many drivers connect.")
    var drivers: Int = 100

    @Option(name: .customLong("for"), help: "Seconds at full load.")
    var seconds: Double = 60

    @Option(help: "Seconds over which the connections are opened.")
    var ramp: Double = 5

    @Option(help: "Seconds between two positions of a driver.")
    var locationEvery: Double = 10

    @Option(help: "Seconds between two pings of a driver.")
    var pingEvery: Double = 30

    @Option(help: "Orders that an admin makes and assigns per minute.")
    var ordersPerMinute: Int = 0

    @Option(help: "Phones that lose their network per minute; each comes back after a second.")
    var reconnectsPerMinute: Int = 0

    @Option(help: "PEM file of the authorities to trust instead of the system's.")
    var ca: String?

    @Option(help: "Threads of the clients.")
    var threads: Int = 1

    @Option(help: "Seed for the choice of drivers.")
    var seed: UInt64 = 1

    @Option(help: "Threshold: connecting, 99th percentile in milliseconds.")
    var maxConnect: Double?

    @Option(help: "Threshold: ping to pong, 99th percentile in milliseconds.")
    var maxPong: Double?

    @Option(help: "Threshold: assignment sent to order_assigned received, 99th percentile in milliseconds.")
    var maxPush: Double?

    @Option(help: "Threshold: lost connections, errors and events that never came.")
    var maxFailures: Int = 0

    func validate() throws {
        guard drivers > 0, seconds > 0, ramp >= 0, locationEvery >= 0.01, pingEvery >= 0.01, threads > 0 else {
            throw ValidationError("counts and times must be positive, intervals at least 0.01 s")
        }
        guard tokens != nil || readyFile != nil else { throw ValidationError("--tokens or --ready-file is needed") }
    }

    func run() async throws {
        Self.raiseFileLimit(to: drivers + 256)
        let plan = try await plan()
        let thresholds = LoadThresholds(connect: maxConnect, pong: maxPong, push: maxPush, failures: maxFailures)
        Terminal.line("\(plan.drivers.count) drivers, \(seconds) s, \(plan.address)")
        let summary = try await LoadRun.run(plan) { Terminal.line("  \($0)") }
        for line in summary.lines(over: seconds) { Terminal.line(line) }
        let broken = thresholds.broken(by: summary)
        for sentence in broken { Terminal.line("THRESHOLD  \(sentence)") }
        if !broken.isEmpty { throw ExitCode(1) }
        Terminal.line("thresholds kept")
    }

    private func plan() async throws -> LoadPlan {
        let ready = try readyFile.map { try ReadyFile(path: $0) }
        guard let address = (url ?? ready?.url).flatMap({ ServerAddress($0) }) else {
            throw ValidationError("--url must be http:// or https:// with a host (or give --ready-file)")
        }
        let trust = ca.map { Trust.file($0) } ?? .system
        let client = try WireClient(address, trust: trust)
        let signedIn: [LoadDriver]
        var adminToken: String?
        do {
            signedIn = try await loadDrivers(ready, client)
            let credentials = admin.flatMap { Credentials($0) } ?? ready?.admin
            if ordersPerMinute > 0, let credentials {
                adminToken = try await client.signIn(admin: credentials).accessToken
            }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
        if ordersPerMinute > 0, adminToken == nil {
            throw ValidationError("--orders-per-minute needs --admin email:password (or --ready-file)")
        }
        var plan = LoadPlan(
            address: address, trust: trust, drivers: signedIn, ramp: .seconds(ramp), duration: .seconds(seconds),
            locationEvery: .seconds(locationEvery), pingEvery: .seconds(pingEvery), ordersPerMinute: ordersPerMinute,
            adminToken: adminToken, threads: threads, seed: seed)
        plan.reconnectsPerMinute = reconnectsPerMinute
        return plan
    }

    private func loadDrivers(_ ready: ReadyFile?, _ client: WireClient) async throws -> [LoadDriver] {
        var found: [LoadDriver] = []
        if let tokens {
            guard let data = FileManager.default.contents(atPath: tokens) else {
                throw ValidationError("cannot read \(tokens)")
            }
            for line in String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).prefix(drivers) {
                let parts = line.split(separator: "\t")
                guard parts.count == 2, let id = Int64(parts[0]) else {
                    throw ValidationError("\(tokens) must have lines of driver_id<TAB>access_token")
                }
                found.append(LoadDriver(id: id, token: String(parts[1])))
            }
        } else {
            for driver in (ready?.drivers ?? []).prefix(drivers) {
                let signedIn = try await client.signIn(driver: driver.credentials)
                found.append(LoadDriver(id: driver.id, token: signedIn.accessToken))
            }
        }
        guard found.count == drivers else {
            throw ValidationError("\(drivers) drivers wanted, the file has \(found.count)")
        }
        return found
    }

    /// Sockets are files: raises this process's soft limit as far as the hard one allows.
    private static func raiseFileLimit(to wanted: Int) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else {
            return
        }
        limit.rlim_cur = min(limit.rlim_max, rlim_t(wanted))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
