import DispatchCore
import Testing

/// The bound that a plan reports, against the best plan that complete enumeration finds.
@Suite struct BoundTests {
    /// A few orders and drivers on a plane with a matrix of ways, so that the test can walk every sequence of stops
    /// itself.
    struct Plane {
        var snapshot: DispatchSnapshot
        private let way: [[Int64]]

        init(orders: Int, drivers: Int, running: Int, maxBatch: Int32 = 3, seed: UInt64) {
            var random = RandomSource(seed: seed)
            let points = (0..<2 * orders + 2 * drivers).map { _ in
                (Double(random.below(4000)), Double(random.below(4000)))
            }
            way = points.map { from in
                points.map { to in
                    let (dx, dy) = (from.0 - to.0, from.1 - to.1)
                    return Int64(((dx * dx + dy * dy).squareRoot() / 6).rounded(.up))
                }
            }
            var policy = DispatchPolicy()
            policy.commitment = .immediate
            policy.maxBatch = maxBatch
            policy.limits.usesOrderGraph = false
            policy.weights.agePerMinute = .none
            policy.limits.bagTime = Seconds(86_400)
            snapshot = DispatchSnapshot(
                now: SmallCity.noon, policy: policy,
                travel: .matrix(
                    TravelSeconds(rows: points.count, columns: points.count, seconds: way.joined().map { Int32($0) })))
            for index in 0..<orders {
                var order = WaitingOrder(
                    id: OrderID(Int64(index)), pickup: PlaceIndex(Int32(2 * index)),
                    dropoff: PlaceIndex(Int32(2 * index + 1)), placedAt: snapshot.now)
                order.readyAt = SmallCity.at(Int64(random.below(900)))
                if index % 2 == 1 { order.promisedAt = SmallCity.at(900) }
                snapshot.orders.append(order)
            }
            for index in 0..<drivers {
                let place = 2 * orders + 2 * index
                var driver = DriverState(
                    id: DriverID(Int64(index)), place: PlaceIndex(Int32(place)), freeAt: snapshot.now,
                    lastFixAt: snapshot.now)
                if index < running {
                    driver.running = [
                        RunningStop(
                            kind: .dropoff, order: OrderID(Int64(100 + index)), place: PlaceIndex(Int32(place + 1)),
                            placedAt: snapshot.now)
                    ]
                }
                snapshot.drivers.append(driver)
            }
        }

        /// The least cost of any plan, batches and queues or not: more freedom than the engine has.
        var optimum: Int64 {
            let count = snapshot.orders.count
            var best = [Int64](repeating: .max / 4, count: 1 << count)
            best[0] = 0
            for driver in snapshot.drivers {
                let ways = (0..<1 << count).map { least(driver, orders: $0) }
                var next = best
                for set in best.indices {
                    next[set] = best[set] + ways[0]
                    var part = set
                    while part > 0 {
                        next[set] = min(next[set], best[set & ~part] + ways[part])
                        part = (part - 1) & set
                    }
                }
                best = next
            }
            let left = snapshot.policy.weights.unserved.value * 1000
            return best.enumerated().map { $1 + left * Int64(count - $0.nonzeroBitCount) }.min() ?? 0
        }

        private func least(_ driver: DriverState, orders: Int) -> Int64 {
            walk(
                at: Int(driver.place.value), time: 0, cost: 0, todo: orders, onBoard: 0, running: driver.running.first)
        }

        private func walk(at: Int, time: Int64, cost: Int64, todo: Int, onBoard: Int, running: RunningStop?) -> Int64 {
            if todo | onBoard == 0, running == nil { return cost }
            var best = Int64.max / 4
            if let running {
                let to = Int(running.place.value)
                let moment = time + way[at][to] + 60
                best = walk(
                    at: to, time: moment + 60, cost: cost + 250 * way[at][to] + 1000 * moment, todo: todo,
                    onBoard: onBoard, running: nil)
            }
            for (index, order) in snapshot.orders.enumerated() where (todo | onBoard) >> index & 1 == 1 {
                let isPickup = todo >> index & 1 == 1
                if isPickup, onBoard.nonzeroBitCount >= Int(snapshot.policy.maxBatch) { continue }
                let to = 2 * index + (isPickup ? 0 : 1)
                let ready = (order.readyAt?.millisecondsSince(snapshot.now) ?? 0) / 1000
                var moment = time + way[at][to] + 60
                var grown = cost + 250 * way[at][to]
                if isPickup {
                    moment = max(moment, ready)
                } else {
                    grown += 1000 * (moment - (max(ready, 0) + 120 + way[2 * index][2 * index + 1]))
                    if order.promisedAt != nil { grown += 1000 * max(0, moment - 900) }
                }
                let found = walk(
                    at: to, time: moment + 60, cost: grown, todo: todo & ~(1 << index),
                    onBoard: isPickup ? onBoard | 1 << index : onBoard & ~(1 << index), running: running)
                best = min(best, found)
            }
            return best
        }
    }

    static let kinds: [(Int, Int, Int32)] = [(2, 0, 3), (2, 1, 3), (2, 2, 3), (1, 0, 3), (2, 0, 1)]

    @Test(arguments: kinds.indices, [UInt64(1), 2, 3, 4, 5])
    func noPlanCostsLessThanTheBound(kind: Int, seed: UInt64) throws {
        let (drivers, running, maxBatch) = Self.kinds[kind]
        let plane = Plane(
            orders: drivers == 1 ? 4 : 3, drivers: drivers, running: running, maxBatch: maxBatch, seed: seed)
        let plan = DispatchEngine.plan(plane.snapshot, budget: WorkBudget(steps: 50_000))
        let (bound, optimum) = (try #require(plan.bound).value, plane.optimum)
        #expect(bound <= optimum)
        #expect(optimum <= plan.cost.value)
        #expect(bound > 0)
    }

    @Test func whereEveryOrderHasADriverOfItsOwnThereIsNoGap() throws {
        var city = SmallCity()
        for id in 0..<8 {
            city.order(Int64(id), from: (Double(id) * 9000, 0), to: (Double(id) * 9000 + 900, 0), ready: 0)
            city.driver(Int64(id), at: (Double(id) * 9000, 0))
        }
        city.snapshot.policy.weights.driving = .none
        #expect(city.plan().gapPerMille == nil || city.plan().gapPerMille == 0)
        city.snapshot.drivers[3].place = city.place(3 * 9000 - 600, 0)
        let plan = city.plan()
        #expect(plan.bound == plan.cost)
    }

    @Test func oneDriverForManyIsSeenInTheBound() throws {
        var city = SmallCity()
        for id in 0..<3 { city.order(Int64(id), from: (0, 0), to: (900, Double(id) * 700), ready: 0) }
        city.driver(1, at: (0, 0))
        city.snapshot.policy.weights.driving = .none
        let plan = city.plan()
        // The second and the third delivery cannot be made before the one ahead of them.
        #expect(try #require(plan.bound).value >= 3 * 120_000)
        #expect(plan.bound ?? .zero <= plan.cost)
    }

    @Test(arguments: [(6, true), (2, false)])
    func thePlanIsNotProvenBestWhereCandidatesWereCut(nearest: Int32, isProven: Bool) {
        var plane = Plane(orders: 3, drivers: 5, running: 0, seed: 7)
        plane.snapshot.policy.limits.queuedBatches = 1
        plane.snapshot.policy.limits.nearestDrivers = nearest
        let plan = DispatchEngine.plan(plane.snapshot, budget: WorkBudget(steps: 50_000))
        #expect(plan.isProvenOptimal == isProven)
        if isProven { #expect(plan.bound == plan.cost) }
    }
}
