import Dispatch
import Foundation
import Synchronization

/// A few own threads for work that blocks for long, with a bounded queue before them.
///
/// Hashing a password takes most of a second and 16 MiB. On the cooperative pool it would hold up every socket; without
/// a bound a flood of log-ins would fill the memory. When the queue is full the work is refused at once.
final class HashingQueue: Sendable {
    private struct Waiting {
        var entries: [@Sendable (_ runs: Bool) -> Void] = []
        var isStopped = false
    }

    private let limit: Int
    private let waiting = Mutex(Waiting())
    private let available = DispatchSemaphore(value: 0)
    private let threads: Int

    init(threads: Int, limit: Int) {
        precondition(threads > 0 && limit > 0, "a queue needs a thread and a place")
        self.limit = limit
        self.threads = threads
        for number in 1...threads {
            let thread = Thread { [self] in serve() }
            thread.name = "tiffin-hash-\(number)"
            thread.stackSize = 512 << 10
            thread.start()
        }
    }

    /// How many entries wait for a thread.
    var depth: Int { waiting.withLock { $0.entries.count } }

    /// Puts `work` at the end of the queue and returns its result. Throws at once when the queue is full or stopped,
    /// and instead of working when its turn comes and nobody awaits it any more.
    func run<Result: Sendable>(
        while isAwaited: @escaping @Sendable () -> Bool = { true }, _ work: @escaping @Sendable () -> Result
    ) async throws(PasswordFailure) -> Result {
        let outcome: Swift.Result<Result, PasswordFailure> = await withCheckedContinuation { continuation in
            let entry: @Sendable (Bool) -> Void = { runs in
                guard runs else { return continuation.resume(returning: .failure(.stopped)) }
                continuation.resume(returning: isAwaited() ? .success(work()) : .failure(.busy))
            }
            if let refusal = enqueue(entry) {
                continuation.resume(returning: .failure(refusal))
            }
        }
        return try outcome.get()
    }

    /// Ends the threads after the work in hand; what still waits is answered with ``PasswordFailure/stopped``.
    func stop() {
        let rest = waiting.withLock { state in
            state.isStopped = true
            defer { state.entries.removeAll() }
            return state.entries
        }
        for entry in rest {
            entry(false)
        }
        for _ in 0..<threads {
            available.signal()
        }
    }

    private func enqueue(_ entry: @escaping @Sendable (Bool) -> Void) -> PasswordFailure? {
        let refusal: PasswordFailure? = waiting.withLock { state in
            if state.isStopped { return .stopped }
            if state.entries.count >= limit { return .busy }
            state.entries.append(entry)
            return nil
        }
        if refusal == nil {
            available.signal()
        }
        return refusal
    }

    private func serve() {
        while true {
            available.wait()
            let (entry, ends) = waiting.withLock { state -> ((@Sendable (Bool) -> Void)?, Bool) in
                state.entries.isEmpty ? (nil, state.isStopped) : (state.entries.removeFirst(), false)
            }
            entry?(true)
            if ends { return }
        }
    }
}
