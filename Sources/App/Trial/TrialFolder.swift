import Contract
import Foundation
package import Postgres

/// What a trial on this machine keeps between two starts: the private cluster, the key of the tokens, the passwords.
package struct TrialFolder: Sendable, CustomStringConvertible {
    /// Its secrets are never printed.
    package var description: String { "TrialFolder(\(path))" }

    package let path: String
    package let secret: String
    package let adminEmail = "admin@tiffin.local"
    package let adminPassword: String
    /// One password for all drivers of the trial, so that thousands of accounts need one hash.
    package let driverPassword: String

    /// Opens the folder, or makes it. Only this user can read what it keeps.
    ///
    /// - Throws: ``ConfigurationError``.
    package init(path: String) throws {
        self.path = path
        let file = path + "/trial.json"
        if let data = FileManager.default.contents(atPath: file) {
            guard let json = try? JSON(parsing: Array(data)), let secret = json["secret"]?.text,
                let admin = json["admin_password"]?.text, let driver = json["driver_password"]?.text
            else { throw ConfigurationError("\(file) is damaged: delete \(path) to begin anew") }
            self.secret = secret
            adminPassword = admin
            driverPassword = driver
            return
        }
        secret = RealWorld.password(48)
        adminPassword = RealWorld.password()
        driverPassword = RealWorld.password()
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw ConfigurationError("the folder \(path) cannot be made: give another one with --data-dir")
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("secret", secret)
            writer.field("admin_password", adminPassword)
            writer.field("driver_password", driverPassword)
        }
        guard
            FileManager.default.createFile(
                atPath: file, contents: Data(writer.bytes), attributes: [.posixPermissions: 0o600])
        else { throw ConfigurationError("\(file) cannot be written: give another folder with --data-dir") }
    }

    /// Where trials live when nobody says otherwise.
    package static var standard: String { PrivateCluster.defaultFolder }

    /// The folder whose private database this URL names: it ends in `pg/run`.
    package static func around(databaseURL: String) -> String {
        guard let host = databaseURL.components(separatedBy: "host=").last?.components(separatedBy: "&").first,
            let socket = host.removingPercentEncoding, let end = socket.range(of: "/pg/", options: .backwards)
        else { return standard }
        return String(socket[..<end.lowerBound])
    }

    /// Starts the private PostgreSQL of this folder.
    ///
    /// - Throws: ``ConfigurationError``: PostgreSQL is missing, the folder belongs to another server, …
    package func startCluster() async throws -> PrivateCluster {
        do {
            return try await PrivateCluster.started(.init(folder: path + "/pg", maximumConnections: 40))
        } catch {
            throw ConfigurationError("\(error)")
        }
    }

    /// Defaults that differ from those of `serve`.
    package func defaults(databaseURL: String) -> [String: String] {
        ["http.host": "127.0.0.1", "database.url": databaseURL, "auth.secret": secret]
    }
}
