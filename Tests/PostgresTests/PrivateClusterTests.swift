import Glibc
import Postgres
import TestSupport
import Testing

@Suite("Private cluster", .serialized)
struct PrivateClusterTests {
    private func folder(_ name: String) -> String { "/tmp/tiffin-cluster-\(getpid())-\(name)" }

    private func configuration(_ folder: String) -> PrivateCluster.Configuration {
        .init(folder: folder, isDurable: false, template: "/tmp/tiffin-template")
    }

    private func pool(_ cluster: PrivateCluster, deadline: Duration = .seconds(10)) throws -> ConnectionPool {
        try ConnectionPool(
            configuration: .init(
                target: ConnectionTarget(connectionString: cluster.url(), applicationName: "cluster-test"),
                connections: 1, deadline: deadline),
            generator: SeededGenerator(seed: 5))
    }

    @Test func dataSurvivesAStopAndTheSocketIsTheOnlyDoor() async throws {
        let folder = folder("stop")
        let first = try await PrivateCluster.started(configuration(folder))
        let firstPool = try pool(first)
        try await firstPool.script("CREATE TABLE kept (a int8); INSERT INTO kept VALUES (7)")
        let addresses: String = try await firstPool.query("SHOW listen_addresses").only().get(0)
        #expect(addresses == "")
        await firstPool.close()
        await first.stop()
        #expect(!first.isRunning)
        #expect(kill(first.processIdentifier, 0) != 0)

        let second = try await PrivateCluster.started(configuration(folder))
        let secondPool = try pool(second)
        #expect(try await secondPool.query("SELECT a FROM kept").only().get(0, as: Int.self) == 7)
        await secondPool.close()
        await second.stop()
        remove(folder)
    }

    @Test func aSecondOwnerIsToldWhoHasTheFolder() async throws {
        let folder = folder("lock")
        let cluster = try await PrivateCluster.started(configuration(folder))
        let error = await #expect(throws: ClusterError.self) {
            _ = try await PrivateCluster.started(configuration(folder))
        }
        #expect(error?.code == .folderInUse)
        #expect(error?.description.contains("process \(getpid())") == true)
        await cluster.stop()
        remove(folder)
    }

    @Test func aFolderThatIsTooDeepIsRefusedWithTheLimit() async throws {
        let error = await #expect(throws: ClusterError.self) {
            _ = try await PrivateCluster.started(configuration("/tmp/" + String(repeating: "x", count: 90)))
        }
        #expect(error?.code == .pathTooLong)
        #expect(error?.description.contains("107") == true)
    }

    @Test func aFolderOfSomeoneElseIsLeftAlone() async throws {
        let error = await #expect(throws: ClusterError.self) {
            _ = try await PrivateCluster.started(configuration("/etc"))
        }
        #expect(error?.code == .folderUnusable)
    }

    /// A process that starts a cluster and is killed outright: the server must be gone within three seconds, and the
    /// folder must start again.
    @Test(.timeLimit(.minutes(2)))
    func nothingIsLeftAfterTheParentIsKilled() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let folder = "/tmp/tiffin-cluster-\(getppid())-killed"
            _ = try await PrivateCluster.started(
                .init(folder: folder, isDurable: false, template: "/tmp/tiffin-template"))
            kill(getpid(), SIGKILL)
        }
        try await expectGoneAndRestartable(folder("killed"))
    }

    /// The same as a normal user, which only a test run as root can become.
    @Test(.enabled(if: geteuid() == 0), .timeLimit(.minutes(2)))
    func aNormalUserNeedsNoPrivileges() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            let parent = getppid()
            let nobody = try #require(getpwnam("nobody")).pointee
            setgroups(0, nil)
            setgid(nobody.pw_gid)
            setuid(nobody.pw_uid)
            try #require(geteuid() == nobody.pw_uid)
            let cluster = try await PrivateCluster.started(
                .init(folder: "/tmp/tiffin-cluster-\(parent)-nobody", isDurable: false))
            let pool = try ConnectionPool(
                configuration: .init(
                    target: ConnectionTarget(connectionString: cluster.url(), applicationName: "x"), connections: 1),
                generator: SeededGenerator(seed: 6))
            try await pool.check()
            kill(getpid(), SIGKILL)
        }
        let folder = folder("nobody")
        try await eventually(within: .seconds(3)) { serverProcesses(in: folder).isEmpty }
        remove(folder)
    }

    private func expectGoneAndRestartable(_ folder: String) async throws {
        try await eventually(within: .seconds(3)) { serverProcesses(in: folder).isEmpty }
        let again = try await PrivateCluster.started(configuration(folder))
        let pool = try pool(again)
        try await pool.check()
        await pool.close()
        await again.stop()
        remove(folder)
    }

    /// A server that has stopped, as by SIGSTOP, accepts connections in the kernel and answers nothing.
    @Test(.timeLimit(.minutes(2)))
    func aStoppedServerCostsADeadlineAndNothingElse() async throws {
        let folder = folder("stalled")
        let cluster = try await PrivateCluster.started(configuration(folder))
        let pool = try pool(cluster, deadline: .seconds(1))
        let backend: Int = try await pool.query("SELECT pg_backend_pid()").only().get(0)
        kill(cluster.processIdentifier, SIGSTOP)
        kill(pid_t(backend), SIGSTOP)
        let started = MonotonicTime.read()
        for expected in [PostgresError.Code.deadlineExceeded, .unavailable, .unavailable] {
            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(error?.code == expected)
        }
        #expect(MonotonicTime.read().duration(since: started) < .seconds(5))
        kill(cluster.processIdentifier, SIGCONT)
        kill(pid_t(backend), SIGCONT)
        try await pool.query("SELECT 1", deadline: .seconds(20))
        await pool.close()
        await cluster.stop()
        remove(folder)
    }

    private func serverProcesses(in folder: String) -> [pid_t] {
        guard let stream = opendir("/proc") else { return [] }
        defer { closedir(stream) }
        var found: [pid_t] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let process = pid_t(name) else { continue }
            var buffer = [UInt8](repeating: 0, count: 512)
            let length = buffer.withUnsafeMutableBytes { bytes -> Int in
                guard let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
                return readlink("/proc/\(name)/cwd", base, bytes.count)
            }
            if length > 0, String(decoding: buffer.prefix(length), as: UTF8.self).hasPrefix(folder) {
                found.append(process)
            }
        }
        return found
    }

    private func remove(_ folder: String) {
        let words: [String] = ["rm", "-rf", folder]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, "rm", nil, nil, arguments, environ) == 0 else { return }
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
