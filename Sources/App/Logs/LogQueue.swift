import Glibc
import Metrics
import NIOPosix
import Synchronization

/// Takes log lines from every thread and writes them on one of its own: who logs never waits for a terminal or a pipe
/// that is slow. The queue is bounded; a line that finds no room is dropped and counted, and a line of its own says how
/// many were.
///
/// Owner of its state: one `Mutex` around the queue, held for one line or one exchange, and one around the writing.
package final class LogQueue: Sendable {
    private struct State {
        var lines: [String] = []
        var bytes = 0
        var dropped = 0
        var isWriting = false
    }

    /// Bytes of lines that may wait.
    private let limit: Int
    private let write: @Sendable (String) -> Void
    private let state = Mutex(State())
    private let writing = Mutex(())
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let dropped = Counter(label: "log_lines_dropped_total")

    /// - Parameter write: Takes whole lines with their ends; may block.
    package init(limit: Int = 8 << 20, write: @escaping @Sendable (String) -> Void) {
        self.limit = limit
        self.write = write
        thread.start()
    }

    /// Takes a line without its end. Never waits for the output.
    package func take(_ line: String) {
        let (isTaken, wakes) = state.withLock { state -> (Bool, Bool) in
            let size = line.utf8.count + 1
            guard state.bytes + size <= limit else {
                state.dropped += 1
                return (false, false)
            }
            state.lines.append(line)
            state.bytes += size
            defer { state.isWriting = true }
            return (true, !state.isWriting)
        }
        if !isTaken { dropped.increment() }
        if wakes { thread.submit { _ in self.drain() } }
    }

    /// Writes what waits, on the calling thread, and returns when it is out: for the end of the process.
    package func flush() {
        while writeSome() {}
    }

    /// Ends the thread; what waits is written first.
    package func close() async {
        try? await thread.shutdownGracefully()
        flush()
    }

    private func drain() {
        while true {
            while writeSome() {}
            let isDone = state.withLock { state in
                guard state.lines.isEmpty else { return false }
                state.isWriting = false
                return true
            }
            if isDone { return }
        }
    }

    /// Lines leave in the order in which they came, whoever writes them.
    private func writeSome() -> Bool {
        writing.withLock { _ in
            let (lines, dropped) = state.withLock { state in
                defer { (state.lines, state.bytes, state.dropped) = ([], 0, 0) }
                return (state.lines, state.dropped)
            }
            // One write a line keeps lines whole when several processes share the terminal.
            for line in lines { write(line + "\n") }
            if dropped > 0 { write("log lines dropped=\(dropped)\n") }
            return !lines.isEmpty
        }
    }
}
