import Glibc
package import Postgres
import Synchronization

/// The one private cluster of this test process, started by the first test that needs a database.
///
/// It lies in `/tmp`, is a copy of a template that all test processes share, and is removed when the process exits;
/// what a killed process left behind is removed by the next.
package enum TestCluster {
    /// The running cluster.
    package static func shared() async throws -> PrivateCluster {
        try await starting.value
    }

    private static let prefix = "tiffin-test-"
    private static let root = "/tmp/"
    static let folder = "\(root)\(prefix)\(getpid())"

    /// The one start that all tests await. A task and not an actor, because starting must happen once however many ask.
    private static let starting = Task { () throws -> PrivateCluster in
        removeLeftovers()
        let cluster = try await PrivateCluster.started(
            .init(
                folder: folder, isDurable: false, maximumConnections: 400, template: "/tmp/tiffin-template",
                settings: ["shared_buffers": "64MB", "max_locks_per_transaction": "256"]))
        atexit { TestCluster.removeAtExit() }
        return cluster
    }

    /// Processes that were killed could not clean up. Their servers ended with them.
    private static func removeLeftovers() {
        for name in entries(of: root) where name.hasPrefix(prefix) {
            guard let owner = pid_t(name.dropFirst(prefix.count)), kill(owner, 0) != 0, errno == ESRCH else { continue }
            remove(root + name)
        }
    }

    private static func removeAtExit() {
        // The cluster is thrown away, so its server need not stop in order.
        if let text = entries(of: folder + "/data").contains("postmaster.pid")
            ? firstLine(folder + "/data/postmaster.pid") : nil,
            let server = pid_t(text)
        {
            kill(server, SIGQUIT)
            for _ in 0..<100 where kill(server, 0) == 0 {
                var status: Int32 = 0
                if waitpid(server, &status, WNOHANG) != 0 { break }
                usleep(10_000)
            }
        }
        remove(folder)
    }

    private static func firstLine(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(descriptor, &buffer, buffer.count)
        return count <= 0
            ? nil : String(decoding: buffer.prefix(count), as: UTF8.self).split(separator: "\n").first.map(String.init)
    }

    private static func entries(of folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private static func remove(_ folder: String) {
        let words: [String] = ["rm", "-rf", folder]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        guard posix_spawnp(&process, "rm", nil, nil, arguments, environ) == 0 else { return }
        var status: Int32 = 0
        waitpid(process, &status, 0)
    }
}
