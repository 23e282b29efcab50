import DispatchCore
import Fulfilment
import Geo
import Postgres
import Store
import TestSupport
import Testing

@Suite("Accounts, tokens, places and pay")
struct PortTests {
    @Test func aDriversAccountKeepsEveryPart() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            var draft = DriverDraft(name: "Asha", phone: "+911", email: "Asha@Example.org", passwordHash: "hash")
            draft.vehicleType = .bicycle
            draft.vehicleNumber = "KA-01"
            draft.capacity = 2
            draft.standing = .pending
            let made = try await store.createDriver(draft, at: Sample.start)
            #expect(made.availability == .unsaid && made.vehicleType == .bicycle && made.createdAt == Sample.start)
            #expect(try await store.driver(made.id) == made)
            let error = await #expect(throws: StoreError.self) {
                _ = try await store.createDriver(draft, at: Sample.start)
            }
            #expect(error?.code == .duplicate)

            var patch = DriverPatch()
            patch.standing = .approved
            patch.availability = .online
            patch.shiftEndsAt = Sample.start
            patch.bank = BankDetails()
            patch.bank?.upi = "asha@bank"
            patch.raisesTokenEpoch = true
            let changed = try #require(try await store.updateDriver(made.id, patch))
            #expect(changed.standing == .approved && changed.tokenEpoch == 1 && changed.bank.upi == "asha@bank")
            #expect(changed.capacity == 2 && changed.shiftEndsAt == Sample.start)
            #expect(try await store.updateDriver(DriverID(999), patch) == nil)
            #expect(try await store.drivers(standing: .approved) == [changed])
            #expect(try await store.drivers(standing: .blocked) == [])
            #expect(try await store.credentials(identity: "asha@example.ORG", kind: nil)?.principal == .driver(made.id))
            #expect(try await store.credentials(identity: "+911", kind: .admin) == nil)
            #expect(try await store.credentials(of: .driver(made.id))?.passwordHash == "hash")
        }
    }

    @Test func onlyDriversWhoNeverSaidAnythingBecomeAvailable() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            var ids: [DriverID] = []
            for (number, word) in [nil, Availability.offline, .online].enumerated() {
                let draft = DriverDraft(name: "D", phone: "\(number)", email: nil, passwordHash: "x")
                let account = try await store.createDriver(draft, at: Sample.start)
                var patch = DriverPatch()
                patch.availability = word
                _ = try await store.updateDriver(account.id, patch)
                ids.append(account.id)
            }
            #expect(try await store.makeAvailableIfUnsaid(ids) == [ids[0]])
            #expect(try await store.makeAvailableIfUnsaid(ids) == [])
            #expect(try await store.driver(ids[1])?.availability == .offline)
        }
    }

    @Test func thereIsOneFirstAdmin() async throws {
        try await StoreDatabase.with { database in
            let made = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        try await database.store.createFirstAdmin(
                            email: "a\(number)@example.org", fullName: "A", passwordHash: "x")
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(made.count { $0 } == 1)
        }
    }

    @Test func raisedEpochsAreFoundByTheirRevision() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let sample = Sample(store: store)
            let driver = try await sample.driver(1)
            let admin = try await sample.admin()
            #expect(try await store.tokenEpochs(since: 0).epochs.isEmpty)
            var patch = DriverPatch()
            patch.standing = .blocked
            patch.raisesTokenEpoch = true
            _ = try await store.updateDriver(driver.id, patch)
            let first = try await store.tokenEpochs(since: 0)
            #expect(first.epochs == [TokenEpoch(principal: .driver(driver.id), epoch: 1, isBlocked: true)])
            try await store.updateAdmin(admin.id, passwordHash: "new", raisesTokenEpoch: true)
            let second = try await store.tokenEpochs(since: first.revision)
            #expect(second.epochs == [TokenEpoch(principal: .admin(admin.id), epoch: 1, isBlocked: false)])
            #expect(try await store.tokenEpochs(since: second.revision).epochs.isEmpty)
        }
    }

    private func token(_ number: UInt8, at now: Timestamp = Sample.start) -> RefreshToken {
        RefreshToken(
            hash: [UInt8](repeating: number, count: 32), family: "family", principal: .driver(DriverID(1)),
            issuedAt: now,
            expiresAt: now.advanced(bySeconds: 86_400))
    }

    @Test func eightRacingUsesOfATokenLeaveOneLiveSuccessor() async throws {
        try await StoreDatabase.with(connections: 8) { database in
            let store = database.store
            try await store.insertRefreshToken(token(0))
            let decisions = try await withThrowingTaskGroup(of: RefreshRotation.self) { group in
                for number in 1...8 {
                    let successor = token(UInt8(number))
                    group.addTask {
                        try await store.rotateRefreshToken(hash: [UInt8](repeating: 0, count: 32)) { shown in
                            // Within its grace, a rotated token is good once more.
                            shown == nil || shown?.revokedAt != nil
                                ? .refuse : .rotate(successor: successor, at: Sample.start)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(decisions.count == 8)
            #expect(try await store.brokenInvariants() == [])
            let live = try await database.pool.query(
                "SELECT count(*) FROM refresh_tokens WHERE rotated_at IS NULL AND revoked_at IS NULL")
            #expect(try live.only().get(0, as: Int.self) == 1)
        }
    }

    @Test func aReusedTokenKillsItsFamily() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let (first, second) = (token(1), token(2))
            try await store.insertRefreshToken(first)
            _ = try await store.rotateRefreshToken(hash: first.hash) { shown in
                shown == first ? .rotate(successor: second, at: Sample.start) : .refuse
            }
            let later = Sample.start.advanced(bySeconds: 61)
            _ = try await store.rotateRefreshToken(hash: first.hash) { shown in
                shown?.rotatedAt == Sample.start && shown?.successorHash == second.hash
                    ? .revokeFamily(at: later) : .refuse
            }
            let seen = try await store.rotateRefreshToken(hash: second.hash) { shown in
                shown?.revokedAt == later ? .refuse : .rotate(successor: second, at: later)
            }
            #expect(seen == .refuse)
            let unknown = try await store.rotateRefreshToken(hash: [UInt8](repeating: 9, count: 32)) { shown in
                shown == nil ? .refuse : .revokeFamily(at: later)
            }
            #expect(unknown == .refuse)
        }
    }

    @Test func zonesKeepTheirIdsWhereNamesAreEqual() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let first = try await store.replaceZones([
                ZoneDraft(name: "north", geometry: "{}"), ZoneDraft(name: "south", geometry: "{}"),
            ])
            let second = try await store.replaceZones([
                ZoneDraft(name: "east", geometry: "{}"), ZoneDraft(name: "north", geometry: "{\"a\":1}"),
            ])
            #expect(second.map(\.draft.name) == ["east", "north"])
            #expect(second[1].id == first[0].id && second[1].draft.geometry == "{\"a\":1}")
            #expect(try await store.zones() == second)
            let third = try await store.replaceZones([
                ZoneDraft(name: "south", geometry: "{}", properties: "{\"travel_factor\":1.5}")
            ])
            #expect(third.map(\.id) == [first[1].id])
            #expect(try await store.zones().map(\.draft.properties) == ["{\"travel_factor\":1.5}"])
        }
    }

    @Test func restaurantsAreFoundByEitherId() async throws {
        try await StoreDatabase.with { database in
            let store = database.store
            let draft = RestaurantDraft(
                name: "Kitchen", address: "Here", point: GeoPoint(latitude: 12.9, longitude: 77.6), externalID: "r1")
            let made = try await store.createRestaurant(draft)
            #expect(try await store.restaurant(made.id) == made)
            #expect(try await store.restaurant(externalID: "r1") == made)
            let renamed = try await store.updateRestaurant(made.id, RestaurantDraft(name: "New", address: "There"))
            #expect(renamed?.place.name == "New" && renamed?.place.point == nil)
            #expect(try await store.restaurants().count == 1)
            #expect(try await store.updateRestaurant(RestaurantID(99), draft) == nil)
        }
    }

    @Test func payIsPaidOutOnceHoweverManyAsk() async throws {
        try await StoreDatabase.with(connections: 6) { database in
            let store = database.store
            let sample = Sample(store: store)
            let driver = try await sample.driver(1)
            let fence = try await sample.fence()
            for number in 1...3 {
                let order = try await sample.order(number)
                try await sample.assign([order.id], to: driver, fence: fence)
                try await sample.step(.pickUp, order.id, by: .driver(driver.id))
                try await sample.step(.deliver(.otp(nil)), order.id, by: .driver(driver.id))
            }
            let now = Sample.start.advanced(bySeconds: 60)
            let paid = try await withThrowingTaskGroup(of: Paise.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        try await store.payOut([driver.id], method: "upi", reference: nil, at: now)[driver.id] ?? .zero
                    }
                }
                return try await group.reduce(Paise.zero) { $0 + $1 }
            }
            #expect(paid == Paise(15_000))
            let totals = try await store.totals(of: driver.id)
            #expect(totals.lifetime == Paise(15_000) && totals.paid == totals.lifetime && totals.pending == .zero)
            #expect(totals.deliveries == 3 && totals.lastPaidAt == now && totals.lastPaidAmount == Paise(15_000))
            let entries = try await store.earnings(of: driver.id, from: Sample.start, to: now)
            #expect(entries.count == 3 && entries.allSatisfy(\.isPaid))
        }
    }
}
