package import Geo
package import Logging
internal import Metrics
internal import Synchronization

/// Travel times from the `table` service of an OSRM server.
///
/// It always answers, and within the timeout: whatever the server does not know, or does not say in time, is estimated,
/// and each leg tells which it is. A server that keeps failing is left alone for a while. Legs are kept by cell pair,
/// vehicle and hour.
package final class OSRMTravelTimes: TravelTimes {
    package struct Settings: Sendable {
        /// Such as `http://127.0.0.1:5000`, without a slash at the end.
        package var address: String
        /// The server's name for the way that each vehicle moves.
        package var profile: @Sendable (VehicleClass) -> String = { _ in "driving" }
        /// For a whole matrix, all requests and retries included.
        package var timeoutMilliseconds: Int64 = 300
        /// A place farther than this from any road has no route.
        package var roadRadius = Metres(500)
        package var mostCoordinates = TableRequest.mostCoordinates
        /// Requests on their way at once, for one matrix.
        package var concurrency = 4
        /// Requests for one matrix: what a server answers within the timeout. In a larger one the pairs that are near
        /// each other are asked for, and the rest is estimated.
        package var mostRequests = 40

        package init(address: String) {
            self.address = address
        }
    }

    private struct Memory {
        var breaker: CircuitBreaker
        var cache: LegCache
    }

    private let settings: Settings
    private let estimator: @Sendable () -> TravelTimeEstimator
    private let transport: any TableTransport
    private let logger: Logger
    private let milliseconds: @Sendable () -> Int64
    private let memory: Mutex<Memory>

    /// - Parameters:
    ///   - estimator: the one in force, which answers for whatever the server does not.
    ///   - milliseconds: a clock that does not go backwards.
    package init(
        _ settings: Settings, estimator: @escaping @Sendable () -> TravelTimeEstimator, transport: any TableTransport,
        logger: Logger,
        breaker: CircuitBreaker = CircuitBreaker(), cache: LegCache = LegCache(),
        milliseconds: @escaping @Sendable () -> Int64
    ) {
        self.settings = settings
        self.estimator = estimator
        self.transport = transport
        self.logger = logger
        self.milliseconds = milliseconds
        memory = Mutex(Memory(breaker: breaker, cache: cache))
    }

    /// Whether the server counts as well; the estimator answers alone while it does not.
    package var isServing: Bool { memory.withLock { $0.breaker.isClosed } }

    /// Asks the server for a way in the Gulf of Guinea: that there is none is an answer.
    package func isAnswering() async -> Bool {
        guard let sea = GeoPoint(latitude: 0, longitude: 0) else { return false }
        let request = TableRequest(origins: [sea], destinations: [sea])
        let deadline = milliseconds() &+ settings.timeoutMilliseconds
        if case .failed = await outcome(of: request, profile: settings.profile(.car), until: deadline) { return false }
        return true
    }

    package func matrix(
        from origins: [GeoPoint], to destinations: [GeoPoint], under conditions: TravelConditions
    ) async -> TravelMatrix {
        let tileSize = max(1, settings.mostCoordinates / 2)
        let isLarge = origins.count * destinations.count > settings.mostRequests * tileSize * tileSize
        guard isLarge else { return await ordered(from: origins, to: destinations, under: conditions) }
        // Neighbours into the same tiles, so that there are tiles of near pairs and tiles of far ones.
        let (rows, columns) = (NeighbourOrder.of(origins), NeighbourOrder.of(destinations))
        let found = await ordered(
            from: rows.map { origins[$0] }, to: columns.map { destinations[$0] }, under: conditions)
        let (rowOf, columnOf) = (NeighbourOrder.inverse(of: rows), NeighbourOrder.inverse(of: columns))
        return TravelMatrix(origins: origins.count, destinations: destinations.count) { origin, destination in
            found[rowOf[origin], columnOf[destination]]
        }
    }

    /// The matrix with its places in an order in which neighbours are near each other, if it is large.
    private func ordered(
        from origins: [GeoPoint], to destinations: [GeoPoint], under conditions: TravelConditions
    ) async -> TravelMatrix {
        var matrix = estimator().matrix(from: origins, to: destinations, under: conditions)
        let missing = recall(into: &matrix, from: origins, to: destinations, under: conditions)
        let tiles = TableTile.nearest(
            settings.mostRequests, missing: missing, in: matrix,
            of: TableTile.covering(
                origins: origins.count, destinations: destinations.count, most: settings.mostCoordinates))
        guard !tiles.isEmpty else { return matrix }
        let deadline = milliseconds() &+ settings.timeoutMilliseconds
        let profile = settings.profile(conditions.vehicle)
        let found = await ask(tiles, from: origins, to: destinations, profile: profile, until: deadline)
        let now = milliseconds()
        let places = (origins, destinations)
        take(found, into: &matrix, places, under: conditions, at: now)
        return matrix
    }

    private func take(
        _ found: [Found], into matrix: inout TravelMatrix, _ places: (origins: [GeoPoint], destinations: [GeoPoint]),
        under conditions: TravelConditions, at now: Int64
    ) {
        memory.withLock { memory in
            for (tile, answer) in found {
                for (row, cells) in zip(tile.origins, answer) {
                    for (column, finding) in zip(tile.destinations, cells) {
                        let (origin, destination) = (places.origins[row], places.destinations[column])
                        let key = LegCache.Key(from: origin, to: destination, under: conditions)
                        switch finding {
                        case .notTold: break
                        case .noWay: memory.cache.store(.noWay, for: key, at: now)
                        case .way(let cell):
                            guard isPlausible(cell, origin, destination) else { continue }
                            let leg = TravelLeg(milliseconds: cell.milliseconds, metres: cell.metres, source: .route)
                            matrix[row, column] = leg
                            memory.cache.store(.leg(leg), for: key, at: now)
                        }
                    }
                }
            }
        }
    }

    /// Fills in what is remembered; tells which legs are still missing. Where there is no way the estimate stays.
    private func recall(
        into matrix: inout TravelMatrix, from origins: [GeoPoint], to destinations: [GeoPoint],
        under conditions: TravelConditions
    ) -> [[Bool]] {
        let now = milliseconds()
        return memory.withLock { memory in
            origins.indices.map { row in
                destinations.indices.map { column in
                    let key = LegCache.Key(from: origins[row], to: destinations[column], under: conditions)
                    guard let known = memory.cache.memory(of: key, at: now) else { return true }
                    if case .leg(let leg) = known { matrix[row, column] = leg }
                    return false
                }
            }
        }
    }

    /// A way cannot be much shorter than the great circle (a place is moved to its road by at most the road radius),
    /// and nobody drives faster than 200 km/h.
    private func isPlausible(_ cell: TableAnswer.Cell, _ origin: GeoPoint, _ destination: GeoPoint) -> Bool {
        let straight = origin.distance(to: destination).value - 2 * settings.roadRadius.value
        return Double(cell.metres) >= straight && Double(cell.milliseconds) / 1000 * 55.6 >= straight
    }

    /// What came of asking for one way.
    private enum Finding {
        /// No answer, or none in time.
        case notTold
        /// The server knows that there is none.
        case noWay
        case way(TableAnswer.Cell)
    }

    private typealias Found = (tile: TableTile, cells: [[Finding]])

    private func ask(
        _ tiles: [TableTile], from origins: [GeoPoint], to destinations: [GeoPoint], profile: String,
        until deadline: Int64
    ) async -> [Found] {
        await withTaskGroup(of: Found?.self) { group in
            var waiting = tiles[...]
            var found: [Found] = []
            func askNext() {
                guard let tile = waiting.popFirst() else { return }
                let request = TableRequest(
                    origins: Array(origins[tile.origins]), destinations: Array(destinations[tile.destinations]))
                group.addTask { [self] in
                    (tile, await findings(for: request, profile: profile, until: deadline))
                }
            }
            for _ in 0..<max(1, settings.concurrency) { askNext() }
            while let answer = await group.next() {
                if let answer { found.append(answer) }
                askNext()
            }
            return found
        }
    }

    /// How many places without a road near them are left out of a tile, one by one, before it is halved.
    private static let mostLeftOut = 3

    /// One tile. A place that has no road near it is named by the server one at a time and left out; of a tile with
    /// several of them each half is asked for by itself, so that a few do not cost the others their ways.
    private func findings(
        for request: TableRequest, profile: String, until deadline: Int64
    ) async -> [[Finding]] {
        var findings = [[Finding]](
            repeating: Array(repeating: .notTold, count: request.destinations.count), count: request.origins.count)
        var parts = [(rows: Array(request.origins.indices), columns: Array(request.destinations.indices))]
        while var (rows, columns) = parts.popLast() {
            var leftOut = 0
            while !rows.isEmpty, !columns.isEmpty {
                let part = TableRequest(
                    origins: rows.map { request.origins[$0] }, destinations: columns.map { request.destinations[$0] })
                switch await outcome(of: part, profile: profile, until: deadline) {
                case .answered(let answer):
                    for (row, line) in zip(rows, answer.cells) {
                        for (column, cell) in zip(columns, line) {
                            findings[row][column] = cell.map { .way($0) } ?? .noWay
                        }
                    }
                    rows = []
                case .noRoad(let coordinate):
                    if coordinate < rows.count {
                        let row = rows.remove(at: coordinate)
                        for column in request.destinations.indices { findings[row][column] = .noWay }
                    } else {
                        let column = columns.remove(at: coordinate - rows.count)
                        for row in request.origins.indices { findings[row][column] = .noWay }
                    }
                    leftOut += 1
                    if leftOut == Self.mostLeftOut, rows.count + columns.count > 2 {
                        parts += Self.halves(rows, columns)
                        rows = []
                    }
                case .failed: return findings
                }
            }
        }
        return findings
    }

    private static func halves(_ rows: [Int], _ columns: [Int]) -> [(rows: [Int], columns: [Int])] {
        if rows.count >= columns.count {
            let middle = rows.count / 2
            return [(Array(rows[middle...]), columns), (Array(rows[..<middle]), columns)]
        }
        let middle = columns.count / 2
        return [(rows, Array(columns[middle...])), (rows, Array(columns[..<middle]))]
    }

    private enum Outcome {
        case answered(TableAnswer)
        case noRoad(coordinate: Int)
        case failed
    }

    /// One request, counted by the breaker.
    private func outcome(of request: TableRequest, profile: String, until deadline: Int64) async -> Outcome {
        let left = deadline &- milliseconds()
        guard left > 0, memory.withLock({ $0.breaker.mayAsk(at: milliseconds()) }) else { return .failed }
        do {
            let answer = try await answer(to: request, profile: profile, within: left)
            note(success: true, "ok")
            return .answered(answer)
        } catch TableAnswer.Failure.noRoad(let coordinate)
            where coordinate < request.origins.count + request.destinations.count
        {
            note(success: true, "no_road")
            return .noRoad(coordinate: coordinate)
        } catch {
            let isNonsense = error is TableAnswer.Failure
            // A request that had only the rest of the time was cut short by ourselves: that says nothing about the
            // server. One that had the most of it was late.
            if !isNonsense, milliseconds() >= deadline, left * 2 < settings.timeoutMilliseconds {
                Counter(label: "osrm_requests_total", dimensions: [("outcome", "cut")]).increment()
            } else {
                note(success: false, isNonsense ? "nonsense" : "unreachable")
            }
            return .failed
        }
    }

    private func answer(to request: TableRequest, profile: String, within left: Int64) async throws -> TableAnswer {
        let path = request.path(profile: profile, radius: settings.roadRadius)
        let response = try await transport.get(settings.address + path, within: .milliseconds(left))
        guard response.status == 200 || response.status == 400 else {
            throw TableAnswer.Failure.refused(code: "HTTP \(response.status)", message: "")
        }
        return try TableAnswer(
            parsing: response.body, origins: request.origins.count, destinations: request.destinations.count)
    }

    /// Counts an outcome and tells the log when the server is given up or comes back. Never logs coordinates.
    private func note(success: Bool, _ outcome: String) {
        Counter(label: "osrm_requests_total", dimensions: [("outcome", outcome)]).increment()
        let now = milliseconds()
        let (before, after) = memory.withLock { memory in
            let before = memory.breaker.isClosed
            if success { memory.breaker.succeeded() } else { memory.breaker.failed(at: now) }
            return (before, memory.breaker.isClosed)
        }
        guard before != after else { return }
        if after {
            logger.notice("the OSRM server answers again")
        } else {
            logger.warning("the OSRM server fails; travel times are estimated", metadata: ["outcome": "\(outcome)"])
        }
    }
}
