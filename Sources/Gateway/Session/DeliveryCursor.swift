package import Fulfilment

/// Where one session stands in its driver's event stream: what was taken from it to be sent, what is known to be
/// delivered, what waits because an earlier number is still missing.
///
/// Events leave strictly by number. A hint that overtook another waits for it; what never comes is found by the sweep.
package struct DeliveryCursor: Sendable {
    /// Hints held back at most; more are dropped, and the sweep finds them again.
    static let heldLimit = 256

    /// An offer that has left and is not known to be delivered.
    private struct Receipt {
        var sequence: Int64
        var orderIDs: [Int64]
        var poolID: Int64?
    }

    /// The number up to which everything was handed out to be sent or was delivered before; nil until the event log has
    /// answered.
    package private(set) var takenThrough: Int64?
    package private(set) var deliveredThrough: Int64 = 0
    private var held: [Int64: DriverEvent] = [:]
    /// By number.
    private var outstanding: [Receipt] = []

    package init() {}

    /// What the event log says: everything undelivered, and the newest number. Returns the events to send now.
    package mutating func replay(_ undelivered: [DriverEvent], through last: Int64?) -> [DriverEvent] {
        let fresh = undelivered.filter { $0.seq > takenThrough ?? 0 }
        let newest = max(last ?? 0, undelivered.map(\.seq).max() ?? 0)
        if takenThrough != nil || last != nil || !undelivered.isEmpty { takenThrough = max(takenThrough ?? 0, newest) }
        return EventMessages.coalesced(fresh) + releaseHeld()
    }

    /// Hints of committed events, in any order and number. Returns the events to send now.
    package mutating func pushed(_ events: [DriverEvent]) -> [DriverEvent] {
        for event in events where event.seq > takenThrough ?? 0 {
            if held.count < Self.heldLimit { held[event.seq] = event }
        }
        return releaseHeld()
    }

    /// Remembers what has left, until it is delivered.
    package mutating func sent(_ messages: [EventMessage]) {
        outstanding += messages.filter(\.isOffer).map {
            Receipt(sequence: $0.sequence, orderIDs: $0.orderIDs, poolID: $0.poolID)
        }
    }

    /// Everything up to the number is delivered. Returns the number to record, nil when that says nothing new.
    package mutating func delivered(through sequence: Int64) -> Int64? {
        guard sequence > deliveredThrough else { return nil }
        deliveredThrough = sequence
        outstanding.removeAll { $0.sequence <= sequence }
        return sequence
    }

    /// The phone spoke of an order (or of an external pool, in its place): the offer of it has arrived, and with it
    /// everything before. Only an offer makes a phone speak of an order; that it still does so says nothing about the
    /// order's end, which may be under way to it. Of several offers the first is proven.
    package mutating func spokeOf(_ id: Int64) -> Int64? {
        let offer =
            outstanding.first { $0.orderIDs.contains(id) } ?? outstanding.first { $0.poolID == id }
        return offer.flatMap { delivered(through: $0.sequence) }
    }

    private mutating func releaseHeld() -> [DriverEvent] {
        guard var next = takenThrough else { return [] }
        var released: [DriverEvent] = []
        while let event = held.removeValue(forKey: next + 1) {
            released.append(event)
            next += 1
        }
        if !held.isEmpty { held = held.filter { $0.key > next } }
        takenThrough = next
        return released
    }
}
