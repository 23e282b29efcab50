import Contract
package import DispatchCore
package import Fulfilment
import Geo
import NIOCore
import Synchronization

/// The admins' feed: latest wins, bursts are coalesced, nothing is kept for who is away.
///
/// Owner of its state: one `Mutex`, held for one change or one exchange. Without an open console a change costs one
/// atomic read.
package final class AdminHub: AdminFeed {
    /// Order changes told one by one in one round; of more, the console learns the last ones and fetches the rest
    /// anyway.
    private static let ordersTold = 3
    /// Arrivals and departures told in one round; of more, the last ones.
    private static let presencesTold = 50
    /// Alarms told in one round; the list of them is behind REST.
    private static let alarmsTold = 50
    /// A driver who has not been shown for so long is shown again, wherever he stands. The console takes whoever it has
    /// not heard of for 90 s off its map; with the interval of the looks this is well below a minute. Milliseconds.
    private static let quietFor: Int64 = 30_000

    private struct OrderChange {
        var state: OrderState
        var driverName: String?
        var turn: Int
    }

    private struct Waiting {
        var sightings: [DriverID: DriverSighting] = [:]
        var orders: [OrderID: OrderChange] = [:]
        var driversChanged = false
        var presences: [PresenceEvent] = []
        var undelivered: Int?
        var lost: [LostOrder] = []
        var turn = 0
    }

    /// What one round tells.
    struct Round: Sendable {
        /// Where drivers are, by id; of each, only the newest counts.
        var positions: [(driver: DriverID, frame: ByteBuffer)]
        /// What else has happened.
        var others: [ByteBuffer]
    }

    /// An open tab.
    struct Console: Sendable {
        let admin: AdminID
        let tokenEpoch: Int64
        let show: @Sendable (Round) -> Void
        let end: @Sendable (CloseReason) -> Void
    }

    private struct State {
        var waiting = Waiting()
        var consoles: [UInt64: Console] = [:]
        var nextConsole: UInt64 = 0
        /// When each driver was last shown, as uptime; of those who were shown lately.
        var shownAt: [DriverID: Int64] = [:]
    }

    private let state = Mutex(State())
    private let open = Atomic<Int>(0)

    package init() {}

    package func orderChanged(_ order: OrderID, state new: OrderState, driverName: String?) {
        guard hasConsoles else { return }
        state.withLock { state in
            state.waiting.turn += 1
            state.waiting.orders[order] = OrderChange(
                state: new, driverName: driverName, turn: state.waiting.turn)
        }
    }

    package func driverStatusChanged(_ driver: DriverID) {
        guard hasConsoles else { return }
        state.withLock { $0.waiting.driversChanged = true }
    }

    package func driversMoved(_ sightings: [DriverSighting]) {
        guard hasConsoles else { return }
        state.withLock { state in
            for sighting in sightings { state.waiting.sightings[sighting.fix.driverID] = sighting }
        }
    }

    /// Has those shown again who have not been for long, although they have not moved: the console forgets them
    /// otherwise. Called every few seconds with all who are to be on the map.
    package func remind(of sightings: [DriverSighting], at now: Moment) {
        guard hasConsoles else { return }
        state.withLock { state in
            state.shownAt = state.shownAt.filter { now.uptime - $0.value < Self.quietFor }
            for sighting in sightings {
                let driver = sighting.fix.driverID
                guard state.shownAt[driver] == nil, state.waiting.sightings[driver] == nil else { continue }
                state.waiting.sightings[driver] = sighting
            }
        }
    }

    package func presenceChanged(_ event: PresenceEvent) {
        guard hasConsoles else { return }
        state.withLock { state in
            state.waiting.presences.append(event)
            if state.waiting.presences.count > Self.presencesTold { state.waiting.presences.removeFirst() }
        }
    }

    package func assignmentsUndelivered(_ count: Int) {
        guard hasConsoles else { return }
        state.withLock { $0.waiting.undelivered = count }
    }

    package func orderLost(_ order: LostOrder) {
        guard hasConsoles else { return }
        state.withLock { state in
            if state.waiting.lost.count < Self.alarmsTold { state.waiting.lost.append(order) }
        }
    }

    /// Consoles open now.
    package var consoleCount: Int { open.load(ordering: .relaxed) }

    /// Sends what has changed since the last round to every console. Called at a steady pace.
    ///
    /// - Complexity: O(n log n) in the changes; each message is encoded once, however many consoles are open.
    package func flush(at now: Moment) {
        let (waiting, consoles) = state.withLock { state in
            let taken = state.waiting
            state.waiting = Waiting()
            for driver in taken.sightings.keys { state.shownAt[driver] = now.uptime }
            return (taken, Array(state.consoles.values))
        }
        guard !consoles.isEmpty else { return }
        let round = Round(
            positions: Self.positions(waiting.sightings.values.sorted { $0.fix.driverID < $1.fix.driverID }),
            others: Self.messages(waiting).map(Self.frame))
        guard !round.positions.isEmpty || !round.others.isEmpty else { return }
        for console in consoles { console.show(round) }
    }

    static func frame(_ message: AdminMessage) -> ByteBuffer { FrameWriter.frame(.text, message.jsonBytes) }

    /// The frames that show where these drivers are.
    static func positions(_ sightings: [DriverSighting]) -> [(driver: DriverID, frame: ByteBuffer)] {
        sightings.map { sighting in
            let status = !sighting.isOnline ? "OFFLINE" : sighting.isDelivering ? "IN_TRANSIT" : "ONLINE"
            let fix = sighting.fix
            let message = DriverLocationMessage(
                driverID: fix.driverID.rawValue,
                point: WirePoint(latitude: fix.point.latitude, longitude: fix.point.longitude), status: status,
                speed: fix.speed, heading: fix.heading, batteryLevel: fix.batteryLevel, at: fix.receivedAt.milliseconds)
            return (fix.driverID, frame(.driverLocation(message)))
        }
    }

    /// Ends the admin's tabs whose tokens are of an earlier epoch: he has logged out or has a new password.
    package func revoke(_ admin: AdminID, before epoch: Int64) {
        let ended = state.withLock { $0.consoles.values.filter { $0.admin == admin && $0.tokenEpoch < epoch } }
        for console in ended { console.end(.tokenRevoked) }
    }

    func add(_ console: Console) -> UInt64 {
        open.add(1, ordering: .relaxed)
        return state.withLock { state in
            state.nextConsole += 1
            state.consoles[state.nextConsole] = console
            return state.nextConsole
        }
    }

    func remove(_ id: UInt64) {
        let removed = state.withLock { $0.consoles.removeValue(forKey: id) }
        if removed != nil { open.subtract(1, ordering: .relaxed) }
    }

    private var hasConsoles: Bool { open.load(ordering: .relaxed) > 0 }

    private static func messages(_ waiting: Waiting) -> [AdminMessage] {
        var messages: [AdminMessage] = []
        let changes = waiting.orders.sorted { $0.value.turn < $1.value.turn }.suffix(ordersTold)
        for (order, change) in changes {
            messages.append(
                .orderUpdate(
                    OrderUpdateMessage(
                        orderID: order.rawValue, status: change.state.rawValue, driverName: change.driverName)))
        }
        if !waiting.orders.isEmpty { messages.append(.orderStatusUpdate) }
        if waiting.driversChanged { messages.append(.driverStatusUpdate) }
        if let count = waiting.undelivered { messages.append(.assignmentsUndelivered(count: count)) }
        messages += waiting.lost.map { lost in
            .driverLost(
                DriverLostMessage(
                    driverID: lost.driverID.rawValue, orderID: lost.orderID.rawValue, status: lost.state.rawValue,
                    lastSeenAt: lost.lastSignAt.milliseconds))
        }
        return messages + waiting.presences.map { .driverPresence(PresenceObject($0)) }
    }
}

extension PresenceObject {
    fileprivate init(_ event: PresenceEvent) {
        let (place, number): (Place, Int64) =
            switch event.spot {
            case .zone(let id): (.zone, id.rawValue)
            case .restaurant(let id): (.restaurant, id.rawValue)
            case .pickup(let id): (.pickup, id.rawValue)
            case .customer(let id): (.customer, id.rawValue)
            }
        self.init(
            driverID: event.driver.rawValue, place: place, placeID: number, beganAt: event.beganAt.milliseconds)
        endedAt = event.endedAt?.milliseconds
        waitedMilliseconds = event.waited
    }
}
