package import Geo

/// A driver with his phone in the demo's city: drives to where he is told, waits for the food, hands it over, reports.
///
/// Pure: time comes in city milliseconds, out come the things that a real app would send.
package struct DemoPhone: Sendable {
    /// One order as the phone was told of it.
    package struct Told: Sendable, Equatable {
        package var order: Int64
        /// Orders of one batch are carried together, batches one after the other.
        package var batch: Int64?
        package var pickup: GeoPoint
        package var dropoff: GeoPoint
        /// City time at which the food is ready, nil when it is.
        package var readyAt: Int64?

        package init(
            order: Int64, batch: Int64? = nil, pickup: GeoPoint, dropoff: GeoPoint, readyAt: Int64?
        ) {
            self.order = order
            self.batch = batch
            self.pickup = pickup
            self.dropoff = dropoff
            self.readyAt = readyAt
        }
    }

    package enum Action: Sendable, Equatable {
        case accept(Int64)
        case pickUp(Int64)
        case deliver(Int64)
    }

    private struct Stop: Sendable, Equatable {
        var isPickup: Bool
        var told: Told

        var point: GeoPoint { isPickup ? told.pickup : told.dropoff }
    }

    package private(set) var position: GeoPoint
    /// Degrees clockwise from north.
    package private(set) var heading = 0.0
    package private(set) var isMoving = false
    private var stops: [Stop] = []
    private var lastAt: Int64?
    /// City time until which he is busy at a door.
    private var busyUntil: Int64 = 0
    /// He has taken this stop in hand: what he does there is sent when he is done.
    private var isHandling = false
    private let metresPerSecond: Double

    /// At a restaurant and at a door, in city milliseconds.
    private static let handling: Int64 = 60_000
    /// The way is longer than the straight line he is shown on, as in the engine's own estimate.
    private static let detour = 1.3

    package init(at home: GeoPoint, metresPerSecond: Double = 7) {
        position = home
        self.metresPerSecond = metresPerSecond
    }

    /// Orders he has in hand.
    package var orders: Int { Set(stops.map(\.told.order)).count }

    /// A new order; told twice, it is taken once.
    package mutating func assigned(_ told: Told) -> [Action] {
        guard !stops.contains(where: { $0.told.order == told.order }) else { return [] }
        // Of each batch the pickups first, in the sequence in which he was told; then its doors, in the same sequence.
        let firstDoor = stops.firstIndex { !$0.isPickup && $0.told.batch == told.batch } ?? stops.count
        stops.insert(Stop(isPickup: true, told: told), at: max(firstDoor, isHandling ? min(1, stops.count) : 0))
        let last = stops.lastIndex { $0.told.batch == told.batch } ?? stops.count - 1
        stops.insert(Stop(isPickup: false, told: told), at: last + 1)
        return [.accept(told.order)]
    }

    /// An order that was in hand before the app was started: nothing is accepted again.
    ///
    /// - Parameter isOnBoard: The food is in the bag already, so only the door is left.
    package mutating func resumed(_ told: Told, isOnBoard: Bool) {
        guard !assigned(told).isEmpty, isOnBoard else { return }
        stops.removeAll { $0.isPickup && $0.told.order == told.order }
    }

    /// The order was taken away or cancelled.
    package mutating func lost(_ order: Int64) {
        if isHandling, stops.first?.told.order == order { isHandling = false }
        stops.removeAll { $0.told.order == order }
    }

    /// Time passes.
    ///
    /// - Parameter now: City milliseconds, never going back.
    package mutating func passed(to now: Int64) -> [Action] {
        defer { lastAt = now }
        guard let lastAt, now > lastAt else { return [] }
        isMoving = false
        var actions: [Action] = []
        var clock = lastAt
        while let stop = stops.first, clock < now {
            if isHandling {
                guard busyUntil <= now else { break }
                clock = max(clock, busyUntil)
                isHandling = false
                stops.removeFirst()
                actions.append(stop.isPickup ? .pickUp(stop.told.order) : .deliver(stop.told.order))
                continue
            }
            clock = drive(to: stop.point, from: clock, until: now)
            guard position == stop.point else { break }
            let ready = stop.isPickup ? max(stop.told.readyAt ?? clock, clock) : clock
            busyUntil = ready + Self.handling
            isHandling = true
        }
        return actions
    }

    /// Drives towards `goal` and gives the moment at which he is there, or `end`.
    private mutating func drive(to goal: GeoPoint, from start: Int64, until end: Int64) -> Int64 {
        guard position != goal else { return start }
        let ground = Ground(latitude: position.latitude, longitude: position.longitude)
        let way = ground.offset(of: goal)
        let length = (way.east * way.east + way.north * way.north).squareRoot() * Self.detour
        let reach = Double(end - start) / 1000 * metresPerSecond
        isMoving = true
        heading = Self.degrees(east: way.east, north: way.north)
        guard reach < length else {
            position = goal
            return start + Int64(length / metresPerSecond * 1000)
        }
        position = ground.point(east: way.east * reach / length, north: way.north * reach / length)
        return end
    }

    /// Eight directions are enough for an arrow on a map.
    private static func degrees(east: Double, north: Double) -> Double {
        let size = max(abs(east), abs(north))
        guard size > 0 else { return 0 }
        let (x, y) = ((east / size).rounded(), (north / size).rounded())
        switch (x, y) {
        case (0, 1): return 0
        case (1, 1): return 45
        case (1, 0): return 90
        case (1, -1): return 135
        case (0, -1): return 180
        case (-1, -1): return 225
        case (-1, 0): return 270
        default: return 315
        }
    }
}
