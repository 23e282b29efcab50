import Synchronization

/// One operating-system thread that owns at most one session with the server and runs operations on it in order.
///
/// The session never leaves the thread: callers send operations, and operations send their results back. Waiting
/// operations are few, because the pool lends a thread to one caller at a time.
final class SessionThread: Sendable {
    typealias Operation = @Sendable (inout Session?) -> Void

    private struct Inbox {
        var operations: [Operation] = []
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let wake = WakeSignal()
    /// Whether the thread owns a session that was usable after the latest operation.
    let isConnected = Atomic<Bool>(false)

    /// - Returns: `nil` when the process cannot start another thread.
    static func started() -> SessionThread? {
        let thread = SessionThread()
        return OSThread.start({ thread.run() }) ? thread : nil
    }

    /// Queues `operation`. After `stop` nothing runs any more and `false` is returned.
    func submit(_ operation: @escaping Operation) -> Bool {
        let accepted = inbox.withLock { inbox in
            if inbox.isStopped { return false }
            inbox.operations.append(operation)
            return true
        }
        if accepted { wake.raise() }
        return accepted
    }

    /// Ends the thread after the operations that are queued already; its session is closed.
    func stop() {
        inbox.withLock { $0.isStopped = true }
        wake.raise()
    }

    private func run() {
        var session: Session?
        while true {
            let (operations, isStopped) = inbox.withLock { inbox in
                let taken = inbox.operations
                inbox.operations.removeAll(keepingCapacity: true)
                return (taken, inbox.isStopped)
            }
            for operation in operations { operation(&session) }
            if operations.isEmpty {
                if isStopped { break }
                wake.wait()
            }
        }
        session = nil
    }
}
