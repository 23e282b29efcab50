import Foundation

/// The rules, each a function from files to violations, so that every one can be shown a bad sample.
enum Checks {
    static let longestFile = 800
    static let longestFunction = 70
    static let longestLine = 120

    static func imports(_ file: SourceFile) throws -> [Violation] {
        guard let module = Walls.module(named: file.module) else { return [] }
        let allowed = module.ours.union(module.others)
        return file.codeLines.enumerated().compactMap { index, line in
            guard let name = importedModule(line), !allowed.contains(name) else { return nil }
            return Violation(
                path: file.path, line: index + 1, rule: "\(module.name) must not import \(name); see Walls.swift")
        }
    }

    private static func importedModule(_ line: Substring) -> String? {
        let words = line.split { $0 == " " || $0 == "." }
        guard let place = words.firstIndex(of: "import"), place + 1 < words.count else { return nil }
        let before = words[..<place]
        let modifiers: Set<Substring> = ["package", "public", "internal", "private", "fileprivate"]
        guard before.allSatisfy({ modifiers.contains($0) || $0.hasPrefix("@") }) else { return nil }
        let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let next = kinds.contains(words[place + 1]) ? place + 2 : place + 1
        return next < words.count ? String(words[next]) : nil
    }

    static func place(_ file: SourceFile) -> [Violation] {
        guard Walls.module(named: file.module) == nil else { return [] }
        return [Violation(path: file.path, line: 1, rule: "stands in no module of Walls.swift")]
    }

    static func bans(_ file: SourceFile) throws -> [Violation] {
        try Bans.all.filter { !$0.allows(file.path) }.flatMap { ban in
            try file.lineNumbers(matching: ban.pattern).map { line in
                Violation(path: file.path, line: line, rule: "\(ban.name): \(ban.instead)")
            }
        }
    }

    static func length(_ file: SourceFile) -> [Violation] {
        let lines = file.lines
        var found: [Violation] = []
        if lines.count > longestFile + 1 {
            found.append(Violation(path: file.path, line: longestFile, rule: "file longer than \(longestFile) lines"))
        }
        let code = file.codeLines
        for (index, line) in lines.enumerated() where line.count > longestLine {
            // A literal that stands alone on its line cannot be broken.
            if line.drop(while: { $0 == " " || $0 == "#" }).hasPrefix("\"") { continue }
            // A literal, mostly SQL, is not broken where its own language would suffer.
            let isComment = line.drop { $0 == " " }.hasPrefix("//")
            let shown = code[index].reversed().drop { " \"#),".contains($0) }
            if !isComment, shown.count <= longestLine { continue }
            found.append(Violation(path: file.path, line: index + 1, rule: "line longer than \(longestLine) columns"))
        }
        return found
    }

    static func functions(_ file: SourceFile) throws -> [Violation] {
        try Functions.all(in: file).filter { $0.lines > longestFunction }.map { function in
            Violation(
                path: file.path, line: function.line,
                rule: "\(function.name) has \(function.lines) lines, more than \(longestFunction)")
        }
    }

