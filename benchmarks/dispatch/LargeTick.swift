import DispatchCore
import Foundation
import Geo
import Simulation

/// One tick of a large city after the other, each from the plan before it: how long a tick takes, warm.
///
/// The city moves: at every tick drivers drive on, a hundredth of the orders are new and as many are gone.
struct LargeTick {
    private let orders: Int
    private let drivers: Int
    private let ticks: Int
    private let threads: Int
    private let milliseconds: Int64
    private let kitchenCount: Int

    init(_ options: Options) {
        orders = Int(options.number("orders") ?? 3000)
        drivers = Int(options.number("drivers") ?? 20_000)
        ticks = Int(options.number("ticks") ?? 100)
        threads = Int(options.number("threads") ?? 2)
        milliseconds = options.number("budget-ms") ?? 150
        kitchenCount = Int(options.number("kitchens") ?? 600)
    }

    func run() {
        var random = Draws(seed: 1)
        var snapshot = DispatchSnapshot(now: Timestamp(milliseconds: 1_700_000_000_000), policy: DispatchPolicy())
        snapshot.policy.budget = .milliseconds(milliseconds)
        var kitchens: [PlaceIndex] = []
        for _ in 0..<max(1, kitchenCount) { kitchens.append(snapshot.place(random.point())) }
        for number in 0..<orders { snapshot.orders.append(order(Int64(number), in: &snapshot, kitchens, &random)) }
        for number in 0..<drivers {
            let driver = DriverState(
                id: DriverID(Int64(number)), place: snapshot.place(random.point()), freeAt: snapshot.now,
                lastFixAt: snapshot.now)
            snapshot.drivers.append(driver)
        }
        var walls: [Double] = []
        var previous: DispatchPlan?
        let clock = ContinuousClock()
        var degraded = 0
        var gap: Int64?
        for number in 0..<(ticks + 3) {
            let start = clock.now
            let plan = DispatchEngine.plan(
                snapshot, previous: previous, seed: UInt64(number), lanes: ThreadLanes(threads: threads))
            // The first three ticks start cold.
            if number >= 3 {
                walls.append((clock.now - start) / .milliseconds(1))
                if plan.isDegraded { degraded += 1 }
                gap = plan.gapPerMille
            }
            previous = plan
            advance(&snapshot, told: Set(plan.commits.flatMap(\.orders)), kitchens, &random)
        }
        walls.sort()
        let p99 = walls[min(walls.count - 1, walls.count * 99 / 100)]
        Harness.say(
            """
            tick \(orders) orders x \(drivers) drivers, \(ticks) warm ticks on \(threads) threads: median \
            \(Int(walls[walls.count / 2])) ms, p99 \(Int(p99)) ms, longest \(Int(walls.last ?? 0)) ms, \
            degraded \(degraded), last gap per mille \(gap ?? -1), peak memory \(peakMegabytes()) MiB (must p99 1000 ms, 1024 MiB; aim 500 ms)
            """)
    }

    private func order(
        _ id: Int64, in snapshot: inout DispatchSnapshot, _ kitchens: [PlaceIndex], _ random: inout Draws
    ) -> WaitingOrder {
        let kitchen = kitchens[Int(random.below(UInt64(kitchens.count)))]
        let point = random.near(snapshot.places[Int(kitchen.value)])
        var order = WaitingOrder(
            id: OrderID(id), pickup: kitchen, dropoff: snapshot.place(point),
            placedAt: snapshot.now.advanced(bySeconds: -Int64(random.below(600))))
        order.restaurant = RestaurantID(Int64(kitchen.value))
        order.readyAt = snapshot.now.advanced(bySeconds: Int64(random.below(1500)))
        return order
    }

    /// Ten seconds later: what was told is gone, as many new orders are there, everyone was seen again.
    private func advance(
        _ snapshot: inout DispatchSnapshot, told: Set<OrderID>, _ kitchens: [PlaceIndex], _ random: inout Draws
    ) {
        snapshot.now = snapshot.now.advanced(bySeconds: 10)
        var next = (snapshot.orders.map(\.id.rawValue).max() ?? 0) + 1
        for index in snapshot.orders.indices
        where told.contains(snapshot.orders[index].id) || random.below(100) == 0 {
            snapshot.orders[index] = order(next, in: &snapshot, kitchens, &random)
            next += 1
        }
        for index in snapshot.drivers.indices {
            snapshot.drivers[index].lastFixAt = snapshot.now
            snapshot.drivers[index].freeAt = snapshot.now
            let place = Int(snapshot.drivers[index].place.value)
            snapshot.places[place] = random.step(from: snapshot.places[place])
        }
    }

    /// The most memory that the process ever had.
    private func peakMegabytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) / 1024
    }
}

/// Random places of a city thirty kilometres wide.
struct Draws {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func below(_ bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % max(1, bound)
    }

    private mutating func unit() -> Double { Double(below(1 << 30)) / Double(1 << 30) }

    private func held(_ latitude: Double, _ longitude: Double) -> GeoPoint {
        let point = GeoPoint(
            latitude: min(max(latitude, 12.83), 13.10), longitude: min(max(longitude, 77.45), 77.73))
        guard let point else { preconditionFailure("the city lies on the globe") }
        return point
    }

    mutating func point() -> GeoPoint { held(12.83 + unit() * 0.27, 77.45 + unit() * 0.28) }

    mutating func near(_ point: GeoPoint) -> GeoPoint {
        held(point.latitude + (unit() - 0.5) * 0.06, point.longitude + (unit() - 0.5) * 0.06)
    }

    mutating func step(from point: GeoPoint) -> GeoPoint {
        held(point.latitude + (unit() - 0.5) * 0.001, point.longitude + (unit() - 0.5) * 0.001)
    }
}
