import Geo
import OSRM
import Testing

func place(_ latitude: Double, _ longitude: Double) throws -> GeoPoint {
    try #require(GeoPoint(latitude: latitude, longitude: longitude))
}

@Suite struct TableRequestTests {
    @Test func longitudeComesFirstAndRadiusesAreAlwaysSent() throws {
        let request = try TableRequest(origins: [place(60.169, 24.941)], destinations: [place(-0.5, -0.0000001)])
        #expect(
            request.path(profile: "driving", radius: Metres(500))
                == "/table/v1/driving/24.941000,60.169000;0.000000,-0.500000?sources=0&destinations=1&radiuses=500;500"
                + "&annotations=duration,distance&skip_waypoints=true&generate_hints=false")
    }

    @Test(arguments: [(1, 1), (10, 1), (1, 250), (250, 1), (60, 60), (100, 100), (3, 97), (3, 98)])
    func tilesCoverEachPairOnceWithinTheLimit(origins: Int, destinations: Int) {
        var seen = Set<[Int]>()
        for tile in TableTile.covering(origins: origins, destinations: destinations) {
            #expect(tile.origins.count + tile.destinations.count <= TableRequest.mostCoordinates)
            for row in tile.origins {
                for column in tile.destinations { #expect(seen.insert([row, column]).inserted) }
            }
        }
        #expect(seen.count == origins * destinations)
    }

    @Test func anEmptySideNeedsNoRequest() {
        #expect(TableTile.covering(origins: 0, destinations: 5).isEmpty)
    }
}

/// Answers recorded from `osrm-routed` 26.10 over the extract of Helsinki (OpenStreetMap contributors, ODbL).
enum Recorded {
    static let withoutSomeRoutes =
        #"{"code":"Ok","distances":[[1357,null],[1279,null]],"durations":[[223.3,null],[176.2,null]]}"#
    static let noSegment = #"{"message":"Could not find a matching segment for coordinate 1","code":"NoSegment"}"#
    static let tooBig = #"{"message":"Too many table coordinates","code":"TooBig"}"#
    static let malformedQuery = #"{"message":"Query string malformed close to position 29","code":"InvalidQuery"}"#
}

@Suite struct TableAnswerTests {
    private func failure(_ text: String, origins: Int = 2, destinations: Int = 2) -> TableAnswer.Failure? {
        do {
            _ = try TableAnswer(parsing: Array(text.utf8), origins: origins, destinations: destinations)
            return nil
        } catch {
            return error
        }
    }

    @Test func aCellWithoutARouteIsNil() throws {
        let answer = try TableAnswer(parsing: Array(Recorded.withoutSomeRoutes.utf8), origins: 2, destinations: 2)
        #expect(answer.cells.map { $0.map { $0?.milliseconds } } == [[223_300, nil], [176_200, nil]])
        #expect(answer.cells[0][0]?.metres == 1357)
    }

    @Test func refusalsKeepTheServersWords() {
        #expect(failure(Recorded.noSegment) == .noRoad(coordinate: 1))
        #expect(failure(Recorded.tooBig) == .refused(code: "TooBig", message: "Too many table coordinates"))
        #expect(
            failure(Recorded.malformedQuery)
                == .refused(code: "InvalidQuery", message: "Query string malformed close to position 29"))
    }

    @Test(arguments: [
        "", "{", "[]", "null", "<html>502</html>", #"{"code":"Ok"}"#,
        #"{"code":"Ok","durations":[[1]],"distances":[[1]]}"#,
        #"{"code":"Ok","durations":[[1,2],[3]],"distances":[[1,2],[3,4]]}"#,
        #"{"code":"Ok","durations":[[1,2],[3,"x"]],"distances":[[1,2],[3,4]]}"#,
    ])
    func nonsenseIsMalformed(_ text: String) {
        guard case .malformed? = failure(text) else {
            Issue.record("accepted: \(text)")
            return
        }
    }

    @Test func absurdCellsAreNoRoute() throws {
        let text = #"{"code":"Ok","durations":[[-1,86401],[1e300,5]],"distances":[[1,1],[1,-3]]}"#
        let answer = try TableAnswer(parsing: Array(text.utf8), origins: 2, destinations: 2)
        #expect(answer.cells.allSatisfy { $0.allSatisfy { $0 == nil } })
    }

    @Test func everyCutOfAnAnswerIsRefused() {
        let whole = Recorded.withoutSomeRoutes
        for length in 0..<whole.utf8.count {
            #expect(failure(String(decoding: whole.utf8.prefix(length), as: UTF8.self)) != nil)
        }
    }
}

