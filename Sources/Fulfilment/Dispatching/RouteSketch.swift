package import DispatchCore
package import Geo

/// A short route through the pickups and dropoffs of one batch, for batches that a person puts together. The engine's
/// own batches bring their routes along.
package struct RouteSketch: Sendable, Equatable {
    /// Orders by their first stop, then by dropoff.
    package var orderIDs: [OrderID]
    /// Metres from the first stop to the last.
    package var distance: Int
    /// Metres from pickup to dropoff along the route, per order of `orderIDs`.
    package var orderDistances: [Int]
    /// Seconds from now to the dropoff, per order of `orderIDs`; nil where nobody estimated.
    package var orderSeconds: [Int?]

    /// What a stop takes beside the way, as the engine reckons: arriving and handing over.
    private static let secondsAtStop = 120

    /// Finds the shortest sequence of stops in which every pickup precedes its dropoff (exact for up to three orders,
    /// nearest next stop beyond). Stops without a point cost nothing and stand where they came.
    ///
    /// - Parameters:
    ///   - start: Where the driver is, when known.
    ///   - metres: Length of the way between two points.
    ///   - seconds: Its time; without it nothing is said about times.
    /// - Complexity: O((2n)! / 2^n) for n ≤ 3, that is at most 90 sequences; O(n²) beyond.
    package init(
        orders: [Order], start: GeoPoint?, seconds: ((GeoPoint, GeoPoint) -> Int)? = nil,
        metres: (GeoPoint, GeoPoint) -> Int
    ) {
        var stops: [OpenStop] = []
        for (index, order) in orders.enumerated() {
            stops.append(OpenStop(order: index, isPickup: true, point: order.content.pickup.point))
            stops.append(OpenStop(order: index, isPickup: false, point: order.content.dropoff.point))
        }
        let sequence = OpenStop.sequence(of: stops, start: start, metres: metres)
        var total = 0
        var reached = [Int](repeating: 0, count: orders.count)
        var direct = [Int](repeating: 0, count: orders.count)
        var visited: [Int] = []
        for (place, stop) in sequence.enumerated() {
            if place > 0 { total += OpenStop.way(stops[sequence[place - 1]].point, stops[stop].point, metres) }
            let order = stops[stop].order
            if stops[stop].isPickup {
                visited.append(order)
                reached[order] = total
            } else {
                direct[order] = total - reached[order]
            }
        }
        orderIDs = visited.map { orders[$0].id }
        distance = total
        orderDistances = visited.map { orders[$0].content.statedDistance ?? direct[$0] }
        let times = seconds.map { Self.arrivals(along: sequence.map { stops[$0] }, from: start, $0) }
        orderSeconds = visited.map { times?[$0] }
    }

    /// Seconds until each order is at its door, by order.
    private static func arrivals(
        along stops: [OpenStop], from start: GeoPoint?, _ seconds: (GeoPoint, GeoPoint) -> Int
    ) -> [Int: Int] {
        var arrivals: [Int: Int] = [:]
        var (passed, last) = (0, start)
        for stop in stops {
            passed += OpenStop.way(last, stop.point, seconds) + secondsAtStop
            if !stop.isPickup { arrivals[stop.order] = passed }
            last = stop.point ?? last
        }
        return arrivals
    }

    /// The route of a batch that the engine planned.
    package init(_ batch: PlannedBatch, at now: Timestamp) {
        let own = Set(batch.orders)
        var sinceFirst = 0
        var total = 0
        var reached: [OrderID: Int] = [:]
        var direct: [OrderID: Int] = [:]
        var arrivals: [OrderID: Int] = [:]
        for stop in batch.stops {
            if !reached.isEmpty { sinceFirst += Int(stop.distance.value) }
            guard own.contains(stop.order) else { continue }
            switch stop.kind {
            case .pickup: reached[stop.order] = sinceFirst
            case .dropoff:
                arrivals[stop.order] = Int(max(0, stop.arrival.millisecondsSince(now)) / 1000)
                direct[stop.order] = sinceFirst - (reached[stop.order] ?? 0)
                total = sinceFirst
            }
        }
        orderIDs = batch.orders
        distance = total
        orderDistances = batch.orders.map { direct[$0] ?? 0 }
        orderSeconds = batch.orders.map { arrivals[$0] }
    }
}

/// A stop that is still to be made.
package struct OpenStop: Sendable {
    /// The order, as the caller numbers them.
    package var order: Int
    package var isPickup: Bool
    package var point: GeoPoint?

    package init(order: Int, isPickup: Bool, point: GeoPoint?) {
        self.order = order
        self.isPickup = isPickup
        self.point = point
    }

    /// Up to this many stops are tried in every sequence (three orders); more are taken nearest first.
    private static let exhaustiveLimit = 6

    static func way(_ from: GeoPoint?, _ to: GeoPoint?, _ metres: (GeoPoint, GeoPoint) -> Int) -> Int {
        guard let from, let to else { return 0 }
        return metres(from, to)
    }

    /// Indices of `stops` in the shortest sequence in which each pickup comes before the dropoff of the same order: the
    /// way that the house takes a driver to go.
    ///
    /// - Complexity: At most 90 sequences for up to six stops; O(n²) beyond, nearest first.
    package static func sequence(
        of stops: [OpenStop], start: GeoPoint?, metres: (GeoPoint, GeoPoint) -> Int
    ) -> [Int] {
        stops.count <= exhaustiveLimit
            ? best(of: stops, start: start, metres: metres) : nearestNext(of: stops, start: start, metres: metres)
    }

    private static func best(of stops: [OpenStop], start: GeoPoint?, metres: (GeoPoint, GeoPoint) -> Int) -> [Int] {
        var best: [Int] = []
        var bestLength = Int.max
        var sequence: [Int] = []
        func mayCome(_ next: Int) -> Bool {
            guard !sequence.contains(next) else { return false }
            return stops[next].isPickup
                || !stops.indices.contains {
                    stops[$0].isPickup && stops[$0].order == stops[next].order && !sequence.contains($0)
                }
        }
        func extend(length: Int, from point: GeoPoint?) {
            guard length < bestLength else { return }
            guard sequence.count < stops.count else {
                best = sequence
                bestLength = length
                return
            }
            for next in stops.indices where mayCome(next) {
                sequence.append(next)
                extend(length: length + way(point, stops[next].point, metres), from: stops[next].point ?? point)
                sequence.removeLast()
            }
        }
        extend(length: 0, from: start)
        return best
    }

    private static func nearestNext(
        of stops: [OpenStop], start: GeoPoint?, metres: (GeoPoint, GeoPoint) -> Int
    ) -> [Int] {
        var sequence: [Int] = []
        var point = start
        for picksUp in [true, false] {
            var left = stops.indices.filter { stops[$0].isPickup == picksUp }
            while !left.isEmpty {
                let from = point
                let next =
                    left.min { (way(from, stops[$0].point, metres), $0) < (way(from, stops[$1].point, metres), $1) }
                    ?? left[0]
                sequence.append(next)
                point = stops[next].point ?? point
                left.removeAll { $0 == next }
            }
        }
        return sequence
    }
}
