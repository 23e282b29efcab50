package import DispatchCore
package import Geo

/// One service of a city on a virtual clock. Each tick the engine plans, drivers do what they are told, kitchens and roads
/// differ from their estimates, orders are cancelled, batches rejected, phones go silent. After every tick the rules are
/// checked that may never break. The same scenario, policy and seed give the same day.
package struct CityDay: Sendable {
    package struct Order: Sendable {
        package enum State: UInt8, Sendable { case later, waiting, told, onBoard, delivered, cancelled }

        package var id: OrderID
        package var restaurant: Int
        package var dropoff: PlaceIndex
        package var placed: Int
        /// What the kitchen said, nil for one that says nothing; and when the food is really ready.
        package var promisedReady: Int?
        package var ready: Int
        package var cancelledAt: Int?
        package var state = State.later
        package var excluded: [DriverID] = []
        package var pickedUp = 0
        package var delivered = 0
        package var pooled = 0
    }

    package struct Driver: Sendable {
        package var id: DriverID
        package var place: PlaceIndex
        /// The stop he is driving to or standing at, and when he is done with it.
        package var current: PlannedStop?
        package var freeAt = 0
        package var stops: [PlannedStop] = []
        package var silentUntil = 0
        package var metres: Int64 = 0
        package var busySeconds = 0
    }

    package let scenario: CityScenario
    package let policy: DispatchPolicy
    package let seed: UInt64
    package internal(set) var orders: [Order] = []
    package internal(set) var drivers: [Driver] = []
    package internal(set) var places: [GeoPoint] = []
    package internal(set) var batchSizes: [Int] = []
    package internal(set) var rejected = 0
    package internal(set) var changedPlans = 0
    /// What broke, with its moment; empty on every day that is right.
    package internal(set) var violations: [String] = []
    package internal(set) var ticks = 0
    var random: RandomSource
    var now = 0
    var previous: DispatchPlan?

    package init(_ scenario: CityScenario, policy: DispatchPolicy, seed: UInt64) {
        self.scenario = scenario
        self.policy = policy
        self.seed = seed
        random = RandomSource(seed: seed)
        found()
    }

    /// Runs until every order has ended, at most six hours past the last one.
    package mutating func run(lanes: some LaneRunner = SerialLanes(), onTick: (Double) -> Void = { _ in }) {
        let end = scenario.minutes * 60
        while now < end + 21_600 {
            advance(lanes: lanes)
            onTick(min(1, Double(now) / Double(end)))
            if now > end, orders.allSatisfy({ $0.state == .delivered || $0.state == .cancelled }) { break }
        }
        for order in orders where order.state != .delivered && order.state != .cancelled {
            violations.append("order \(order.id) never ended")
        }
    }

    /// One tick: events up to now, a plan, its consequences.
    package mutating func advance(lanes: some LaneRunner = SerialLanes()) {
        place()
        move()
        let snapshot = snapshot()
        if !snapshot.orders.isEmpty {
            let plan = DispatchEngine.plan(snapshot, previous: previous, seed: seed &+ UInt64(ticks), lanes: lanes)
            check(plan, snapshot)
            for batch in plan.commits { tell(batch) }
            previous = plan
        }
        ticks += 1
        now += Int(policy.bounded.tick.value)
    }

    func moment(_ second: Int) -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + Int64(second) * 1000) }

    /// Orders placed and cancelled since the last tick, phones that fall silent.
    private mutating func place() {
        for index in orders.indices {
            if orders[index].state == .later, orders[index].placed <= now {
                orders[index].state = .waiting
                orders[index].pooled = now
            }
            if orders[index].state == .waiting, let cancelled = orders[index].cancelledAt, cancelled <= now {
                orders[index].state = .cancelled
            }
        }
        for index in drivers.indices where random.below(360_000) < scenario.silences * Int(policy.tick.value) / 10 {
            drivers[index].silentUntil = now + 600
        }
    }

    private mutating func move() {
        for index in drivers.indices {
            while drivers[index].current != nil || !drivers[index].stops.isEmpty {
                if let stop = drivers[index].current {
                    if drivers[index].freeAt > now { break }
                    arrive(stop, driver: index)
                    drivers[index].current = nil
                }
                if !drivers[index].stops.isEmpty { leave(index) }
            }
        }
    }

    private mutating func arrive(_ stop: PlannedStop, driver: Int) {
        drivers[driver].place = stop.place
        let row = Int(stop.order.rawValue)
        if stop.kind == .dropoff {
            if orders[row].state != .onBoard {
                violations.append("order \(stop.order) dropped while \(orders[row].state)")
            }
            orders[row].state = .delivered
            orders[row].delivered = drivers[driver].freeAt - Int(policy.dropoffHandover.value)
        } else {
            if orders[row].state != .told {
                violations.append("order \(stop.order) picked up while \(orders[row].state)")
            }
            orders[row].state = .onBoard
            orders[row].pickedUp = drivers[driver].freeAt - Int(policy.pickupHandover.value)
        }
    }

    /// Starts for the next stop: the road takes as long as it really takes, the kitchen too.
    private mutating func leave(_ index: Int) {
        let stop = drivers[index].stops.removeFirst()
        let way = way(drivers[index].place, stop.place)
        let noise = 1000 + random.below(2 * scenario.travelNoise + 1) - scenario.travelNoise
        let start = max(drivers[index].freeAt, 0)
        var time = start + way.seconds * noise / 1000
        if stop.kind == .pickup {
            time = max(time + Int(policy.pickupApproach.value), orders[Int(stop.order.rawValue)].ready)
            time += Int(policy.pickupHandover.value)
        } else {
            time += Int(policy.dropoffApproach.value + policy.dropoffHandover.value)
        }
        drivers[index].metres += way.metres
        drivers[index].busySeconds += time - start
        drivers[index].freeAt = time
        drivers[index].current = stop
    }

    private mutating func tell(_ batch: PlannedBatch) {
        let driver = Int(batch.driver.rawValue)
        if random.below(1000) < scenario.rejections {
            rejected += 1
            for order in batch.orders {
                orders[Int(order.rawValue)].excluded.append(batch.driver)
                orders[Int(order.rawValue)].pooled = now
            }
            return
        }
        for order in batch.orders { orders[Int(order.rawValue)].state = .told }
        batchSizes.append(batch.orders.count)
        if drivers[driver].current == nil, drivers[driver].stops.isEmpty { drivers[driver].freeAt = now }
        let known = batch.stops.contains(where: \.isRunning)
        drivers[driver].stops = (known ? [] : drivers[driver].stops) + batch.stops
    }
}
