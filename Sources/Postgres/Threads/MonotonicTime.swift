import Glibc

/// A reading of the machine's monotonic clock in nanoseconds, and the deadlines made from it.
///
/// A deadline on a socket is a promise about real time: it is handed to `poll`, which knows no other. This file is
/// therefore the one place in `Postgres` that reads a clock, and what it reads never becomes data.
package struct MonotonicTime: Comparable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// A moment that never comes.
    package static let never = MonotonicTime(nanoseconds: .max)

    /// Reads the clock.
    package static func read() -> MonotonicTime {
        var reading = timespec()
        clock_gettime(CLOCK_MONOTONIC, &reading)
        return MonotonicTime(nanoseconds: Int64(reading.tv_sec) * 1_000_000_000 + Int64(reading.tv_nsec))
    }

    /// This moment moved by `duration`; saturates at `never`.
    package func advanced(by duration: Duration) -> MonotonicTime {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return duration > .zero ? .never : MonotonicTime(nanoseconds: 0) }
        let (sum, late) = nanoseconds.addingReportingOverflow(whole + attoseconds / 1_000_000_000)
        return late ? .never : MonotonicTime(nanoseconds: sum)
    }

    /// The milliseconds left until this moment for `poll`, rounded up; 0 when it has passed, at most an hour.
    func pollTimeout(from now: MonotonicTime) -> Int32 {
        if self <= now { return 0 }
        if self == .never { return 3_600_000 }
        return Int32(min(3_600_000, (nanoseconds - now.nanoseconds + 999_999) / 1_000_000))
    }

    /// The time from `earlier` to this moment.
    package func duration(since earlier: MonotonicTime) -> Duration {
        .nanoseconds(nanoseconds - earlier.nanoseconds)
    }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}
