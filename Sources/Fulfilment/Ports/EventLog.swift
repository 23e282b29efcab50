package import DispatchCore

/// The drivers' event streams in the database.
package protocol EventLog: Sendable {
    /// Events of one driver that are not yet known to be delivered, by sequence. An offer of an order that he does not
    /// hold any more is left out, and what an offer says of its batch is what he still holds of it: not every end of an
    /// order is an event, and another driver may have it by now.
    func undelivered(for driver: DriverID) async throws -> [DriverEvent]

    /// Undelivered events of any driver with a sequence number above what his session has sent; the sweep that finds
    /// what a lost hint missed. Offers as in ``undelivered(for:)``.
    func undelivered(beyond sent: [DriverID: Int64], limit: Int) async throws -> [DriverEvent]

    /// Highest sequence number of the driver's stream, 0 for an empty one.
    func lastSequence(of driver: DriverID) async throws -> Int64

    /// Written to the socket at this moment.
    func markSent(_ marks: [EventMark]) async throws

    /// Delivered up to and including the mark.
    func markDelivered(_ marks: [EventMark]) async throws

    /// Delivery state of a driver's newest events, newest first, for admins.
    func states(of driver: DriverID, limit: Int) async throws -> [EventState]

    /// Assignments that their drivers do not know of: undelivered for longer than a bound, still in force, and not
    /// acted upon. Oldest first.
    func overdue(before: Timestamp, limit: Int) async throws -> [EventState]
}

/// How far a driver's stream has come.
package struct EventMark: Hashable, Sendable {
    package var driverID: DriverID
    package var seq: Int64
    package var at: Timestamp

    package init(driverID: DriverID, seq: Int64, at: Timestamp) {
        self.driverID = driverID
        self.seq = seq
        self.at = at
    }
}

/// An event and how far it has come.
package struct EventState: Sendable, Equatable {
    /// How far an event can have come.
    package enum Progress: String, Sendable {
        /// In the database.
        case pending
        /// Written to a socket; the phone has not confirmed it.
        case sent
        /// The phone has it.
        case delivered
    }

    /// An assignment that its driver does not know of after so long is an alarm. Seconds.
    package static let overdueAfterSeconds: Int64 = 60

    package var event: DriverEvent
    package var sentAt: Timestamp?
    package var deliveredAt: Timestamp?

    package init(event: DriverEvent, sentAt: Timestamp?, deliveredAt: Timestamp?) {
        self.event = event
        self.sentAt = sentAt
        self.deliveredAt = deliveredAt
    }

    /// How far it has come.
    package var progress: Progress {
        deliveredAt != nil ? .delivered : sentAt != nil ? .sent : .pending
    }
}