    static func openEnds(_ file: SourceFile) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            guard ["TODO", "FIXME", "XXX", "HACK"].contains(where: { line.contains($0) }) else { return nil }
            return Violation(path: file.path, line: index + 1, rule: "undecided note; decide it or file it")
        }
    }

    static func vocabulary(_ file: SourceFile) throws -> [Violation] {
        let declaration = #"\b(?:func|var|let|struct|class|enum|actor|protocol|typealias|case)\s+`?(\w+)"#
        let expression = try NSRegularExpression(pattern: declaration)
        let fileName = file.path.split(separator: "/").last?.dropLast(6) ?? ""
        var found = words(of: String(fileName)).compactMap { word in
            Vocabulary.banned[word].map { Violation(path: file.path, line: 1, rule: "say \($0), not \(word)") }
        }
        for (index, line) in file.codeLines.enumerated() {
            let text = String(line)
            for hit in expression.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
                guard let range = Range(hit.range(at: 1), in: text) else { continue }
                for word in words(of: String(text[range])) {
                    guard let better = Vocabulary.banned[word] else { continue }
                    found.append(Violation(path: file.path, line: index + 1, rule: "say \(better), not \(word)"))
                }
            }
        }
        return found
    }

    /// Splits `camelCase`, `UPPERCase` and `snake_case` into lower-case words.
    static func words(of identifier: String) -> [String] {
        var words: [String] = []
        var current = ""
        for character in identifier {
            if character.isUppercase, current.last?.isLowercase == true {
                words.append(current.lowercased())
                current = ""
            }
            if character.isLetter {
                current.append(character)
            } else if !current.isEmpty {
                words.append(current.lowercased())
                current = ""
            }
        }
        if !current.isEmpty { words.append(current.lowercased()) }
        return words
    }

    /// Types and functions that other modules can see say what a caller may rely on.
    ///
    /// A nested type may be covered by the words of the type around it, a function that fits on one line by its name,
    /// and overloads by the words on one of them.
    /// A function that fulfils a requirement of one of our own protocols is covered by the words there.
    ///
    /// - Parameter requirements: Names of the functions that our protocols require.
    static func documentation(_ file: SourceFile, requirements: Set<String> = []) throws -> [Violation] {
        let pattern =
            #"^( *)(?:@\w+(?:\([^)]*\))? )*package (?:\w+ )*?"#
            + #"(struct|class|enum|actor|protocol|func) +(`?\w+|[^\s(]+)"#
        let expression = try NSRegularExpression(pattern: pattern)
        let lines = file.lines
        var known = witnesses.union(requirements)
        var missing: [(name: String, line: Int)] = []
        for (index, line) in file.codeLines.enumerated() {
            let text = String(line)
            guard let hit = expression.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)),
                let indent = Range(hit.range(at: 1), in: text), let kind = Range(hit.range(at: 2), in: text),
                let range = Range(hit.range(at: 3), in: text)
            else { continue }
            let isFunction = text[kind] == "func"
            if isDocumented(lines, above: index) {
                if isFunction { known.insert(String(text[range])) }
            } else if isFunction ? !text.hasSuffix("}") : text[indent].isEmpty && !isMarker(text) {
                missing.append((String(text[range]), index + 1))
            }
        }
        return missing.filter { !known.contains($0.name) }.map { name, line in
            Violation(path: file.path, line: line, rule: "\(name) is package and has no documentation")
        }
    }

    /// The functions that protocols in these files require.
    static func requirements(in files: [SourceFile]) -> Set<String> {
        var names: Set<String> = []
        for file in files {
            var isInProtocol = false
            for line in file.codeLines {
                if !line.hasPrefix(" "), line.contains("protocol ") { isInProtocol = true }
                if line.hasPrefix("}") { isInProtocol = false }
                guard isInProtocol, let word = line.range(of: "func ") else { continue }
                names.insert(String(line[word.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }))
            }
        }
        return names
    }

    /// An empty type that only distinguishes others says all it can by its name.
    private static func isMarker(_ line: String) -> Bool { line.hasPrefix("package enum ") && line.hasSuffix(" {}") }

    private static func isDocumented(_ lines: [Substring], above index: Int) -> Bool {
        var line = index - 1
        while line >= 0 {
            let text = lines[line].drop { $0 == " " }
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("@") || text.hasPrefix("//") else { return false }
            line -= 1
        }
        return false
    }

    /// Requirements of protocols from elsewhere: their documentation is the protocol's.
    private static let witnesses: Set<String> = [
        "==", "<", "hash", "encode", "run", "next", "makeAsyncIterator", "makeIterator", "index", "handle",
        "handlerAdded", "handlerRemoved", "channelActive", "channelInactive", "channelRead", "channelReadComplete",
        "channelWritabilityChanged", "userInboundEventTriggered", "errorCaught", "write", "flush", "close", "log",
        "makeCounter", "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer",
    ]
}
