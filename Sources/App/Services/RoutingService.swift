import API
import AsyncHTTPClient
import Fulfilment
import Geo
import Logging
import OSRM
import ServiceLifecycle

/// The connection to an OSRM server, closed when the server stops.
struct RoutingService: Service {
    private let client: HTTPClient
    let travelTimes: OSRMTravelTimes

    init(
        _ routing: AppConfiguration.Routing, estimator: @escaping @Sendable () -> TravelTimeEstimator, log: Logger
    ) {
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: .osrm)
        var settings = OSRMTravelTimes.Settings(address: routing.address)
        let profile = routing.profile
        settings.profile = { _ in profile }
        settings.timeoutMilliseconds = Int64(routing.timeoutMilliseconds)
        travelTimes = OSRMTravelTimes(
            settings, estimator: estimator, transport: HTTPTableTransport(client: client, clock: ContinuousClock()),
            logger: log, milliseconds: { RealWorld.monotonicMicroseconds() / 1000 })
    }

    /// The connection that the settings ask for, with the factors of whatever zones are in force; nil for none.
    static func configured(
        _ configuration: AppConfiguration, travel: TravelTimeEstimator, atlas: Atlas, log: Logger
    ) -> RoutingService? {
        configuration.routing.map { routing in
            RoutingService(
                routing,
                estimator: {
                    var estimator = travel
                    estimator.slowZones = atlas.slowZones
                    return estimator
                }, log: log)
        }
    }

    /// For `/health`. Without the server dispatch goes on with estimates, so it never makes this one unready.
    var state: [APIHooks.Part] {
        let detail = travelTimes.isServing ? "" : "OSRM fails; travel times are estimated"
        return [.init(name: "osrm", isReady: true, detail: detail)]
    }

    /// Asks it for a way that there is not.
    func isAnswering() async -> Bool { await travelTimes.isAnswering() }

    func close() async {
        try? await client.shutdown()
    }

    func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }
}
