import Foundation

/// A function, initialiser or accessor with a body, and how many lines it spans, signature included.
struct Function {
    let name: String
    let line: Int
    let lines: Int
}

enum Functions {
    /// Every function, initialiser, deinitialiser and subscript of a file that has a body.
    static func all(in file: SourceFile) throws -> [Function] {
        let code = Array(file.code.unicodeScalars)
        let pattern = #"(?:\bfunc\s+(`?\w+`?|[^\s(\w]+)|\b(init|deinit|subscript)\b(?=[\s(?!<{]))"#
        let expression = try NSRegularExpression(pattern: pattern)
        return expression.matches(in: file.code, range: NSRange(file.code.startIndex..., in: file.code)).compactMap {
            hit in
            guard let range = Range(hit.range, in: file.code) else { return nil }
            let before = file.code[..<range.lowerBound]
            guard before.unicodeScalars.last != "." else { return nil }  // `super.init`, `self.init`
            let start = before.unicodeScalars.count
            guard let body = bodyStart(code, from: start), let end = closing(code, from: body) else { return nil }
            let name = file.code[range].split(separator: " ").last.map(String.init) ?? "init"
            return Function(
                name: name, line: before.unicodeScalars.count { $0 == "\n" } + 1,
                lines: code[start...end].count { $0 == "\n" } + 1)
        }
    }

    /// The opening brace of the body that belongs to the declaration at `start`; nil for a protocol's requirement.
    private static func bodyStart(_ code: [Unicode.Scalar], from start: Int) -> Int? {
        var depth = 0
        var index = start
        var afterParameters = false
        while index < code.count {
            let scalar = code[index]
            if "([".unicodeScalars.contains(scalar) { depth += 1 }
            if ")]".unicodeScalars.contains(scalar) {
                depth -= 1
                if depth == 0 { afterParameters = true }
            }
            if depth < 0 || (depth == 0 && scalar == "}") { return nil }
            if depth == 0, scalar == "{" { return index }
            if depth == 0, afterParameters, scalar == "\n", !continues(code, after: index) { return nil }
            index += 1
        }
        return nil
    }

    /// Whether the text after a line break still belongs to a signature: an effect, a result, a `where` or the brace.
    private static func continues(_ code: [Unicode.Scalar], after index: Int) -> Bool {
        var next = index
        while next < code.count, code[next].properties.isWhitespace { next += 1 }
        var word = ""
        while next < code.count, word.count < 7, !code[next].properties.isWhitespace {
            word.unicodeScalars.append(code[next])
            next += 1
        }
        return ["{", "->", "where", "throws", "async", "rethrow"].contains { word.hasPrefix($0) }
    }

    private static func closing(_ code: [Unicode.Scalar], from open: Int) -> Int? {
        var depth = 0
        for index in open..<code.count {
            if code[index] == "{" { depth += 1 }
            if code[index] == "}" {
                depth -= 1
                if depth == 0 { return index }
            }
        }
        return nil
    }
}