@Suite struct CircuitBreakerTests {
    @Test func itOpensAfterFailuresInARow() {
        var breaker = CircuitBreaker(tolerated: 3, pauseMilliseconds: 1000)
        for _ in 0..<2 { breaker.failed(at: 0) }
        breaker.succeeded()
        for _ in 0..<2 { breaker.failed(at: 0) }
        #expect(breaker.isClosed)
        breaker.failed(at: 0)
        #expect(!breaker.isClosed)
        let early = breaker.mayAsk(at: 999)
        #expect(!early)
    }

    @Test func afterThePauseOneRequestFindsOut() {
        var breaker = CircuitBreaker(tolerated: 1, pauseMilliseconds: 1000)
        breaker.failed(at: 0)
        let answers = [breaker.mayAsk(at: 1000), breaker.mayAsk(at: 1001)]
        #expect(answers == [true, false])
        breaker.failed(at: 1500)
        let later = [breaker.mayAsk(at: 2499), breaker.mayAsk(at: 2500)]
        #expect(later == [false, true])
        breaker.succeeded()
        #expect(breaker.isClosed)
    }

    @Test func aLostScoutIsReplaced() {
        var breaker = CircuitBreaker(tolerated: 1, pauseMilliseconds: 1000)
        breaker.failed(at: 0)
        let answers = [breaker.mayAsk(at: 1000), breaker.mayAsk(at: 1999), breaker.mayAsk(at: 2000)]
        #expect(answers == [true, false, true])
    }
}

@Suite struct LegCacheTests {
    private let noon = TravelConditions(vehicle: .car, hour: 12)
    private let leg = TravelLeg(milliseconds: 1, metres: 1, source: .route)

    @Test func legsOfTheSameCellsAndHourAreFound() throws {
        var cache = LegCache()
        cache.store(.leg(leg), for: .init(from: try place(12.0001, 77), to: try place(12.1, 77), under: noon), at: 0)
        let near = LegCache.Key(from: try place(12.0002, 77), to: try place(12.1, 77), under: noon)
        #expect(cache.memory(of: near, at: 1) == .leg(leg))
        let back = LegCache.Key(from: try place(12.1, 77), to: try place(12.0002, 77), under: noon)
        #expect(cache.memory(of: back, at: 1) == nil)
        let evening = TravelConditions(vehicle: .car, hour: 19)
        let later = LegCache.Key(from: try place(12.0001, 77), to: try place(12.1, 77), under: evening)
        #expect(cache.memory(of: later, at: 1) == nil)
    }

    private func keys(_ count: Int) throws -> [LegCache.Key] {
        try (0..<count).map { LegCache.Key(from: try place(Double($0), 0), to: try place(0, 0), under: noon) }
    }

    @Test func theOldestGoesFirstAndNothingLastsForEver() throws {
        var cache = LegCache(capacity: 3, lifetimeMilliseconds: 100)
        let keys = try keys(5)
        for key in keys { cache.store(.leg(leg), for: key, at: 0) }
        #expect(cache.count == 3)
        #expect(remembered(keys, by: &cache, at: 99) == [false, false, true, true, true])
        #expect(remembered(keys, by: &cache, at: 100) == [false, false, false, false, false])
    }

    private func remembered(_ keys: [LegCache.Key], by cache: inout LegCache, at now: Int64) -> [Bool] {
        keys.map { cache.memory(of: $0, at: now) != nil }
    }

    @Test func whatIsAskedForStaysAndALargeRoundDoesNotWashItOut() throws {
        var cache = LegCache(capacity: 4, lifetimeMilliseconds: 100)
        let keys = try keys(12)
        cache.store(.leg(leg), for: keys[0], at: 0)
        for key in keys[1...] {
            #expect(cache.memory(of: keys[0], at: 1) != nil)
            cache.store(.noWay, for: key, at: 1)
        }
        #expect(cache.count == 4)
        #expect(cache.memory(of: keys[11], at: 1) == .noWay)
    }

    @Test func theSamePairAgainIsYoungAgainAndTakesNoSecondPlace() throws {
        var cache = LegCache(capacity: 2, lifetimeMilliseconds: 100)
        let keys = try keys(2)
        for key in keys { cache.store(.leg(leg), for: key, at: 0) }
        cache.store(.noWay, for: keys[0], at: 50)
        #expect(cache.count == 2)
        #expect(cache.memory(of: keys[0], at: 120) == .noWay)
        #expect(cache.memory(of: keys[1], at: 120) == nil)
    }
}
