package import DispatchCore

/// The sockets of this server, as far as other servers are concerned.
package protocol DriverSessions: Sendable {
    /// Live sessions with a higher number than this one, each with its own.
    func openings(after number: UInt64) -> [SessionOpening]

    /// Every driver with a live session.
    func connectedDrivers() -> [DriverID]

    /// Ends the driver's session with 4003 because he has a newer one elsewhere; one with a higher number stays.
    func takeOver(_ driver: DriverID, through number: UInt64)
}

/// A driver has connected.
package struct SessionOpening: Sendable, Equatable {
    package var driverID: DriverID
    /// Counts the connections of this server.
    package var number: UInt64
    package var openedAt: Timestamp

    package init(driverID: DriverID, number: UInt64, openedAt: Timestamp) {
        self.driverID = driverID
        self.number = number
        self.openedAt = openedAt
    }
}
