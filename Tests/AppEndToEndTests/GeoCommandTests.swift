import Contract
import DriverClient
import Foundation
import TestSupport
import Testing

/// The commands about places, as a user calls them.
@Suite struct GeoCommandTests {
    private static func file(_ bytes: [UInt8], _ body: (String) async throws -> Void) async throws {
        let path = "/tmp/tiffin-geo-\(getpid())-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes)))
        try await body(path)
    }

    private static func feature(_ name: String?, _ ring: String) -> String {
        let properties = name.map { #"{"name":"\#($0)"}"# } ?? "null"
        return #"{"type":"Feature","properties":\#(properties),"geometry":{"type":"Polygon","coordinates":[\#(ring)]}}"#
    }

    private static func collection(_ features: String...) -> String {
        #"{"type":"FeatureCollection","features":[\#(features.joined(separator: ","))]}"#
    }

    private static let square = "[[77.5,12.9],[77.7,12.9],[77.7,13.1],[77.5,13.1],[77.5,12.9]]"
    private static let swapped = "[[12.9,77.5],[12.9,77.7],[13.1,77.7],[13.1,77.5],[12.9,77.5]]"
    private static let bowTie = "[[77,12],[79,14],[79,12],[77,14],[77,12]]"

    // MARK: bench geo

    private static let committed = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Workloads/small.geowork").path

    @Test func theBenchmarkGivesTheAnswersThatLookingAtEverybodyGives() async throws {
        let known = GeoWorkloadBytes()
        #expect(FileManager.default.contents(atPath: Self.committed).map(Array.init) == known.bytes)
        let ended = try await Program.run(["bench", "geo", Self.committed], [:])
        #expect(ended.status == 0, "\(ended.errors)")
        let line = try JSON(parsing: ended.output)
        #expect(line["format"]?.text == "geo-result/1" && line["workload"]?.text == "end-to-end")
        #expect(line["checksum"]?.text == known.queries && line["sample_checksum"]?.text == known.queries)
        #expect(line["polygon_checksum"]?.text == known.polygons)
        #expect(ended.output.split(separator: "\n").count == 1)
    }

    /// A byte, the version, the start and the number of drivers, the number of ticks, moves of the first tick, the
    /// largest k.
    @Test(arguments: [nil, 8, 12, 16, 20, 96 + 60 * 32 + 4, 72] as [Int?])
    func aDamagedWorkloadIsRefusedInWords(offset: Int?) async throws {
        let sound = GeoWorkloadBytes().bytes
        var bytes = offset.map { GeoWorkloadBytes.damaged(sound, at: $0, to: 0xFFFF_FFF0) } ?? sound
        if offset == nil { bytes[200] ^= 1 }
        try await Self.file(bytes) { path in
            let ended = try await Program.run(["bench", "geo", path], [:])
            #expect(ended.status.map { $0 != 0 && $0 < 100 } == true, "\(ended.status ?? -1)")
            #expect(ended.output.isEmpty && ended.errors.hasPrefix("Error: "), "\(ended.errors)")
        }
    }

    // MARK: import --check

    @Test func aFileIsJudgedWithoutAServer() async throws {
        func check(_ text: String, _ flags: String...) async throws -> (status: Int32?, said: String) {
            var result: (Int32?, String) = (nil, "")
            try await Self.file(Array(text.utf8)) { path in
                let ended = try await Program.run(["import", path, "--check"] + flags, [:])
                result = (ended.status, ended.output + ended.errors)
            }
            return result
        }
        let good = try await check("\u{FEFF}" + Self.feature("centre", Self.square))
        #expect(good.status == 0 && good.said == "centre\tsound\n")
        let doubtful = try await check(Self.feature("centre", Self.swapped))
        #expect(doubtful.status == 0 && doubtful.said.contains("warning"))
        let twice = try await check(
            Self.collection(Self.feature("a", Self.square), Self.feature("a", Self.square)))
        #expect(twice.status == 1 && twice.said.contains("feature 1") && twice.said.contains("another zone"))
        let nameless = try await check(#"{"type":"Polygon","coordinates":[\#(Self.square)]}"#)
        #expect(nameless.status == 1 && nameless.said.contains("properties.name"))
        let open = try await check(Self.feature("a", "[[77,12],[78,12],[78,13],[77,13]]"))
        #expect(open.status == 1 && open.said.contains("not closed"))
        let crossed = try await check(Self.feature("a", Self.bowTie))
        #expect(crossed.status == 1 && crossed.said.contains("--repair"))
        #expect(try await check(Self.feature("a", Self.bowTie), "--repair").status == 0)
        let empty = try await check(Self.collection())
        #expect(empty.status == 1 && empty.said.contains("--clear"))
        #expect(try await check(Self.collection(), "--clear").status == 0)
        #expect(try await check("{").status == 1)
    }

    // MARK: Against a server

    @Test func zonesAreImportedAndWhatIsRefusedLeavesThemAsTheyWere() async throws {
        try await RunningServer.with(drivers: 0) { server in
            func call(_ command: String, _ text: String, _ flags: String...) async throws -> Program.Ended {
                var result: Program.Ended?
                try await Self.file(Array(text.utf8)) { path in
                    result = try await Program.run([command, path] + server.asAdmin + flags, [:])
                }
                return try #require(result)
            }
            let place = #"{"name":"R","address":"a","latitude":12.97,"longitude":77.59}"#
            #expect(try await server.post("restaurants", as: server.admin, place).status == 201)
            // Nothing lies at 13 degrees east, and the one restaurant would lie inside the other way round.
            let wrong = try await call("import", Self.feature("centre", Self.swapped))
            #expect(wrong.status == 1 && wrong.errors.contains("exchanged"), "\(wrong.errors)")
            let right = try await call("import", Self.feature("centre", Self.square))
            #expect(right.status == 0 && right.output.hasSuffix("centre\n"), "\(right.errors)")
            let again = try await call("import", Self.feature("centre", Self.swapped))
            #expect(again.status == 1 && again.errors.contains("longitude first"))
            for text in [Self.collection(), Self.feature(nil, Self.square), Self.feature("b", Self.bowTie)] {
                let refused = try await call("import", text)
                #expect(refused.status == 1 && refused.errors.contains("not sent"), "\(refused.errors)")
            }
            let kept = try await server.get("zones", as: server.admin).json["features"]?.elements ?? []
            #expect(kept.map { $0["properties"]?["name"]?.text } == ["centre"])
            #expect(try await call("import", Self.collection(), "--clear").status == 0)
            #expect(try await server.get("zones", as: server.admin).json["features"]?.elements?.isEmpty == true)
        }
    }

    @Test func driversNearAPlaceAreFoundHoweverThePlaceIsTyped() async throws {
        try await RunningServer.with(drivers: 1) { server in
            let phone = try await server.phone(server.drivers[0])
            phone.send("location_update", #"{"latitude":-33.87,"longitude":151.21}"#)
            try await eventually(within: .seconds(10)) {
                try await server.get("drivers/near?lat=-33.87&lon=151.21", as: server.admin).json.elements?.count == 1
            }
            for words in [["-33.87,151.21"], ["-33.87, 151.21"], ["-33.87,", "151.21"]] {
                let ended = try await Program.run(["drivers", "near"] + words + server.asAdmin, [:])
                #expect(ended.status == 0 && ended.output.hasPrefix("\(server.drivers[0].id)\t"), "\(ended.errors)")
                #expect(ended.output.contains("(estimate)"))
            }
            let limited = try await Program.run(
                ["drivers", "near", "--limit", "1", "-33.87,151.21"] + server.asAdmin + ["--radius", "2"], [:])
            #expect(limited.status == 0 && !limited.output.isEmpty, "\(limited.errors)")
            for words in [["12.9,77.6,junk"], ["12.9"], ["junk"], ["91,0"], ["12.9,77.6", "--limt", "3"]] {
                let ended = try await Program.run(["drivers", "near"] + words + server.asAdmin, [:])
                #expect(ended.status == 64 && ended.output.isEmpty)
                #expect(
                    ended.errors.hasPrefix("Error: ") && ended.errors.contains(words.last == "3" ? "--limt" : words[0]))
            }
            phone.socket.close()
        }
    }
}

extension RunningServer {
    /// Flags with which a command reaches this server as its admin.
    fileprivate var asAdmin: [String] {
        ["--url", client.address.description, "--admin", "admin@example.org:open sesame"]
    }
}
