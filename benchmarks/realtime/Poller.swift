import CEpoll
import Glibc

/// What this program reads of the machine: its clock, its own processor time, a server's processor time and memory.
enum Machine {
    /// Nanoseconds of a clock that never jumps.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Milliseconds since 1970.
    static func wallMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }

    /// Seconds of processor time of this process.
    static func ownSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Seconds of processor time of another process, user and system together. Read from its scheduler where that is
    /// finer than the clock tick.
    static func seconds(of pid: Int32) -> Double {
        guard pid > 0 else { return 0 }
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(pid, &clock) == 0, clock_gettime(clock, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Resident memory of another process in KiB, without what it shares with files.
    static func residentKiB(of pid: Int32) -> Int {
        guard pid > 0, let file = fopen("/proc/\(pid)/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("RssAnon:") {
                return Int(text.split(whereSeparator: { $0 == " " || $0 == "\t" })[1]) ?? 0
            }
        }
        return 0
    }

    /// Sockets are files: raises this process's soft limit as far as the hard one allows.
    static func raiseFileLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// Waits for many sockets at once, by their index.
final class Poller {
    private let descriptor = epoll_create1(0)
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: 512)

    func add(_ fd: Int32, index: Int, writing: Bool) { control(EPOLL_CTL_ADD, fd, index, writing) }
    func change(_ fd: Int32, index: Int, writing: Bool, reading: Bool = true) {
        control(EPOLL_CTL_MOD, fd, index, writing, reading)
    }

    private func control(_ operation: Int32, _ fd: Int32, _ index: Int, _ writing: Bool, _ reading: Bool = true) {
        var event = epoll_event()
        event.events = EPOLLRDHUP.rawValue
        if reading { event.events |= EPOLLIN.rawValue }
        if writing { event.events |= EPOLLOUT.rawValue }
        event.data.u64 = UInt64(index)
        epoll_ctl(descriptor, operation, fd, &event)
    }

    struct Ready {
        var index: Int
        var canRead: Bool
        var canWrite: Bool
        var hasEnded: Bool
    }

    /// Calls `body` for each socket that is ready, waiting up to so many milliseconds for the first.
    func wait(milliseconds: Int32, _ body: (Ready) -> Void) {
        let count = epoll_wait(descriptor, events, 512, milliseconds)
        guard count > 0 else { return }
        for position in 0..<Int(count) {
            let event = events[position]
            body(
                Ready(
                    index: Int(event.data.u64),
                    canRead: event.events & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0,
                    canWrite: event.events & EPOLLOUT.rawValue != 0,
                    hasEnded: event.events & (EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0))
        }
    }
}
