import Glibc

/// The built program, run as a child of this process with its output in a file.
struct ServerProcess: Sendable {
    let identifier: pid_t

    /// The program beside the one that runs these tests, or the one that `TIFFIN_BINARY` names.
    static var program: String {
        if let named = getenv("TIFFIN_BINARY").map({ String(cString: $0) }) { return named }
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/tiffin"
    }

    struct NotStarted: Error {
        let program: String
        let code: Int32
    }

    /// Starts `arguments[0]`; the child's own settings replace those of this process with the same name.
    static func start(_ arguments: [String], environment: [String: String], output: String) throws -> ServerProcess {
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
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var variables = environment
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH", "TMPDIR"] where variables[name] == nil {
            if let value = getenv(name) { variables[name] = String(cString: value) }
        }
        let argumentPointers = arguments.map { strdup($0) } + [nil]
        let environmentPointers = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
        var identifier: pid_t = 0
        let code = posix_spawnp(
            &identifier, arguments[0], &actions, &attributes, argumentPointers, environmentPointers)
        guard code == 0 else { throw NotStarted(program: arguments[0], code: code) }
        return ServerProcess(identifier: identifier)
    }

    /// Runs a program to its end.
    ///
    /// - Returns: Its exit code, nil when it could not be started or was killed.
    static func run(_ arguments: [String], output: String = "/dev/null") -> Int32? {
        guard let process = try? start(arguments, environment: [:], output: output) else { return nil }
        var status: Int32 = 0
        while waitpid(process.identifier, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }

    func send(_ signal: Int32) { kill(identifier, signal) }

    /// How the process ended: its exit code, or minus the number of the signal.
    func waitForEnd(within patience: Duration) async throws -> Int32? {
        let clock = ContinuousClock()
        let limit = clock.now + patience
        while true {
            var status: Int32 = 0
            let outcome = waitpid(identifier, &status, WNOHANG)
            if outcome == identifier { return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F) }
            if outcome < 0 { return nil }
            if clock.now > limit { return nil }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Resident memory in kB; 0 when the process is gone.
    var residentKilobytes: Int {
        for line in Self.lines(of: "/proc/\(identifier)/status") where line.hasPrefix("VmRSS:") {
            return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0
        }
        return 0
    }

    /// The children of a process, by their number.
    static func children(of parent: pid_t) -> [pid_t] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var children: [pid_t] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = pid_t(name) else { continue }
            for line in lines(of: "/proc/\(number)/status") where line.hasPrefix("PPid:") {
                if line.split(separator: "\t").last.flatMap({ pid_t($0) }) == parent { children.append(number) }
            }
        }
        return children
    }

    static func lines(of path: String) -> [Substring] { text(of: path).split(separator: "\n") }

    static func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
