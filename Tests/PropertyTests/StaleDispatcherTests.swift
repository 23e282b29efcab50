import DispatchCore
import Fulfilment
import Postgres
import Simulation
import Store
import TestSupport
import Testing

/// A dispatcher that slept while another took over, on a real PostgreSQL: it wakes with a plan and commits nothing.
@Suite struct StaleDispatcherTests {
    @Test func aDispatcherThatSleptOverItsPlanCommitsNothing() async throws {
        try await StoreDatabase.with { database in
            let (store, world) = (database.store, try await World(on: database.store))
            try await store.makePartitions(at: World.start)
            let driver = world.driverIDs[2]
            _ = try await DriverDesk(world.house).setAvailability(true, of: driver)
            let order = try await place(world, number: 1)
            try await report(driver, world)
            world.time.advance(seconds: 30)
            try await report(driver, world)

            let (asleep, fellAsleep) = AsyncStream.makeStream(of: Void.self)
            let (alarm, wake) = AsyncStream.makeStream(of: Void.self)
            let sleeper = world.dispatcher("sleeper") {
                fellAsleep.finish()
                for await _ in alarm {}
            }
            let successor = world.dispatcher("successor") {}
            async let late = Self.outcome(of: sleeper)
            for await _ in asleep {}

            // Its lease runs out; the other takes over, gives the order away, and the driver refuses it.
            try await database.pool.query(
                "UPDATE dispatch_lease SET expires_at = clock_timestamp() - interval '1 second'")
            world.time.advance(seconds: 1)
            #expect(try await successor.tick()?.orders == 1)
            _ = try await ChangeOrder(world.house)(.reject(reason: nil), order: order, by: .driver(driver))
            let before = try await world.look()
            world.time.advance(seconds: 1)
            wake.finish()

            #expect(await late == .staleFence)
            let after = try await world.look()
            #expect(after.orders == before.orders)
            #expect(after.streams == before.streams)
            #expect(world.push.events.count == 1)
            #expect(try await store.batches(limit: 10, before: nil).count == 1)
            _ = try await store.claimLease(holder: "successor", lasting: 60_000)
            #expect(try await sleeper.tick() == nil, "it stands by")
            #expect(try await successor.tick() != nil)
            #expect(try await store.brokenInvariants() == [])
        }
    }

    /// The same for what the engine takes back: a sleeper's idea of who is lost is as old as its plan.
    @Test func aDispatcherThatSleptTakesNothingBack() async throws {
        try await StoreDatabase.with { database in
            let world = try await World(on: database.store)
            try await database.store.makePartitions(at: World.start)
            let driver = world.driverIDs[2]
            _ = try await DriverDesk(world.house).setAvailability(true, of: driver)
            let order = try await place(world, number: 1)
            try await report(driver, world)
            world.time.advance(seconds: 30)
            try await report(driver, world)
            let ledger = world.house.ledger
            let (time, theft) = (world.time, world.time.now.advanced(bySeconds: 105))
            let sleeper = world.dispatcher("first") {
                guard time.now >= theft else { return }
                try? await ledger.releaseLease(holder: "first")
                _ = try? await ledger.claimLease(holder: "successor", lasting: 60_000)
            }
            #expect(try await sleeper.tick()?.orders == 1)
            // It watches without a gap; the driver is silent.
            for seconds in [50, 30] as [Int64] {
                world.time.advance(seconds: seconds)
                #expect(try await sleeper.tick() != nil)
            }
            _ = try await place(world, number: 2)
            world.time.advance(seconds: 30)
            _ = await Self.outcome(of: sleeper)
            #expect(try await database.store.order(order)?.state == .assigned)
        }
    }

    private static func outcome(of dispatcher: Dispatcher) async -> StoreError.Code? {
        do {
            _ = try await dispatcher.tick()
            return nil
        } catch {
            return (error as? StoreError)?.code
        }
    }

    private func place(_ world: World, number: Int) async throws -> OrderID {
        let content = OrderContent(
            customer: Customer(name: "Asha", phone: "+91\(number)"),
            pickup: Place(name: "Kitchen", address: "Here", point: World.point(0, 0)),
            dropoff: Place(address: "There", point: World.point(2000, 0)))
        return try await PlaceOrder(world.house)(content, by: .integration("test")).order.id
    }

    private func report(_ driver: DriverID, _ world: World) async throws {
        let point = try #require(World.point(100, 0))
        world.intake.accept([Fix(driverID: driver, point: point, receivedAt: world.time.now)])
        #expect(await world.intake.flush())
    }
}
