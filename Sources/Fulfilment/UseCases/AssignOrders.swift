package import DispatchCore
import Geo

/// An admin gives orders to a driver by hand: the force. It is pinned, wins over the engine, and needs no flag.
package struct AssignOrders: Sendable {
    private let house: House

    package init(_ house: House) {
        self.house = house
    }

    package struct Request: Sendable {
        package var orderIDs: [OrderID]
        package var driverID: DriverID
        /// For all of the orders together; split over them so that the parts add up.
        package var earnings: Paise?
        /// Takes even an order that another admin has pinned.
        package var force: Bool
        package var reason: String?
        package var idempotency: IdempotencyKey?
        /// Which of the orders are meant, as they are inside the transaction.
        package var selection = Selection.all
        /// The route that was planned for exactly these orders; without one a short route is made here.
        package var sketch: RouteSketch?
        /// The number that the batch gets; without one it is drawn.
        package var batchID: BatchID?

        package enum Selection: Sendable, Hashable {
            case all
            /// Those of a proposed group that nobody has.
            case waiting(group: BatchID)
            /// Those that are still in the batch and may still move.
            case members(batch: BatchID)
        }

        package init(orderIDs: [OrderID], driverID: DriverID) {
            self.orderIDs = orderIDs
            self.driverID = driverID
            self.force = false
        }
    }

    package struct Outcome: Sendable {
        package var orders: [Order]
        package var batchID: BatchID?
        /// Rules that the force overrode, by name.
        package var warnings: [Warning]
    }

    package enum Warning: String, Sendable {
        case overCapacity = "driver_over_capacity"
        case outsideZone = "order_outside_every_zone"
        case shiftOver = "driver_shift_over"
        case offline = "driver_offline"
        case stalePosition = "driver_position_stale"
        case restaurantForbidden = "driver_forbidden_at_restaurant"
        case wrongVehicle = "driver_vehicle_cannot_carry"
        case refusedBefore = "driver_refused_this_order_before"
        case noCoordinates = "order_without_coordinates"
    }

    private struct Decision: Sendable {
        enum Answer: Sendable {
            /// The orders of the request, in its order, as this commit leaves them.
            case decided([Order])
            /// The same request came before; these were its orders.
            case repeated([OrderID])
        }

        var batchID: BatchID?
        var answer: Answer
        var warnings: [Warning]
    }

    /// Makes one batch of the orders and binds the driver, all or nothing, in one transaction with the events that tell
    /// the new driver and whoever had an order before.
    ///
    /// - Throws: ``FulfilmentError`` for the refusals of contract section 2, ``StoreError``.
    package func callAsFunction(_ request: Request, by admin: AdminID) async throws -> Outcome {
        let now = house.now()
        guard !request.orderIDs.isEmpty else {
            throw FulfilmentError.invalid(field: "order_ids", detail: "at least one order is needed")
        }
        let batchID = try await batchID(for: request)
        let excluded = Set(try await house.orders.exclusions())
        let rules = try await house.rules?.driverRules(driver: request.driverID, restaurant: nil) ?? []
        var scope = TransactionScope(by: .admin(admin), at: now)
        scope.orderIDs = request.orderIDs
        scope.driverIDs = [request.driverID]
        scope.includesOrdersHeld = true
        scope.idempotency = request.idempotency
        let member = house.fleet.member(request.driverID)
        let context = Context(
            request: request, admin: admin, batchID: batchID, now: now, member: member,
            isStale: member.map { house.fleet.isStale($0, at: now) } ?? true, excluded: excluded, rules: rules,
            settings: house.settings, hasZones: house.atlas.hasZones)
        let committed = try await house.orders.transact(scope) { rows in try context.decide(rows) }
        if !committed.events.isEmpty {
            house.push.push(committed.events)
        }
        let orders: [Order]
        switch committed.result.answer {
        case .decided(let decided):
            // What was committed, not read again: that could fail, and would then deny what has happened.
            orders = decided
            for order in orders where !committed.events.isEmpty {
                house.fleet.noteHolder(order.holder, of: order.id)
                house.feed.orderChanged(order.id, state: order.state, driverName: order.assignment?.driverName)
            }
        case .repeated(let ids):
            orders = try await StoreError.afterCommit { try await read(ids) }
        }
        return Outcome(
            orders: orders, batchID: committed.result.batchID ?? orders.first?.assignment?.batchID,
            warnings: committed.result.warnings)
    }

    private func read(_ ids: [OrderID]) async throws -> [Order] {
        var orders: [Order] = []
        for id in ids {
            if let order = try await house.orders.order(id) { orders.append(order) }
        }
        return orders
    }

    private func batchID(for request: Request) async throws -> BatchID {
        if let wanted = request.batchID { return wanted }
        guard let drawn = try await house.orders.reserveBatchIDs(1).first else {
            throw StoreError(.unavailable, detail: "no batch number could be reserved")
        }
        return drawn
    }

    /// What the pure decision needs besides the locked rows.
    private struct Context: Sendable {
        let request: Request
        let admin: AdminID
        let batchID: BatchID
        let now: Timestamp
        let member: FleetMember?
        let isStale: Bool
        let excluded: Set<Exclusion>
        /// The driver's.
        let rules: [DriverRule]
        let settings: HouseSettings
        let hasZones: Bool

        func decide(_ rows: LockedRows) throws -> OrderChanges<Decision> {
            if let repeats = rows.repeats {
                let warnings = rows.repeatedNotes.compactMap(Warning.init)
                return OrderChanges(
                    result: Decision(batchID: nil, answer: .repeated(given(repeats, rows)), warnings: warnings))
            }
            guard let driver = rows.drivers.first else { throw FulfilmentError.unknownDriver(request.driverID) }
            guard driver.standing != .blocked else { throw FulfilmentError.driverBlocked(driver.id) }
            let orders = try chosen(rows).uniqued().map { id in
                guard let order = rows.orders.first(where: { $0.id == id }) else {
                    throw FulfilmentError.unknownOrder(id)
                }
                try refuse(order)
                return order
            }
            let moving = orders.filter { $0.holder != driver.id }
            let warnings = warnings(driver, moving: moving, held: rows.held)
            var changes = OrderChanges(result: Decision(batchID: nil, answer: .decided(orders), warnings: warnings))
            changes.notes = warnings.map(\.rawValue)
            let staying = orders.filter { $0.holder == driver.id }
            var draft = moving.isEmpty ? nil : draft(moving, to: driver)
            var pay: [OrderID: Paise] = [:]
            if let earnings = request.earnings {
                // One amount for all: those he has already weigh what they pay now, the others what the policy says.
                let ahead = draft?.policyTotals(of: moving, settings: settings) ?? []
                let parts = earnings.split(
                    by: staying.map { $0.assignment?.earnings.total.rawValue ?? 0 } + ahead.map(\.rawValue))
                pay = Dictionary(uniqueKeysWithValues: zip(staying.map(\.id), parts))
                draft?.earnings = parts.dropFirst(staying.count).reduce(.zero, +)
            }
            pin(staying, paying: pay, into: &changes)
            if let draft {
                draft.apply(to: moving, settings: settings, changes: &changes)
                changes.result.batchID = batchID
            }
            let committed = Dictionary(uniqueKeysWithValues: changes.orders.map { ($0.after.id, $0.committed) })
            changes.result.answer = .decided(orders.map { committed[$0.id] ?? $0 })
            return changes
        }

        /// The orders that are meant; a group of which nothing is left is nothing to give.
        private func chosen(_ rows: LockedRows) throws(FulfilmentError) -> [OrderID] {
            let name: BatchID
            let isMeant: (Order) -> Bool
            switch request.selection {
            case .all: return request.orderIDs
            case .waiting(let group): (name, isMeant) = (group, { $0.state == .pending })
            case .members(let batch):
                (name, isMeant) = (batch, { $0.state.isHeldBeforePickup && $0.assignment?.batchID == batch })
            }
            let meant = Set(rows.orders.filter(isMeant).map(\.id))
            guard !meant.isEmpty else { throw .nothingLeft(group: name) }
            return request.orderIDs.filter(meant.contains)
        }

        /// What a repetition is told: of a group, those that the driver got.
        private func given(_ repeats: [OrderID], _ rows: LockedRows) -> [OrderID] {
            guard request.selection != .all else { return repeats }
            let his = Set(rows.orders.filter { $0.assignment?.driverID == request.driverID }.map(\.id))
            return repeats.filter(his.contains)
        }

        /// The few refusals that no admin overrides, and the one that takes `force`.
        private func refuse(_ order: Order) throws(FulfilmentError) {
            guard !order.state.isEnded else { throw .orderEnded(order: order.id, current: order.state) }
            if order.holder == request.driverID { return }
            guard !order.state.isOnBoard else { throw .foodOnBoard(order: order.id, current: order.state) }
            if let other = order.assignment?.pinnedBy, order.state.isHeld, other != admin, !request.force {
                throw .pinnedByAnother(order: order.id, admin: other)
            }
        }

        /// The driver has these already: they only become pinned, and pay what was said.
        private func pin(
            _ orders: [Order], paying pay: [OrderID: Paise], into changes: inout OrderChanges<Decision>
        ) {
            for order in orders {
                var after = order
                after.assignment?.pinnedBy = admin
                if let part = pay[order.id], let now = after.assignment?.earnings.total {
                    after.assignment?.earnings.adjustment += part - now
                }
                guard after != order else { continue }
                changes.orders.append(OrderChange(before: order, after: after, reason: request.reason))
            }
        }

        private func draft(_ orders: [Order], to driver: DriverAccount) -> AssignmentDraft {
            let start = member?.lastFix?.point
            let sketch =
                planned(orders)
                ?? RouteSketch(
                    orders: orders, start: isStale ? nil : start,
                    seconds: { Int(settings.leg($0, $1, at: now).milliseconds / 1000) },
                    metres: { Int(settings.leg($0, $1, at: now).metres) })
            return AssignmentDraft(
                batchID: batchID, driver: driver, source: .admin, pinnedBy: admin, sketch: sketch, earnings: nil,
                reason: request.reason, now: now)
        }

        private func planned(_ orders: [Order]) -> RouteSketch? {
            guard let sketch = request.sketch, Set(sketch.orderIDs) == Set(orders.map(\.id)) else { return nil }
            return sketch
        }

        private func warnings(_ driver: DriverAccount, moving: [Order], held: [Order]) -> [Warning] {
            var warnings: [Warning] = []
            let units = (held + moving).reduce(0) { $0 + $1.content.bagUnits }
            if held.count + moving.count > driver.capacity || units > driver.bagUnits { warnings.append(.overCapacity) }
            if driver.availability == .offline { warnings.append(.offline) }
            if isStale { warnings.append(.stalePosition) }
            if let end = driver.shiftEndsAt, end <= now { warnings.append(.shiftOver) }
            if moving.contains(where: { !rules.allow($0.content.restaurantID) }) {
                warnings.append(.restaurantForbidden)
            }
            if moving.contains(where: { order in
                !order.content.vehicles.isEmpty && !order.content.vehicles.contains(driver.vehicleType)
            }) {
                warnings.append(.wrongVehicle)
            }
            if moving.contains(where: { excluded.contains(Exclusion(orderID: $0.id, driverID: driver.id)) }) {
                warnings.append(.refusedBefore)
            }
            if hasZones, moving.contains(where: { $0.zoneID == nil }) { warnings.append(.outsideZone) }
            if moving.contains(where: { $0.content.pickup.point == nil || $0.content.dropoff.point == nil }) {
                warnings.append(.noCoordinates)
            }
            return warnings
        }
    }
}

extension Array where Element: Hashable {
    /// Each element once, in the order of first appearance.
    package func uniqued() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
