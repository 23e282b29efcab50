package import DispatchCore

/// What the servers on one database let each other know: who is there, and what each hears of its drivers.
///
/// All of it is hints: it may come late, twice or never, and no rule of the house depends on it for being right. It is
/// kept apart for each server, so that none waits for another.
package protocol ServerRoll: Sendable {
    /// Says that this server is there, and forgets those that have not said so for a minute.
    func callIn(_ server: String) async throws -> RollCall

    /// Says that it goes.
    func leave(_ server: String) async throws

    /// Tells what this server has heard of its drivers; each sign takes the place of an earlier one.
    ///
    /// - Parameter now: The server's clock at this moment. Times are kept on the database's clock, so that servers
    ///   need not agree on theirs.
    func tell(_ signs: [DriverSign], as server: String, at now: Timestamp) async throws

    /// What the other servers have told since an earlier page; nil for everything. Some of it may come again.
    ///
    /// - Parameter now: The server's clock at this moment; what comes is in its time.
    func signs(forServer server: String, since mark: Timestamp?, at now: Timestamp) async throws -> SignPage

    /// Tells all servers that listen to look sooner than they would.
    func hint(_ hint: ServerHint) async throws
}

/// The answer to a server that calls in.
package struct RollCall: Sendable, Equatable {
    /// Other servers are there.
    package var hasOthers: Bool
    /// Nothing is known of this server: what it has told before is forgotten.
    package var isNew: Bool

    package init(hasOthers: Bool, isNew: Bool) {
        self.hasOthers = hasOthers
        self.isNew = isNew
    }
}

/// The last that a server has heard of one driver.
package struct DriverSign: Sendable, Equatable {
    package var driverID: DriverID
    /// His word, as far as that server knows it.
    package var availability: Availability
    package var seenAt: Timestamp?
    /// When his present socket there was opened; nil where he has none, or it was told before.
    package var openedAt: Timestamp?
    /// The last fix that was believed.
    package var fix: Fix?

    package init(driverID: DriverID, availability: Availability, seenAt: Timestamp?) {
        self.driverID = driverID
        self.availability = availability
        self.seenAt = seenAt
    }
}

/// What other servers have told.
package struct SignPage: Sendable {
    package var signs: [DriverSign]
    /// Drivers who have opened a socket at another server after the one that they have told to have here.
    package var movedAway: [DriverID]
    /// For the next page.
    package var mark: Timestamp

    package init(signs: [DriverSign], movedAway: [DriverID], mark: Timestamp) {
        self.signs = signs
        self.movedAway = movedAway
        self.mark = mark
    }
}

/// Where another server had better look at once.
package enum ServerHint: Sendable, Equatable {
    /// Something was written for these drivers; nobody named means anybody.
    case events([DriverID])
    /// A round is wanted of the server that dispatches.
    case round(RoundSignal.Wish)
    /// Zones were replaced.
    case zones
}
