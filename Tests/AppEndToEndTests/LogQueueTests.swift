import App
import Synchronization
import Testing

@Suite struct LogQueueTests {
    /// An output that takes nothing until it is opened.
    private final class Output: Sendable {
        private let isOpen = Atomic<Bool>(false)
        private let written = Mutex<[String]>([])

        var lines: [String] { written.withLock { $0 } }
        func open() { isOpen.store(true, ordering: .releasing) }

        func write(_ line: String) {
            while !isOpen.load(ordering: .acquiring) {}
            written.withLock { $0.append(line) }
        }
    }

    @Test func whoLogsDoesNotWaitAndTheOrderStays() async {
        let output = Output()
        let queue = LogQueue { output.write($0) }
        // Nothing can be written yet, and yet this returns.
        for number in 1...100 { queue.take("line \(number)") }
        output.open()
        queue.flush()
        #expect(output.lines == (1...100).map { "line \($0)\n" })
        await queue.close()
    }

    @Test func whatFindsNoRoomIsDroppedAndCounted() async {
        let output = Output()
        let queue = LogQueue(limit: 20) { output.write($0) }
        queue.take("first")
        // Whether the first line is on its way already or not, two of these find no room.
        for _ in 1...5 { queue.take("123456") }
        output.open()
        queue.flush()
        await queue.close()
        let words = output.lines.last { $0.hasPrefix("log lines dropped=") }
        #expect(words != nil)
        #expect(output.lines.first == "first\n")
        #expect(output.lines.count < 6)
    }

    @Test func theLastLinesAreThereAtTheEnd() async {
        let output = Output()
        output.open()
        let queue = LogQueue { output.write($0) }
        for number in 1...1000 { queue.take("\(number)") }
        await queue.close()
        #expect(output.lines.count == 1000)
    }
}
