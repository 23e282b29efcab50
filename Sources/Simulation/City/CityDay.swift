package import DispatchCore
package import Fulfilment
package import Geo
internal import Logging

/// One service of a city on a virtual clock, through the real house: orders are placed, given, accepted, picked up and
/// delivered by the use cases that serve everyone, and the dispatcher's own tick gives them. Kitchens and roads differ
/// from their estimates, customers cancel, drivers reject, phones go silent, an admin forces. After every event the
/// rules are checked that may never break. The same scenario, policy and seed give the same day.
package struct CityDay: Sendable {
    /// An order of the day, as the world knows it.
    package struct Order: Sendable {
        package var id = OrderID(0)
        package var restaurant: Int
        package var dropoff: PlaceIndex
        package var placed: Int
        /// What the kitchen said, nil for one that says nothing; and when the food is really ready.
        package var promisedReady: Int?
        package var ready: Int
        /// Seconds from placing within which delivery was promised.
        package var promise: Int
        /// The state in the house, nil before it is placed.
        package var state: OrderState?
        package var pickedUp = 0
        package var delivered = 0
    }

    /// A driver, as the world knows him.
    package struct Driver: Sendable {
        package var id: DriverID
        package var point: GeoPoint
        var leg: Leg?
        var lastPickup: GeoPoint?
        /// When he last reported where he is.
        var seenAt = 0
        package var silentUntil = 0
        package var metres: Int64 = 0
        package var busySeconds = 0
    }

    /// A driver on his way to a stop and at work there.
    struct Leg: Sendable {
        var number: Int
        var order: OrderID
        var isPickup: Bool
        var from: GeoPoint
        var to: GeoPoint
        var left: Int
        var arrives: Int
        var done: Int
    }

    /// A way that was driven, for the map.
    package struct Way: Sendable {
        package var from: GeoPoint
        package var to: GeoPoint
        package var isLoaded: Bool
    }

    package let scenario: CityScenario
    package let policy: DispatchPolicy
    package let seed: UInt64
    package internal(set) var orders: [Order] = []
    package internal(set) var drivers: [Driver] = []
    package internal(set) var places: [GeoPoint] = []
    package internal(set) var ways: [Way] = []
    package internal(set) var batchSizes: [Int] = []
    package internal(set) var rejected = 0
    package internal(set) var forced = 0
    /// Orders that returned to the pool because their driver gave no sign of life.
    package internal(set) var lapsed = 0
    /// What broke, with its moment; empty on every day that is right.
    package internal(set) var violations: [String] = []
    package internal(set) var ticks = 0
    package internal(set) var events = 0

    let city: VirtualHouse
    let start: Timestamp
    let admin = AdminID(1)
    var random: RandomSource
    var queue = EventQueue()
    var audit = CityAudit()
    var rows: [OrderID: Int] = [:]
    var seats: [DriverID: Int] = [:]
    var pushed = 0
    var now = 0
    var legs = 0

    package init(_ scenario: CityScenario, policy: DispatchPolicy, seed: UInt64) {
        self.scenario = scenario
        self.policy = policy
        self.seed = seed
        random = RandomSource(seed: seed)
        city = VirtualHouse()
        start = city.time.now
        found()
    }

    /// Runs until every order has ended, at most six hours past the last one.
    ///
    /// - Throws: What the house threw where nothing should; a refusal that a user can cause is part of the day.
    package mutating func run(
        lanes: some LaneRunner = SerialLanes(), onTick: (Double) -> Void = { _ in }
    ) async throws {
        try await settle()
        let (fixed, end) = (policy, scenario.minutes * 60)
        let dispatcher = Dispatcher(
            city.house, policy: { fixed }, holder: "city", log: Logger(label: "city") { _ in SwiftLogNoOpLogHandler() },
            microseconds: { 0 }, solve: { DispatchEngine.plan($0, previous: $1, seed: $2, lanes: lanes) })
        while let event = queue.next(), event.second < end + 21_600 {
            city.time.advance(seconds: Int64(event.second - now))
            now = event.second
            events += 1
            if case .tick = event.kind {
                onTick(min(1, Double(now) / Double(end)))
                try await tick(dispatcher)
                if now > end, audit.isOver(of: orders.count) { break }
            } else {
                try await carryOut(event.kind)
            }
            await hear()
            check()
        }
        try await close()
    }

    private mutating func tick(_ dispatcher: Dispatcher) async throws {
        for seat in drivers.indices where drivers[seat].silentUntil <= now {
            city.report(drivers[seat].id, at: position(of: drivers[seat]))
            drivers[seat].seenAt = now
        }
        _ = try await dispatcher.tick()
        ticks += 1
        queue.add(.tick, at: now + Int(policy.bounded.tick.value))
    }

    /// What was pushed since the last event reaches the phones that are on.
    private mutating func hear() async {
        let all = city.push.events
        for event in all[pushed...] {
            guard let seat = seats[event.driverID] else { continue }
            switch event.body {
            case .orderAssigned(let told):
                audit.told(told, event.driverID, unseenFor: now - drivers[seat].seenAt)
                guard told.sequence == 1 else { continue }
                batchSizes.append(told.batch.orderIDs.count)
                let ids = told.batch.orderIDs.map { OrderID($0) }
                queue.add(.answer(seat, ids, isForced: told.batch.source == .admin), at: now + 5 + random.below(20))
            case .orderUnassigned(let order, _, let code):
                if code == "timeout" { lapsed += 1 }
                await forget(OrderID(order), seat)
            case .orderCancelled(let order, _):
                await forget(OrderID(order), seat)
            }
        }
        pushed = all.count
    }

    private mutating func check() {
        for violation in audit.check(city.store) { violations.append("\(now) s: \(violation)") }
    }

    private mutating func close() async throws {
        for index in orders.indices {
            guard orders[index].state != nil, let order = try await city.store.order(orders[index].id) else { continue }
            orders[index].state = order.state
            if let moment = order.pickedUpAt { orders[index].pickedUp = second(of: moment) }
            if let moment = order.deliveredAt { orders[index].delivered = second(of: moment) }
            if !order.state.isEnded { violations.append("order \(order.id) never ended: \(order.state.rawValue)") }
        }
        violations += audit.close(city.store)
    }

    func moment(_ second: Int) -> Timestamp { start.advanced(bySeconds: Int64(second)) }
    func second(of moment: Timestamp) -> Int { Int(moment.millisecondsSince(start) / 1000) }
}
