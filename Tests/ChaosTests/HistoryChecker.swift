/// What the database says after a run.
struct StoredFacts: Sendable {
    struct Order: Sendable {
        var id: Int64
        var external: String?
        var state: String
    }

    struct Audit: Sendable, Hashable {
        var order: Int64
        var state: String
        /// `driver:7`, `admin:1`, `engine`.
        var by: String
        /// The holder after the change.
        var driver: Int64?
        /// The server's clock when it began with the call, in milliseconds since 1970.
        var at: Int64 = 0
        /// The first row of its order.
        var isFirst = false
    }

    struct Event: Sendable {
        var driver: Int64
        var seq: Int64
        var kind: String
        var order: Int64
        var isDelivered: Bool
        /// Committed so late in the run that nobody had the time to hear of it.
        var isLate = false
    }

    var orders: [Order] = []
    var audits: [Audit] = []
    var events: [Event] = []
    /// How often a driver's device time is in the history of positions.
    var positions: [Position: Int] = [:]

    struct Position: Sendable, Hashable {
        var driver: Int64
        var recordedAt: Int64
    }
}

/// Compares what the clients saw with what is stored. Each `ok` is in the database, each `fail` is not, `unknown` may
/// be either; what is committed reaches its phone, nothing else does, and nothing comes in the wrong order.
struct HistoryChecker {
    /// So long may a position take into the history while PostgreSQL can be written to. Milliseconds.
    static let timeToWrite: Int64 = 2000
    /// The same after a time of trouble: the writer may have just begun its longest pause, and a connection is opened
    /// anew. Milliseconds.
    static let timeToRecover: Int64 = 4000
    /// A crash of PostgreSQL takes back at most what was committed within three rounds of its log's writer (200 ms
    /// each), for the commit of positions does not wait for the disk. Milliseconds.
    static let timeToFlush: Int64 = 600

    let record: History.Record
    let facts: StoredFacts
    /// Whether the run ended with every phone connected and time to replay.
    var hasSettled = true

    /// One line for each broken promise.
    func findings() -> [String] {
        operationFindings() + eventFindings() + orderFindings() + repetitionFindings() + positionFindings()
    }

    // MARK: Operations

    /// Each attempt is judged by itself. The audit tells when the server began with what it has done, and that lies
    /// within one attempt: one that succeeded or stayed open, never one that was told that nothing happened. A client
    /// that repeats its wish until it is granted hides nothing.
    private func operationFindings() -> [String] {
        let orders = Dictionary(
            facts.orders.map { ($0.external ?? "#\($0.id)", $0.id) }, uniquingKeysWith: { first, _ in first })
        let audits = Dictionary(grouping: facts.audits, by: \.order)
        var findings: [String] = []
        for (wish, attempts) in Dictionary(grouping: record.operations, by: \.wish) {
            var effects: [StoredFacts.Audit]
            switch wish {
            case .place(let external):
                let found = facts.orders.count { $0.external == external }
                if found > 1 { findings.append("stored \(found) times: \(wish)") }
                effects = orders[external].flatMap { audits[$0] }?.filter(\.isFirst) ?? []
            case .step(let order, let state, let driver):
                effects = audits[order]?.filter { $0.state == state && $0.by == "driver:\(driver)" } ?? []
            case .force(let order, let driver):
                effects =
                    audits[order]?.filter {
                        $0.state == "ASSIGNED" && $0.driver == driver && $0.by.hasPrefix("admin")
                    } ?? []
            case .cancel(let order):
                effects = audits[order]?.filter { $0.state == "CANCELLED" && $0.by.hasPrefix("admin") } ?? []
            }
            effects.sort { $0.at < $1.at }
            if attempts.contains(where: { $0.outcome == .ok }), effects.isEmpty {
                findings.append("acknowledged and lost: \(wish)")
            }
            for effect in effects {
                let makers = attempts.filter { mayHaveMade($0, effect) }
                if makers.isEmpty {
                    findings.append("stored when nobody asked: \(wish)")
                } else if makers.allSatisfy({ $0.outcome == .fail }) {
                    findings.append("refused and stored: \(wish)")
                }
            }
        }
        return findings.sorted()
    }

    /// Clocks are read in milliseconds on both sides.
    private static let rounding: Int64 = 2

    private func mayHaveMade(_ attempt: Operation, _ effect: StoredFacts.Audit) -> Bool {
        ([0] + record.clockSteps).contains { step in
            let moment = effect.at - step
            return attempt.time.lowerBound - Self.rounding <= moment
                && moment <= attempt.time.upperBound + Self.rounding
        }
    }

    // MARK: Events

    private struct Key: Hashable {
        var driver: Int64
        var seq: Int64
    }

