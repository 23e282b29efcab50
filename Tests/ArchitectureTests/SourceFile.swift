import Foundation

/// One Swift file, as text and as code with comments and string literals blanked, so that no rule trips over a word in
/// a sentence.
struct SourceFile {
    /// Path from the root of the repository, for example `Sources/Geo/Points/GeoPoint.swift`.
    let path: String
    let text: String
    /// Same length in lines as `text`; comments and the inside of string literals are spaces.
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        self.code = Blanking.blanked(text)
    }

    /// The folder below `Sources/` that holds the file; empty for a file directly in `Sources/`.
    var module: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
    var codeLines: [Substring] { code.split(separator: "\n", omittingEmptySubsequences: false) }

    /// Finds every place where `pattern` matches the code, as one-based line numbers. Assumes a valid pattern.
    func lineNumbers(matching pattern: String) throws -> [Int] {
        let expression = try NSRegularExpression(pattern: pattern, options: [.anchorsMatchLines])
        let whole = NSRange(code.startIndex..., in: code)
        return expression.matches(in: code, range: whole).compactMap { found in
            guard let range = Range(found.range, in: code) else { return nil }
            return code[..<range.lowerBound].utf8.count { $0 == UInt8(ascii: "\n") } + 1
        }
    }
}

/// The repository that these tests belong to.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every Swift file below a top-level folder, sorted by path.
    static func swiftFiles(in folder: String) throws -> [SourceFile] {
        let base = root.appending(path: folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return try names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            let text = try String(contentsOf: base.appending(path: name), encoding: .utf8)
            return SourceFile(path: "\(folder)/\(name)", text: text)
        }
    }

    /// Names directly inside a folder, without dotfiles, sorted.
    static func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
            .filter { !$0.hasPrefix(".") }.sorted()
    }
}

/// A broken rule, told so that the reader knows where and what to do.
struct Violation: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    let rule: String

    var description: String { "\(path):\(line): \(rule)" }
}
