internal import CGEOS
internal import Synchronization

/// A service area with its index behind a lock. A class, because a lock has a fixed address.
///
/// Searches go first: whoever changes the index holds it for a few moves at a time, and between them lets in who waits.
final class District: Sendable {
    let box: GeoBox
    private let index: Mutex<LiveIndex>
    /// Searches that did not get in at once.
    private let searching = Atomic<Int>(0)
    private let meter: WaitMeter?

    init(box: GeoBox, expiry: ExpiryPolicy?, meter: WaitMeter?) {
        self.box = box
        self.meter = meter
        index = Mutex(LiveIndex(area: box, expiry: expiry))
    }

    /// Calls `body` with the index for a question, as soon as nobody else has it.
    func asked<Answer: Sendable>(_ body: (inout LiveIndex) -> Answer) -> Answer {
        if let answer = index.withLockIfAvailable({ body(&$0) }) { return answer }
        searching.wrappingAdd(1, ordering: .relaxed)
        return inTime { index in
            searching.wrappingSubtract(1, ordering: .relaxed)
            return body(&index)
        }
    }

    /// Calls `body` with the index for a change; lets searches go first.
    func changed<Answer: Sendable>(_ body: (inout LiveIndex) -> Answer) -> Answer {
        var courtesy = 0
        // A search that is not running cannot use the time, so there is little of it.
        while searching.load(ordering: .relaxed) > 0, courtesy < Self.mostCourtesy {
            geo_pause()
            courtesy += 1
        }
        if let answer = index.withLockIfAvailable({ body(&$0) }) { return answer }
        return inTime(body)
    }

    /// A search takes 2 to 3 µs; this is about as long.
    private static let mostCourtesy = 64

    private func inTime<Answer: Sendable>(_ body: (inout LiveIndex) -> Answer) -> Answer {
        let start = meter?.now()
        var patience = Patience()
        while !patience.isOver {
            patience.pause()
            let answer = index.withLockIfAvailable { index in
                noteWait(since: start)
                return body(&index)
            }
            if let answer { return answer }
        }
        return index.withLock { index in
            noteWait(since: start)
            return body(&index)
        }
    }

    private func noteWait(since start: Int64?) {
        if let meter, let start { meter.note(meter.now() - start) }
    }
}
