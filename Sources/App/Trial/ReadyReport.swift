import Contract
import DispatchCore
import Foundation
package import Fulfilment
import Geo
import Glibc

/// What `demo` and `serve --dev` tell a script when they are ready.
package struct ReadyReport: Sendable {
    package var url: String
    package var databaseURL: String
    package var folder: TrialFolder
    package var drivers: [DriverAccount]
    package var restaurants: [Restaurant]

    package init(
        url: String, databaseURL: String, folder: TrialFolder, drivers: [DriverAccount], restaurants: [Restaurant]
    ) {
        self.url = url
        self.databaseURL = databaseURL
        self.folder = folder
        self.drivers = drivers
        self.restaurants = restaurants
    }

    /// Writes the file whole or not at all: a reader never sees half of it.
    ///
    /// - Throws: ``ConfigurationError``.
    package func write(to path: String) throws {
        let bytes = json
        let part = path + ".part"
        guard
            FileManager.default.createFile(atPath: part, contents: Data(bytes), attributes: [.posixPermissions: 0o600]),
            rename(part, path) == 0
        else { throw ConfigurationError("the ready file \(path) cannot be written") }
    }

    private var json: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("url", url)
            writer.field("pid", Int64(getpid()))
            writer.field("database_url", databaseURL)
            writer.key("admin")
            writer.object { writer in
                writer.field("email", folder.adminEmail)
                writer.field("password", folder.adminPassword)
            }
            writer.key("drivers")
            writer.array(drivers) { writer, driver in
                writer.object { writer in
                    writer.field("id", driver.id.rawValue)
                    writer.field("identity", driver.email ?? driver.phone)
                    writer.field("password", folder.driverPassword)
                }
            }
            writer.key("restaurants")
            writer.array(restaurants) { writer, restaurant in
                writer.object { writer in
                    writer.field("id", restaurant.id.rawValue)
                    writer.field("name", restaurant.place.name)
                    writer.field("latitude", restaurant.place.point?.latitude)
                    writer.field("longitude", restaurant.place.point?.longitude)
                }
            }
        }
        return writer.bytes
    }
}
