import Contract
import DriverClient
import Foundation
import Synchronization
import TestSupport
import Testing

/// The reference client for app developers, run by Node against the real server.
@Suite(.serialized, .enabled(if: ReferenceClient.node != nil)) struct CompanyClientTests {
    @Test func theReferenceClientServesADriver() async throws {
        try await RunningServer.with(drivers: 1, settings: RunningServer.company) { server in
            let driver = server.drivers[0]
            let client = try ReferenceClient([
                "--url", "http://127.0.0.1:\(server.client.address.port)", "--identity", server.drivers[0].email,
                "--password", "a good password",
            ])
            try await client.says("connection_ack", times: 1)
            let order = try await server.placeOrder()
            try await server.done(.post, "orders/\(order)/assign", as: server.admin, "{\"driver_id\":\(driver.id)}")
            try await client.says("\"order_id\":\(order)", times: 1)
            // A second phone takes over: the client stops and does not fight for the connection.
            let other = try await server.connect(driver)
            try await client.says("logged in elsewhere", times: 1)
            #expect(other.inbox.close == nil)
            client.end()
            other.socket.close()
        }
    }
}

/// The reference client as a process whose output can be waited for.
private final class ReferenceClient: Sendable {
    static let node = ["/usr/bin/node", "/usr/local/bin/node"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    private let process = Process()
    private let output = Mutex("")

    init(_ arguments: [String]) throws {
        var root = URL(filePath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        process.executableURL = URL(filePath: Self.node ?? "")
        process.arguments =
            ["--experimental-websocket", root.appending(path: "data/clients/driver.mjs").path] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        pipe.fileHandleForReading.readabilityHandler = { [self] handle in
            let text = String(decoding: handle.availableData, as: UTF8.self)
            output.withLock { $0 += text }
        }
        try process.run()
    }

    /// Waits until the text stands in the output that often.
    func says(_ text: String, times: Int) async throws {
        try await eventually(within: .seconds(15)) {
            self.output.withLock { $0.components(separatedBy: text).count - 1 } >= times
        }
    }

    func end() {
        if process.isRunning { process.terminate() }
    }
}
