import Geo
import Logging
import OSRM
import Testing

@Suite struct OSRMTravelTimesTests {
    private let noon = TravelConditions(vehicle: .car, hour: 12)

    private func times(
        _ server: ScriptedTransport, breaker: CircuitBreaker = CircuitBreaker(), concurrency: Int = 1
    ) -> OSRMTravelTimes {
        var settings = OSRMTravelTimes.Settings(address: "http://osrm")
        settings.concurrency = concurrency
        return OSRMTravelTimes(
            settings, estimator: { TravelTimeEstimator() }, transport: server, logger: Logger(label: "test"),
            breaker: breaker, milliseconds: { server.now })
    }

    private func body(_ rows: Int, _ columns: Int, duration: Double, distance: Double) -> String {
        func matrix(_ value: Double) -> String {
            let row = "[" + (0..<columns).map { _ in "\(value)" }.joined(separator: ",") + "]"
            return "[" + (0..<rows).map { _ in row }.joined(separator: ",") + "]"
        }
        return "{\"code\":\"Ok\",\"durations\":\(matrix(duration)),\"distances\":\(matrix(distance))}"
    }

    @Test func answersAreMarkedAsRoutesAndRemembered() async throws {
        let server = ScriptedTransport([.answer(200, body(1, 2, duration: 200.5, distance: 1500))])
        let times = times(server)
        let (from, to) = try ([place(60.169, 24.941)], [place(60.166, 24.951), place(60.17, 24.95)])
        let matrix = await times.matrix(from: from, to: to, under: noon)
        #expect(matrix[0, 0] == TravelLeg(milliseconds: 200_500, metres: 1500, source: .route))
        #expect(await times.matrix(from: from, to: to, under: noon) == matrix)
        #expect(server.requests.count == 1)
        #expect(server.requests[0].hasPrefix("http://osrm/table/v1/driving/24.941000,60.169000;24.951000,60.166000;"))
        #expect(server.requests[0].contains("&radiuses=500;500;500&"))
        #expect(server.timeouts == [.milliseconds(300)])
    }

    @Test func aRememberedLegIsAskedForAgainWhenItIsOld() async throws {
        let answer = ScriptedTransport.Reply.answer(200, body(1, 1, duration: 200, distance: 1500))
        let server = ScriptedTransport([answer, answer])
        let times = times(server)
        let (from, to) = try ([place(60.169, 24.941)], [place(60.166, 24.951)])
        _ = await times.matrix(from: from, to: to, under: noon)
        server.advance(milliseconds: 15 * 60 * 1000)
        _ = await times.matrix(from: from, to: to, under: noon)
        #expect(server.requests.count == 2)
    }

    @Test func aCellWithoutARouteIsEstimated() async throws {
        let server = ScriptedTransport([.answer(200, Recorded.withoutSomeRoutes)])
        let matrix = try await times(server).matrix(
            from: [place(60.169, 24.941), place(60.171, 24.946)], to: [place(60.166, 24.951), place(60.164, 24.938)],
            under: noon)
        #expect(matrix[1, 0] == TravelLeg(milliseconds: 176_200, metres: 1279, source: .route))
        #expect(matrix[0, 1].source == .estimate)
        #expect(matrix.count(of: .route) == 2)
    }

    @Test func aPlaceWithoutRoadsIsLeftOutAndTheRestIsAskedAgain() async throws {
        let server = ScriptedTransport([
            .answer(400, Recorded.noSegment), .answer(200, body(1, 2, duration: 100, distance: 1500)),
        ])
        let matrix = try await times(server).matrix(
            from: [place(60.169, 24.941), place(28.6, 77.2)], to: [place(60.166, 24.951), place(60.17, 24.95)],
            under: noon)
        #expect(matrix[0, 0].source == .route)
        #expect(matrix[1, 0].source == .estimate)
        #expect(server.requests.count == 2)
        #expect(!server.requests[1].contains("77.2"))
    }

