import ArgumentParser
import Contract
import DriverClient
import Foundation

/// What `demo` and `serve --dev` write when they are ready: where the server is and who may log in.
struct ReadyFile {
    struct Driver {
        let id: Int64
        let credentials: Credentials
    }

    let url: String
    let databaseURL: String?
    let admin: Credentials
    let drivers: [Driver]

    /// Reads the file; every failure is a sentence for the terminal.
    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ValidationError("cannot read \(path); is the server ready?")
        }
        guard let json = try? JSON(parsing: Array(data)), let url = json["url"]?.text,
            let email = json["admin"]?["email"]?.text, let password = json["admin"]?["password"]?.text
        else { throw ValidationError("\(path) is not a ready file") }
        self.url = url
        databaseURL = json["database_url"]?.text
        admin = Credentials(identity: email, password: password)
        drivers = (json["drivers"]?.elements ?? []).compactMap { driver in
            guard let id = driver["id"]?.identifier, let identity = driver["identity"]?.text,
                let password = driver["password"]?.text
            else { return nil }
            return Driver(id: id, credentials: Credentials(identity: identity, password: password))
        }
    }
}
