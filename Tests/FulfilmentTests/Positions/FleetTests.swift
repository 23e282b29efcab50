import DispatchCore
import Fulfilment
import Geo
import Testing

@Suite struct FleetTests {
    private let start = Timestamp(milliseconds: 1_790_000_000_000)

    /// Drivers in a row to the east, ten metres apart, all online.
    private func fleet(of count: Int64) throws -> Fleet {
        let fleet = Fleet(staleAfterMilliseconds: 60_000)
        fleet.load(
            (1...count).map { number in
                var account = DriverAccount(
                    id: DriverID(number), name: "d\(number)", phone: "+91\(number)", email: nil, createdAt: start)
                account.availability = .online
                return account
            }, newestFixes: try (1...count).map { Fix(driverID: DriverID($0), point: try place($0), receivedAt: start) }
        )
        return fleet
    }

    private func place(_ number: Int64) throws -> GeoPoint {
        try #require(GeoPoint(latitude: 12.9, longitude: 77.5 + Double(number) * 0.0001))
    }

    private func near(
        _ fleet: Fleet, _ limit: Int, _ filter: DriverFilter = DriverFilter(), at now: Timestamp
    ) throws -> [Int64] {
        fleet.nearest(limit, to: try place(0), within: .kilometres(5), matching: filter, at: now)
            .map(\.member.account.id.rawValue)
    }

    @Test func whoHasGoneQuietOrOfflineMakesRoomForTheNext() throws {
        let fleet = try fleet(of: 5)
        #expect(try near(fleet, 2, at: start) == [1, 2])
        var gone = try #require(fleet.member(DriverID(1))).account
        gone.availability = .offline
        fleet.update(gone)
        let later = start.advanced(bySeconds: 50)
        for number in [2, 4, 5] as [Int64] {
            _ = fleet.accept([Fix(driverID: DriverID(number), point: try place(number), receivedAt: later)])
        }
        // Half a second after the third has become stale, before the index has looked.
        let now = start.advanced(byMilliseconds: 60_500)
        #expect(try near(fleet, 2, at: now) == [2, 4])
        fleet.expire(at: now.advanced(bySeconds: 60))
        #expect(try near(fleet, 5, at: now.advanced(bySeconds: 60)).isEmpty)
    }

    @Test func whoHoldsAsManyOrdersAsHeMayIsFreeAgainWhenOneIsGone() throws {
        let fleet = try fleet(of: 3)
        let capacity = try #require(fleet.member(DriverID(1))).account.capacity
        for order in 1...Int64(capacity) { fleet.noteHolder(DriverID(1), of: OrderID(order)) }
        #expect(try near(fleet, 2, .free, at: start) == [2, 3])
        #expect(try near(fleet, 2, at: start) == [1, 2])
        // His next fix brings his flags along.
        _ = fleet.accept([Fix(driverID: DriverID(1), point: try place(1), receivedAt: start.advanced(bySeconds: 1))])
        #expect(try near(fleet, 2, .free, at: start.advanced(bySeconds: 1)) == [2, 3])
        fleet.noteHolder(DriverID(2), of: OrderID(1))
        #expect(try near(fleet, 2, .free, at: start.advanced(bySeconds: 1)) == [1, 2])
        fleet.noteHolders(of: [])
        #expect(try near(fleet, 3, .free, at: start.advanced(bySeconds: 1)) == [1, 2, 3])
    }

    @Test func onlyTheVehicleThatIsAskedForCounts() throws {
        let fleet = try fleet(of: 4)
        for (number, vehicle) in [(2, .car), (4, .car), (3, .bicycle)] as [(Int64, VehicleType)] {
            var account = try #require(fleet.member(DriverID(number))).account
            account.vehicleType = vehicle
            fleet.update(account)
        }
        #expect(try near(fleet, 9, DriverFilter(vehicle: .car), at: start) == [2, 4])
        #expect(try near(fleet, 9, DriverFilter(vehicle: .bicycle), at: start) == [3])
        #expect(try near(fleet, 9, DriverFilter(onlyFree: true, vehicle: .motorbike), at: start) == [1])
    }

    @Test func aLateFixDoesNotMoveItsDriver() throws {
        let fleet = try fleet(of: 1)
        func fix(_ number: Int64, recorded: Int64, received: Int64) throws -> Fix {
            var fix = Fix(
                driverID: DriverID(1), point: try place(number), receivedAt: start.advanced(bySeconds: received))
            fix.recordedAt = start.advanced(bySeconds: recorded)
            return fix
        }
        #expect(fleet.accept([try fix(2, recorded: 700, received: 700)]).heldBack.isEmpty)
        // Recorded ten minutes ago, while there was no network.
        #expect(fleet.accept([try fix(90, recorded: 100, received: 705)]).heldBack == [0])
        #expect(fleet.member(DriverID(1))?.lastFix?.point == (try place(2)))
        #expect(fleet.accept([try fix(3, recorded: 710, received: 710)]).heldBack.isEmpty)
    }

    @Test func aRoundOfALargeFleetLooksAtTheNearAndTheBusy() throws {
        let small = try fleet(of: Int64(Fleet.everyone))
        #expect(small.candidates(near: [try place(0)], each: 3, busy: [], at: start).count == Fleet.everyone)
        let large = try fleet(of: Int64(Fleet.everyone) + 100)
        let found = large.candidates(
            near: [try place(0), try place(0), try place(300)], each: 3, busy: [DriverID(590)], at: start)
        #expect(found.map(\.account.id.rawValue) == [1, 2, 3, 299, 300, 301, 590])
    }
}
