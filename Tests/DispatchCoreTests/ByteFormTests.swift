import DispatchCore
import Geo
import Testing

/// Stored ticks are read by later versions of the program: a form that changes without its number would be read as
/// something else.
@Suite struct ByteFormTests {
    /// Every optional part filled and every list with an element.
    private static func snapshot() throws -> DispatchSnapshot {
        var snapshot = DispatchSnapshot(now: SmallCity.noon, policy: DispatchPolicy())
        snapshot.zonePolicies = [ZonePolicy(zone: ZoneID(3), policy: DispatchPolicy())]
        let place = snapshot.place(try #require(GeoPoint(latitude: 12.97, longitude: 77.59)))
        var order = WaitingOrder(id: OrderID(1), pickup: place, dropoff: place, placedAt: SmallCity.noon)
        order.zone = ZoneID(3)
        order.restaurant = RestaurantID(4)
        order.readyAt = SmallCity.noon
        order.promisedAt = SmallCity.noon
        order.excluded = [DriverID(9)]
        order.pinned = DriverID(7)
        order.vehicles = [.car]
        snapshot.orders = [order]
        var driver = DriverState(id: DriverID(7), place: place, freeAt: SmallCity.noon, lastFixAt: SmallCity.noon)
        driver.shiftEndsAt = SmallCity.noon
        driver.offeredAt = SmallCity.noon
        driver.mixesPlacedUntil = SmallCity.noon
        driver.rules = [.init(restaurant: RestaurantID(4), kind: .prefer)]
        var stop = RunningStop(kind: .pickup, order: OrderID(2), place: place, placedAt: SmallCity.noon)
        stop.readyAt = SmallCity.noon
        stop.restaurant = RestaurantID(4)
        stop.zone = ZoneID(3)
        stop.promisedAt = SmallCity.noon
        driver.running = [stop]
        snapshot.drivers = [driver]
        return snapshot
    }

    /// A plan as it was stored once: a batch told with its reasons, one that is meant, and an order that waits.
    private static let plan: [UInt8] = [
        3, 2, 1, 1, 14, 1, 2, 2, 0, 2, 0, 176, 141, 172, 254, 249, 98, 176, 224, 186, 254, 249, 98, 78, 0, 1, 2, 2,
        192, 236, 208, 254, 249, 98, 192, 191, 223, 254, 249, 98, 164, 18, 0, 242, 18, 216, 6, 0, 240, 150, 8, 176,
        222, 5, 0, 0, 0, 0, 0, 1, 16, 248, 254, 28, 1, 18, 5, 1, 18, 1, 4, 2, 0, 4, 4, 144, 202, 183, 254, 249, 98,
        128, 215, 233, 255, 249, 98, 148, 10, 0, 1, 4, 6, 144, 227, 255, 255, 249, 98, 144, 182, 142, 128, 250, 98,
        164, 18, 0, 184, 28, 138, 29, 6, 0, 200, 205, 8, 0, 0, 0, 0, 0, 0, 0, 2, 4, 0, 1, 18, 1, 144, 133, 203,
        255, 249, 98, 0, 6, 6, 0, 0, 1, 7, 6, 232, 182, 133, 7, 0, 0, 0, 174, 234, 48,
    ]

    private static func digest(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// When this fails, the form of what is stored has changed: raise the version of the byte forms, then write the
    /// new numbers here.
    @Test func theFormOfStoredTicksChangesOnlyWithItsVersion() throws {
        let snapshot = try Self.snapshot().bytes
        #expect(snapshot.first == 3)
        #expect(Self.digest(snapshot) == 15_581_480_976_587_018_037)
        let plan = try DispatchPlan(bytes: Self.plan)
        #expect(plan.bytes == Self.plan)
        #expect(plan.commits.first?.reason.refused == [RefusedDriver(driver: DriverID(9), why: .restaurantForbidden)])
        #expect(plan.tentative.count == 1 && plan.waiting.contains { !$0.refusals.isEmpty } && plan.bound == nil)
    }

    @Test func whatWasStoredInAnotherFormIsRefusedByItsNumber() throws {
        let old = [1] + (try Self.snapshot().bytes.dropFirst())
        let error = #expect(throws: ByteError.self) { try DispatchSnapshot(bytes: old) }
        #expect(error == .otherVersion(1))
        #expect(error.map(String.init(describing:))?.contains("form 1 and this program reads form 3") == true)
    }

    @Test func everyPartComesBack() throws {
        let snapshot = try Self.snapshot()
        #expect(try DispatchSnapshot(bytes: snapshot.bytes) == snapshot)
    }
}
