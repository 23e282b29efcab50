package import DispatchCore
package import Fulfilment

/// The door of the real house: memory is the fleet, the store is its ports.
package struct HouseDoor: DriverDoor {
    /// A driver without a sign of life for longer is not on the map. Milliseconds; the console itself forgets after 90
    /// s.
    private static let shownFor: Int64 = 90_000

    private let fleet: Fleet
    private let intake: LocationIntake
    private let accounts: any AccountStore
    private let orders: any OrderStore
    private let events: any EventLog
    private let now: @Sendable () -> Timestamp

    package init(
        fleet: Fleet, intake: LocationIntake, accounts: any AccountStore, orders: any OrderStore,
        events: any EventLog, now: @escaping @Sendable () -> Timestamp
    ) {
        self.fleet = fleet
        self.intake = intake
        self.accounts = accounts
        self.orders = orders
        self.events = events
        self.now = now
    }

    package func standing(of account: VerifiedToken.Account, epoch: Int64) -> Result<Void, CloseReason>? {
        switch account {
        case .admin: nil
        case .driver(let driver): fleet.member(driver).map { Self.judge($0.account, inMemory: epoch) }
        }
    }

    package func welcome(_ driver: DriverID, epoch: Int64) async throws -> Result<Welcome, CloseReason> {
        guard let account = try await accounts.driver(driver) else { return .failure(.tokenRevoked) }
        if case .failure(let reason) = Self.judge(account, epoch: epoch) { return .failure(reason) }
        // Made by another program a moment ago: his first position is to count.
        if fleet.member(driver) == nil { fleet.update(account) }
        var query = OrderQuery()
        query.driverID = driver
        query.states = OrderState.allCases.filter(\.isHeld)
        let held = try await orders.orders(matching: query)
        // The newest number first: an event committed between the two questions is then in the list or beyond the
        // number.
        let last = try await events.lastSequence(of: driver)
        let undelivered = try await events.undelivered(for: driver)
        return .success(
            Welcome(
                isOnline: account.availability == .online, assignedCount: Int64(held.count), lastSequence: last,
                undelivered: undelivered))
    }

    package func fallbackWelcome(_ driver: DriverID) -> Welcome {
        let isOnline = fleet.member(driver)?.account.availability == .online
        return Welcome(isOnline: isOnline, assignedCount: 0, lastSequence: nil, undelivered: [])
    }

    package func admits(_ admin: AdminID, epoch: Int64) async throws -> Result<Void, CloseReason> {
        guard let account = try await accounts.admin(admin), account.tokenEpoch == epoch else {
            return .failure(.tokenRevoked)
        }
        return .success(())
    }

    package func accept(_ fixes: [Fix]) {
        intake.accept(fixes)
    }

    package func seen(_ driver: DriverID, at now: Timestamp) {
        fleet.seen(driver, at: now)
    }

    package func sightings() -> [DriverSighting] {
        let oldest = now().advanced(byMilliseconds: -Self.shownFor)
        return fleet.members().compactMap { member in
            // Who is online and says something, be it a ping, stands where he was last.
            let isThere = member.isAvailable && member.lastSeen.map { $0 >= oldest } ?? false
            guard let fix = member.lastFix, isThere || fix.receivedAt >= oldest else { return nil }
            return DriverSighting(
                fix: fix, isOnline: member.account.availability != .offline, isDelivering: member.isDelivering)
        }
    }

    /// Memory may be behind the token, which then was issued by a program that knew better.
    private static func judge(_ account: DriverAccount, inMemory epoch: Int64) -> Result<Void, CloseReason> {
        epoch > account.tokenEpoch ? .success(()) : judge(account, epoch: epoch)
    }

    private static func judge(_ account: DriverAccount, epoch: Int64) -> Result<Void, CloseReason> {
        if account.standing == .blocked { return .failure(.driverBlocked) }
        return account.tokenEpoch == epoch ? .success(()) : .failure(.tokenRevoked)
    }
}
