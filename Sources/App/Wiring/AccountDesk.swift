package import DispatchCore
package import Fulfilment
import Identity
import Store

/// Makes accounts and tokens by hand: for the command line, the demo and trials.
package struct AccountDesk: Sendable {
    let store: Store
    let hasher: PasswordHasher
    let issuer: TokenIssuer
    let now: @Sendable () -> Timestamp

    /// - Throws: ``ConfigurationError`` when the e-mail is taken.
    package func createAdmin(email: String, fullName: String, password: String) async throws {
        do {
            _ = try await store.createAdmin(
                email: email, fullName: fullName, passwordHash: try await hasher.hash(password))
        } catch let error as StoreError where error.code == .duplicate {
            throw ConfigurationError("there is an account with the e-mail \(email) already")
        }
    }

    /// Makes the first admin of an empty database.
    ///
    /// - Returns: False when there was an admin.
    package func createFirstAdmin(email: String, password: String) async throws -> Bool {
        try await store.createFirstAdmin(
            email: email, fullName: "Administrator", passwordHash: try await hasher.hash(password))
    }

    package func hash(_ password: String) async throws -> String {
        try await hasher.hash(password)
    }

    /// Sets a new password; tokens of before are dead.
    ///
    /// - Returns: False when there is no such account.
    package func setPassword(_ password: String, identity: String) async throws -> Bool {
        guard let found = try await store.credentials(identity: identity, kind: nil) else { return false }
        let hash = try await hasher.hash(password)
        switch found.principal {
        case .driver(let id):
            var patch = DriverPatch()
            patch.passwordHash = hash
            patch.raisesTokenEpoch = true
            _ = try await store.updateDriver(id, patch)
        case .admin(let id): try await store.updateAdmin(id, passwordHash: hash, raisesTokenEpoch: true)
        case .engine, .integration: return false
        }
        return true
    }

    /// An access token for the account, as a log-in would give it.
    ///
    /// - Returns: Nil when there is no such account.
    package func token(for principal: Principal) async throws -> String? {
        guard let credentials = try await store.credentials(of: principal) else { return nil }
        let bearer: Bearer
        switch credentials.principal {
        case .driver(let id):
            bearer = Bearer(role: .driver, id: id.rawValue, session: "issued-by-hand", epoch: credentials.tokenEpoch)
        case .admin(let id):
            bearer = Bearer(role: .admin, id: id.rawValue, session: "issued-by-hand", epoch: credentials.tokenEpoch)
        case .engine, .integration: return nil
        }
        return issuer.issue(to: bearer, at: now().milliseconds)
    }

    /// - Throws: ``ConfigurationError`` when phone or e-mail is taken.
    package func createDriver(
        name: String, phone: String, email: String?, password: String
    ) async throws -> DriverAccount {
        let draft = DriverDraft(name: name, phone: phone, email: email, passwordHash: try await hasher.hash(password))
        do {
            return try await store.createDriver(draft, at: now())
        } catch let error as StoreError where error.code == .duplicate {
            throw ConfigurationError("there is a driver with this phone or e-mail already")
        }
    }

    /// The first drivers by number.
    package func firstDrivers(_ count: Int) async throws -> [DriverID] {
        try await store.drivers(standing: nil).map(\.id).sorted().prefix(max(count, 0)).map { $0 }
    }
}
