internal import Geo

/// Turns a snapshot into the tables of the search. Everything is sorted by id on the way in, every number is held
/// within the range that the search computes in, and what cannot be planned is set aside with its reason.
struct TickCompiler {
    /// Times and costs beyond these do not occur in the tables: 11 days, and a thousand seconds short of `Int32`.
    static let horizon: Int64 = 1_000_000
    static let never: Int32 = 2_000_000

    let policy: DispatchPolicy
    let policies: OrderPolicies
    let now: Timestamp
    let previous: DispatchPlan?
    let travel: TravelTable
    let metres: MetreTable
    let paces: [Int32]
    /// The first place with the same coordinates: two orders of one kitchen are one visit, however their places are
    /// numbered.
    private let canonical: [Int32]
    private let placeCount: Int
    private let stopPlaceCount: Int

    init(_ snapshot: borrowing DispatchSnapshot, previous: DispatchPlan?) {
        policy = snapshot.policy.bounded
        policies = OrderPolicies(snapshot.policy, zones: snapshot.zonePolicies)
        now = snapshot.now
        self.previous = previous
        canonical = Self.canonical(snapshot.places)
        switch snapshot.travel {
        case .matrix(let table):
            travel = TravelTable(matrix: table.seconds, columns: table.columns, xs: [], ys: [], secondsPerMetre: 0)
            metres = MetreTable(
                matrix: table.metres, columns: table.columns, points: [], detour: 1,
                seconds: table.metres.isEmpty ? table.seconds : [])
            paces = table.paces
            placeCount = table.rows
            stopPlaceCount = table.columns
        case .estimate(let estimate):
            let points = snapshot.places
            let projection = Self.projection(for: snapshot)
            let local = points.map { projection?.project($0) ?? LocalPoint(x: 0, y: 0) }
            let detour = Double(estimate.detourPerMille) / 1000
            // The table holds the fastest class's times; slower classes have a pace above 1024, so that direct rides
            // from the table are bounds for everyone.
            let fastest = estimate.speeds.max() ?? 6500
            paces = estimate.speeds.map { Int32((Int64(fastest) * 1024 + Int64($0) - 1) / Int64($0)) }
            travel = TravelTable(
                matrix: [], columns: 0, xs: local.map(\.x), ys: local.map(\.y),
                secondsPerMetre: detour * 1000 / Double(fastest))
            metres = MetreTable(matrix: [], columns: 0, points: local, detour: detour, seconds: [])
            placeCount = points.count
            stopPlaceCount = points.count
        }
    }

    /// The local map around the middle of the stops, by their median: however far away somebody's last fix is, it does
    /// not bend the ways of all others. Driver's places count only where there is no stop.
    private static func projection(for snapshot: borrowing DispatchSnapshot) -> LocalProjection? {
        let places = snapshot.places
        let ends = snapshot.orders.flatMap { [$0.pickup, $0.dropoff] }
        let stops = snapshot.drivers.flatMap { $0.running.map(\.place) }
        let known = (ends + stops).map { Int($0.value) }.filter(places.indices.contains).map { places[$0] }
        return LocalProjection(aroundMedianOf: known.isEmpty ? places : known)
    }

    func seconds(_ moment: Timestamp, roundedUp: Bool = true) -> Int32 {
        let difference = moment.millisecondsSince(now)
        let held = min(max(difference, -Self.horizon * 1000), Self.horizon * 1000)
        return Int32((roundedUp ? held + 999 : held).quotient(by: 1000))
    }

    private static func canonical(_ places: [GeoPoint]) -> [Int32] {
        var firsts: [GeoPoint: Int32] = [:]
        firsts.reserveCapacity(places.count)
        return places.enumerated().map { index, point in
            if let first = firsts[point] { return first }
            firsts[point] = Int32(index)
            return Int32(index)
        }
    }

    /// A stop's place under its first number, where that is a stop too.
    private func number(_ place: PlaceIndex) -> Int32 {
        guard Int(place.value) < canonical.count else { return place.value }
        let first = canonical[Int(place.value)]
        return Int(first) < stopPlaceCount ? first : place.value
    }

