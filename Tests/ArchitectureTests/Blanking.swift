/// Replaces comments and the contents of string literals by spaces, keeping line breaks.
///
/// It knows line and nested block comments, single-line, multi-line and raw strings. Interpolations are blanked with
/// their string. It does not know regex literals, which this code base does not use.
enum Blanking {
    static func blanked(_ text: String) -> String {
        var scanner = Scanner(input: Array(text.utf8))
        scanner.run()
        return String(decoding: scanner.output, as: UTF8.self)
    }

    private struct Scanner {
        let input: [UInt8]
        var output: [UInt8] = []
        var index = 0

        init(input: [UInt8]) { self.input = input }

        mutating func run() {
            output.reserveCapacity(input.count)
            while index < input.count {
                if starts(with: "//") {
                    blank { $0.input[$0.index] == UInt8(ascii: "\n") }
                } else if starts(with: "/*") {
                    blankBlockComment()
                } else if let hashes = stringStart() {
                    blankString(hashes: hashes)
                } else {
                    keep(1)
                }
            }
        }

        func starts(with word: StaticString, at offset: Int = 0) -> Bool {
            let start = index + offset
            guard start + word.utf8CodeUnitCount <= input.count else { return false }
            return (0..<word.utf8CodeUnitCount).allSatisfy { input[start + $0] == word.utf8Start[$0] }
        }

        /// The number of `#` before an opening quote at this place, or nil if no string starts here.
        func stringStart() -> Int? {
            var hashes = 0
            while index + hashes < input.count, input[index + hashes] == UInt8(ascii: "#") { hashes += 1 }
            guard index + hashes < input.count, input[index + hashes] == UInt8(ascii: "\"") else { return nil }
            return hashes
        }

        mutating func keep(_ count: Int) {
            output.append(contentsOf: input[index..<min(index + count, input.count)])
            index += count
        }

        mutating func blankOne() {
            output.append(input[index] == UInt8(ascii: "\n") ? UInt8(ascii: "\n") : UInt8(ascii: " "))
            index += 1
        }

        mutating func blank(until end: (Scanner) -> Bool) {
            while index < input.count, !end(self) { blankOne() }
        }

        mutating func blankBlockComment() {
            var depth = 0
            repeat {
                if starts(with: "/*") {
                    depth += 1
                    blankOne()
                } else if starts(with: "*/") {
                    depth -= 1
                    blankOne()
                }
                if index < input.count { blankOne() }
            } while depth > 0 && index < input.count
        }

        mutating func blankString(hashes: Int) {
            keep(hashes)
            let quotes = starts(with: "\"\"\"") ? 3 : 1
            keep(quotes)
            while index < input.count, !closes(quotes: quotes, hashes: hashes) {
                let escaped = hashes == 0 && input[index] == UInt8(ascii: "\\")
                if escaped, starts(with: "(", at: 1) {
                    blankInterpolation()
                } else {
                    blankOne()
                    if escaped, index < input.count { blankOne() }
                }
            }
            keep(quotes + hashes)
        }

        /// An interpolation may itself hold strings; parentheses are counted, inner strings are skipped whole.
        mutating func blankInterpolation() {
            blankOne()
            var depth = 0
            repeat {
                if input[index] == UInt8(ascii: "(") { depth += 1 }
                if input[index] == UInt8(ascii: ")") { depth -= 1 }
                if let hashes = stringStart() {
                    let kept = output.count
                    blankString(hashes: hashes)
                    for place in kept..<output.count where output[place] != UInt8(ascii: "\n") {
                        output[place] = UInt8(ascii: " ")
                    }
                } else {
                    blankOne()
                }
            } while depth > 0 && index < input.count
        }

        func closes(quotes: Int, hashes: Int) -> Bool {
            guard quotes == 1 ? starts(with: "\"") : starts(with: "\"\"\"") else { return false }
            return (0..<hashes).allSatisfy { starts(with: "#", at: quotes + $0) }
        }
    }
}
