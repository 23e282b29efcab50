import Glibc
import Synchronization

/// A PostgreSQL of our own, run as a child of this process on a data folder and a Unix socket inside it.
///
/// As root it runs as user `postgres`, otherwise as ourselves. It ends with this process, however that ends: the
/// thread that starts it lives as long as the process, and the kernel interrupts the server when that thread is gone.
/// It starts again on the same folder, also after both were killed.
package final class PrivateCluster: Sendable {
    package struct Configuration: Sendable {
        /// Absolute path; see `PrivateCluster.defaultFolder`.
        package var folder: String
        /// The database that is created when it is missing.
        package var database: String
        /// Whether data survives a crash of the machine. Off for tests and benchmarks only.
        package var isDurable: Bool
        package var maximumConnections: Int
        /// A folder that keeps a fresh cluster, shared by many processes: copying it is far faster than making one.
        package var template: String?
        /// Extra settings of the server, name and value.
        package var settings: [String: String]

        package init(
            folder: String, database: String = "tiffin", isDurable: Bool = true, maximumConnections: Int = 100,
            template: String? = nil, settings: [String: String] = [:]
        ) {
            self.folder = folder
            self.database = database
            self.isDurable = isDurable
            self.maximumConnections = maximumConnections
            self.template = template
            self.settings = settings
        }
    }

    /// The superuser of every private cluster. There is no password: the socket's folder admits its owner alone.
    package static let user = "tiffin"

    package let configuration: Configuration
    private let keeper: ClusterKeeper

    private init(configuration: Configuration, keeper: ClusterKeeper) {
        self.configuration = configuration
        self.keeper = keeper
    }

    deinit { keeper.requestStop() }

    /// `/var/lib/tiffin` as root, whose home is closed to user `postgres`; otherwise under `XDG_DATA_HOME`.
    package static var defaultFolder: String {
        if geteuid() == 0 { return "/var/lib/tiffin" }
        if let data = getenv("XDG_DATA_HOME").map({ String(cString: $0) }), data.hasPrefix("/") {
            return data + "/tiffin"
        }
        let home =
            getenv("HOME").map { String(cString: $0) } ?? getpwuid(geteuid()).map { String(cString: $0.pointee.pw_dir) }
        return (home ?? "/tmp") + "/.local/share/tiffin"
    }

    /// The folder of the installed PostgreSQL's programs; nil when there is none.
    package static var installedBinaries: String? {
        do {
            return try Installation.find(major: nil, path: getenv("PATH").map { String(cString: $0) }).folder
        } catch {
            return nil
        }
    }

    /// Makes the cluster when the folder has none, starts it and waits until it answers.
    ///
    /// - Throws: `ClusterError`, one sentence with its remedy.
    package static func started(_ configuration: Configuration) async throws(ClusterError) -> PrivateCluster {
        let keeper = try ClusterKeeper(configuration: configuration)
        try await keeper.start().get()
        return PrivateCluster(configuration: configuration, keeper: keeper)
    }

    /// The server's process number.
    package var processIdentifier: Int32 { keeper.processIdentifier }

    /// Whether the server's process runs.
    package var isRunning: Bool { keeper.isRunning }

    /// A URL for libpq and `psql`, for `database` or the configured one.
    package func url(database: String? = nil) -> String {
        let host = Self.percentEncoded(keeper.folder.run)
        return "postgresql:///\(Self.percentEncoded(database ?? configuration.database))?host=\(host)&user=\(Self.user)"
    }

    /// Stops the server: at once for its clients, in order for its data. Returns when it has ended.
    package func stop() async {
        keeper.requestStop()
        await keeper.ended()
    }

    private static func percentEncoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain = byte < 128 && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
            if isPlain || scalar == "-" || scalar == "_" || scalar == "." {
                encoded.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return encoded
    }
}
