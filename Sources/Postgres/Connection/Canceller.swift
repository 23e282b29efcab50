import CLibPQ
import Synchronization

/// What is needed to ask the server, over a connection of its own, to stop a statement.
///
/// The object behind it is a constant copy of an address and two numbers, which libpq documents as usable from any
/// thread; it is kept as its address because a raw pointer cannot say that.
struct Cancellation: ~Copyable, Sendable {
    private let address: UInt

    init(handle: OpaquePointer) { address = UInt(bitPattern: handle) }

    deinit { PQfreeCancel(OpaquePointer(bitPattern: address)) }

    /// Asks. Blocks while it connects: on a server that has stopped, for as long as that lasts.
    borrowing func ask() {
        var reason = [CChar](repeating: 0, count: 256)
        _ = PQcancel(OpaquePointer(bitPattern: address), &reason, Int32(reason.count))
    }
}

/// A thread of its own for cancel requests, because asking a stopped server to cancel hangs like everything else.
///
/// Asking is a courtesy that frees the server's locks sooner. The session is thrown away in any case, and the server
/// looks every second whether its client is still there, so a request that cannot be queued is simply dropped.
final class Canceller: Sendable {
    private static let limit = 64

    private struct State: ~Copyable {
        var requests: [Box] = []
        var isStopped = false
    }

    /// A cancellation that moves from the connection's thread to this one; taken exactly once.
    private final class Box: Sendable {
        private let content: Mutex<Cancellation?>
        init(_ cancellation: consuming Cancellation) { content = Mutex(cancellation) }
        func ask() {
            let cancellation = content.withLock { content in content.take() }
            cancellation?.ask()
        }
    }

    private let state = Mutex(State())
    private let wake = WakeSignal()

    func start() -> Bool {
        OSThread.start { self.run() }
    }

    func cancel(_ cancellation: consuming Cancellation) {
        let box = Box(cancellation)
        let isQueued = state.withLock { state in
            if state.isStopped || state.requests.count >= Self.limit { return false }
            state.requests.append(box)
            return true
        }
        if isQueued { wake.raise() }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
        wake.raise()
    }

    private func run() {
        while true {
            let (next, isStopped) = state.withLock { state in
                (state.requests.isEmpty ? nil : state.requests.removeFirst(), state.isStopped)
            }
            if let next {
                next.ask()
            } else if isStopped {
                return
            } else {
                wake.wait()
            }
        }
    }
}
