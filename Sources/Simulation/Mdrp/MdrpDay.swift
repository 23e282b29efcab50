package import DispatchCore
internal import Foundation

/// Runs one day of the library through the engine on a virtual clock: every tick the orders placed so far and the
/// drivers of the next half hour go in, what the engine tells comes out and is carried out as told.
package struct MdrpDay {
    package enum Track: String, Sendable, CaseIterable {
        /// The library's rules: one restaurant a batch, told to a driver who stands free.
        case strict
        /// Batches over several restaurants, which may grow by orders that were placed before the driver left.
        case pooled
    }

    package let instance: MdrpInstance
    package let track: Track
    package let policy: DispatchPolicy
    package let seed: UInt64
    /// What the day's past says about the next half hour; nil plans for the orders that exist alone.
    package var demand: ExpectedDemand?
    /// In the sequence in which they began.
    package private(set) var routes: [MdrpRoute] = []
    /// Wall milliseconds are the caller's business; this is the work of each tick.
    package private(set) var stepsOfTicks: [Int64] = []

    /// Number of each driver's latest route.
    private var latest: [Int?]
    private var isTold: [Bool]
    private var previous: DispatchPlan?
    private let map: MdrpMap

    package init(_ instance: MdrpInstance, track: Track, policy: DispatchPolicy, seed: UInt64) {
        self.instance = instance
        self.track = track
        self.policy = policy
        self.seed = seed
        demand = Self.demand
        latest = instance.drivers.map { _ in nil }
        isTold = instance.orders.map { _ in false }
        map = MdrpMap(instance)
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
            // Measured; see `benchmarks/dispatch`.
            policy.tellsInParts = true
            policy.limits.usesOrderGraph = true
            policy.limits.nearRestaurants = WholeMetres(2500)
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
        while minute <= span.upperBound, isTold.contains(false) {
            onTick(minute)
            tick(at: minute, lanes: lanes)
            minute += step
        }
    }

    /// Decides once. Minutes have to come in their sequence.
    package mutating func tick(at minute: Int, lanes: some LaneRunner) {
        let snapshot = snapshot(at: minute)
        if snapshot.orders.isEmpty || snapshot.drivers.isEmpty { return }
        let plan = DispatchEngine.plan(
            snapshot, previous: previous, seed: seed &+ UInt64(bitPattern: Int64(minute)), lanes: lanes)
        stepsOfTicks.append(plan.steps)
        for batch in plan.commits { carryOut(batch, at: minute) }
        previous = plan
    }

    private func snapshot(at minute: Int) -> DispatchSnapshot {
        let now = Self.moment(minute)
        var snapshot = DispatchSnapshot(now: now, policy: policy, travel: .matrix(map.travel))
        for (index, order) in instance.orders.enumerated() where !isTold[index] && order.placed <= minute {
            var row = row(index)
            row.promisedAt = promise(index)
            snapshot.orders.append(row)
        }
        for (index, driver) in instance.drivers.enumerated() where driver.off >= minute {
            if let state = state(of: index, at: minute) { snapshot.drivers.append(state) }
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

    /// A driver as the engine sees him: from where and when he can be sent elsewhere, and what he has yet to do. Nil
    /// when that is after his shift.
    private func state(of driver: Int, at minute: Int) -> DriverState? {
        let shift = instance.drivers[driver]
        var (place, free) = (map.place(ofDriver: driver), Double(shift.on))
        var rest: ArraySlice<MdrpRoute.Stop> = []
        var route: MdrpRoute?
        if let number = latest[driver] {
            let present = routes[number]
            route = present
            let fixed = present.fixedCount(at: Double(minute))
            rest = present.stops[fixed...]
            if let next = rest.first, !next.isDropoff, present.isUnderWay(to: fixed, at: Double(minute)) {
                (place, free) = (map.place(of: next, instance), present.times[fixed].arrival)
            } else {
                (place, free) = (map.place(of: present.stops[fixed - 1], instance), present.times[fixed - 1].departure)
            }
        }
        // He is asked again in the first whole minute in which he is free.
        let freeAt = Int(free.rounded(.up))
        if freeAt > shift.off, rest.isEmpty { return nil }
        var state = DriverState(
            id: DriverID(Int64(driver)), place: PlaceIndex(Int32(place)),
            freeAt: Self.moment(max(freeAt, minute)), lastFixAt: Self.moment(minute))
        state.capacity = 100
        state.bagUnits = 1000
        state.shiftEndsAt = Self.moment(shift.off)
        if let route, !rest.isEmpty {
            state.running = rest.map(runningStop)
            // An assignment of the library holds only what was placed when it began.
            state.mixesPlacedUntil = Self.moment(route.minute)
        }
        return state
    }

    private func runningStop(_ stop: MdrpRoute.Stop) -> RunningStop {
        let row = row(stop.order)
        var running = RunningStop(
            kind: stop.isDropoff ? .dropoff : .pickup, order: row.id, place: stop.isDropoff ? row.dropoff : row.pickup,
            placedAt: row.placedAt)
        running.restaurant = row.restaurant
        running.readyAt = stop.isDropoff ? nil : row.readyAt
        running.promisedAt = promise(stop.order)
        return running
    }

    /// An order that cannot be within the bound anyway has no claim on other orders' time.
    private func promise(_ index: Int) -> Timestamp? {
        let placed = instance.orders[index].placed
        let earliest = earliest(index)
        return earliest <= placed + 90 ? Self.moment(max(placed + 80, earliest)) : nil
    }

    private static func moment(_ minute: Int) -> Timestamp {
        Timestamp(milliseconds: 0).advanced(bySeconds: Int64(minute) * 60)
    }

    private func row(_ index: Int) -> WaitingOrder {
        let order = instance.orders[index]
        var row = WaitingOrder(
            id: OrderID(Int64(index)), pickup: PlaceIndex(Int32(order.restaurant)),
            dropoff: PlaceIndex(Int32(map.door(of: index))), placedAt: Self.moment(order.placed))
        row.restaurant = RestaurantID(Int64(order.restaurant))
        row.readyAt = Self.moment(order.ready)
        return row
    }

    /// When an order is delivered by a driver who stands ready at the restaurant.
    private func earliest(_ index: Int) -> Int {
        let order = instance.orders[index]
        let ride = map.minutes(order.restaurant, map.door(of: index))
        return order.ready + Int(((instance.pickupService + instance.dropoffService) / 2).rounded(.up)) + ride
    }

    /// The driver does what he was told: a route of his own where he stands free, else the rest of the present one is
    /// as the engine says now. What he has done and the leg that he is on stay as they are.
    private mutating func carryOut(_ batch: PlannedBatch, at minute: Int) {
        let driver = Int(batch.driver.rawValue)
        let told = batch.stops.map { MdrpRoute.Stop(isDropoff: $0.kind == .dropoff, order: Int($0.order.rawValue)) }
        if let number = latest[driver], routes[number].fixedCount(at: Double(minute)) < routes[number].stops.count {
            guard let stops = joined(told, to: routes[number], at: minute) else { return }
            var route = routes[number]
            route.set(stops, instance: instance, map: map)
            if route.lastPickup > Double(instance.drivers[driver].off) { return }
            routes[number] = route
        } else {
            let place = latest[driver].flatMap { routes[$0].stops.last }.map { map.place(of: $0, instance) }
            var route = MdrpRoute(minute: minute, driver: driver, origin: place ?? map.place(ofDriver: driver))
            route.set(told, instance: instance, map: map)
            latest[driver] = routes.count
            routes.append(route)
        }
        for stop in told { isTold[stop.order] = true }
    }

    /// The whole of a route with what is told of its rest now; nil where that would change what is past: another way
    /// than the one that he is on, or more food of a visit that is over. What is refused stays in the pool.
    private func joined(_ told: [MdrpRoute.Stop], to route: MdrpRoute, at minute: Int) -> [MdrpRoute.Stop]? {
        let fixed = route.fixedCount(at: Double(minute))
        let rest = route.stops[fixed...]
        let others = rest.filter { stop in !told.contains(stop) }
        // Stops that the engine left out: food in hand goes to its door before what is told, the rest is fetched after.
        let isInHand = { (stop: MdrpRoute.Stop) in !rest.contains { $0.order == stop.order && !$0.isDropoff } }
        let stops = others.filter(isInHand) + told + others.filter { !isInHand($0) }
        guard let first = stops.first else { return nil }
        let place = map.place(of: first, instance)
        if let before = rest.first, !before.isDropoff, route.isUnderWay(to: fixed, at: Double(minute)) {
            if first.isDropoff || place != map.place(of: before, instance) { return nil }
        } else if fixed > 0, !route.stops[fixed - 1].isDropoff, !first.isDropoff,
            place == map.place(of: route.stops[fixed - 1], instance)
        {
            return nil
        }
        return Array(route.stops[..<fixed]) + stops
    }
}
