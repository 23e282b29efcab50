import ArgumentParser
import Glibc

/// `tiffin bench …`: runs a workload file against the part of the engine that dispatch really uses.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure a part of the engine.", subcommands: [BenchGeo.self])
}

/// `tiffin bench geo FILE`: one `geo-result/1` line on standard output.
struct BenchGeo: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "geo", abstract: "Run a geo-workload/1 file against the live index and print one line of JSON.")

    @Argument(help: "The workload file.")
    var file: String

    func run() throws {
        let digests = getenv("GEO_DIGESTS").map { String(cString: $0) }
        try GeoBench.write(line: GeoBench.run(path: file, digests: digests))
    }
}
