internal import DispatchCore
internal import Fulfilment
internal import Synchronization

/// The rules that no event may break, checked on what the house has stored, after each event.
struct CityAudit: Sendable {
    private var known: [OrderID: (state: OrderState, version: Int64, holder: DriverID?)] = [:]
    private var told: [OrderID: Set<DriverID>] = [:]
    private var broken: [String] = []
    private var ended = 0

    /// A driver was told of an order.
    ///
    /// - Parameter unseenFor: Seconds since his last fix.
    mutating func told(_ order: AssignedOrder, _ driver: DriverID, unseenFor: Int) {
        told[OrderID(order.orderID), default: []].insert(driver)
        if order.batch.source == .engine, unseenFor > 60 {
            broken.append("driver \(driver), unseen for \(unseenFor) s, was given order \(order.orderID)")
        }
        if order.batch.source == .engine, order.earnings <= .zero {
            broken.append("order \(order.orderID) earns nothing")
        }
        if Set(order.batch.orderIDs).count != order.batch.orderIDs.count {
            broken.append("a batch holds an order twice")
        }
    }

    /// Whether all of so many orders have ended.
    func isOver(of count: Int) -> Bool { ended == count }

    mutating func check(_ store: InMemoryStore) -> [String] {
        var found = broken
        broken = []
        store.state.withLock { state in
            var loads: [DriverID: (count: Int, units: Int, hasPin: Bool)] = [:]
            ended = 0
            for (id, order) in state.orders {
                if order.state.isEnded { ended += 1 }
                if let holder = order.holder {
                    var load = loads[holder] ?? (0, 0, false)
                    load.count += 1
                    load.units += order.content.bagUnits
                    load.hasPin = load.hasPin || order.assignment?.pinnedBy != nil
                    loads[holder] = load
                }
                if let before = known[id], before.version == order.version { continue }
                found += changed(order, in: state)
                known[id] = (order.state, order.version, order.holder)
            }
            for (driver, load) in loads where !load.hasPin {
                guard let account = state.drivers[driver] else {
                    found.append("driver \(driver) does not exist")
                    continue
                }
                if load.count > account.capacity { found.append("driver \(driver) holds \(load.count) orders") }
                if load.units > account.bagUnits { found.append("driver \(driver) carries \(load.units) units") }
            }
        }
        return found.sorted()
    }

    private func changed(_ order: Order, in state: InMemoryStore.State) -> [String] {
        var found: [String] = []
        let before = known[order.id]
        if let before {
            let isForced =
                before.state.isHeldBeforePickup && order.state == .assigned && order.assignment?.pinnedBy != nil
            let isLegal =
                isForced || before.state == order.state
                || OrderMachine.allowed(from: before.state).contains(order.state)
            if !isLegal { found.append("order \(order.id): \(before.state.rawValue) to \(order.state.rawValue)") }
            if order.version <= before.version { found.append("order \(order.id) went back to an older version") }
            if before.state.isOnBoard, order.state.isOnBoard, before.holder != order.holder {
                found.append("order \(order.id) changed hands on board")
            }
        } else if order.state != .pending {
            found.append("order \(order.id) began as \(order.state.rawValue)")
        }
        if order.state == .pending, order.assignment != nil { found.append("order \(order.id) waits and is held") }
        if let holder = order.holder { found += held(order, by: holder, in: state) }
        let isPaid = state.earnings[order.id] != nil
        let wasCarried = order.state == .delivered || (order.state == .cancelled && order.pickedUpAt != nil)
        if isPaid != wasCarried { found.append("order \(order.id) \(order.state.rawValue), paid: \(isPaid)") }
        return found
    }

    private func held(_ order: Order, by holder: DriverID, in state: InMemoryStore.State) -> [String] {
        guard let assignment = order.assignment else { return ["order \(order.id) is held by nobody"] }
        var found: [String] = []
        let batch = state.batches[assignment.batchID]
        if batch?.driverID != holder || batch?.orderIDs.contains(order.id) != true {
            found.append("order \(order.id) is in no batch of driver \(holder)")
        }
        if assignment.source == .engine, known[order.id]?.holder != holder,
            state.exclusions.contains(Exclusion(orderID: order.id, driverID: holder))
        {
            found.append("order \(order.id) was given to driver \(holder), who is excluded")
        }
        let isInLog = state.events[holder, default: []].contains { entry in
            if case .orderAssigned(let told) = entry.event.body { told.orderID == order.id.rawValue } else { false }
        }
        if !isInLog { found.append("driver \(holder) has no event for order \(order.id)") }
        return found
    }

    /// At the end of the day: every event in sequence, every order that somebody held was told to him.
    func close(_ store: InMemoryStore) -> [String] {
        store.state.withLock { state in
            var found: [String] = []
            for (driver, entries) in state.events {
                for (index, entry) in entries.enumerated() where entry.event.seq != Int64(index + 1) {
                    found.append("driver \(driver): event \(entry.event.seq) stands at \(index + 1)")
                }
            }
            for (id, order) in state.orders where order.state == .delivered {
                guard let driver = order.assignment?.driverID, told[id]?.contains(driver) == true else {
                    found.append("order \(id) was delivered by somebody who was never told")
                    continue
                }
            }
            return found.sorted()
        }
    }
}
