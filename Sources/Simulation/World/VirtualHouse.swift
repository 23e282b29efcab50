package import DispatchCore
package import Fulfilment
package import Geo
import Synchronization

/// The real house on a store in memory and a clock that only moves when told: for tests and simulated cities.
package final class VirtualHouse: Sendable {
    package let store = InMemoryStore()
    package let push = RecordingPush()
    package let feed = RecordingFeed()
    package let house: House
    package let time: VirtualTime

    /// - Parameters:
    ///   - start: The first moment.
    ///   - settings: Rules of the house.
    package init(
        start: Timestamp = Timestamp(milliseconds: 1_763_548_200_000), settings: HouseSettings = HouseSettings()
    ) {
        let time = VirtualTime(start)
        self.time = time
        var house = House(
            orders: store, accounts: store, places: store, pools: store, earnings: store, locations: store,
            events: store,
            ledger: store,
            push: push, feed: feed, fleet: Fleet(staleAfterMilliseconds: settings.staleAfterMilliseconds),
            atlas: Atlas(),
            rounds: RoundSignal(), settings: settings, now: { time.now })
        house.rules = store
        self.house = house
    }

    /// Makes an account that is online at `point`, with a fresh fix.
    package func addDriver(_ name: String, at point: GeoPoint?, online: Bool = true) async throws -> DriverAccount {
        let number = name.utf8.reduce(0) { $0 &* 31 &+ Int($1) } & 0xFFFF_FFFF
        let desk = DriverDesk(house)
        let draft = DriverDraft(name: name, phone: "+91\(number)", email: "\(name)@example.org", passwordHash: "-")
        let account = try await desk.create(draft)
        let word = try await desk.setAvailability(online, of: account.id)
        if let point { report(account.id, at: point) }
        return word
    }

    /// A fix of the driver, now.
    package func report(_ driver: DriverID, at point: GeoPoint) {
        _ = house.fleet.accept([Fix(driverID: driver, point: point, receivedAt: time.now)])
    }

    /// Places an order with the given ends.
    package func placeOrder(
        from pickup: GeoPoint?, to dropoff: GeoPoint?, phone: String = "+911", readyAt: Timestamp? = nil,
        edit: (inout OrderContent) -> Void = { _ in }
    ) async throws -> Order {
        var content = OrderContent(
            customer: Customer(name: "Asha Rao", phone: phone),
            pickup: Place(name: "Burger King", address: "Koramangala 5th Block, Bangalore", point: pickup),
            dropoff: Place(address: "Indiranagar 100ft Road, Bangalore", point: dropoff))
        content.readyAt = readyAt
        edit(&content)
        return try await PlaceOrder(house)(content, by: .integration("test")).order
    }
}

/// A clock that moves only by hand.
package final class VirtualTime: Sendable {
    private let moment: Mutex<Timestamp>

    package init(_ start: Timestamp) {
        moment = Mutex(start)
    }

    package var now: Timestamp { moment.withLock { $0 } }

    /// Moves the clock forward.
    package func advance(seconds: Int64) {
        moment.withLock { $0 = $0.advanced(bySeconds: seconds) }
    }

    /// Moves the clock forward.
    package func advance(milliseconds: Int64) {
        moment.withLock { $0 = $0.advanced(byMilliseconds: milliseconds) }
    }
}

/// Keeps what would have gone to the phones.
package final class RecordingPush: DriverPush {
    private let state = Mutex<(events: [DriverEvent], cut: [DriverID: CutOffReason])>(([], [:]))
    private let connected = Mutex<Set<DriverID>>([])

    package init() {}

    /// Everything pushed so far, in order.
    package var events: [DriverEvent] { state.withLock { $0.events } }
    package var cut: [DriverID: CutOffReason] { state.withLock { $0.cut } }

    package func push(_ events: [DriverEvent]) {
        state.withLock { $0.events += events }
    }

    package func cutOff(_ driver: DriverID, because reason: CutOffReason) {
        state.withLock { $0.cut[driver] = reason }
    }

    /// Says whether the driver has a live session; nobody has at first.
    package func setConnected(_ isConnected: Bool, _ driver: DriverID) {
        connected.withLock { connected in
            if isConnected { connected.insert(driver) } else { connected.remove(driver) }
        }
    }

    package func isConnected(_ driver: DriverID) -> Bool { connected.withLock { $0.contains(driver) } }
    package var connectionCount: Int { connected.withLock(\.count) }
}

/// Counts what would have gone to the consoles.
package final class RecordingFeed: AdminFeed {
    private let orders = Mutex<[(OrderID, OrderState)]>([])

    package init() {}

    package var orderChanges: [(OrderID, OrderState)] { orders.withLock { $0 } }

    package func orderChanged(_ order: OrderID, state: OrderState, driverName: String?) {
        orders.withLock { $0.append((order, state)) }
    }

    package func driverStatusChanged(_ driver: DriverID) {}
    package func driversMoved(_ sightings: [DriverSighting]) {}
    package func presenceChanged(_ event: PresenceEvent) {}
    package func assignmentsUndelivered(_ count: Int) {}

    private let lost = Mutex<[LostOrder]>([])
    /// Alarms, in order.
    package var lostOrders: [LostOrder] { lost.withLock { $0 } }
    package func orderLost(_ order: LostOrder) { lost.withLock { $0.append(order) } }
}
