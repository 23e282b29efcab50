package import DispatchCore
package import Fulfilment

extension InMemoryStore: PlaceStore {
    package func restaurants() async throws -> [Restaurant] {
        try with { $0.restaurants.values.sorted { $0.id < $1.id } }
    }

    package func restaurant(_ id: RestaurantID) async throws -> Restaurant? {
        try with { $0.restaurants[id] }
    }

    package func restaurant(externalID: String) async throws -> Restaurant? {
        try with { $0.restaurants.values.first { $0.place.externalID == externalID } }
    }

    package func createRestaurant(
        _ draft: RestaurantDraft, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> Restaurant {
        try with { state in
            let first = try state.repeats(of: idempotency)?.first.map { RestaurantID($0.rawValue) }
            if let first, let known = state.restaurants[first] { return known }
            let restaurant = Restaurant(id: RestaurantID(state.newID()), place: draft)
            state.restaurants[restaurant.id] = restaurant
            state.keep(idempotency, [restaurant.id.rawValue])
            return restaurant
        }
    }

    package func updateRestaurant(_ id: RestaurantID, _ draft: RestaurantDraft) async throws -> Restaurant? {
        try with { state in
            guard state.restaurants[id] != nil else { return nil }
            let restaurant = Restaurant(id: id, place: draft)
            state.restaurants[id] = restaurant
            return restaurant
        }
    }

    package func zones() async throws -> [Zone] {
        try with { $0.zones }
    }

    package func replaceZones(_ zones: [ZoneDraft]) async throws -> [Zone] {
        try with { state in
            let known = Dictionary(state.zones.map { ($0.draft.name, $0.id) }) { first, _ in first }
            state.zones = zones.map { Zone(id: known[$0.name] ?? ZoneID(state.newID()), draft: $0) }
            return state.zones
        }
    }
}

extension InMemoryStore: EarningsStore {
    package func earnings(of driver: DriverID, from: Timestamp, to: Timestamp) async throws -> [EarningsEntry] {
        try with { state in
            state.earnings.values.filter { $0.driverID == driver && $0.earnedAt >= from && $0.earnedAt < to }
                .sorted { ($0.earnedAt, $0.orderID) < ($1.earnedAt, $1.orderID) }
        }
    }

    package func totals(of driver: DriverID) async throws -> EarningsTotals {
        try await totals()[driver] ?? EarningsTotals()
    }

    package func earned(since start: Timestamp) async throws -> [DriverID: Paise] {
        try with { state in
            state.earnings.values.filter { $0.earnedAt >= start }.reduce(into: [:]) { sums, entry in
                sums[entry.driverID, default: .zero] += entry.quote.total
            }
        }
    }

    package func totals() async throws -> [DriverID: EarningsTotals] {
        try with { state in
            var totals: [DriverID: EarningsTotals] = [:]
            for entry in state.earnings.values {
                totals[entry.driverID, default: EarningsTotals()].lifetime += entry.quote.total
                totals[entry.driverID, default: EarningsTotals()].deliveries += 1
                totals[entry.driverID, default: EarningsTotals()].distance += entry.distance
                if entry.isPaid {
                    totals[entry.driverID, default: EarningsTotals()].paid += entry.quote.total
                } else {
                    totals[entry.driverID, default: EarningsTotals()].pending += entry.quote.total
                    totals[entry.driverID, default: EarningsTotals()].pendingDeliveries += 1
                }
            }
            return totals
        }
    }

    package func paidOut(since start: Timestamp) async throws -> Paise {
        try with { state in state.payouts.values.filter { $0.paidAt >= start }.reduce(.zero) { $0 + $1.amount } }
    }

    package func payOut(
        _ drivers: [DriverID], method: String, reference: String?, at now: Timestamp, idempotency: IdempotencyKey?
    ) async throws -> [DriverID: Paise] {
        try with { state in
            var paid: [DriverID: Paise] = [:]
            if let first = try state.repeats(of: idempotency) {
                for known in first.compactMap({ state.payouts[$0.rawValue] }) { paid[known.driverID] = known.amount }
                return paid
            }
            var deliveries: [DriverID: Int] = [:]
            for (id, entry) in state.earnings where drivers.contains(entry.driverID) && !entry.isPaid {
                paid[entry.driverID, default: .zero] += entry.quote.total
                deliveries[entry.driverID, default: 0] += 1
                state.earnings[id]?.isPaid = true
            }
            var numbers: [Int64] = []
            for (driver, amount) in paid.sorted(by: { $0.key < $1.key }) {
                let id = state.newID()
                numbers.append(id)
                state.payouts[id] = Payout(
                    id: id, driverID: driver, driverName: state.drivers[driver]?.name ?? "", amount: amount,
                    deliveries: deliveries[driver] ?? 0, method: method, reference: reference, paidAt: now)
            }
            state.keep(idempotency, numbers)
            return paid
        }
    }

    package func payouts(matching query: PayoutQuery) async throws -> (page: [Payout], totals: PayoutTotals) {
        try with { state in
            let all = state.payouts.values.filter { payout in
                payout.driverID == query.driver ?? payout.driverID && payout.paidAt >= query.from ?? payout.paidAt
                    && query.to.map { payout.paidAt < $0 } ?? true
            }
            var totals = PayoutTotals()
            totals.payouts = all.count
            totals.drivers = Set(all.map(\.driverID)).count
            totals.amount = all.reduce(.zero) { $0 + $1.amount }
            let older = all.sorted { $0.id > $1.id }.filter { payout in query.before.map { payout.id < $0 } ?? true }
            return (Array(older.prefix(query.limit)), totals)
        }
    }
}
