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

    /// Writes one line to standard error, behind every line of the log so far.
    static func complain(_ text: String) {
        LogOutput.flush()
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}
