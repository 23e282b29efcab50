package import DispatchCore

/// The way to the drivers' phones. Calls return at once: bytes leave from the session's own loop.
package protocol DriverPush: Sendable {
    /// Hands committed events to the live sessions of their drivers; drivers without one get them at their next
    /// connect.
    func push(_ events: [DriverEvent])

    /// Ends the driver's session (and any that comes with an older token epoch) at once with close code 4001.
    func cutOff(_ driver: DriverID, because reason: CutOffReason)

    /// Whether the driver has a live session.
    func isConnected(_ driver: DriverID) -> Bool

    /// Live sessions now.
    var connectionCount: Int { get }
}

/// Why a session is ended at once.
package enum CutOffReason: String, Sendable {
    case blocked = "driver_blocked"
    case loggedOut = "logged_out"
    case passwordChanged = "password_changed"
}

/// The way to the admins' consoles: latest wins, bursts are coalesced, nothing is kept for who is away.
package protocol AdminFeed: Sendable {
    func orderChanged(_ order: OrderID, state: OrderState, driverName: String?)
    func driverStatusChanged(_ driver: DriverID)
    /// The last fix of each of these drivers, believed or not, in the order they were received.
    func driversMoved(_ sightings: [DriverSighting])
    /// A driver crossed the border of a zone, arrived at a stop, or left it.
    func presenceChanged(_ event: PresenceEvent)
    /// So many assignments are not known to their drivers after a minute; 0 when the last of them has arrived.
    func assignmentsUndelivered(_ count: Int)
    /// An order that only an admin may move is with a driver who is lost.
    func orderLost(_ order: LostOrder)
}

/// A driver as the console's map shows him.
package struct DriverSighting: Sendable, Equatable {
    package var fix: Fix
    package var isOnline: Bool
    package var isDelivering: Bool
    /// False for a fix that is kept but moved nobody: out of order, too inaccurate, or too far.
    package var isBelieved = true

    package init(fix: Fix, isOnline: Bool, isDelivering: Bool) {
        self.fix = fix
        self.isOnline = isOnline
        self.isDelivering = isDelivering
    }
}
