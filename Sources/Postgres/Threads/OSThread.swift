import Glibc

/// Starts operating-system threads. Blocking C calls run on these, never on the threads of Swift's cooperative pool.
enum OSThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` on a new detached thread with all signals blocked.
    ///
    /// - Returns: whether the thread could be started; `false` means that the process is out of threads or memory.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        // Signals belong to the process's own handling: a blocked mask is inherited by the new thread and then
        // restored here.
        var all = sigset_t()
        var previous = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &previous)
        defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }

        let context = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let outcome = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context.toOpaque())
        guard outcome == 0 else {
            context.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
