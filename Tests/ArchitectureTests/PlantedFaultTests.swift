import Testing

/// Every checker is shown a file that breaks its rule and one that only seems to.
@Suite("Each architecture check sees its fault", .timeLimit(.minutes(1)))
struct PlantedFaultTests {
    private func file(_ text: String, in module: String = "DispatchCore", named name: String = "Sample") -> SourceFile {
        SourceFile(path: "Sources/\(module)/\(name).swift", text: text)
    }

    @Test(
        "a forbidden import is seen in every spelling",
        arguments: [
            "import Foundation", "package import NIOCore", "@preconcurrency import Foundation",
            "import struct Foundation.Date", "internal import CGEOS", "import Fulfilment",
        ])
    func imports(line: String) throws {
        #expect(try Checks.imports(file(line)).count == 1)
    }

    @Test(
        "an allowed import and the word in a comment pass",
        arguments: ["import Geo", "// import Foundation", "let a = \"import NIOCore\""])
    func allowedImports(line: String) throws {
        #expect(try Checks.imports(file(line)) == [])
    }

    @Test("a file outside every module is seen")
    func place() {
        #expect(Checks.place(file("", in: "Misc")).count == 1)
        #expect(Checks.place(SourceFile(path: "Sources/Loose.swift", text: "")).count == 1)
        #expect(Checks.place(file("")) == [])
    }

    @Test(
        "each banned construction is seen",
        arguments: [
            "let now = Date()", "let now = Date.now", "let c = ContinuousClock()", "wait(until: .now)",
            "let t = clock.now",
            "var g = SystemRandomNumberGenerator()", "Int.random(in: 0..<3)", "list.shuffled()", "list.randomElement()",
            "print(x)", "try! work()", "x as! Int", "final class A: @unchecked Sendable {}",
            "nonisolated(unsafe) var x = 1", "Task { await go() }", "Task.detached { }", "Task<Void, Never> { }",
            "Task(priority: .high) { }", "fatalError(\"no\")", "NIODeadline.now()", "usleep(3)",
        ])
    func bans(line: String) throws {
        #expect(try Checks.bans(file(line)).count == 1)
    }

    @Test(
        "what only looks like a banned construction passes",
        arguments: [
            "Int.random(in: 0..<3, using: &generator)", "list.shuffled(using: &generator)", "// Date() is banned",
            "let text = \"Task { \\(\"print(\") }\"", "withTaskGroup { }", "table.print(x)", "blueprint(x)",
            "clock.now()",
            "let raw = #\"fatalError(\"x\")\"#", "/* nested /* Date() */ try! */ let a = 1",
        ])
    func notBanned(line: String) throws {
        #expect(try Checks.bans(file(line)) == [])
    }

    @Test("an exception holds for its own file, or for its folder, only")
    func exceptions() {
        let ban = Ban(name: "", pattern: "", instead: "", exceptions: ["App/Clocks.swift": "", "Identity/": ""])
        #expect(ban.allows("Sources/App/Clocks.swift"))
        #expect(ban.allows("Sources/Identity/Salts/Salt.swift"))
        #expect(!ban.allows("Sources/App/Other.swift"))
        #expect(!ban.allows("Sources/API/Identity/Clocks.swift"))
    }

    @Test("a file, a line and a function over their limits are seen")
    func sizes() throws {
        let line = "let a = 1\n"
        #expect(Checks.length(file(String(repeating: line, count: 801))).count == 1)
        #expect(Checks.length(file(String(repeating: line, count: 800))) == [])
        #expect(Checks.length(file(String(repeating: "x", count: 121))).count == 1)
        #expect(Checks.length(file("// " + String(repeating: "x", count: 121))).count == 1)
        let literal = "\"\"\"\n" + String(repeating: "x", count: 121) + "\n\"\"\""
        #expect(Checks.length(file(literal)) == [])
        #expect(Checks.length(file("call(\"" + String(repeating: "x", count: 121) + "\")")) == [])
        let long =
            "func f<A>(\n    a: A = { 1 }()\n) async throws -> [Int]\nwhere A: B {\n"
            + String(repeating: line, count: 70) + "}\n"
        #expect(try Checks.functions(file(long)).map(\.line) == [1])
        let short =
            "protocol P {\n    func a() -> Int\n    init(x: Int)\n}\n" + "func g() {\n"
            + String(repeating: line, count: 68) + "}\n"
        #expect(try Checks.functions(file(short)) == [])
        #expect(try Functions.all(in: file(short)).map(\.lines) == [70])
    }

    @Test(
        "a word that has a better one is seen in names only",
        arguments: ["let riderCount = 1", "struct OrderManager {}", "func assignJob() {}", "case courier_left"])
    func vocabulary(line: String) throws {
        #expect(try Checks.vocabulary(file(line)).count == 1)
        #expect(try Checks.vocabulary(file("// \(line)")) == [])
    }

    @Test("a file name counts as a name, and a longer word is another word")
    func vocabularyOfFiles() throws {
        #expect(try Checks.vocabulary(file("", named: "TimeUtils")).count == 1)
        #expect(try Checks.vocabulary(file("let matching = 1; let taskless = 2; withTaskGroup {}")) == [])
    }

    @Test(
        "a declaration without documentation is seen",
        arguments: [
            "package struct A {}", "package func a() {", "    package static func a() {",
            "@frozen package enum E { case a }",
            "package final class C {}",
        ])
    func documentation(line: String) throws {
        #expect(try Checks.documentation(file(line)).count == 1)
        #expect(try Checks.documentation(file("/// Says it.\n@inlinable\n\(line)")) == [])
    }

    @Test(
        "what nobody else sees needs no documentation",
        arguments: [
            "func a() {}", "package var x = 1", "    package struct Inner {", "package func a() { 1 }",
            "/// Says it.\npackage func a(_ b: Int) {\n}\npackage func a(_ c: Bool) {\n}",
            "package func hash(into hasher: inout Hasher) {}",
        ])
    func undocumented(line: String) throws {
        #expect(try Checks.documentation(file(line)) == [])
    }

    @Test("an undecided note is seen")
    func openEnds() {
        #expect(Checks.openEnds(file("let a = 1  // TODO later")).count == 1)
    }
}
