package import DispatchCore
package import Fulfilment

extension InMemoryStore: AccountStore {
    package func driver(_ id: DriverID) async throws -> DriverAccount? {
        try with { $0.drivers[id] }
    }

    package func drivers(standing: AccountStanding?) async throws -> [DriverAccount] {
        try with { state in
            state.drivers.values.filter { standing == nil || $0.standing == standing }.sorted { $0.id < $1.id }
        }
    }

    package func createDriver(
        _ draft: DriverDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> DriverAccount {
        try with { state in
            let first = try state.repeats(of: idempotency)?.first.map { DriverID($0.rawValue) }
            if let first, let known = state.drivers[first] { return known }
            let isTaken = state.drivers.values.contains {
                $0.phone == draft.phone || (draft.email != nil && $0.email == draft.email)
            }
            guard !isTaken else { throw StoreError(.duplicate, detail: "phone or e-mail is taken") }
            var account = DriverAccount(
                id: DriverID(state.newID()), name: draft.name, phone: draft.phone, email: draft.email, createdAt: now)
            account.standing = draft.standing
            account.vehicleType = draft.vehicleType
            account.vehicleNumber = draft.vehicleNumber
            account.vehicleRegistration = draft.vehicleRegistration
            account.capacity = draft.capacity
            state.drivers[account.id] = account
            state.keep(idempotency, [account.id.rawValue])
            state.driverPasswords[account.id] = draft.passwordHash
            return account
        }
    }

    package func updateDriver(_ id: DriverID, _ patch: DriverPatch) async throws -> DriverAccount? {
        try with { state in
            guard var account = state.drivers[id] else { return nil }
            account.standing = patch.standing ?? account.standing
            account.availability = patch.availability ?? account.availability
            account.capacity = patch.capacity ?? account.capacity
            account.bagUnits = patch.bagUnits ?? account.bagUnits
            account.vehicleType = patch.vehicleType ?? account.vehicleType
            account.shiftEndsAt = patch.shiftEndsAt ?? account.shiftEndsAt
            account.bank = patch.bank ?? account.bank
            account.name = patch.name ?? account.name
            account.phone = patch.phone ?? account.phone
            account.email = patch.email ?? account.email
            account.vehicleNumber = patch.vehicleNumber ?? account.vehicleNumber
            account.vehicleRegistration = patch.vehicleRegistration ?? account.vehicleRegistration
            if patch.raisesTokenEpoch { account.tokenEpoch += 1 }
            if let hash = patch.passwordHash { state.driverPasswords[id] = hash }
            state.drivers[id] = account
            return account
        }
    }

    package func makeAvailableIfUnsaid(_ drivers: [DriverID]) async throws -> [DriverID] {
        try with { state in
            let changed = drivers.filter { state.drivers[$0]?.availability == .unsaid }
            for driver in changed { state.drivers[driver]?.availability = .online }
            return changed
        }
    }

    package func admin(_ id: AdminID) async throws -> AdminAccount? {
        try with { $0.admins[id] }
    }

    package func createAdmin(email: String, fullName: String, passwordHash: String) async throws -> AdminAccount {
        try with { state in
            guard !state.admins.values.contains(where: { $0.email == email }) else {
                throw StoreError(.duplicate, detail: "e-mail is taken")
            }
            let account = AdminAccount(id: AdminID(state.newID()), email: email, fullName: fullName, tokenEpoch: 0)
            state.admins[account.id] = account
            state.adminPasswords[account.id] = passwordHash
            return account
        }
    }

    package func createFirstAdmin(email: String, fullName: String, passwordHash: String) async throws -> Bool {
        guard try with({ $0.admins.isEmpty }) else { return false }
        _ = try await createAdmin(email: email, fullName: fullName, passwordHash: passwordHash)
        return true
    }

    package func updateAdmin(_ id: AdminID, passwordHash: String?, raisesTokenEpoch: Bool) async throws {
        try with { state in
            if let passwordHash { state.adminPasswords[id] = passwordHash }
            if raisesTokenEpoch { state.admins[id]?.tokenEpoch += 1 }
        }
    }

    package func credentials(identity: String, kind: AccountKind?) async throws -> Credentials? {
        try with { state in
            if kind != .admin,
                let driver = state.drivers.values.first(where: { $0.email == identity || $0.phone == identity })
            {
                return Self.credentials(of: driver, in: state)
            }
            guard kind != .driver, let admin = state.admins.values.first(where: { $0.email == identity }) else {
                return nil
            }
            return Self.credentials(of: admin, in: state)
        }
    }

    package func credentials(of principal: Principal) async throws -> Credentials? {
        try with { state in
            switch principal {
            case .driver(let id): state.drivers[id].flatMap { Self.credentials(of: $0, in: state) }
            case .admin(let id): state.admins[id].flatMap { Self.credentials(of: $0, in: state) }
            case .engine, .integration: nil
            }
        }
    }

    private static func credentials(of driver: DriverAccount, in state: State) -> Credentials? {
        state.driverPasswords[driver.id].map {
            Credentials(
                principal: .driver(driver.id), passwordHash: $0, tokenEpoch: driver.tokenEpoch,
                standing: driver.standing)
        }
    }

    private static func credentials(of admin: AdminAccount, in state: State) -> Credentials? {
        state.adminPasswords[admin.id].map {
            Credentials(principal: .admin(admin.id), passwordHash: $0, tokenEpoch: admin.tokenEpoch, standing: nil)
        }
    }

    package func insertRefreshToken(_ token: RefreshToken) async throws {
        try with { $0.tokens[token.hash] = token }
    }

    package func rotateRefreshToken(
        hash: [UInt8], decide: @Sendable @escaping (RefreshToken?) -> RefreshRotation
    ) async throws -> RefreshRotation {
        try with { state in
            let decision = decide(state.tokens[hash])
            switch decision {
            case .rotate(let successor, let at):
                state.tokens[hash]?.rotatedAt = at
                state.tokens[hash]?.successorHash = successor.hash
                state.tokens[successor.hash] = successor
            case .revokeFamily(let at):
                guard let family = state.tokens[hash]?.family else { break }
                for (key, token) in state.tokens where token.family == family { state.tokens[key]?.revokedAt = at }
            case .refuse: break
            }
            return decision
        }
    }

    package func revokeRefreshTokens(of principal: Principal, at now: Timestamp) async throws {
        try with { state in
            for (key, token) in state.tokens where token.principal == principal { state.tokens[key]?.revokedAt = now }
        }
    }

    package func tokenEpochs(since revision: Int64) async throws -> (revision: Int64, epochs: [TokenEpoch]) {
        try with { state in
            let drivers = state.drivers.values.map {
                TokenEpoch(principal: .driver($0.id), epoch: $0.tokenEpoch, isBlocked: $0.standing == .blocked)
            }
            let admins = state.admins.values.map {
                TokenEpoch(principal: .admin($0.id), epoch: $0.tokenEpoch, isBlocked: false)
            }
            return (revision + 1, drivers + admins)
        }
    }
}
