internal import DispatchCore
internal import Foundation

/// Whole minutes between the places of an instance, as the library counts them: the straight line, rounded up.
struct MdrpMap: Sendable {
    /// Rows are restaurants, the orders' doors, then where drivers begin; columns the first two.
    let travel: TravelSeconds
    private let restaurants: Int
    private let orders: Int

    init(_ instance: MdrpInstance) {
        restaurants = instance.restaurants.count
        orders = instance.orders.count
        let points =
            instance.restaurants.map { ($0.x, $0.y) } + instance.orders.map { ($0.x, $0.y) }
            + instance.drivers.map { ($0.x, $0.y) }
        let columns = restaurants + orders
        var seconds = [Int32](repeating: 0, count: points.count * columns)
        for (row, from) in points.enumerated() {
            for column in 0..<columns {
                let to = points[column]
                let minutes = (hypot(from.0 - to.0, from.1 - to.1) / instance.metresPerMinute).rounded(.up)
                seconds[row * columns + column] = Int32(min(minutes, 10_000)) * 60
            }
        }
        travel = TravelSeconds(rows: points.count, columns: columns, seconds: seconds)
    }

    func door(of order: Int) -> Int { restaurants + order }
    func place(ofDriver driver: Int) -> Int { restaurants + orders + driver }

    func place(of stop: MdrpRoute.Stop, _ instance: MdrpInstance) -> Int {
        stop.isDropoff ? door(of: stop.order) : instance.orders[stop.order].restaurant
    }

    func minutes(_ from: Int, _ to: Int) -> Int { Int(travel.seconds[from * travel.columns + to]) / 60 }
}
