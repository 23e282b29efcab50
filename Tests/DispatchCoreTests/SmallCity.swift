import DispatchCore
import Geo
import Testing

/// A snapshot under construction: places in metres from a point of Bengaluru, times in seconds from now.
struct SmallCity {
    static let noon = Timestamp(milliseconds: 1_700_000_000_000)

    var snapshot: DispatchSnapshot

    init(policy: DispatchPolicy = DispatchPolicy()) {
        snapshot = DispatchSnapshot(now: Self.noon, policy: policy)
    }

    static func at(_ seconds: Int64) -> Timestamp { noon.advanced(bySeconds: seconds) }

    mutating func place(_ east: Double, _ north: Double) -> PlaceIndex {
        let point = GeoPoint(latitude: 12.97 + north / 111_195, longitude: 77.59 + east / 108_358)
        return point.map { snapshot.place($0) } ?? PlaceIndex(-1)
    }

    mutating func order(
        _ id: Int64, from: (Double, Double), to: (Double, Double), ready: Int64? = nil, placed: Int64 = 0,
        _ change: (inout WaitingOrder) -> Void = { _ in }
    ) {
        var order = WaitingOrder(
            id: OrderID(id), pickup: place(from.0, from.1), dropoff: place(to.0, to.1), placedAt: Self.at(placed))
        order.readyAt = ready.map(Self.at)
        change(&order)
        snapshot.orders.append(order)
    }

    mutating func driver(_ id: Int64, at position: (Double, Double), _ change: (inout DriverState) -> Void = { _ in }) {
        var driver = DriverState(
            id: DriverID(id), place: place(position.0, position.1), freeAt: snapshot.now, lastFixAt: snapshot.now)
        change(&driver)
        snapshot.drivers.append(driver)
    }

    /// The same world later: idle drivers are seen again where they were.
    mutating func pass(_ seconds: Int64) {
        snapshot.now = snapshot.now.advanced(bySeconds: seconds)
        for index in snapshot.drivers.indices {
            snapshot.drivers[index].lastFixAt = snapshot.now
            if snapshot.drivers[index].running.isEmpty { snapshot.drivers[index].freeAt = snapshot.now }
        }
    }

    func plan(previous: DispatchPlan? = nil, seed: UInt64 = 1) -> DispatchPlan {
        DispatchEngine.plan(snapshot, previous: previous, seed: seed, budget: WorkBudget(steps: 200_000))
    }
}

extension DispatchPlan {
    func driver(of order: Int64) -> DriverID? {
        commits.first { $0.orders.contains(OrderID(order)) }?.driver
    }

    func hold(of order: Int64) -> HoldReason? { waiting.first { $0.order == OrderID(order) }?.reason }
}

/// Fails a test in words where a plan breaks a rule that no plan may break.
func checkRules(_ plan: DispatchPlan, for snapshot: DispatchSnapshot) {
    var seen = Set<OrderID>()
    for batch in plan.commits + plan.tentative {
        for order in batch.orders { #expect(seen.insert(order).inserted, "order \(order) is planned twice") }
        let driver = snapshot.drivers.first { $0.id == batch.driver }
        #expect(driver?.isOnline == true, "driver \(batch.driver) is offline")
        var onBoard = Set(driver?.running.map(\.order) ?? [])
        for stop in batch.stops where !stop.isRunning {
            if stop.kind == .pickup { onBoard.insert(stop.order) }
            if stop.kind == .dropoff { #expect(onBoard.contains(stop.order), "dropped before it is picked up") }
        }
        for (before, after) in zip(batch.stops, batch.stops.dropFirst()) {
            #expect(before.arrival <= after.departure, "stops go back in time")
        }
    }
    let waiting = Set(plan.waiting.map(\.order))
    #expect(waiting.count == plan.waiting.count, "an order waits for two reasons")
    let committed = Set(plan.commits.flatMap(\.orders))
    #expect(waiting.isDisjoint(with: committed), "an order is told and waits")
    #expect(waiting.union(committed) == Set(snapshot.orders.map(\.id)), "an order is lost")
}
