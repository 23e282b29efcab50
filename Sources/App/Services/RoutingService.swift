import AsyncHTTPClient
import Geo
import Logging
import OSRM
import ServiceLifecycle

/// The connection to an OSRM server, closed when the server stops.
struct RoutingService: Service {
    private let client: HTTPClient
    let travelTimes: OSRMTravelTimes

    init(_ routing: AppConfiguration.Routing, estimator: TravelTimeEstimator, log: Logger) {
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: .osrm)
        var settings = OSRMTravelTimes.Settings(address: routing.address)
        let profile = routing.profile
        settings.profile = { _ in profile }
        settings.timeoutMilliseconds = Int64(routing.timeoutMilliseconds)
        travelTimes = OSRMTravelTimes(
            settings, estimator: estimator, transport: HTTPTableTransport(client: client, clock: ContinuousClock()),
            logger: log, milliseconds: { RealWorld.monotonicMicroseconds() / 1000 })
    }

    func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }
}
