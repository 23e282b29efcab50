import AsyncHTTPClient
import Foundation
import Geo
import Logging
import OSRM
import Synchronization
import Testing

@Suite struct OSRMTravelTimesTests {
    private let noon = TravelConditions(vehicle: .car, hour: 12)

    private func times(
        at address: String, timeout: Int64 = 2000, breaker: CircuitBreaker = CircuitBreaker()
    ) -> OSRMTravelTimes {
        var settings = OSRMTravelTimes.Settings(address: address)
        settings.timeoutMilliseconds = timeout
        return OSRMTravelTimes(
            settings, estimator: TravelTimeEstimator(), client: .shared, logger: Logger(label: "test"),
            breaker: breaker,
            milliseconds: { 0 })
    }

    private func body(_ rows: Int, _ columns: Int, duration: Double, distance: Double) -> String {
        func matrix(_ value: Double) -> String {
            "["
                + (0..<rows).map { _ in "[" + (0..<columns).map { _ in "\(value)" }.joined(separator: ",") + "]" }
                .joined(separator: ",") + "]"
        }
        return "{\"code\":\"Ok\",\"durations\":\(matrix(duration)),\"distances\":\(matrix(distance))}"
    }

    @Test func answersAreMarkedAsRoutesAndRemembered() async throws {
        let server = try ScriptedServer([.answer(200, body(1, 2, duration: 200.5, distance: 1500))])
        let times = times(at: server.address)
        let (from, to) = try ([place(60.169, 24.941)], [place(60.166, 24.951), place(60.17, 24.95)])
        let matrix = await times.matrix(from: from, to: to, under: noon)
        #expect(matrix[0, 0] == TravelLeg(milliseconds: 200_500, metres: 1500, source: .route))
        #expect(await times.matrix(from: from, to: to, under: noon) == matrix)
        #expect(server.requests.count == 1)
        #expect(server.requests[0].hasPrefix("GET /table/v1/driving/24.941000,60.169000;24.951000,60.166000;"))
    }

    @Test func aCellWithoutARouteIsEstimated() async throws {
        let server = try ScriptedServer([.answer(200, Recorded.withoutSomeRoutes)])
        let matrix = try await times(at: server.address).matrix(
            from: [place(60.169, 24.941), place(60.171, 24.946)], to: [place(60.166, 24.951), place(60.164, 24.938)],
            under: noon)
        #expect(matrix[1, 0] == TravelLeg(milliseconds: 176_200, metres: 1279, source: .route))
        #expect(matrix[0, 1].source == .estimate)
        #expect(matrix.count(of: .route) == 2)
    }

    @Test func aPlaceWithoutRoadsIsLeftOutAndTheRestIsAskedAgain() async throws {
        let server = try ScriptedServer([
            .answer(400, Recorded.noSegment), .answer(200, body(1, 2, duration: 100, distance: 1500)),
        ])
        let matrix = try await times(at: server.address).matrix(
            from: [place(60.169, 24.941), place(28.6, 77.2)], to: [place(60.166, 24.951), place(60.17, 24.95)],
            under: noon)
        #expect(matrix[0, 0].source == .route)
        #expect(matrix[1, 0].source == .estimate)
        #expect(server.requests.count == 2)
        #expect(!server.requests[1].contains("77.2"))
    }

    @Test(arguments: [
        ScriptedServer.Reply.answer(200, "{\"code\":\"Ok\""), .answer(200, "not json"), .answer(500, "{}"),
        .answer(400, Recorded.tooBig), .half, .silence, .hangUp,
        .answer(200, #"{"code":"Ok","durations":[[0.001]],"distances":[[1]]}"#),
    ])
    func whateverTheServerDoesThereIsAnEstimate(reply: ScriptedServer.Reply) async throws {
        let server = try ScriptedServer([reply])
        let (from, to) = try ([place(60.169, 24.941)], [place(60.2, 25.1)])
        let matrix = await times(at: server.address, timeout: 300).matrix(from: from, to: to, under: noon)
        #expect(matrix == TravelTimeEstimator().matrix(from: from, to: to, under: noon))
    }

    @Test func nobodyListeningIsAnEstimateAndOpensTheBreaker() async throws {
        let address = try { try ScriptedServer([]).address }()
        let times = times(at: address, timeout: 300, breaker: CircuitBreaker(tolerated: 1))
        let matrix = try await times.matrix(from: [place(1, 1)], to: [place(1.01, 1)], under: noon)
        #expect(matrix.count(of: .estimate) == 1)
        #expect(!times.isServing)
    }

    @Test func anOpenBreakerAsksNoMore() async throws {
        let server = try ScriptedServer([.answer(500, ""), .answer(500, "")])
        let times = times(at: server.address, breaker: CircuitBreaker(tolerated: 1))
        for longitude in [1.0, 2, 3] {
            _ = try await times.matrix(from: [place(1, longitude)], to: [place(1.01, longitude)], under: noon)
        }
        #expect(server.requests.count == 1)
    }

    @Test func nothingToAskIsNotAsked() async throws {
        let server = try ScriptedServer([])
        let matrix = try await times(at: server.address).matrix(from: [], to: [place(1, 1)], under: noon)
        #expect(matrix.origins == 0 && matrix.destinations == 1)
        #expect(server.requests.isEmpty)
    }
}

/// Against a real `osrm-routed`, where the environment says that one serves the extract of Helsinki:
/// `TIFFIN_TEST_OSRM=http://127.0.0.1:5000`.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["TIFFIN_TEST_OSRM"] != nil, "no osrm-routed"))
struct RealOSRMTests {
    private let noon = TravelConditions(vehicle: .car, hour: 12)

    private func times() throws -> OSRMTravelTimes {
        var settings = OSRMTravelTimes.Settings(
            address: try #require(ProcessInfo.processInfo.environment["TIFFIN_TEST_OSRM"]))
        settings.timeoutMilliseconds = 5000
        return OSRMTravelTimes(
            settings, estimator: TravelTimeEstimator(), client: .shared, logger: Logger(label: "test"),
            milliseconds: { 0 })
    }

    @Test func waysThroughHelsinkiAreRoutes() async throws {
        let from = try [place(60.169, 24.941), place(60.171, 24.946)]
        let to = try [place(60.166, 24.951), place(28.6, 77.2)]
        let matrix = try await times().matrix(from: from, to: to, under: noon)
        for row in 0..<2 {
            #expect(matrix[row, 0].source == .route)
            #expect(matrix[row, 0].metres >= from[row].distance(to: to[0]).whole)
            #expect(matrix[row, 1].source == .estimate)
        }
        let back = try await times().matrix(from: [to[0]], to: [from[0]], under: noon)
        #expect(back[0, 0].source == .route)
    }

    @Test func aLargeMatrixIsAskedInTiles() async throws {
        let points = try (0..<120).map { try place(60.165 + Double($0) * 0.00005, 24.94 + Double($0) * 0.0001) }
        let matrix = try await times().matrix(from: points, to: points, under: noon)
        #expect(matrix.count(of: .route) > 120 * 120 / 2)
    }
}
