import App
import ArgumentParser
import Foundation
import Geo
import Postgres

/// `tiffin doctor`: is everything there that a server needs?
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check what a server needs on this machine.")

    @OptionGroup var database: DatabaseOptions

    @Option(help: "How many drivers are expected, to judge the limit of open files.")
    var drivers = 1000

    func run() async throws {
        var isWell = true
        func tell(_ good: Bool, _ what: String, _ detail: String) {
            Terminal.line("\(good ? "ok  " : "FAIL")  \(what)  \(detail)")
            if !good { isWell = false }
        }
        do {
            let configuration = try AppConfiguration(try await database.reader())
            tell(true, "settings   ", "read")
            let key = configuration.secret.map { $0.utf8.count } ?? 0
            tell(key >= 32, "auth.secret", key == 0 ? "is not set: TIFFIN_AUTH_SECRET needs 32 bytes" : "\(key) bytes")
            let answer = await Upkeep.databaseHealth(configuration)
            tell(answer.isGood, "database   ", answer.sentence)
            if let routing = await Upkeep.routingHealth(configuration) {
                tell(routing.isGood, "OSRM       ", routing.sentence)
            }
            if let file = configuration.http.certificate {
                tell(FileManager.default.isReadableFile(atPath: file), "certificate", file)
            }
        } catch {
            tell(false, "settings   ", "\(error)")
        }
        let installation = Upkeep.installedPostgres()
        tell(
            installation != nil, "PostgreSQL ",
            installation ?? "not installed here: apt-get install postgresql (for --dev and demo)")
        let files = Upkeep.openFileLimit()
        tell(
            files >= drivers + 200, "open files ",
            "\(files) allowed, \(drivers + 200) wanted for \(drivers) drivers (ulimit -n)")
        if !isWell { throw ExitCode(1) }
    }
}
