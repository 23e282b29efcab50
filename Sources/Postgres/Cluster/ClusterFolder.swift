import Glibc

/// The folder of a private cluster: who owns it, what lies in it, and who still works in it.
///
///     FOLDER/lock     held by the process that runs the cluster, with its number inside
///     FOLDER/data     the cluster
///     FOLDER/run      the socket
///     FOLDER/log      what the server says
struct ClusterFolder: Sendable {
    /// The account that the server runs as.
    struct Account: Sendable {
        let name: String
        let user: uid_t
        let group: gid_t
    }

    let path: String
    /// `nil` when the server runs as our own user.
    let account: Account?

    var data: String { path + "/data" }
    var run: String { path + "/run" }
    var log: String { path + "/log" }
    var lock: String { path + "/lock" }

    /// `sun_path` holds 108 bytes with its terminating NUL.
    static let longestSocketPath = 107

    init(path: String) throws(ClusterError) {
        self.path = path
        guard path.hasPrefix("/") else {
            throw ClusterError(.folderUnusable, "the data folder \(path) must be an absolute path")
        }
        let socket = "\(path)/run/.s.PGSQL.5432"
        guard socket.utf8.count <= Self.longestSocketPath else {
            throw ClusterError(
                .pathTooLong,
                "the socket's path would have \(socket.utf8.count) bytes and \(Self.longestSocketPath) are possible; "
                    + "choose a shorter data folder than \(path)")
        }
        account = try Self.serverAccount()
    }

    /// PostgreSQL refuses to run as root; Debian's package brings the user `postgres`.
    private static func serverAccount() throws(ClusterError) -> Account? {
        guard geteuid() == 0 else { return nil }
        guard let entry = getpwnam("postgres") else {
            throw ClusterError(
                .notInstalled,
                "PostgreSQL does not run as root and there is no user postgres; "
                    + "install it with: apt-get install -y postgresql")
        }
        return Account(name: "postgres", user: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
    }

    /// The words before a command that runs it as the server's user; `--pdeathsig` is added for the server alone.
    func asServerUser(dyingWithParent: Bool) -> [String] {
        var words = ["setpriv"]
        if let account {
            words += ["--reuid=\(account.user)", "--regid=\(account.group)", "--clear-groups"]
        }
        if dyingWithParent { words += ["--pdeathsig", "INT"] }
        return words.count == 1 && !dyingWithParent ? [] : words + ["--"]
    }

    /// Makes the folders and gives them to the server's user.
    func create() throws(ClusterError) {
        try refuseForeignFolder()
        guard Paths.makeFolder(path, mode: 0o700), Paths.makeFolder(run, mode: 0o700) else {
            throw ClusterError(
                .folderUnusable,
                "the data folder \(path) cannot be created; choose another one or change its parent's rights")
        }
        if let account {
            for folder in [path, run] where chown(folder, account.user, account.group) != 0 {
                throw ClusterError(.folderUnusable, "\(folder) cannot be given to user \(account.name)")
            }
        }
        let probe = asServerUser(dyingWithParent: false) + ["test", "-w", run]
        guard ChildProcess.run(probe, output: "/dev/null") else {
            let name = account.map { "user \($0.name)" } ?? "this user"
            throw ClusterError(
                .folderUnusable,
                "\(name) cannot reach \(path) (one of its parents is closed); choose a folder elsewhere, "
                    + "for example \(account == nil ? "under your home" : "/var/lib/tiffin")")
        }
    }

    /// A folder full of someone else's things is not given to the server's user.
    private func refuseForeignFolder() throws(ClusterError) {
        let entries = Paths.entries(of: path)
        guard !entries.isEmpty, !entries.contains("lock"), !entries.contains("data") else { return }
        throw ClusterError(
            .folderUnusable, "\(path) is not empty and holds no cluster of ours; choose an empty or a new folder")
    }

    /// Takes the folder for this process. The kernel frees it with the process, however that ends.
    ///
    /// - Returns: the descriptor that holds the lock.
    func own() throws(ClusterError) -> Int32 {
        let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ClusterError(.folderUnusable, "\(lock) cannot be written; change its rights or choose another folder")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            let owner = Paths.tail(of: lock)?.split(separator: "\n").first.map(String.init) ?? "unknown"
            throw ClusterError(
                .folderInUse,
                "the data folder \(path) is in use by process \(owner); stop that process or choose another folder")
        }
        if let account { fchown(descriptor, account.user, account.group) }
        ftruncate(descriptor, 0)
        let text = "\(getpid())\n"
        _ = write(descriptor, text, text.utf8.count)
        return descriptor
    }

    /// The processes of a server that works in the data folder: the server changes into it and stays there.
    func remainingProcesses() -> [pid_t] {
        let folder = Paths.resolved(data)
        return Paths.entries(of: "/proc").compactMap { pid_t($0) }.filter { process in
            process != getpid() && Paths.target(ofLink: "/proc/\(process)/cwd") == folder
                && isPostgres(process)
        }
    }

    private func isPostgres(_ process: pid_t) -> Bool {
        Paths.tail(of: "/proc/\(process)/comm")?.hasPrefix("postgres") == true
    }

    /// Ends what an owner that was killed has left: it is ending already by its parent's death signal, so it gets time,
    /// then an immediate stop, then no choice. Leaves no pid file, whose number may belong to someone else by now.
    func endRemainingServer() {
        let pause = WakeSignal()
        for (signal, patience) in [(SIGINT, Duration.seconds(8)), (SIGQUIT, .seconds(5)), (SIGKILL, .seconds(5))] {
            let limit = MonotonicTime.read().advanced(by: patience)
            var remaining = remainingProcesses()
            // The lowest number is nearly always the server itself; its children understand the same signals.
            if let first = remaining.first, signal != SIGKILL { kill(first, signal) }
            if signal == SIGKILL { for process in remaining { kill(process, signal) } }
            while !remaining.isEmpty && limit > .read() {
                pause.wait(until: MonotonicTime.read().advanced(by: .milliseconds(20)))
                remaining = remainingProcesses()
            }
            if remaining.isEmpty { break }
        }
        unlink(data + "/postmaster.pid")
    }

    /// The major version of the cluster in the folder, if there is one.
    var majorVersion: Int? {
        Paths.tail(of: data + "/PG_VERSION").flatMap { Int($0.prefix { $0.isNumber }) }
    }

    /// The last thing the server said, for an error message.
    var lastWords: String {
        let lines = (Paths.tail(of: log) ?? "").split(separator: "\n")
        let telling = lines.last { $0.contains("FATAL") || $0.contains("ERROR") || $0.contains("error:") } ?? lines.last
        return telling.map(String.init) ?? "it said nothing"
    }
}
