import Glibc

/// The programs of an installed PostgreSQL.
struct Installation: Sendable {
    /// The folder that holds `postgres` and `initdb`.
    let folder: String
    /// The major version, where the folder's name tells it.
    let major: Int?

    static let oldestMajor = 14

    var postgres: String { folder + "/postgres" }
    var initdb: String { folder + "/initdb" }

    /// Finds PostgreSQL in Debian's versioned folders, newest first, then in `PATH`.
    ///
    /// - Parameter major: the version that a present data folder needs, if there is one.
    static func find(
        major wanted: Int?, versions root: String = "/usr/lib/postgresql", path: String?
    ) throws(ClusterError) -> Installation {
        var found: [Installation] = []
        for major in Paths.entries(of: root).compactMap({ Int($0) }).sorted(by: >) where major >= oldestMajor {
            found.append(Installation(folder: "\(root)/\(major)/bin", major: major))
        }
        for folder in (path ?? "").split(separator: ":") {
            found.append(Installation(folder: String(folder), major: nil))
        }
        found = found.filter { access($0.postgres, X_OK) == 0 && access($0.initdb, X_OK) == 0 }
        if let wanted {
            if let exact = found.first(where: { $0.major == wanted }) { return exact }
            if let unknown = found.first(where: { $0.major == nil }) { return unknown }
            throw ClusterError(
                .notInstalled,
                "the data folder was made by PostgreSQL \(wanted), which is not installed; "
                    + "install it with: apt-get install -y postgresql-\(wanted)")
        }
        guard let newest = found.first else {
            throw ClusterError(
                .notInstalled,
                "PostgreSQL \(oldestMajor) or newer is not installed; install it with: apt-get install -y postgresql")
        }
        return newest
    }
}