    func isStop(_ place: PlaceIndex) -> Bool { place.value >= 0 && Int(place.value) < stopPlaceCount }
    func isPlace(_ place: PlaceIndex) -> Bool { place.value >= 0 && Int(place.value) < placeCount }

    /// The direct way at the table's own pace.
    func way(_ from: PlaceIndex, _ to: PlaceIndex) -> Int64 {
        if !travel.matrix.isEmpty { return Int64(travel.matrix[Int(from.value) * travel.columns + Int(to.value)]) }
        let dx = travel.xs[Int(from.value)] - travel.xs[Int(to.value)]
        let dy = travel.ys[Int(from.value)] - travel.ys[Int(to.value)]
        return Int64(min(((dx * dx + dy * dy).squareRoot() * travel.secondsPerMetre).rounded(.up), 1e6))
    }

    /// Whether an order can be part of any plan.
    func isPossible(_ order: WaitingOrder) -> Bool {
        guard isStop(order.pickup), isStop(order.dropoff), order.bagUnits >= 0, order.bagUnits < 1000 else {
            return false
        }
        return way(order.pickup, order.dropoff) < Int64(TravelSeconds.unreachable)
    }

    /// The row of a waiting order.
    func row(_ order: WaitingOrder) -> OrderRow {
        let policy = policies[order.zone]
        let deviation = order.readyDeviation.value.held(0, 86_400) * Int64(policy.readyDeviation.perMille) / 1000
        let ready = Int64(seconds(order.readyAt ?? order.placedAt)) + deviation
        let ride = policy.pickupHandover.value + way(order.pickup, order.dropoff) + policy.dropoffApproach.value
        let growth = Self.growth(age: now.millisecondsSince(order.pooledAt).held(0, 86_400_000) / 1000, policy)
        let weight = Self.weight(order.weight, policy) * growth / 1000
        let placed = Int64(seconds(order.placedAt, roundedUp: false))
        let longest = max(policy.limits.bagTime.value, ride)
        return OrderRow(
            pickup: number(order.pickup), dropoff: number(order.dropoff),
            ready: Int32(ready.held(-Self.horizon, Self.horizon)),
            ideal: Int32((max(ready, 0) + ride).held(-Self.horizon, 2 * Self.horizon)),
            deadline: Int32((placed + policy.limits.clickToDoor.value).held(-Self.horizon, 2 * Self.horizon)),
            promised: order.promisedAt.map { seconds($0) } ?? Self.never, weight: Int32(weight),
            lateness: order.promisedAt == nil ? 0 : policy.weights.lateness.perMille,
            bagLimit: Int32(longest.held(0, 1 << 30)),
            ride: Int32(ride.held(0, 2 * Self.horizon)),
            direct: Int32(way(order.pickup, order.dropoff).held(0, Self.horizon)),
            restaurant: restaurantNumber(order.restaurant, PlaceIndex(number(order.pickup))),
            units: order.bagUnits, onBoard: false,
            unserved: unserved(order, growth: growth, weight: weight, policy))
    }

    /// What it costs to leave an order. Beyond the bound on waiting it is more than any way of serving the order can
    /// cost, whatever the weights say; a forced pair is broken for no other order.
    private func unserved(_ order: WaitingOrder, growth: Int64, weight: Int64, _ policy: DispatchPolicy) -> Int {
        let stated = policy.weights.unserved.value * max(growth, weight)
        if growth < Self.overdue, order.pinned == nil { return Int(stated) }
        let weights = policy.weights
        let second =
            weight + Int64(weights.driving.perMille) + Int64(weights.lateness.perMille)
            + Int64(weights.bagTime.perMille) + Int64(max(weights.completion, .none).perMille)
        return Int(max(stated, second * policy.limits.clickToDoor.value) * (order.pinned == nil ? 1 : 64))
    }

    /// The row of an order that is only likely to come: leaving it costs as little as it weighs.
    func expectedRow(_ order: WaitingOrder) -> OrderRow {
        var row = row(order)
        row.isExpected = true
        row.lateness = 0
        row.unserved = Int(policy.weights.unserved.value * Int64(row.weight))
        return row
    }

