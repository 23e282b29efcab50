import ArgumentParser
import DriverClient
import Foundation

/// `tiffin conformance`: the integration checklist against any server, with an exit code for scripts.
struct ConformanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conformance",
        abstract: "Test any server against the drivers' checklist and the security list.",
        discussion: """
            Prints PASS, FAIL or SKIP for each line; the exit code is 1 when a line fails and 64 when a flag is missing.
            Needs an admin and two drivers; --ready-file takes them from a file that demo or serve --dev wrote.
            The orders it makes are cancelled at the end. The second driver has used up his connections for a minute.
            """)

    @Option(help: "Where the server listens: http://127.0.0.1:8000 or https://…")
    var url: String?

    @Option(help: "An admin as email:password.")
    var admin: String?

    @Option(help: "A driver as identity:password; give it twice.")
    var driver: [String] = []

    @Option(help: "Take URL, admin and the first two drivers from this file; flags win.")
    var readyFile: String?

    @Option(help: "PostgreSQL URL to look up saved positions in; otherwise the server's REST is asked.")
    var database: String?

    @Option(help: "PEM file of the authorities to trust instead of the system's.")
    var ca: String?

    @Option(help: "The server's log file, to look for connection events and tokens in.")
    var log: String?

    @Option(help: "Seconds to wait at most for the idle timeout (300 by default on a server).")
    var idleWait: Int = 0

    func run() async throws {
        let plan = try plan()
        let report = try await ConformanceRun.run(plan) { line, verdict in
            Terminal.line("\(verdict.word)  \(line.rawValue)\(verdict.detail.isEmpty ? "" : ": \(verdict.detail)")")
        }
        Terminal.line(report.summary)
        if !report.isConforming { throw ExitCode(1) }
    }

    private func plan() throws -> ConformancePlan {
        let ready = try readyFile.map { try ReadyFile(path: $0) }
        guard let address = (url ?? ready?.url).flatMap({ ServerAddress($0) }) else {
            throw ValidationError("--url must be http:// or https:// with a host (or give --ready-file)")
        }
        guard let admin = try admin.map({ try Self.credentials($0, flag: "--admin") }) ?? ready?.admin else {
            throw ValidationError("--admin email:password is needed (or --ready-file)")
        }
        var drivers = try driver.map { try Self.credentials($0, flag: "--driver") }
        drivers += (ready?.drivers ?? []).map(\.credentials).filter { !drivers.contains($0) }
        guard drivers.count >= 2 else {
            throw ValidationError("two drivers are needed: --driver identity:password twice (or --ready-file)")
        }
        var patience = Patience()
        patience.idle = .seconds(idleWait)
        return ConformancePlan(
            address: address, trust: ca.map { .file($0) } ?? .system, admin: admin, drivers: (drivers[0], drivers[1]),
            database: database, log: log, patience: patience)
    }

    private static func credentials(_ text: String, flag: String) throws -> Credentials {
        guard let credentials = Credentials(text) else { throw ValidationError("\(flag) must be identity:password") }
        return credentials
    }
}
