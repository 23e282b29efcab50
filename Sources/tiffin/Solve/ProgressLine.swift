import Foundation
import Glibc

/// A bar on standard error while something runs; silent where standard error is no terminal.
struct ProgressLine {
    private let name: String
    private let isShown: Bool

    init(_ name: String) {
        self.name = name
        isShown = isatty(STDERR_FILENO) == 1
    }

    func show(_ share: Double, note: String) {
        guard isShown else { return }
        let filled = Int(min(max(share, 0), 1) * 30)
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: 30 - filled)
        FileHandle.standardError.write(Data("\r\(name) \(bar) \(Int(min(max(share, 0), 1) * 100)) % \(note) ".utf8))
    }

    func end() {
        guard isShown else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}
