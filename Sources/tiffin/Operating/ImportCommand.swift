import ArgumentParser
import Contract
import DriverClient
import Foundation
import Geo

/// `tiffin import FILE.geojson`: the zones of a running server.
struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Replace a server's zones by those of a GeoJSON file, or only check the file.",
        discussion: "Each feature needs properties.name. A file that is refused leaves the zones as they were.")

    @OptionGroup var server: ServerOptions

    @Argument(help: "A GeoJSON feature collection of polygons.")
    var file: String

    @Flag(help: "Repair borders that cross themselves instead of refusing them.")
    var repair = false

    @Flag(help: "Only say what is wrong with the file; no server is asked.")
    var check = false

    func run() async throws {
        try await speakingPlainly {
            guard let contents = FileManager.default.contents(atPath: file) else {
                throw ValidationError("\(file) cannot be read")
            }
            let verdicts = ZoneVerdict.judge(Array(contents))
            if check {
                for verdict in verdicts { Terminal.line(verdict.line) }
                if verdicts.contains(where: { !$0.isSound && !(repair && $0.isRepairable) }) { throw ExitCode(1) }
                return
            }
            let answer = try await server.call(
                .put, "/api/v1/zones\(repair ? "?repair=true" : "")", body: Array(contents))
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
}

/// What is to be said about one zone of a file.
struct ZoneVerdict {
    let line: String
    let isSound: Bool
    let isRepairable: Bool

    /// One verdict for each zone; a file that is no GeoJSON gets a single one.
    static func judge(_ contents: [UInt8]) -> [ZoneVerdict] {
        do {
            return try GeoJSON.zones(from: contents).enumerated().map { number, feature in
                judge(feature.shape, "\(feature.name ?? "feature \(number)")")
            }
        } catch {
            return [ZoneVerdict(line: "\(error)", isSound: false, isRepairable: false)]
        }
    }

    private static func judge(_ shape: ZoneShape, _ name: String) -> ZoneVerdict {
        do {
            guard let reason = try shape.checked(repair: true).repairedBecause else {
                return ZoneVerdict(line: "\(name)\tsound", isSound: true, isRepairable: true)
            }
            return ZoneVerdict(line: "\(name)\t\(reason); can be repaired", isSound: false, isRepairable: true)
        } catch {
            return ZoneVerdict(line: "\(name)\t\(error)", isSound: false, isRepairable: false)
        }
    }
}
