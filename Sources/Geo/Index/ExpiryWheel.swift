/// When points that give no sign of life count as stale, and when they go.
package struct ExpiryPolicy: Hashable, Sendable {
    /// Milliseconds since the last sign of life; at least 1.
    package let staleAfter: Int64
    /// Milliseconds since the last sign of life; more than `staleAfter`.
    package let expiredAfter: Int64

    /// Times outside of what can work are moved to the nearest that can.
    package init(staleAfterMilliseconds: Int64, expiredAfterMilliseconds: Int64) {
        staleAfter = min(max(1, staleAfterMilliseconds), .max / 4)
        expiredAfter = min(max(staleAfter + 1, expiredAfterMilliseconds), .max / 2)
    }
}

/// What `expire` found.
package struct ExpiryReport: Hashable, Sendable {
    /// Ids that have become stale, ascending.
    package var stale: [Int64] = []
    /// Ids that are gone, ascending.
    package var expired: [Int64] = []

    package init(stale: [Int64] = [], expired: [Int64] = []) {
        self.stale = stale
        self.expired = expired
    }
}

/// A timing wheel of one-second slots over the member table: every member hangs in one doubly linked list, under the
/// time at which somebody has to look at it again. A sign of life does not touch the lists; who is found alive when his
/// time has come is hung up again further on.
struct ExpiryWheel: ~Copyable {
    static let slotCount = 1024
    static let slotMilliseconds: Int64 = 1000

    let policy: ExpiryPolicy?
    let heads: UnsafeMutablePointer<UInt32>
    /// The last whole second that was looked at; nil before the first `expire`.
    var clock: Int64?

    init(policy: ExpiryPolicy?) {
        self.policy = policy
        heads = .allocate(capacity: ExpiryWheel.slotCount)
        heads.initialize(repeating: MemberRecord.none, count: ExpiryWheel.slotCount)
    }

    deinit {
        heads.deallocate()
    }

    /// The slot for a time of `due`; a time beyond the wheel's round goes to the far end of it and is looked at early.
    private func slot(due: Int64) -> Int {
        let second = ExpiryWheel.second(of: due) &+ 1
        guard let clock else { return Int(truncatingIfNeeded: second) & (ExpiryWheel.slotCount - 1) }
        let held = min(max(second, clock &+ 1), clock &+ Int64(ExpiryWheel.slotCount - 1))
        return Int(truncatingIfNeeded: held) & (ExpiryWheel.slotCount - 1)
    }

    static func second(of milliseconds: Int64) -> Int64 {
        let quotient = milliseconds / slotMilliseconds
        return milliseconds % slotMilliseconds < 0 ? quotient - 1 : quotient
    }

    func link(_ number: UInt32, due: Int64, in table: borrowing MemberTable) {
        let slot = slot(due: due)
        let record = table[number]
        record.pointee.wheelSlot = UInt16(slot)
        record.pointee.previous = MemberRecord.none
        record.pointee.next = heads[slot]
        if heads[slot] != MemberRecord.none { table[heads[slot]].pointee.previous = number }
        heads[slot] = number
    }

    func unlink(_ number: UInt32, in table: borrowing MemberTable) {
        let record = table[number]
        guard record.pointee.wheelSlot != .max else { return }
        if record.pointee.previous == MemberRecord.none {
            heads[Int(record.pointee.wheelSlot)] = record.pointee.next
        } else {
            table[record.pointee.previous].pointee.next = record.pointee.next
        }
        if record.pointee.next != MemberRecord.none {
            table[record.pointee.next].pointee.previous = record.pointee.previous
        }
        record.pointee.wheelSlot = .max
    }
}

extension LiveIndex {
    /// Looks at everybody whose time has come: points without a sign of life for `staleAfter` lose the flag `fresh`,
    /// those without one for `expiredAfter` are removed. Call it about once a second; time that goes backwards changes
    /// nothing.
    ///
    /// - Complexity: O(points whose time has come), with one look at each second since the last call.
    package mutating func expire(now: Int64) -> ExpiryReport {
        var report = ExpiryReport()
        guard let policy = wheel.policy else { return report }
        let second = ExpiryWheel.second(of: now)
        if let clock = wheel.clock, second <= clock { return report }
        // Before the first call there is no clock: the whole wheel is looked at once.
        let first =
            wheel.clock.map { max($0 + 1, second - Int64(ExpiryWheel.slotCount - 1)) }
            ?? second - Int64(ExpiryWheel.slotCount - 1)
        wheel.clock = second
        for due in first...second {
            let slot = Int(truncatingIfNeeded: due) & (ExpiryWheel.slotCount - 1)
            var number = wheel.heads[slot]
            wheel.heads[slot] = MemberRecord.none
            while number != MemberRecord.none {
                let next = table[number].pointee.next
                table[number].pointee.wheelSlot = .max
                look(at: number, now: now, policy: policy, report: &report)
                number = next
            }
        }
        report.stale.sort()
        report.expired.sort()
        return report
    }

    private mutating func look(at number: UInt32, now: Int64, policy: ExpiryPolicy, report: inout ExpiryReport) {
        let record = table[number]
        let (since, overflow) = now.subtractingReportingOverflow(record.pointee.lastSeen)
        let silence = overflow ? (now > record.pointee.lastSeen ? Int64.max : 0) : since
        if silence >= policy.expiredAfter {
            report.expired.append(record.pointee.id)
            detach(number)
            table.remove(number)
        } else if silence >= policy.staleAfter {
            if !record.pointee.isStale {
                report.stale.append(record.pointee.id)
                record.pointee.isStale = true
                let (block, lane) = spot(of: number)
                overwriteFlags(of: block, lane, with: block.flags[lane] & ~PointFlags.fresh.rawValue)
            }
            wheel.link(number, due: record.pointee.lastSeen &+ policy.expiredAfter, in: table)
        } else {
            wheel.link(number, due: record.pointee.lastSeen &+ policy.staleAfter, in: table)
        }
    }
}
