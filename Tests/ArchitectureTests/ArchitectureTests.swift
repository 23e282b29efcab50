import Foundation
import Testing

@Suite("The walls of the house", .timeLimit(.minutes(1)))
struct ArchitectureTests {
    /// Read once; every test is an instance of its own.
    private static let read = Result { try Repository.swiftFiles(in: "Sources") }
    private static let readTests = Result { try Repository.swiftFiles(in: "Tests") }
    let sources: [SourceFile]

    init() throws {
        sources = try Self.read.get()
        try #require(sources.count > 10, "the tests read the wrong folder")
    }

    @Test("each module imports only what the table allows")
    func imports() throws {
        expectNone(try sources.flatMap(Checks.imports))
    }

    @Test("the table itself points downwards")
    func directions() {
        for module in Walls.modules {
            for name in module.ours {
                let other = Walls.module(named: name)
                #expect(other != nil, "\(module.name) names \(name), which is no module")
                #expect((other?.row ?? .max) < module.row, "\(module.name) may not look up or sideways to \(name)")
            }
        }
    }

    @Test("a C library is seen by exactly one module")
    func cLibraries() {
        for library in Walls.modules where library.row < 0 {
            #expect(Walls.modules.count { $0.ours.contains(library.name) } == 1, "\(library.name)")
        }
    }

    @Test("each folder of Sources is a module of the table and the other way round")
    func folders() throws {
        let folders = try Repository.names(in: "Sources").filter { $0 != "README.md" }
        #expect(folders == Walls.modules.map(\.name).sorted())
        expectNone(sources.flatMap(Checks.place))
    }

    @Test("the top level holds what it should and nothing else")
    func topLevel() throws {
        let allowed: Set = [
            "Package.swift", "Package.resolved", "Sources", "Tests", "data", "benchmarks", "README.md", "Makefile",
        ]
        #expect(try Set(Repository.names(in: "")).subtracting(allowed) == [])
    }

    @Test("banned constructions stand only in the files that are named")
    func bans() throws {
        expectNone(try sources.flatMap(Checks.bans))
    }

    @Test("each file named as an exception exists")
    func exceptionsAreReal() {
        let paths = sources.map(\.path)
        for ban in Bans.all {
            for name in ban.exceptions.keys {
                #expect(paths.contains { $0.hasPrefix("Sources/\(name)") }, "\(ban.name): Sources/\(name) is gone")
            }
        }
    }

    @Test("files, functions and lines keep their limits")
    func sizes() throws {
        let tests = try Self.readTests.get()
        expectNone((sources + tests).flatMap(Checks.length))
        expectNone(try sources.flatMap(Checks.functions))
    }

    @Test("one word per concept")
    func vocabulary() throws {
        expectNone(try sources.flatMap(Checks.vocabulary))
    }

    @Test("what other modules see is documented")
    func documentation() throws {
        let requirements = Checks.requirements(in: sources)
        expectNone(try sources.flatMap { try Checks.documentation($0, requirements: requirements) })
    }

    @Test("nothing is left undecided in a note")
    func openEnds() {
        expectNone(sources.flatMap(Checks.openEnds))
    }

    @Test("tests use one test library")
    func oneTestLibrary() throws {
        for file in try Self.readTests.get() {
            #expect(
                try file.lineNumbers(matching: #"^\s*(@testable\s+import|import\s+XCTest)\b"#) == [], "\(file.path)")
        }
    }

    @Test("the README explains every setting")
    func settings() throws {
        let table = try String(contentsOf: Repository.root.appending(path: "README.md"), encoding: .utf8)
        let source = try #require(sources.first { $0.path.hasSuffix("/Setting.swift") }).text
        let keys = source.matches(of: /Setting\(\s*"([^"]+)"/).map { String($0.1) }
        #expect(keys.count > 20)
        for key in keys {
            #expect(table.contains("| `\(key)` |"), "README.md has no row for \(key)")
        }
    }

    private func expectNone(_ violations: [Violation], sourceLocation: SourceLocation = #_sourceLocation) {
        for violation in violations {
            Issue.record("\(violation)", sourceLocation: sourceLocation)
        }
    }
}
