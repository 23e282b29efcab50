import App
import Foundation
import Glibc

/// What commands say to the person or script that started them. The one place that writes to the terminal.
enum Terminal {
    /// Writes one line to standard output at once, also when the output is a pipe.
    static func line(_ text: String) {
        print(text)
        fflush(nil)
    }

    /// Writes a file, or says in one line which one could not be written.
    static func save(_ text: String, as path: String) throws {
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        } catch {
            throw CannotWrite(path: path)
        }
    }

    struct CannotWrite: Error, CustomStringConvertible {
        let path: String
        var description: String { "cannot write \(path)" }
    }

    /// Writes one line to standard error, behind every line of the log so far.
    static func complain(_ text: String) {
        LogOutput.flush()
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
