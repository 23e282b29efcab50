internal import CGEOS
internal import Glibc

/// How a thread waits for something that takes microseconds, unless the scheduler has stopped whoever does it.
///
/// A thread that sleeps at a lock is handed it while it does not run, and everybody else stands behind it until then:
/// with more threads than cores that is the next slice of time, milliseconds away. So it asks again and again; first
/// without leaving the core, then letting others run, among them the one it waits for.
struct Patience {
    private var attempts = 0
    /// Then it is better to sleep.
    static let most = 20_000

    var isOver: Bool { attempts >= Self.most }

    mutating func pause() {
        attempts += 1
        if attempts < 64 { geo_pause() } else { sched_yield() }
    }
}

/// Tells how long threads wait for each other, for benchmarks.
package struct WaitMeter: Sendable {
    /// Nanoseconds of a clock that does not go backwards.
    let now: @Sendable () -> Int64
    /// Takes the nanoseconds that the calling thread has waited.
    let note: @Sendable (Int64) -> Void

    package init(now: @escaping @Sendable () -> Int64, note: @escaping @Sendable (Int64) -> Void) {
        self.now = now
        self.note = note
    }
}
