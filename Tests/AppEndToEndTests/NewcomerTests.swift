import Contract
import DriverClient
import Foundation
import NIOCore
import NIOPosix
import Postgres
import TestSupport
import Testing

/// What somebody meets who starts the program for the first time and has something wrong: one sentence that says what
/// to do, and an exit code that a script can use. Runs the built `tiffin`.
@Suite struct NewcomerTests {
    static let key = "TIFFIN_AUTH_SECRET"
    static let secret = "a key of the tests, longer than 32 bytes"

    @Test func withoutADatabaseItSaysWhichVariableToSet() async throws {
        let ended = try await Program.run(["serve"], [Self.key: Self.secret])
        #expect(ended.status == 78)
        #expect(ended.isOneSentence(with: ["DATABASE_URL", "--dev"]), "\(ended.errors)")
    }

    @Test func aDatabaseThatDoesNotAnswerOrIsNoneIsToldByItsVariable() async throws {
        let free = try await Program.unusedPort()
        let url = "postgresql://tiffin@127.0.0.1:\(free)/tiffin"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for command in [["serve"], ["migrate"], ["replay", "1"]] {
                group.addTask {
                    let ended = try await Program.run(command, ["DATABASE_URL": url, Self.key: Self.secret])
                    #expect(ended.status == 78)
                    #expect(ended.isOneSentence(with: ["DATABASE_URL"]), "\(command): \(ended.errors)")
                }
            }
            try await group.waitForAll()
        }
        let nonsense = try await Program.run(["serve"], ["DATABASE_URL": "mysql://x", Self.key: Self.secret])
        #expect(nonsense.status == 78)
        #expect(nonsense.isOneSentence(with: ["DATABASE_URL"]), "\(nonsense.errors)")
    }

    @Test func withoutAKeyOrWithAShortOneItSaysHowLongItMustBe() async throws {
        try await TestDatabase.with { database in
            for secret in [nil, "short"] {
                var environment = ["DATABASE_URL": database.url]
                environment[Self.key] = secret
                let ended = try await Program.run(["serve"], environment)
                #expect(ended.status == 78)
                #expect(ended.isOneSentence(with: ["32"]), "\(ended.errors)")
                #expect(!ended.errors.contains("short."), "a secret is never printed")
            }
        }
    }

    @Test func aPortThatIsTakenIsToldWithTheFlag() async throws {
        try await TestDatabase.with { database in
            let taken = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get()
            let port = taken.localAddress?.port ?? 0
            let ended = try await Program.run(
                ["serve", "--http-host", "127.0.0.1", "--http-port", "\(port)"],
                ["DATABASE_URL": database.url, Self.key: Self.secret])
            #expect(ended.status == 69)
            #expect(ended.lastErrorIsOneSentence(with: ["port", "--http-port"]), "\(ended.errors)")
            #expect(!ended.errors.contains("\"error\""), "nothing else went wrong: \(ended.errors)")
            try await taken.close()
        }
    }

    @Test func anUnknownOrUnreadableSettingIsNamedWhereverItStands() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("tiffin-\(getpid()).yaml")
        try "http:\n  prot: 8000\n".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let environment = ["DATABASE_URL": "postgresql:///x", Self.key: Self.secret]
        let cases: [([String], [String: String], String)] = [
            (["serve", "--http-prot", "8000"], [:], "http-prot"),
            (["serve"], ["TIFFIN_HTTP_PROT": "8000"], "HTTP_PROT"),
            (["serve", "--config", file.path], [:], "http.prot"),
            (["serve", "--http-port", "many"], [:], "--http-port"),
            (["serve", "--config", "/nowhere.yaml"], [:], "/nowhere.yaml"),
            (["serve", "--http-tls-key", "/nowhere.pem"], [:], "http.tls.certificate"),
            (["serve", "--push-batch-messages", "both"], [:], "perOrder"),
        ]
        for (arguments, more, word) in cases {
            let ended = try await Program.run(arguments, environment.merging(more) { $1 })
            #expect(ended.status == 78, "\(arguments): \(ended.errors)")
            #expect(ended.isOneSentence(with: [word]), "\(arguments): \(ended.errors)")
        }
        let wrong = try await Program.run(["demo", "--speed", "99"], [:])
        #expect(wrong.status == 64 && wrong.errors.contains("--speed must be from 1 to"))
        #expect(try await Program.run(["serv"], [:]).status == 64)
    }

    @Test func aBadTokenIsExplained() async throws {
        for (token, word) in [("nonsense", "refused"), ("a.b.c", "refused")] {
            let ended = try await Program.run(["token", "check", token], [Self.key: Self.secret])
            #expect(ended.status == 1)
            #expect(ended.output.contains(word), "\(ended.output)")
        }
    }

    /// Needs the right to hide the installed one from a child.
    @Test(.enabled(if: Program.canHideFolders))
    func aMissingPostgreSQLIsToldWithThePackage() async throws {
        let folder = "/tmp/tiffin-newcomer-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for command in ["serve --dev", "demo"] {
            let ended = try await Program.shell(
                "mount -t tmpfs none /usr/lib/postgresql && exec \(Program.path) \(command) "
                    + "--data-dir \(folder)")
            #expect(ended.status == 78)
            #expect(ended.lastErrorIsOneSentence(with: ["PostgreSQL", "apt-get install"]), "\(ended.errors)")
        }
    }

    @Test func aFolderThatCannotBeUsedIsToldWithItsFlag() async throws {
        let ended = try await Program.run(["serve", "--dev", "--data-dir", "/proc/tiffin"], [:])
        #expect(ended.status == 78)
        #expect(ended.lastErrorIsOneSentence(with: ["--data-dir"]), "\(ended.errors)")
    }
}

