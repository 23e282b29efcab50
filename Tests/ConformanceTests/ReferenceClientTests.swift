import Foundation
import NIOCore
import Synchronization
import Testing

/// `data/clients/driver.mjs` is what app developers copy from, so it is run for real where Node is installed.
@Suite("The reference client under Node", .timeLimit(.minutes(1)), .enabled(if: NodeProcess.executable != nil))
struct ReferenceClientTests {
    @Test("it connects, reconnects after a lost network, refreshes on 4001 and stops on 4003")
    func lifecycle() async throws {
        let server = try await DoubleServer.start()
        let node = try NodeProcess(arguments: [
            "--url", "http://127.0.0.1:\(server.port)", "--identity", "driver-7", "--password", "x",
        ])
        try await node.expect(#""type":"connection_ack""#, times: 1)
        try await node.expect("connected", times: 1)

        try await server.state.socket(of: 7)?.close().get()
        try await node.expect("closed 1006", times: 1)
        try await node.expect(#""type":"connection_ack""#, times: 2)

        let refused = try #require(server.state.socket(of: 7))
        DoubleSocketHandler.close(refused, 4001)
        try await node.expect("closed 4001", times: 1)
        try await node.expect(#""type":"connection_ack""#, times: 3)

        server.state.assign(41, to: 7)
        try await node.expect(#""order_id":41"#, times: 1)

        let taken = try #require(server.state.socket(of: 7))
        DoubleSocketHandler.close(taken, 4003)
        try await node.expect("logged in elsewhere", times: 1)
        #expect(await node.exitCode() == 1)
        await server.stop()
    }
}

/// The reference client as a process whose output can be waited for.
private final class NodeProcess: Sendable {
    static let executable = ["/usr/bin/node", "/usr/local/bin/node"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Node 20.10 to 21 has a WebSocket behind a flag that older ones refuse and newer ones do not need.
    static let flags: [String] = {
        let asked = Process()
        let pipe = Pipe()
        asked.executableURL = URL(filePath: executable ?? "")
        asked.arguments = ["--version"]
        asked.standardOutput = pipe
        guard executable != nil, (try? asked.run()) != nil else { return [] }
        let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let numbers = text.drop { $0 == "v" }.split(separator: ".").compactMap { Int($0) }
        guard let major = numbers.first, let minor = numbers.dropFirst().first else { return [] }
        return major == 21 || (major == 20 && minor >= 10) ? ["--experimental-websocket"] : []
    }()

    private struct Missing: Error {
        let text: String
        let output: String
    }

    private let process: Process
    private let output = Mutex("")

    init(arguments: [String]) throws {
        process = Process()
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        process.executableURL = URL(filePath: Self.executable ?? "")
        process.arguments = Self.flags + [root.appending(path: "data/clients/driver.mjs").path] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        pipe.fileHandleForReading.readabilityHandler = { [self] handle in
            let text = String(decoding: handle.availableData, as: UTF8.self)
            output.withLock { $0 += text }
        }
        try process.run()
    }

    /// Waits until the text stands in the output that many times.
    func expect(_ text: String, times: Int) async throws {
        for _ in 0..<1_000 {
            if output.withLock({ $0.components(separatedBy: text).count - 1 }) >= times { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        process.terminate()
        throw Missing(text: text, output: output.withLock { $0 })
    }

    /// The exit code, once the process has ended.
    func exitCode() async -> Int32? {
        for _ in 0..<500 where process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
        guard !process.isRunning else { return nil }
        return process.terminationStatus
    }
}
