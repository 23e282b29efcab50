import Glibc

/// A program started by `posix_spawn` with its output in a file, in a process group of its own, so that Ctrl-C at the
/// terminal reaches us and not it.
struct ChildProcess {
    let identifier: pid_t

    /// Starts `arguments[0]` with our environment less everything that would steer libpq or the server.
    ///
    /// - Returns: `nil` when it cannot be started.
    static func start(_ arguments: [String], output: String) -> ChildProcess? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let argumentPointers = arguments.map { strdup($0) } + [nil]
        let environmentPointers = cleanEnvironment().map { strdup($0) } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var identifier: pid_t = 0
        let outcome = posix_spawnp(
            &identifier, arguments[0], &actions, &attributes, argumentPointers, environmentPointers)
        return outcome == 0 ? ChildProcess(identifier: identifier) : nil
    }

    private static func cleanEnvironment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let variable = String(cString: entry)
            if !variable.hasPrefix("PG") && !variable.hasPrefix("LC_") && !variable.hasPrefix("LANG") {
                variables.append(variable)
            }
            next = next.advanced(by: 1)
        }
        return variables + ["LC_ALL=C"]
    }

    /// The exit status as `waitpid` gives it, or `nil` while it runs.
    func statusIfEnded() -> Int32? {
        var status: Int32 = 0
        let outcome = waitpid(identifier, &status, WNOHANG)
        if outcome == identifier { return status }
        return outcome < 0 && errno == ECHILD ? 0 : nil
    }

    /// Starts a program and waits for its end.
    ///
    /// - Returns: whether it ended with exit code 0.
    static func run(_ arguments: [String], output: String) -> Bool {
        guard let child = start(arguments, output: output) else { return false }
        var status: Int32 = 0
        while waitpid(child.identifier, &status, 0) < 0 && errno == EINTR {}
        return status == 0
    }
}