/// The built program, run to its end.
enum Program {
    struct Ended: Sendable {
        /// Nil when it had to be killed because it did not end.
        let status: Int32?
        let output: String
        let errors: String

        private func isSentence(_ line: some StringProtocol, _ words: [String]) -> Bool {
            line.hasPrefix("tiffin: ") && line.count < 300 && words.allSatisfy { line.contains($0) }
        }

        /// One line on standard error that starts with the program's name and has all the words.
        func isOneSentence(with words: [String]) -> Bool {
            let lines = errors.split(separator: "\n")
            return lines.count == 1 && isSentence(lines[0], words)
        }

        func lastErrorIsOneSentence(with words: [String]) -> Bool {
            errors.split(separator: "\n").last.map { isSentence($0, words) } ?? false
        }
    }

    /// Beside the tests' own program.
    static let path: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("tiffin").path
    }()

    static let canHideFolders: Bool = {
        guard getuid() == 0 else { return false }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["-m", "mount", "-t", "tmpfs", "none", "/usr/lib/postgresql"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// A port that was free a moment ago.
    static func unusedPort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    static func run(
        _ arguments: [String], _ environment: [String: String], within limit: Duration = .seconds(30)
    ) async throws -> Ended {
        try await start(path, arguments, environment, within: limit)
    }

    /// A command in a mount namespace of its own.
    static func shell(_ command: String) async throws -> Ended {
        try await start(
            "/usr/bin/unshare", ["-m", "/bin/sh", "-c", command], ["PATH": "/usr/bin:/bin"], within: .seconds(30))
    }

    private static func start(
        _ program: String, _ arguments: [String], _ environment: [String: String], within limit: Duration
    ) async throws -> Ended {
        let files = (0..<2).map { "/tmp/tiffin-program-\(getpid())-\(UUID().uuidString)-\($0)" }
        defer { for file in files { try? FileManager.default.removeItem(atPath: file) } }
        for file in files { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: files[0])
        process.standardError = FileHandle(forWritingAtPath: files[1])
        try process.run()
        let ended = (try? await eventually(within: limit) { !process.isRunning }) != nil
        if !ended {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        func text(_ file: String) -> String { (try? String(contentsOfFile: file, encoding: .utf8)) ?? "" }
        return Ended(status: ended ? process.terminationStatus : nil, output: text(files[0]), errors: text(files[1]))
    }
}