    @Test(arguments: [
        ScriptedTransport.Reply.answer(200, "{\"code\":\"Ok\""), .answer(200, "not json"), .answer(500, "{}"),
        .answer(302, ""), .answer(400, Recorded.tooBig), .failure(after: 0), .failure(after: .max),
        .answer(200, #"{"code":"Ok","durations":[[0.001]],"distances":[[1]]}"#),
        .answer(200, #"{"code":"Ok","durations":[[100,100]],"distances":[[9000,9000]]}"#),
    ])
    func whateverTheServerDoesThereIsAnEstimate(reply: ScriptedTransport.Reply) async throws {
        let server = ScriptedTransport([reply])
        let (from, to) = try ([place(60.169, 24.941)], [place(60.2, 25.1)])
        let matrix = await times(server).matrix(from: from, to: to, under: noon)
        #expect(matrix == TravelTimeEstimator().matrix(from: from, to: to, under: noon))
        #expect(server.requests.count == 1)
    }

    @Test func aWholeMatrixIsWaitedForNoLongerThanTheTimeout() async throws {
        let server = ScriptedTransport([.failure(after: 200), .failure(after: .max)])
        let points = try (0..<120).map { try place(60.1 + Double($0) * 0.001, 24.94) }
        let matrix = await times(server, breaker: CircuitBreaker(tolerated: 10)).matrix(
            from: points, to: points, under: noon)
        #expect(matrix.count(of: .estimate) == 120 * 120)
        #expect(server.timeouts == [.milliseconds(300), .milliseconds(100)])
        #expect(server.now == 300)
    }

    @Test func tilesHaveAtMostAHundredCoordinates() async throws {
        let server = ScriptedTransport(
            (0..<9).map { _ in .answer(200, body(50, 50, duration: 9000, distance: 90_000)) })
        let points = try (0..<150).map { try place(60 + Double($0) * 0.001, 24.94) }
        let matrix = await times(server, concurrency: 4).matrix(from: points, to: points, under: noon)
        #expect(matrix.count(of: .route) == 150 * 150)
        #expect(server.requests.allSatisfy { $0.split(separator: "?")[0].split(separator: ";").count == 100 })
    }

    @Test func anOpenBreakerAsksNoMoreUntilItsPauseIsOver() async throws {
        let server = ScriptedTransport([
            .answer(500, ""), .answer(200, body(1, 1, duration: 100, distance: 1500)),
        ])
        let times = times(server, breaker: CircuitBreaker(tolerated: 1, pauseMilliseconds: 1000))
        for longitude in [1.0, 2, 3] {
            _ = try await times.matrix(from: [place(1, longitude)], to: [place(1.01, longitude)], under: noon)
        }
        #expect(server.requests.count == 1)
        #expect(!times.isServing)
        server.advance(milliseconds: 1000)
        let matrix = try await times.matrix(from: [place(1, 1)], to: [place(1.01, 1)], under: noon)
        #expect(matrix[0, 0].source == .route)
        #expect(times.isServing)
    }

    @Test func aPairWithoutAWayIsRememberedAsSuch() async throws {
        let server = ScriptedTransport([.answer(200, Recorded.withoutSomeRoutes), .answer(400, Recorded.noSegment)])
        let times = times(server)
        let (from, to) = try (
            [place(60.169, 24.941), place(60.171, 24.946)], [place(60.166, 24.951), place(60.164, 24.938)]
        )
        let matrix = await times.matrix(from: from, to: to, under: noon)
        #expect(await times.matrix(from: from, to: to, under: noon) == matrix)
        #expect(server.requests.count == 1)
    }

    @Test func manyPlacesWithoutRoadsDoNotCostTheOthersTheirWays() async throws {
        let server = RoadlessServer()
        var settings = OSRMTravelTimes.Settings(address: "http://osrm")
        settings.concurrency = 1
        let times = OSRMTravelTimes(
            settings, estimator: { TravelTimeEstimator() }, transport: server, logger: Logger(label: "test"),
            milliseconds: { 0 })
        // Every fifth of forty places lies at sea: eight in one tile.
        let from = try (0..<40).map { try place(10 + Double($0) * 0.01, $0 % 5 == 0 ? 100 : 77) }
        let to = try [place(10.2, 77), place(10.3, 77)]
        let matrix = await times.matrix(from: from, to: to, under: noon)
        #expect(matrix.count(of: .route) == 32 * 2)
        let asked = server.count
        _ = await times.matrix(from: from, to: to, under: noon)
        #expect(server.count == asked)
        #expect(times.isServing)
    }

    @Test func aRequestThatTheDeadlineCutShortDoesNotOpenTheBreaker() async throws {
        // The first tile answers late and well, the second has no time left.
        let server = ScriptedTransport([
            .late(250, body(50, 50, duration: 9000, distance: 90_000)), .failure(after: .max),
        ])
        let times = times(server, breaker: CircuitBreaker(tolerated: 1))
        let points = try (0..<100).map { try place(60 + Double($0) * 0.001, 24.94) }
        let matrix = await times.matrix(from: Array(points[..<50]), to: points, under: noon)
        #expect(matrix.count(of: .route) == 50 * 50)
        #expect(server.timeouts == [.milliseconds(300), .milliseconds(50)])
        #expect(times.isServing)
    }

    @Test func nothingToAskIsNotAsked() async throws {
        let server = ScriptedTransport([])
        let matrix = try await times(server).matrix(from: [], to: [place(1, 1)], under: noon)
        #expect(matrix.origins == 0 && matrix.destinations == 1)
        #expect(server.requests.isEmpty)
    }

    @Test func ofALargeMatrixTheNearPairsAreAskedForAndTheFarOnesEstimated() async throws {
        let server = RoadlessServer()
        var settings = OSRMTravelTimes.Settings(address: "http://osrm")
        settings.mostCoordinates = 8
        settings.mostRequests = 4
        let times = OSRMTravelTimes(
            settings, estimator: { TravelTimeEstimator() }, transport: server, logger: Logger(label: "test"),
            milliseconds: { 0 })
        // Four towns 200 km from each other, drivers and stops taken from them in turn.
        let places = try (0..<16).map { number in
            try place(10 + Double(number % 4) * 2 + Double(number / 4) * 0.001, 20)
        }
        let matrix = await times.matrix(from: places, to: places, under: noon)
        #expect(server.count == 4)
        for row in 0..<16 {
            for column in 0..<16 {
                #expect((matrix[row, column].source == .route) == (row % 4 == column % 4), "\(row) \(column)")
            }
        }
    }
}
