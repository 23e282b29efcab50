import Glibc
import Synchronization

/// The thread that makes, starts, watches and stops a private cluster's server.
final class ClusterKeeper: Sendable {
    private struct State {
        var process: pid_t = 0
        var isRunning = false
        var hasEnded = false
        var stopRequested = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let folder: ClusterFolder
    private let configuration: PrivateCluster.Configuration
    private let state = Mutex(State())
    private let wake = WakeSignal()

    static let startPatience = Duration.seconds(60)

    init(configuration: PrivateCluster.Configuration) throws(ClusterError) {
        self.configuration = configuration
        folder = try ClusterFolder(path: configuration.folder)
    }

    var processIdentifier: pid_t { state.withLock { $0.process } }
    var isRunning: Bool { state.withLock { $0.isRunning } }

    /// Starts the thread, which lives until the server has ended, and waits until the server answers.
    func start() async -> Result<Void, ClusterError> {
        await withCheckedContinuation { continuation in
            let isStarted = OSThread.start {
                self.run { outcome in continuation.resume(returning: outcome) }
            }
            if !isStarted {
                continuation.resume(
                    returning: .failure(ClusterError(.startFailed, "the process cannot start another thread")))
            }
        }
    }

    func requestStop() {
        state.withLock { $0.stopRequested = true }
        wake.raise()
    }

    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    private func run(_ report: (Result<Void, ClusterError>) -> Void) {
        var lock: Int32 = -1
        do throws(ClusterError) {
            try folder.create()
            lock = try folder.own()
            folder.endRemainingServer()
            let installation = try Installation.find(
                major: folder.majorVersion, path: getenv("PATH").map { String(cString: $0) })
            if folder.majorVersion == nil { try makeCluster(installation) }
            let server = try startServer(installation)
            report(.success(()))
            watch(server)
        } catch {
            report(.failure(error))
        }
        if lock >= 0 { close(lock) }
        let waiters = state.withLock { state in
            state.hasEnded = true
            state.isRunning = false
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Making

    /// Makes the cluster beside its place and moves it there when it is complete, so that an interrupted attempt is
    /// never taken for a cluster.
    private func makeCluster(_ installation: Installation) throws(ClusterError) {
        let fresh = folder.path + "/data.new"
        let asUser = folder.asServerUser(dyingWithParent: false)
        _ = ChildProcess.run(asUser + ["rm", "-rf", fresh], output: "/dev/null")
        if let template = configuration.template {
            let origin = try preparedTemplate(template, installation)
            guard ChildProcess.run(asUser + ["cp", "-a", "--reflink=auto", origin, fresh], output: folder.log) else {
                throw ClusterError(.folderUnusable, "the cluster's template cannot be copied: \(folder.lastWords)")
            }
        } else {
            try initialise(fresh, installation, log: folder.log)
        }
        guard rename(fresh, folder.data) == 0 else {
            throw ClusterError(.folderUnusable, "\(folder.data) cannot be created; change the rights of \(folder.path)")
        }
    }

    private func initialise(_ data: String, _ installation: Installation, log: String) throws(ClusterError) {
        let command =
            folder.asServerUser(dyingWithParent: false) + [
                installation.initdb, "-D", data, "-U", PrivateCluster.user, "--auth=trust", "--encoding=UTF8",
                "--locale=C",
                "--no-sync", "--no-instructions",
            ]
        guard ChildProcess.run(command, output: log) else {
            throw ClusterError(.startFailed, "initdb failed: \(folder.lastWords); see \(log)")
        }
    }

    /// Makes the shared template once; others who need it meanwhile wait.
    private func preparedTemplate(_ path: String, _ installation: Installation) throws(ClusterError) -> String {
        let versioned = "\(path)-\(installation.major ?? 0)-\(folder.account?.user ?? geteuid())"
        guard Paths.makeFolder(versioned, mode: 0o700) else {
            throw ClusterError(
                .folderUnusable, "\(versioned) cannot be created; remove it or change its parent's rights")
        }
        if let account = folder.account { chown(versioned, account.user, account.group) }
        let lock = open(versioned + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        defer { if lock >= 0 { close(lock) } }
        if lock >= 0, let account = folder.account { fchown(lock, account.user, account.group) }
        guard lock >= 0, flock(lock, LOCK_EX) == 0 else {
            throw ClusterError(.folderUnusable, "\(versioned) cannot be locked; remove it")
        }
        let complete = versioned + "/data"
        if Paths.exists(complete + "/PG_VERSION") { return complete }
        let asUser = folder.asServerUser(dyingWithParent: false)
        _ = ChildProcess.run(asUser + ["rm", "-rf", versioned + "/new"], output: "/dev/null")
        try initialise(versioned + "/new", installation, log: folder.log)
        guard rename(versioned + "/new", complete) == 0 else {
            throw ClusterError(.folderUnusable, "\(complete) cannot be created; remove \(versioned)")
        }
        return complete
    }

    // MARK: Running

    private var settings: [(String, String)] {
        var settings: [(String, String)] = [
            ("listen_addresses", ""), ("unix_socket_directories", folder.run), ("unix_socket_permissions", "0700"),
            ("port", "5432"), ("max_connections", String(configuration.maximumConnections)),
            ("logging_collector", "off"), ("log_destination", "stderr"), ("log_min_messages", "warning"),
            ("log_statement", "none"), ("log_min_error_statement", "panic"), ("log_error_verbosity", "terse"),
            ("timezone", "UTC"), ("log_timezone", "UTC"), ("dynamic_shared_memory_type", "posix"),
        ]
        if !configuration.isDurable {
            settings += [("fsync", "off"), ("full_page_writes", "off")]
        }
        return settings + configuration.settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private func startServer(_ installation: Installation) throws(ClusterError) -> ChildProcess {
        var status = stat()
        if stat(folder.log, &status) == 0 && status.st_size > 8 << 20 { truncate(folder.log, 0) }
        var command = folder.asServerUser(dyingWithParent: true) + [installation.postgres, "-D", folder.data]
        for (name, value) in settings { command += ["-c", "\(name)=\(value)"] }
        guard let server = ChildProcess.start(command, output: folder.log) else {
            throw ClusterError(
                .notInstalled, "setpriv cannot be started; install it with: apt-get install -y util-linux")
        }
        state.withLock { state in
            state.process = server.identifier
            state.isRunning = true
        }
        do throws(ClusterError) {
            try awaitAnswer(server)
        } catch {
            end(server)
            throw error
        }
        return server
    }

    private func awaitAnswer(_ server: ChildProcess) throws(ClusterError) {
        let limit = MonotonicTime.read().advanced(by: Self.startPatience)
        let target = ConnectionTarget(
            connectionString: "host='\(folder.run)' user=\(PrivateCluster.user) dbname=postgres",
            applicationName: "tiffin")
        while true {
            if server.statusIfEnded() != nil {
                throw ClusterError(.startFailed, "PostgreSQL ended at once: \(folder.lastWords); see \(folder.log)")
            }
            if state.withLock({ $0.stopRequested }) {
                throw ClusterError(.startFailed, "PostgreSQL was stopped while it started")
            }
            do throws(PostgresError) {
                var session = try Session.connected(to: target, until: MonotonicTime.read().advanced(by: .seconds(5)))
                try createDatabase(&session, until: limit)
                return
            } catch {
                if limit <= .read() {
                    throw ClusterError(
                        .startFailed,
                        "PostgreSQL did not answer within a minute: \(folder.lastWords); see \(folder.log)")
                }
                wake.wait(until: MonotonicTime.read().advanced(by: .milliseconds(20)))
            }
        }
    }

    private func createDatabase(_ session: inout Session, until limit: MonotonicTime) throws(PostgresError) {
        let name = configuration.database
        let found = try session.run(
            [Statement("SELECT 1 FROM pg_database WHERE datname = $1", [.text(name)])], prefix: nil, until: limit)
        if found[0].isEmpty {
            try session.script("CREATE DATABASE \"\(name.replacing("\"", with: "\"\""))\"", until: limit)
        }
    }

    /// Waits for the server's end, and brings it about when asked to.
    private func watch(_ server: ChildProcess) {
        while server.statusIfEnded() == nil {
            if state.withLock({ $0.stopRequested }) {
                end(server)
                return
            }
            wake.wait(until: MonotonicTime.read().advanced(by: .milliseconds(250)))
        }
        state.withLock { $0.isRunning = false }
    }

    /// SIGINT is a fast shutdown, SIGQUIT an immediate one, after which the next start replays the log.
    private func end(_ server: ChildProcess) {
        for (signal, patience) in [(SIGINT, Duration.seconds(15)), (SIGQUIT, .seconds(5)), (SIGKILL, .seconds(5))] {
            kill(server.identifier, signal)
            let limit = MonotonicTime.read().advanced(by: patience)
            while limit > .read() {
                if server.statusIfEnded() != nil { return }
                wake.wait(until: MonotonicTime.read().advanced(by: .milliseconds(10)))
            }
        }
    }
}