    /// How much more an order counts for its age in seconds, in thousandths. Beyond the bound on waiting it goes
    /// before all others, and of those the one before that is longest beyond it: nobody starves.
    private static func growth(age: Int64, _ policy: DispatchPolicy) -> Int64 {
        let rate = Int64(policy.weights.agePerMinute.perMille)
        let bound = policy.maxWait.value
        if age <= bound { return min(1000 + age / 60 * rate, 4000) }
        return min(overdue + overdue * (age - bound) / max(bound, 60), 8 * overdue)
    }

    /// Growth at the bound on waiting, in thousandths.
    private static let overdue: Int64 = 8000

    /// What a second of an order's delay counts in its zone, in thousandths.
    private static func weight(_ own: Weight, _ policy: DispatchPolicy) -> Int64 {
        (Int64(own.perMille).held(1, 50_000) * Int64(policy.weights.delay.perMille) / 1000).held(1, 50_000)
    }

    /// The row of an order that a driver has been told: no limit can forbid what has to be finished.
    func row(_ stops: [RunningStop]) -> OrderRow? {
        guard let dropoff = stops.first(where: { $0.kind == .dropoff }), isStop(dropoff.place) else { return nil }
        let pickup = stops.first { $0.kind == .pickup }
        let policy = policies[dropoff.zone]
        if let pickup, !isStop(pickup.place) { return nil }
        let ride = pickup.map {
            policy.pickupHandover.value + way($0.place, dropoff.place) + policy.dropoffApproach.value
        }
        let ready = pickup?.readyAt.map { Int64(seconds($0)) } ?? 0
        return OrderRow(
            pickup: number((pickup ?? dropoff).place), dropoff: number(dropoff.place), ready: Int32(ready),
            ideal: Int32((max(ready, 0) + (ride ?? 0)).held(0, 2 * Self.horizon)), deadline: Int32.max,
            promised: dropoff.promisedAt.map { seconds($0) } ?? Self.never,
            weight: Int32(Self.weight(dropoff.weight, policy)),
            lateness: dropoff.promisedAt == nil ? 0 : policy.weights.lateness.perMille, bagLimit: Int32.max,
            ride: Int32((ride ?? 0).held(0, 2 * Self.horizon)),
            direct: Int32(way((pickup ?? dropoff).place, dropoff.place).held(0, Self.horizon)),
            restaurant: restaurantNumber(pickup?.restaurant, (pickup ?? dropoff).place),
            units: dropoff.bagUnits.held(0, 1000), onBoard: pickup == nil, unserved: 0)
    }

    /// Restaurants without an id are told apart by their place.
    private func restaurantNumber(_ restaurant: RestaurantID?, _ place: PlaceIndex) -> Int32 {
        guard let restaurant else { return -1 - place.value }
        return Int32(truncatingIfNeeded: restaurant.rawValue & 0x7FFF_FFFF)
    }

    var stopRules: StopRules {
        StopRules(
            pickupApproach: Int(policy.pickupApproach.value), pickupHandover: Int(policy.pickupHandover.value),
            onePickupVisit: policy.onePickupVisit, dropoffApproach: Int(policy.dropoffApproach.value),
            dropoffHandover: Int(policy.dropoffHandover.value), pickupsFirst: policy.stopRule != .mixed,
            oneRestaurant: policy.stopRule == .oneRestaurant, driving: Int(policy.weights.driving.perMille),
            bagTime: Int(policy.weights.bagTime.perMille), completion: Int(policy.weights.completion.perMille),
            maxBatch: Int(policy.maxBatch), queue: Int(policy.limits.queuedBatches))
    }
}

extension FixedWidthInteger {
    func held(_ low: Self, _ high: Self) -> Self { Swift.min(Swift.max(self, low), high) }

    /// Division that rounds towards minus infinity.
    func quotient(by divisor: Self) -> Self {
        let result = self / divisor
        return self % divisor < 0 ? result - 1 : result
    }
}
