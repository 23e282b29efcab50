package import DispatchCore
internal import Foundation

/// Runs one day of the library through the engine on a virtual clock: every tick the orders placed so far and the
/// drivers of the next half hour go in, what the engine tells comes out and is carried out as told.
package struct MdrpDay {
    package enum Track: String, Sendable, CaseIterable {
        /// The library's rules: one restaurant a batch, told to a driver who stands free.
        case strict
        /// Batches over several restaurants.
        case pooled
    }

    /// One batch as told, in minutes.
    package struct Told: Sendable {
        package var minute: Double
        package var driver: Int
        package var stops: [(isDropoff: Bool, order: Int)]
        package var pickups: [Int: Double]
        package var dropoffs: [Int: Double]
    }

    package let instance: MdrpInstance
    package let track: Track
    package let policy: DispatchPolicy
    package let seed: UInt64
    /// What the day's past says about the next half hour; nil plans for the orders that exist alone.
    package var demand: ExpectedDemand?
    package private(set) var told: [Told] = []
    /// Wall milliseconds are the caller's business; this is the work of each tick.
    package private(set) var stepsOfTicks: [Int64] = []

    private var freeAt: [Int]
    private var placeOf: [Int]
    private var isTold: [Bool]
    private let travel: TravelSeconds
    private let firstDrop: Int
    private let firstDriver: Int

    package init(_ instance: MdrpInstance, track: Track, policy: DispatchPolicy, seed: UInt64) {
        self.instance = instance
        self.track = track
        self.policy = policy
        self.seed = seed
        demand = Self.demand
        firstDrop = instance.restaurants.count
        firstDriver = firstDrop + instance.orders.count
        freeAt = instance.drivers.map(\.on)
        let drivers = firstDriver
        placeOf = instance.drivers.indices.map { drivers + $0 }
        isTold = instance.orders.map { _ in false }
        travel = Self.travel(instance)
    }

    /// Measured on the library's days with and without drivers to spare; see `benchmarks/dispatch`.
    private static var demand: ExpectedDemand {
        var demand = ExpectedDemand(span: .minutes(30), weight: Weight(perMille: 400))
        demand.ordersPerDriver = Weight(perMille: 4000)
        return demand
    }

    /// The policy of the library's day: minutes as the library counts them, ticks of `tick` seconds.
    package static func policy(_ instance: MdrpInstance, track: Track, tick: Int64 = 60) -> DispatchPolicy {
        // Whole seconds, never less than what the library counts.
        func half(_ service: Double) -> Seconds { Seconds(Int64((service * 30).rounded(.up))) }
        var policy = DispatchPolicy()
        policy.tick = Seconds(tick)
        policy.maxHold = .zero
        policy.maxWait = Seconds(86_400)
        policy.margin = .zero
        policy.pickupApproach = half(instance.pickupService)
        policy.pickupHandover = half(instance.pickupService)
        policy.dropoffApproach = half(instance.dropoffService)
        policy.dropoffHandover = half(instance.dropoffService)
        policy.stopRule = track == .strict ? .oneRestaurant : .mixed
        policy.tellsBusyDrivers = false
        policy.weights.driving = .none
        // Of plans with the same delay the one that keeps more drivers free for what comes: on overloaded days half a
        // minute of click-to-door.
        policy.weights.completion = Weight(perMille: -5)
        policy.weights.agePerMinute = .none
        // Beyond the library's longest click-to-door a minute weighs as much as this many others.
        policy.weights.lateness = Weight(perMille: 8000)
        policy.weights.switching = .zero
        policy.weights.unserved = Seconds(86_400)
        policy.limits.bagTime = Seconds(86_400)
        policy.limits.clickToDoor = Seconds(864_000)
        policy.limits.queuedBatches = 4
        policy.limits.usesOrderGraph = false
        policy.limits.nearestDrivers = 4096
        policy.staleAfter = Seconds(86_400)
        policy.maxBatch = track == .strict ? 4 : 3
        policy.budget = WorkBudget(steps: track == .strict ? 1_000_000 : 2_000_000)
        if track == .pooled {
            // Restaurants next door: plans that mix farther ones are a little cheaper, the days that come of them are
            // not.
            policy.limits.usesOrderGraph = true
            policy.limits.nearRestaurants = WholeMetres(300)
            policy.limits.onTheWay = WholeMetres(100_000)
            policy.limits.readySpread = Seconds(1800)
        }
        return policy
    }

    /// A day ends after so many minutes at the latest; what is ready later stays undelivered, and the report says so.
    private static let longestDay = 4320

    /// The minutes of the day in which something can be decided; nil where there are no orders or no drivers.
    private func span(step: Int) -> ClosedRange<Int>? {
        guard let placed = instance.orders.map(\.placed).min(), let ready = instance.orders.map(\.ready).max(),
            let on = instance.drivers.map(\.on).min(), let off = instance.drivers.map(\.off).max()
        else { return nil }
        // Nobody looks ahead further than an hour before the first driver comes.
        let first = max(placed, on - 60) / step * step
        let last = min(ready + 600, off, first + Self.longestDay)
        return first <= last ? first...last : nil
    }

    /// Runs the whole day. `onTick` is told the minute, for a progress bar.
    package mutating func run(lanes: some LaneRunner, onTick: (Int) -> Void = { _ in }) {
        let step = max(1, Int(policy.tick.value / 60))
        guard let span = span(step: step) else { return }
        var minute = span.lowerBound
        var previous: DispatchPlan?
        while minute <= span.upperBound, isTold.contains(false) {
            onTick(minute)
            let snapshot = snapshot(at: minute)
            if !snapshot.orders.isEmpty, !snapshot.drivers.isEmpty {
                let plan = DispatchEngine.plan(
                    snapshot, previous: previous, seed: seed &+ UInt64(bitPattern: Int64(minute)), lanes: lanes)
                stepsOfTicks.append(plan.steps)
                for batch in plan.commits { carryOut(batch, at: minute) }
                previous = plan
            }
            minute += step
        }
    }

    private func snapshot(at minute: Int) -> DispatchSnapshot {
        let now = Self.moment(minute)
        var snapshot = DispatchSnapshot(now: now, policy: policy, travel: .matrix(travel))
        for (index, order) in instance.orders.enumerated() where !isTold[index] && order.placed <= minute {
            var row = row(index)
            // An order that cannot be within the bound anyway has no claim on other orders' time.
            if earliest(index) <= order.placed + 90 {
                row.promisedAt = Self.moment(max(order.placed + 80, earliest(index)))
            }
            snapshot.orders.append(row)
        }
        for (index, driver) in instance.drivers.enumerated() where driver.off >= minute && freeAt[index] <= driver.off {
            var state = DriverState(
                id: DriverID(Int64(index)), place: PlaceIndex(Int32(placeOf[index])),
                freeAt: max(now, Self.moment(freeAt[index])), lastFixAt: now)
            state.capacity = 100
            state.bagUnits = 1000
            state.shiftEndsAt = Self.moment(driver.off)
            snapshot.drivers.append(state)
        }
        if let demand {
            let first = minute - Int(demand.span.value / 60)
            let recent = instance.orders.indices.filter { (first...minute).contains(instance.orders[$0].placed) }
            snapshot.expected = demand.orders(
                after: recent.map(row), now: now, waiting: snapshot.orders.count,
                drivers: snapshot.eligibleDrivers.count)
        }
        return snapshot
    }

    private static func moment(_ minute: Int) -> Timestamp {
        Timestamp(milliseconds: 0).advanced(bySeconds: Int64(minute) * 60)
    }

    private func row(_ index: Int) -> WaitingOrder {
        let order = instance.orders[index]
        var row = WaitingOrder(
            id: OrderID(Int64(index)), pickup: PlaceIndex(Int32(order.restaurant)),
            dropoff: PlaceIndex(Int32(firstDrop + index)), placedAt: Self.moment(order.placed))
        row.restaurant = RestaurantID(Int64(order.restaurant))
        row.readyAt = Self.moment(order.ready)
        return row
    }

    /// When an order is delivered by a driver who stands ready at the restaurant.
    private func earliest(_ index: Int) -> Int {
        let order = instance.orders[index]
        let ride = travel.seconds[order.restaurant * travel.columns + firstDrop + index] / 60
        return order.ready + Int(((instance.pickupService + instance.dropoffService) / 2).rounded(.up)) + Int(ride)
    }

    /// The driver does what he was told, and is free at the last door when he is done.
    private mutating func carryOut(_ batch: PlannedBatch, at minute: Int) {
        let driver = Int(batch.driver.rawValue)
        var entry = Told(minute: Double(minute), driver: driver, stops: [], pickups: [:], dropoffs: [:])
        for stop in batch.stops {
            let order = Int(stop.order.rawValue)
            let departure = Double(stop.departure.milliseconds) / 60_000
            entry.stops.append((stop.kind == .dropoff, order))
            if stop.kind == .dropoff {
                entry.dropoffs[order] = departure - instance.dropoffService / 2
                placeOf[driver] = firstDrop + order
                // He is asked again in the first whole minute in which he is free.
                freeAt[driver] = Int(departure.rounded(.up))
            } else {
                entry.pickups[order] = departure - instance.pickupService / 2
                isTold[order] = true
            }
        }
        told.append(entry)
    }

    /// Minutes as the library counts them: the straight line, rounded up.
    private static func travel(_ instance: MdrpInstance) -> TravelSeconds {
        let points =
            instance.restaurants.map { ($0.x, $0.y) } + instance.orders.map { ($0.x, $0.y) }
            + instance.drivers.map { ($0.x, $0.y) }
        let columns = instance.restaurants.count + instance.orders.count
        var seconds = [Int32](repeating: 0, count: points.count * columns)
        for (row, from) in points.enumerated() {
            for column in 0..<columns {
                let to = points[column]
                let minutes = (hypot(from.0 - to.0, from.1 - to.1) / instance.metresPerMinute).rounded(.up)
                seconds[row * columns + column] = Int32(min(minutes, 10_000)) * 60
            }
        }
        return TravelSeconds(rows: points.count, columns: columns, seconds: seconds)
    }
}
