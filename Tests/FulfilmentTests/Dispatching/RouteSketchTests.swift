import DispatchCore
import Fulfilment
import Geo
import Testing

@Suite struct RouteSketchTests {
    func order(_ id: Int64, from pickup: Double, to dropoff: Double) -> Order {
        let content = OrderContent(
            customer: Customer(name: "a", phone: "1"),
            pickup: Place(address: "p", point: GeoPoint(latitude: 0, longitude: pickup)),
            dropoff: Place(address: "d", point: GeoPoint(latitude: 0, longitude: dropoff)))
        return Order(
            id: OrderID(id), version: 1, state: .pending, content: content, createdAt: Timestamp(milliseconds: 0))
    }

    func sketch(_ orders: [Order], start: Double?) -> RouteSketch {
        RouteSketch(orders: orders, start: start.flatMap { GeoPoint(latitude: 0, longitude: $0) }) {
            Int(abs($0.longitude - $1.longitude) * 1000)
        }
    }

    @Test func stopsOnOneLineAreTakenInPassing() {
        let sketch = sketch([order(1, from: 3, to: 9), order(2, from: 1, to: 5)], start: 0)
        #expect(sketch.orderIDs == [OrderID(2), OrderID(1)])
        #expect(sketch.distance == 8000)
        #expect(sketch.orderDistances == [4000, 6000])
    }

    @Test func aDropoffNeverComesBeforeItsPickup() {
        let sketch = sketch([order(1, from: 9, to: 0), order(2, from: 5, to: 1)], start: 0)
        #expect(sketch.orderIDs == [OrderID(2), OrderID(1)] || sketch.orderIDs == [OrderID(1), OrderID(2)])
        #expect(sketch.orderDistances.allSatisfy { $0 > 0 })
    }

    @Test func manyOrdersAreAllOnTheRoute() {
        let orders = (1...12).map { order(Int64($0), from: Double($0), to: Double(40 - $0)) }
        let sketch = sketch(orders, start: 0)
        #expect(Set(sketch.orderIDs) == Set(orders.map(\.id)))
        #expect(sketch.distance == 38_000)
    }

    @Test func ordersWithoutPlacesCostNothing() {
        var lost = order(1, from: 1, to: 2)
        lost.content.pickup.point = nil
        lost.content.dropoff.point = nil
        let sketch = sketch([lost], start: 0)
        #expect(sketch.orderIDs == [OrderID(1)])
        #expect(sketch.distance == 0)
    }
}
