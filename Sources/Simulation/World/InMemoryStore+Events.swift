package import DispatchCore
package import Fulfilment

extension InMemoryStore: EventLog {
    package func undelivered(for driver: DriverID) async throws -> [DriverEvent] {
        try with { Self.untold($0.events[driver, default: []], in: $0) }
    }

    package func undelivered(beyond sent: [DriverID: Int64], limit: Int) async throws -> [DriverEvent] {
        try with { state in
            var found: [DriverEvent] = []
            for (driver, seq) in sent.sorted(by: { $0.key < $1.key }) {
                found += Self.untold(state.events[driver, default: []].filter { $0.event.seq > seq }, in: state)
            }
            return Array(found.prefix(limit))
        }
    }

    package func lastSequence(of driver: DriverID) async throws -> Int64 {
        try with { Int64($0.events[driver, default: []].count) }
    }

    package func markSent(_ marks: [EventMark]) async throws {
        try mark(marks) { event, at in event.sentAt = event.sentAt ?? at }
    }

    package func markDelivered(_ marks: [EventMark]) async throws {
        try mark(marks) { event, at in event.deliveredAt = event.deliveredAt ?? at }
    }

    private func mark(_ marks: [EventMark], _ write: (inout EventState, Timestamp) -> Void) throws {
        try with { state in
            for mark in marks {
                let count = Int(min(mark.seq, Int64(state.events[mark.driverID, default: []].count)))
                for index in 0..<max(count, 0) {
                    guard var event = state.events[mark.driverID]?[index] else { continue }
                    write(&event, mark.at)
                    state.events[mark.driverID]?[index] = event
                }
            }
        }
    }

    package func states(of driver: DriverID, limit: Int) async throws -> [EventState] {
        try with { Array($0.events[driver, default: []].suffix(limit).reversed()) }
    }

    package func overdue(before: Timestamp, limit: Int) async throws -> [EventState] {
        try with { state in
            let all = state.events.values.flatMap { $0 }
                .filter { $0.deliveredAt == nil && $0.event.createdAt < before }
                .filter { Self.isOpenOffer($0.event, in: state) }
                .sorted {
                    ($0.event.createdAt, $0.event.driverID, $0.event.seq) < (
                        $1.event.createdAt, $1.event.driverID, $1.event.seq
                    )
                }
            return Array(all.prefix(limit))
        }
    }
}

extension InMemoryStore {
    /// Undelivered events, offers as far as their orders are still held.
    private static func untold(_ events: [EventState], in state: State) -> [DriverEvent] {
        events.filter { $0.deliveredAt == nil }.map(\.event).compactMap { event in
            guard case .orderAssigned(let offer) = event.body else { return event }
            guard let order = state.orders[OrderID(offer.orderID)], order.holder == event.driverID else { return nil }
            let rest = state.orders.values.filter {
                $0.holder == event.driverID && $0.assignment?.batchID == order.assignment?.batchID
            }.sorted { ($0.assignment?.sequence ?? 0, $0.id) < ($1.assignment?.sequence ?? 0, $1.id) }
            return event.telling(
                BatchRest(
                    orderIDs: rest.map(\.id.rawValue), restaurants: rest.map { $0.content.pickup.name ?? "" },
                    earnings: rest.reduce(.zero) { $0 + ($1.assignment?.earnings.total ?? .zero) }))
        }
    }

    /// Whether the event is the assignment in force of an order that its driver has not acted upon.
    private static func isOpenOffer(_ event: DriverEvent, in state: State) -> Bool {
        guard case .orderAssigned(let offer) = event.body, let order = state.orders[OrderID(offer.orderID)] else {
            return false
        }
        return order.state == .assigned && order.holder == event.driverID
            && order.assignment.map { event.createdAt >= $0.assignedAt } ?? false
    }
}

extension InMemoryStore: LocationStore {
    package func append(_ fixes: [Fix]) async throws {
        try with { state in
            for fix in fixes { state.fixes.append(StoredFix(id: Int64(state.fixes.count + 1), fix: fix)) }
        }
    }

    package func fixes(of driver: DriverID, limit: Int) async throws -> [StoredFix] {
        try with { Array($0.fixes.filter { $0.fix.driverID == driver }.suffix(limit).reversed()) }
    }

    package func newestFixes(since: Timestamp) async throws -> [Fix] {
        try with { state in
            var newest: [DriverID: Fix] = [:]
            for stored in state.fixes where stored.fix.receivedAt >= since { newest[stored.fix.driverID] = stored.fix }
            return newest.values.sorted { $0.driverID < $1.driverID }
        }
    }
}

extension InMemoryStore: DispatchLedger {
    package func claimLease(holder: String, lasting milliseconds: Int64) async throws -> Fence? {
        try with { state in
            if let lease = state.lease { return lease.holder == holder ? Fence(epoch: lease.epoch) : nil }
            state.epoch += 1
            state.lease = (holder, state.epoch)
            return Fence(epoch: state.epoch)
        }
    }

    package func releaseLease(holder: String) async throws {
        try with { state in
            if state.lease?.holder == holder { state.lease = nil }
        }
    }

    package func record(_ tick: TickRecord) async throws {
        try with { state in
            var kept = tick
            if let newest = state.ticks.last?.id { kept.id = max(kept.id, newest + 1) }
            state.ticks.append(kept)
        }
    }

    package func newestDecision(about order: OrderID) async throws -> (tick: TickRecord, decision: OrderDecision)? {
        try with { state in
            for tick in state.ticks.reversed() {
                if let decision = tick.decisions.first(where: { $0.order == order.rawValue }) {
                    return (tick, decision)
                }
            }
            return nil
        }
    }

    package func amend(_ decision: OrderDecision, of tick: Int64) async throws {
        try with { state in
            guard let index = state.ticks.firstIndex(where: { $0.id == tick }),
                let place = state.ticks[index].decisions.firstIndex(where: { $0.order == decision.order })
            else { return }
            state.ticks[index].decisions[place] = decision
        }
    }

    package func tick(_ id: Int64) async throws -> TickRecord? {
        try with { $0.ticks.first { $0.id == id } }
    }
}
