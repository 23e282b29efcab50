import DispatchCore
import Fulfilment
import Geo
import Simulation
import Testing

@Suite struct DeliverAllTests {
    let city = VirtualHouse()
    let kitchen = GeoPoint(latitude: 12.935, longitude: 77.624)
    let door = GeoPoint(latitude: 12.945, longitude: 77.634)

    /// Each order in a batch of its own, picked up.
    private func carried(
        by driver: DriverID, _ orders: [(phone: String, pool: PoolID?)]
    ) async throws -> [OrderID] {
        var ids: [OrderID] = []
        for (phone, pool) in orders {
            let order = try await city.placeOrder(from: kitchen, to: door, phone: phone) { $0.externalPoolID = pool }
            _ = try await AssignOrders(city.house)(
                AssignOrders.Request(orderIDs: [order.id], driverID: driver), by: AdminID(1))
            _ = try await ChangeOrder(city.house)(.pickUp, order: order.id, by: .driver(driver))
            ids.append(order.id)
        }
        return ids
    }

    private func delivered(_ ids: [OrderID], by driver: DriverID) async throws -> [Bool] {
        _ = try await ChangeOrder(city.house).deliverAllOfCustomer(ids[0], otp: nil, by: driver)
        var delivered: [Bool] = []
        for id in ids { delivered.append(try await city.store.order(id)?.state == .delivered) }
        return delivered
    }

    @Test func oneCallDeliversAllOfACustomerAcrossBatches() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen).id
        let ids = try await carried(by: driver, [("+911", nil), ("+911", nil), ("+912", nil), ("+911", PoolID(7))])
        #expect(try await delivered(ids, by: driver) == [true, true, false, false])
    }

    @Test func theSamePoolIsOneCardWhateverTheBatches() async throws {
        let driver = try await city.addDriver("ravi", at: kitchen).id
        let ids = try await carried(by: driver, [("98", PoolID(7)), ("98", PoolID(7)), ("98", PoolID(8))])
        #expect(try await delivered(ids, by: driver) == [true, true, false])
    }

    @Test(arguments: ["N/A", "", "-", "none"])
    func wordsInPlaceOfATelephoneMakeNobodyTheSameCustomer(phone: String) async throws {
        let driver = try await city.addDriver("ravi", at: kitchen).id
        let ids = try await carried(by: driver, [(phone, nil), (phone, nil)])
        #expect(try await delivered(ids, by: driver) == [true, false])
    }
}
