package import Fulfilment

/// Where one session stands in its driver's event stream: what was sent, what is known to be delivered, what waits
/// because an earlier number is still missing.
///
/// Events leave strictly by number. A hint that overtook another waits for it; what never comes is found by the sweep.
package struct DeliveryCursor: Sendable {
    /// Hints held back at most; more are dropped, and the sweep finds them again.
    static let heldLimit = 256

    /// The number up to which everything has been sent or was delivered before; nil until the event log has answered.
    package private(set) var sentThrough: Int64?
    package private(set) var deliveredThrough: Int64 = 0
    private var held: [Int64: DriverEvent] = [:]
    /// Sent and not known to be delivered, by number.
    private var outstanding: [EventMessage] = []

    package init() {}

    /// What the event log says: everything undelivered, and the newest number. Returns the events to send now.
    package mutating func replay(_ undelivered: [DriverEvent], through last: Int64?) -> [DriverEvent] {
        let fresh = undelivered.filter { $0.seq > sentThrough ?? 0 }
        let newest = max(last ?? 0, undelivered.map(\.seq).max() ?? 0)
        if sentThrough != nil || last != nil || !undelivered.isEmpty { sentThrough = max(sentThrough ?? 0, newest) }
        return EventMessages.coalesced(fresh) + releaseHeld()
    }

    /// Hints of committed events, in any order and number. Returns the events to send now.
    package mutating func pushed(_ events: [DriverEvent]) -> [DriverEvent] {
        for event in events where event.seq > sentThrough ?? 0 {
            if held.count < Self.heldLimit { held[event.seq] = event }
        }
        return releaseHeld()
    }

    /// Remembers what was sent, until it is delivered.
    package mutating func sent(_ messages: [EventMessage]) {
        outstanding += messages
    }

    /// Everything up to the number is delivered. Returns the number to record, nil when that says nothing new.
    package mutating func delivered(through sequence: Int64) -> Int64? {
        let known = min(sequence, sentThrough ?? 0)
        guard known > deliveredThrough else { return nil }
        deliveredThrough = known
        outstanding.removeAll { $0.sequence <= known }
        return known
    }

    /// The phone spoke of an order (or a pool, in its place): the newest message about it has arrived, and with it
    /// everything before.
    package mutating func spokeOf(_ id: Int64) -> Int64? {
        guard !outstanding.isEmpty,
            let message = outstanding.last(where: { $0.orderIDs.contains(id) || $0.poolID == id })
        else { return nil }
        return delivered(through: message.sequence)
    }

    private mutating func releaseHeld() -> [DriverEvent] {
        guard var next = sentThrough else { return [] }
        var released: [DriverEvent] = []
        while let event = held.removeValue(forKey: next + 1) {
            released.append(event)
            next += 1
        }
        if !held.isEmpty { held = held.filter { $0.key > next } }
        sentThrough = next
        return released
    }
}
