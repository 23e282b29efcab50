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

        package init(address: String) {
            self.address = address
        }
    }

    private struct Memory {
        var breaker: CircuitBreaker
        var cache: LegCache
    }

    private let settings: Settings
    private let estimator: TravelTimeEstimator
    private let transport: any TableTransport
    private let logger: Logger
    private let milliseconds: @Sendable () -> Int64
    private let memory: Mutex<Memory>

    /// - Parameters:
    ///   - estimator: answers for whatever the server does not.
    ///   - milliseconds: a clock that does not go backwards.
    package init(
        _ settings: Settings, estimator: TravelTimeEstimator, transport: any TableTransport, logger: Logger,
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

    package func matrix(
        from origins: [GeoPoint], to destinations: [GeoPoint], under conditions: TravelConditions
    ) async -> TravelMatrix {
        var matrix = estimator.matrix(from: origins, to: destinations, under: conditions)
        let missing = recall(into: &matrix, from: origins, to: destinations, under: conditions)
        let tiles = TableTile.covering(
            origins: origins.count, destinations: destinations.count, most: settings.mostCoordinates
        ).filter { tile in tile.origins.contains { row in tile.destinations.contains { missing[row][$0] } } }
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
                    for (column, cell) in zip(tile.destinations, cells) {
                        let (origin, destination) = (places.origins[row], places.destinations[column])
                        guard let cell, isPlausible(cell, origin, destination) else { continue }
                        let leg = TravelLeg(milliseconds: cell.milliseconds, metres: cell.metres, source: .route)
                        matrix[row, column] = leg
                        let key = LegCache.Key(from: origin, to: destination, under: conditions)
                        memory.cache.store(leg, for: key, at: now)
                    }
                }
            }
        }
    }

    /// Fills in what is remembered; tells which legs are still missing.
    private func recall(
        into matrix: inout TravelMatrix, from origins: [GeoPoint], to destinations: [GeoPoint],
        under conditions: TravelConditions
    ) -> [[Bool]] {
        let now = milliseconds()
        return memory.withLock { memory in
            origins.indices.map { row in
                destinations.indices.map { column in
                    let key = LegCache.Key(from: origins[row], to: destinations[column], under: conditions)
                    guard let leg = memory.cache.leg(for: key, at: now) else { return true }
                    matrix[row, column] = leg
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

    /// The time for the whole matrix is up.
    private struct Late: Error {}

    private typealias Found = (tile: TableTile, cells: [[TableAnswer.Cell?]])

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
                    await cells(of: request, profile: profile, until: deadline).map { (tile, $0) }
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

    /// One tile, with a retry for each place that has no road near it, up to three; nil when the server does not
    /// answer.
    private func cells(
        of request: TableRequest, profile: String, until deadline: Int64
    ) async -> [[TableAnswer.Cell?]]? {
        var rows = Array(request.origins.indices)
        var columns = Array(request.destinations.indices)
        for _ in 0..<4 {
            guard !rows.isEmpty, !columns.isEmpty, memory.withLock({ $0.breaker.mayAsk(at: milliseconds()) }) else {
                return nil
            }
            let part = TableRequest(
                origins: rows.map { request.origins[$0] }, destinations: columns.map { request.destinations[$0] })
            do {
                let answer = try await answer(to: part, profile: profile, until: deadline)
                note(success: true, "ok")
                var cells = [[TableAnswer.Cell?]](
                    repeating: Array(repeating: nil, count: request.destinations.count), count: request.origins.count)
                for (row, line) in zip(rows, answer.cells) {
                    for (column, cell) in zip(columns, line) { cells[row][column] = cell }
                }
                return cells
            } catch TableAnswer.Failure.noRoad(let coordinate) where coordinate < rows.count + columns.count {
                note(success: true, "no_road")
                if coordinate < rows.count {
                    rows.remove(at: coordinate)
                } else {
                    columns.remove(at: coordinate - rows.count)
                }
            } catch is Late {
                return nil
            } catch {
                note(success: false, error is TableAnswer.Failure ? "nonsense" : "unreachable")
                return nil
            }
        }
        return nil
    }

    private func answer(
        to request: TableRequest, profile: String, until deadline: Int64
    ) async throws -> TableAnswer {
        let left = deadline &- milliseconds()
        guard left > 0 else { throw Late() }
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