    private func eventFindings() -> [String] {
        var findings: [String] = []
        let events = Dictionary(
            facts.events.map { (Key(driver: $0.driver, seq: $0.seq), $0) }, uniquingKeysWith: { first, _ in first })
        var arrived: Set<Key> = []
        for arrival in record.arrivals {
            let key = Key(driver: arrival.driver, seq: arrival.seq)
            arrived.insert(key)
            guard let event = events[key] else {
                findings.append("told and never committed: \(arrival)")
                continue
            }
            if event.order != arrival.order || Self.wireKind(event.kind) != arrival.kind {
                findings.append("told something else than was committed: \(arrival)")
            }
        }
        guard hasSettled else { return findings }
        for (driver, stream) in Dictionary(grouping: facts.events, by: \.driver) {
            var newest: [Int64: Int64] = [:]
            for event in stream { newest[event.order] = max(newest[event.order] ?? 0, event.seq) }
            for event in stream {
                // What a later event of the same order has overtaken need not be told any more.
                if event.isLate { continue }
                if newest[event.order] == event.seq, !arrived.contains(Key(driver: driver, seq: event.seq)) {
                    findings.append("committed and never told: driver \(driver) seq \(event.seq) \(event.kind)")
                }
                if !event.isDelivered {
                    findings.append("not marked as delivered: driver \(driver) seq \(event.seq) \(event.kind)")
                }
            }
        }
        return findings.sorted()
    }

    private static func wireKind(_ stored: String) -> String {
        switch stored {
        case "orderAssigned": "order_assigned"
        case "orderCancelled": "order_cancelled"
        default: "order_unassigned"
        }
    }

    /// Within a connection numbers rise; of one order nothing older comes after something newer, on any connection.
    private func orderFindings() -> [String] {
        var findings: [String] = []
        for (driver, arrivals) in Dictionary(grouping: record.arrivals, by: \.driver) {
            var last: [Int: Int64] = [:]
            var newestOf: [Int64: Int64] = [:]
            for arrival in arrivals {
                if let before = last[arrival.connection], arrival.seq <= before {
                    findings.append("numbers fall: driver \(driver) seq \(arrival.seq) after \(before)")
                }
                last[arrival.connection] = arrival.seq
                if let newest = newestOf[arrival.order], arrival.seq < newest {
                    findings.append("an old word after a new one: driver \(driver) order \(arrival.order)")
                }
                newestOf[arrival.order] = max(newestOf[arrival.order] ?? 0, arrival.seq)
            }
        }
        return findings.sorted()
    }

    /// What a phone has confirmed is not offered to it again, unless the server died before it could write that down.
    private func repetitionFindings() -> [String] {
        var confirmed: [Key: Confirmation] = [:]
        for confirmation in record.confirmations {
            let key = Key(driver: confirmation.driver, seq: confirmation.seq)
            confirmed[key] = confirmed[key] ?? confirmation
        }
        return record.arrivals.compactMap { arrival in
            guard let before = confirmed[Key(driver: arrival.driver, seq: arrival.seq)],
                before.connection < arrival.connection, before.time.upperBound <= arrival.at
            else { return nil }
            let written = latestWrite(from: before.time)
            let isForgotten = record.kills.contains { before.time.lowerBound <= $0.at && $0.at <= written }
            return isForgotten ? nil : "offered again although confirmed: driver \(arrival.driver) seq \(arrival.seq)"
        }.sorted()
    }

    // MARK: Positions

    private func positionFindings() -> [String] {
        var findings: [String] = []
        for sent in record.positions {
            let count = facts.positions[StoredFacts.Position(driver: sent.driver, recordedAt: sent.recordedAt)] ?? 0
            if count > 1 {
                findings.append("position stored \(count) times: driver \(sent.driver) at \(sent.recordedAt)")
            }
            let written = latestWrite(from: sent.sentAt...max(sent.sentAt, sent.readAt))
            let mayBeLost = record.kills.contains { kill in
                sent.sentAt <= kill.at && kill.at <= written + (kill.isOfDatabase ? Self.timeToFlush : 0)
            }
            if sent.wasRead, count == 0, !mayBeLost {
                findings.append("position read and lost: driver \(sent.driver) at \(sent.recordedAt)")
            }
        }
        return findings.sorted()
    }

    /// The last moment at which something that the server read within this time may still be on its way into the
    /// database: what meets a time of trouble waits for its end.
    private func latestWrite(from time: ClosedRange<Int64>) -> Int64 {
        var last = time.upperBound + Self.timeToWrite
        for trouble in record.troubles.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard trouble.upperBound >= time.lowerBound, trouble.lowerBound <= last else { continue }
            last = max(last, trouble.upperBound + Self.timeToRecover)
        }
        return last
    }
}
