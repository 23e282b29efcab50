import DispatchCore
import DriverClient
import Foundation
import Postgres
import Synchronization

/// Positions per second from the phones' sockets to rows in PostgreSQL, none lost, beside plain COPY of the same rows
/// into the same table by psql.
enum Positions {
    static let phones = 50
    static let chunk = 100
    /// Fixes that may be on their way: below what the server's buffer holds, so that none has to give way.
    static let mostUnderway = 40_000

    static func run(total: Int) async throws {
        try await BenchServer.with(phones: phones) { bench in
            let ours = try await send(total, bench)
            let stored = try await bench.number("SELECT count(*) FROM driver_locations")
            guard stored == Int64(total) else { throw BenchFailure("\(total) sent, \(stored) stored") }
            let copy = try await copySameRows(bench, total)
            let (rate, peer) = (Double(total) / ours, Double(total) / copy)
            print("positions   socket to row       \(Int(rate)) /s   (\(total) rows, \(phones) phones, none lost)")
            print("positions   psql COPY, same rows \(Int(peer)) /s   ratio \(rounded(rate / peer))")
        }
    }

    /// Each phone sends a chunk, then a ping whose answer says that the server has read it.
    private static func send(_ total: Int, _ bench: BenchServer) async throws -> Double {
        var sockets: [(DriverSocket, Answers)] = []
        for phone in bench.phones {
            let answers = Answers()
            let socket = try await bench.client.openSocket(driver: "\(phone.driver)", token: phone.token) { event in
                if case .text(let text) = event, text.contains("pong") { answers.came() }
            }
            sockets.append((socket, answers))
        }
        let perPhone = total / sockets.count
        let clock = ContinuousClock()
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, (socket, answers)) in sockets.enumerated() {
                group.addTask {
                    for first in stride(from: 0, to: perPhone, by: chunk) {
                        for index in first..<min(first + chunk, perPhone) {
                            socket.send(position(number, index))
                        }
                        socket.send(Array(#"{"type":"ping"}"#.utf8))
                        await answers.next()
                        while (first + chunk) * sockets.count - bench.counter("location_stored_total") > mostUnderway {
                            try await Task.sleep(for: .milliseconds(2))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        while bench.counter("location_stored_total") < total {
            guard clock.now - start < .seconds(300) else { throw BenchFailure("positions got lost") }
            try await Task.sleep(for: .milliseconds(1))
        }
        let took = clock.now - start
        for (socket, _) in sockets { socket.close() }
        return took / .seconds(1)
    }

    private static func position(_ phone: Int, _ index: Int) -> [UInt8] {
        let north = 12.9 + Double(phone) / 1000 + Double(index % 1000) / 1e6
        return Array(
            (#"{"type":"location_update","data":{"latitude":\#(north),"longitude":77.6245,"accuracy":10.5,"heading":180.0,"#
                + #""speed":25.5,"battery_level":75,"timestamp":"2025-11-19T10:30:00Z"}}"#).utf8)
    }

    private static let columns =
        "driver_id, latitude, longitude, accuracy, heading, speed, battery_level, created_at, recorded_at"

    private static func copySameRows(_ bench: BenchServer, _ total: Int) async throws -> Double {
        let file = NSTemporaryDirectory() + "tiffin-bench-rows-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        try psql(bench.url, "\\copy (SELECT \(columns) FROM driver_locations ORDER BY id) TO '\(file)'")
        _ = try await bench.pool.query("TRUNCATE driver_locations", deadline: .seconds(60))
        let clock = ContinuousClock()
        let took = try clock.measure {
            try psql(bench.url, "\\copy driver_locations (\(columns)) FROM '\(file)'")
        }
        let stored = try await bench.number("SELECT count(*) FROM driver_locations")
        guard stored == Int64(total) else { throw BenchFailure("psql copied \(stored) rows of \(total)") }
        return took / .seconds(1)
    }

    private static func psql(_ url: String, _ command: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: (PrivateCluster.installedBinaries ?? "/usr/bin") + "/psql")
        process.arguments = ["-q", "-X", "-v", "ON_ERROR_STOP=1", "-c", command, url]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchFailure("psql failed") }
    }
}

/// Answers of one socket that were not yet asked for.
private final class Answers: Sendable {
    private let (stream, continuation) = AsyncStream.makeStream(of: Void.self)

    func came() { continuation.yield() }

    func next() async {
        var iterator = stream.makeAsyncIterator()
        _ = await iterator.next()
    }
}
