package import Fulfilment
package import Logging
import Postgres
package import ServiceLifecycle

/// A server on a private database, filled and ready to be tried: what `serve --dev` and `demo` have in common.
package struct Trial: Sendable {
    package let server: Server
    package let folder: TrialFolder
    package let drivers: [DriverAccount]
    package let restaurants: [Restaurant]
    package let databaseURL: String
    /// Whether the server has a certificate, wherever that was set.
    package let speaksTLS: Bool
    private let cluster: PrivateCluster

    /// What is put into the database before anybody is served.
    package struct Contents: Sendable {
        package var drivers: Int
        package var restaurants: [RestaurantDraft]
        package var zones: [ZoneDraft]

        package init(drivers: Int, restaurants: [RestaurantDraft], zones: [ZoneDraft]) {
            self.drivers = drivers
            self.restaurants = restaurants
            self.zones = zones
        }
    }

    /// Starts the database, makes the server and fills what is missing.
    ///
    /// - Parameters:
    ///   - arguments: Settings as flags.
    ///   - whenReady: Told once, with the finished trial and its address.
    /// - Throws: ``ConfigurationError``.
    package static func prepared(
        folder path: String, arguments: [String], environment: [String: String], file: String?, contents: Contents,
        options: Server.Options, log: Logger, extraDefaults: [String: String] = [:]
    ) async throws -> Trial {
        let folder = try TrialFolder(path: path)
        let cluster = try await folder.startCluster()
        do {
            let url = cluster.url()
            let defaults = folder.defaults(databaseURL: url).merging(extraDefaults) { $1 }
            // A private database is private: a DATABASE_URL of the surroundings is not meant for it.
            var environment = environment
            environment["DATABASE_URL"] = nil
            let reader = try await SettingsReader(
                arguments: arguments, environment: environment, file: file, defaults: defaults)
            let configuration = try AppConfiguration(reader)
            let server = try await Server(configuration, options: options, log: log)
            let drivers = try await TrialAccounts(server, folder: folder).fill(drivers: contents.drivers)
            let restaurants = try await server.fill(contents)
            return Trial(
                server: server, folder: folder, drivers: drivers, restaurants: restaurants, databaseURL: url,
                speaksTLS: configuration.http.certificate != nil, cluster: cluster)
        } catch {
            await cluster.stop()
            throw error
        }
    }

    /// Serves until stopped, then stops the database.
    package func run(with companions: [any Service] = []) async throws {
        do {
            try await server.run(with: companions)
        } catch {
            await cluster.stop()
            throw error
        }
        await cluster.stop()
    }

    /// What a script may read; `url` is the address that the server really listens on.
    package func report(url: String) -> ReadyReport {
        ReadyReport(url: url, databaseURL: databaseURL, folder: folder, drivers: drivers, restaurants: restaurants)
    }
}

extension Server {
    /// Puts restaurants and zones into an empty database; a filled one is left as it is.
    func fill(_ contents: Trial.Contents) async throws -> [Restaurant] {
        let present = try await house.places.restaurants()
        if present.isEmpty {
            for draft in contents.restaurants { _ = try await house.places.createRestaurant(draft) }
        }
        if try await house.places.zones().isEmpty, !contents.zones.isEmpty {
            ZoneDesk(house, log: log).take(try await house.places.replaceZones(contents.zones))
        }
        return try await house.places.restaurants()
    }
}
