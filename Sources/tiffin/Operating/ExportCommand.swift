import ArgumentParser
import Contract
import DriverClient
import Foundation

/// `tiffin export`: the zones of a running server.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a server's zones as GeoJSON; `tiffin import` takes it back.")

    @OptionGroup var server: ServerOptions

    @Option(name: .shortAndLong, help: "Write to this file instead of the terminal.")
    var output: String?

    func run() async throws {
        try await speakingPlainly {
            let zones = try await server.get("/api/v1/zones", accepting: "application/geo+json")
            var writer = JSONWriter()
            writer.value(zones)
            guard let output else {
                Terminal.line(String(decoding: writer.bytes, as: UTF8.self))
                return
            }
            guard FileManager.default.createFile(atPath: output, contents: Data(writer.bytes)) else {
                throw ValidationError("\(output) cannot be written")
            }
            Terminal.line("\(zones["features"]?.elements?.count ?? 0) zones in \(output)")
        }
    }
}
