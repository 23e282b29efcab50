import DispatchCore
import Fulfilment
import Geo
import Simulation
import Testing

@Suite struct AssignGroupsTests {
    private let city = VirtualHouse()
    private let kitchen = GeoPoint(latitude: 12.935, longitude: 77.624)
    private let door = GeoPoint(latitude: 12.945, longitude: 77.634)
    private let pool = PoolID(4)

    /// A group of so many orders that wait.
    private func group(of count: Int) async throws -> PoolGroup {
        var stops: [PoolGroup.Stop] = []
        for _ in 0..<count {
            let id = try await city.placeOrder(from: kitchen, to: door).id.rawValue
            stops.append(.init(orderID: id, isPickup: true, metres: 0, afterSeconds: 0))
            stops.append(.init(orderID: id, isPickup: false, metres: 0, afterSeconds: 0))
        }
        let group = PoolGroup(id: BatchID(70), stops: stops, distance: 0, durationSeconds: 0)
        try await city.house.pools.replaceGroups(of: pool, with: [group], at: city.time.now)
        return group
    }

    /// More drivers than a choice looks at one by one, in a row to the north of the kitchen, each with room for one.
    private func addCrowd() throws {
        let kitchen = try #require(kitchen)
        for number in 0..<Int64(Fleet.everyone) + 100 {
            let id = DriverID(5000 + number)
            var account = DriverAccount(
                id: id, name: "d\(number)", phone: "+92\(number)", email: nil, createdAt: city.time.now)
            account.availability = .online
            account.capacity = 1
            city.house.fleet.update(account)
            let latitude = kitchen.latitude + 0.001 + Double(number) * 0.00001
            city.report(id, at: try #require(GeoPoint(latitude: latitude, longitude: kitchen.longitude)))
        }
    }

    private func give() async throws -> [DriverID?] {
        try await AssignGroups(city.house).automatically(in: pool, by: AdminID(900), idempotency: nil).map(\.driverID)
    }

    @Test func theNearestOfALargeFleetGetsAGroup() async throws {
        try addCrowd()
        let near = try await city.addDriver("ravi", at: GeoPoint(latitude: 12.9355, longitude: 77.624))
        _ = try await city.addDriver("asha", at: GeoPoint(latitude: 12.93, longitude: 77.624))
        _ = try await group(of: 1)
        #expect(try await give() == [near.id])
    }

    @Test func whoAloneCanCarryAGroupIsFoundBehindALargeFleet() async throws {
        try addCrowd()
        let far = try await city.addDriver("ravi", at: GeoPoint(latitude: 12.99, longitude: 77.624))
        _ = try await group(of: 2)
        #expect(try await give() == [far.id])
    }
}
