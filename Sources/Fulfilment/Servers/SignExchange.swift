import DispatchCore

/// Tells the other servers on the database what this one hears of its drivers, and takes over what they hear of
/// theirs: so the one that dispatches knows where everybody is and who is there, and a driver has one socket among all.
///
/// Alone on its database it tells nothing. Owner of its state: how far it has told and read.
package actor SignExchange {
    /// A driver with a live socket who says nothing is told of again after this time, or a quarter of that after which
    /// he would be lost.
    private static let renewalMilliseconds: Int64 = 20_000

    private let house: House
    private let roll: any ServerRoll
    private let sessions: any DriverSessions
    private let server: String
    private let onCall: @Sendable (Bool) -> Void
    /// What has been told: of the fleet's signs, of the sockets, and when the silent ones were told last.
    private var told = Told()
    private var mark: Timestamp?

    private struct Told {
        var signs: UInt64 = 0
        var openings: UInt64 = 0
        var renewedAt: Timestamp?
    }

    /// - Parameters:
    ///   - server: Names this server; unique among servers.
    ///   - onCall: Told at every turn whether there are others.
    package init(
        _ house: House, roll: any ServerRoll, sessions: any DriverSessions, server: String,
        onCall: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        self.house = house
        self.roll = roll
        self.sessions = sessions
        self.server = server
        self.onCall = onCall
    }

    /// Calls in, tells, reads. To be called about once a second, by one caller.
    ///
    /// - Throws: ``StoreError``; what was not told is told with the next turn.
    package func turn() async throws {
        let call = try await roll.callIn(server)
        onCall(call.hasOthers)
        if call.isNew { (told, mark) = (Told(), nil) }
        guard call.hasOthers else { return }
        try await tell()
        try await read()
    }

    /// Says to the others that this server goes.
    package func leave() async {
        try? await roll.leave(server)
    }

    private func tell() async throws {
        let now = house.now()
        var next = told
        let renewal = min(Self.renewalMilliseconds, house.settings.lostDriverAfterMilliseconds / 4)
        if told.renewedAt.map({ !(0..<renewal).contains(now.millisecondsSince($0)) }) ?? true {
            for driver in sessions.connectedDrivers() { house.fleet.seen(driver, at: now) }
            next.renewedAt = now
        }
        let openings = sessions.openings(after: told.openings)
        let (signs, mark) = house.fleet.signs(after: told.signs)
        next.signs = mark
        next.openings = openings.map(\.number).max() ?? told.openings
        var latest = Dictionary(signs.map { ($0.driverID, $0) }) { $1 }
        for opening in openings {
            let driver = opening.driverID
            // Not every opening is a sign of the fleet's: it may not know him yet.
            let availability = house.fleet.member(driver)?.account.availability ?? .unsaid
            latest[driver, default: DriverSign(driverID: driver, availability: availability, seenAt: now)].openedAt =
                opening.openedAt
        }
        if !latest.isEmpty {
            try await roll.tell(latest.values.sorted { $0.driverID < $1.driverID }, as: server, at: now)
        }
        told = next
    }

    private func read() async throws {
        let page = try await roll.signs(forServer: server, since: mark, at: house.now())
        mark = page.mark
        let learned = house.fleet.learn(page.signs)
        house.feed.driversMoved(learned.sightings)
        for driver in page.movedAway { sessions.takeOver(driver, through: told.openings) }
        for driver in learned.doubted {
            guard let account = try await house.accounts.driver(driver) else { continue }
            house.fleet.update(account)
            house.feed.driverStatusChanged(driver)
        }
    }
}
