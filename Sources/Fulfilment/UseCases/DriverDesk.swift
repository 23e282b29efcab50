package import DispatchCore

/// What changes a driver's account: his own word, and what an admin decides about him.
package struct DriverDesk: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    /// The driver says that he is available, or not. Repeats are harmless; orders in hand stay with him.
    package func setAvailability(_ isOnline: Bool, of driver: DriverID) async throws -> DriverAccount {
        var patch = DriverPatch()
        patch.availability = isOnline ? .online : .offline
        let account = try await update(driver, patch)
        if isOnline { house.rounds.raise() }
        return account
    }

    /// Approves or blocks. A blocked driver's tokens die, his socket closes with 4001, his orders not yet picked up
    /// return to the pool.
    package func setStanding(
        _ standing: AccountStanding, of driver: DriverID, by admin: AdminID
    ) async throws -> DriverAccount {
        var patch = DriverPatch()
        patch.standing = standing
        patch.raisesTokenEpoch = standing == .blocked
        let account = try await update(driver, patch)
        guard standing == .blocked else { return account }
        house.push.cutOff(driver, because: .blocked)
        try await StoreError.afterCommit {
            try await release(driver, by: .admin(admin), reason: "driver blocked")
        }
        return account
    }

    /// Ends every session of the driver.
    package func logOut(_ driver: DriverID) async throws {
        var patch = DriverPatch()
        patch.raisesTokenEpoch = true
        _ = try await update(driver, patch)
        house.push.cutOff(driver, because: .loggedOut)
        try await revokeRefreshTokens(of: driver)
    }

    /// Sets a new password; every session and token of before ends.
    package func setPassword(hash: String, of driver: DriverID) async throws {
        var patch = DriverPatch()
        patch.passwordHash = hash
        patch.raisesTokenEpoch = true
        _ = try await update(driver, patch)
        house.push.cutOff(driver, because: .passwordChanged)
        try await revokeRefreshTokens(of: driver)
    }

    private func revokeRefreshTokens(of driver: DriverID) async throws {
        try await StoreError.afterCommit {
            try await house.accounts.revokeRefreshTokens(of: .driver(driver), at: house.now())
        }
    }

    /// Makes an account; the driver has not said yet whether he is online.
    package func create(_ draft: DriverDraft, idempotency: IdempotencyKey? = nil) async throws -> DriverAccount {
        let account = try await house.accounts.createDriver(draft, at: house.now(), idempotency: idempotency)
        house.fleet.update(account)
        house.feed.driverStatusChanged(account.id)
        return account
    }

    /// - Throws: ``FulfilmentError/unknownDriver(_:)``.
    package func update(_ driver: DriverID, _ patch: DriverPatch) async throws -> DriverAccount {
        guard let account = try await house.accounts.updateDriver(driver, patch) else {
            throw FulfilmentError.unknownDriver(driver)
        }
        house.fleet.update(account)
        house.feed.driverStatusChanged(driver)
        return account
    }

    private func release(_ driver: DriverID, by principal: Principal, reason: String) async throws {
        var query = OrderQuery()
        query.driverID = driver
        query.states = [.assigned, .accepted]
        let change = ChangeOrder(house)
        for order in try await house.orders.orders(matching: query) {
            do {
                _ = try await change(.unassign(reason: reason), order: order.id, by: principal, reason: reason)
            } catch is FulfilmentError {
                // The order took another step meanwhile, which wins.
            }
        }
    }
}
