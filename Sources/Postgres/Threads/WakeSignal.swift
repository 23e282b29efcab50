import CLibPQ
import Glibc

/// A counter of the kernel (`eventfd`) that one thread waits on and any thread may raise; `poll` can wait on it
/// together with a socket. The descriptor is closed with the last reference.
final class WakeSignal: Sendable {
    let descriptor: Int32

    init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC))
        precondition(descriptor >= 0, "the process is out of file descriptors")
    }

    deinit { close(descriptor) }

    /// Wakes the waiting thread, or makes its next wait return at once.
    func raise() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    /// Waits until raised and lowers the signal.
    func wait() {
        var count: UInt64 = 0
        while read(descriptor, &count, 8) < 0 && errno == EINTR {}
    }

    /// Waits until raised or until `deadline`, whichever comes first, and lowers the signal.
    func wait(until deadline: MonotonicTime) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = poll(&entry, 1, deadline.pollTimeout(from: .read()))
        if ready > 0 { wait() }
    }
}
