import ArgumentParser
import Contract
import DriverClient
import Foundation
import Geo

/// `tiffin import FILE.geojson`: the zones of a running server.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Replace a server's zones by those of a GeoJSON file, or only check the file.",
        discussion: """
            Each feature needs properties.name; properties.travel_factor says how much longer ways take there. A file \
            that is refused leaves the zones as they were.
            """)

    @OptionGroup var server: ServerOptions

    @Argument(help: "A GeoJSON feature collection of polygons, or a single feature.")
    var file: String

    @Flag(help: "Repair borders that cross themselves instead of refusing them.")
    var repair = false

    @Flag(help: "Take all zones away where the file's collection is empty.")
    var clear = false

    @Flag(help: "Only say what is wrong with the file; no server is asked.")
    var check = false

    func run() async throws {
        try await speakingPlainly {
            guard let contents = FileManager.default.contents(atPath: file) else {
                throw ValidationError("\(file) cannot be read")
            }
            let zones = ZoneFile(Array(contents), repairing: repair, clearing: clear)
            if check {
                for verdict in zones.verdicts { Terminal.line(verdict.line) }
                if !zones.isAcceptable { throw ExitCode(1) }
                return
            }
            for verdict in zones.verdicts where !verdict.isSound || verdict.isDoubtful {
                Terminal.complain("  \(verdict.line)")
            }
            guard zones.isAcceptable else {
                Terminal.complain("tiffin: the zones stay as they were: \(file) was not sent")
                throw ExitCode(1)
            }
            try await send(zones)
        }
    }

    private func send(_ zones: ZoneFile) async throws {
        let answer = try await server.call(
            .put, "/api/v1/zones?repair=\(repair)&clear=\(clear)", body: Array(zones.normalised.utf8))
        guard (200..<300).contains(answer.status) else {
            Terminal.complain("tiffin: the zones stay as they were: \(answer.detail)")
            for error in answer.json["errors"]?.elements ?? [] {
                Terminal.complain("  \(error["field"]?.text ?? ""): \(error["message"]?.text ?? "")")
            }
            throw ExitCode(1)
        }
        for feature in answer.json["features"]?.elements ?? [] {
            let properties = feature["properties"]
            let reason = properties?["repaired_because"]?.text.map { "\trepaired: \($0)" } ?? ""
            Terminal.line("\(feature["id"]?.int64 ?? 0)\t\(properties?["name"]?.text ?? "")\(reason)")
        }
    }
}
