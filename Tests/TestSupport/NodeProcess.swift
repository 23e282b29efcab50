import Foundation
import Synchronization

/// Node, which runs the reference client. Its tests fail where it is missing, unless `TIFFIN_NO_NODE=1` says that this
/// is meant.
package enum Node {
    /// Where a program finds its WebSocket.
    package enum Sockets: String, Sendable, CaseIterable {
        /// The runtime's own: Node 20.10 and newer.
        case builtIn
        /// The package `ws`: the only way on older ones.
        case package
    }

    package struct Missing: Error, CustomStringConvertible {
        package let description: String
    }

    package static let leaveOut = "TIFFIN_NO_NODE=1: the reference client is NOT tested here"

    /// False where somebody has said that Node is not wanted; said aloud, so that nobody takes it for a success.
    package static let isWanted: Bool = {
        guard ProcessInfo.processInfo.environment["TIFFIN_NO_NODE"] == "1" else { return true }
        FileHandle.standardError.write(Data("warning: \(leaveOut)\n".utf8))
        return false
    }()

    private static let found: (path: String, major: Int, minor: Int)? = {
        for path in ["/usr/bin/node", "/usr/local/bin/node"] where FileManager.default.isExecutableFile(atPath: path) {
            let asked = Process()
            let pipe = Pipe()
            asked.executableURL = URL(filePath: path)
            asked.arguments = ["--version"]
            asked.standardOutput = pipe
            guard (try? asked.run()) != nil else { continue }
            let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let numbers = text.drop { $0 == "v" }.split(separator: ".").compactMap { Int($0) }
            if numbers.count > 1 { return (path, numbers[0], numbers[1]) }
        }
        return nil
    }()

    /// Whether Node, if it is there, has a WebSocket of its own.
    package static var hasBuiltInSockets: Bool {
        found.map { $0.major > 20 || ($0.major == 20 && $0.minor >= 10) } ?? true
    }

    static func command(_ sockets: Sockets) throws -> (path: String, flags: [String]) {
        guard let found else {
            throw Missing(
                description: "Node is missing: install nodejs and node-ws (.ci/setup does), or set TIFFIN_NO_NODE=1")
        }
        switch (sockets, found.major) {
        case (.builtIn, 22...): return (found.path, [])
        // Older ones refuse the flag, newer ones do not need it.
        case (.builtIn, _): return (found.path, ["--experimental-websocket"])
        case (.package, 22...): return (found.path, ["--no-experimental-websocket"])
        case (.package, _): return (found.path, [])
        }
    }
}

/// A script below `data/clients` as a process whose output can be waited for.
package final class NodeProcess: Sendable {
    package struct Silence: Error {
        package let text: String
        package let output: String
    }

    private let process = Process()
    private let output = Mutex("")

    package init(_ script: String, _ arguments: [String] = [], sockets: Node.Sockets) throws {
        let (path, flags) = try Node.command(sockets)
        var root = URL(filePath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        process.executableURL = URL(filePath: path)
        process.arguments = flags + [root.appending(path: "data/clients/\(script)").path] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        pipe.fileHandleForReading.readabilityHandler = { [self] handle in
            let text = String(decoding: handle.availableData, as: UTF8.self)
            output.withLock { $0 += text }
        }
        try process.run()
    }

    package var text: String { output.withLock { $0 } }

    /// Waits until the text stands in the output that many times.
    package func expect(_ text: String, times: Int) async throws {
        for _ in 0..<1500 {
            if self.text.components(separatedBy: text).count - 1 >= times { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        end()
        throw Silence(text: text, output: self.text)
    }

    /// The exit code, once the process has ended; nil when it does not end within ten seconds.
    package func exitCode() async -> Int32? {
        for _ in 0..<1000 where process.isRunning { try? await Task.sleep(for: .milliseconds(10)) }
        guard !process.isRunning else { return nil }
        return process.terminationStatus
    }

    package func end() {
        if process.isRunning { process.terminate() }
    }
}
