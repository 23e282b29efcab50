import Testing

/// The checker of histories sees every kind of fault; without these nobody would know whether it can.
@Suite("History checker")
struct HistoryCheckerTests {
    private static func soundRun() -> (History.Record, StoredFacts) {
        var record = History.Record()
        record.operations = [
            operation(.place(external: "a"), .ok, 100...110), operation(.place(external: "b"), .fail, 120...130),
            operation(.place(external: "c"), .unknown, 140...150),
            operation(.place(external: "d"), .unknown, 160...170),
            operation(.step(order: 1, state: "ACCEPTED", driver: 7), .fail, 200...210),
            operation(.step(order: 1, state: "ACCEPTED", driver: 7), .unknown, 300...310),
            operation(.step(order: 1, state: "ACCEPTED", driver: 7), .ok, 400...410),
            operation(.cancel(order: 2), .ok, 500...510),
        ]
        record.arrivals = [
            Arrival(driver: 7, connection: 1, kind: "order_assigned", order: 1, seq: 1),
            Arrival(driver: 7, connection: 2, kind: "order_assigned", order: 1, seq: 1),
            Arrival(driver: 7, connection: 2, kind: "order_cancelled", order: 2, seq: 3, at: 3000),
        ]
        record.confirmations = [Confirmation(driver: 7, connection: 2, seq: 3, time: 3000...3100)]
        record.positions = [
            SentPosition(driver: 7, recordedAt: 10, wasRead: true, sentAt: 100, readAt: 150),
            SentPosition(driver: 7, recordedAt: 11, wasRead: true, sentAt: 4500, readAt: 4550),
            SentPosition(driver: 7, recordedAt: 12, wasRead: false, sentAt: 9000),
        ]
        record.kills = [Kill(at: 5000, isOfDatabase: false)]
        var facts = StoredFacts()
        facts.orders = [
            .init(id: 1, external: "a", state: "ACCEPTED"), .init(id: 2, external: "c", state: "CANCELLED"),
        ]
        facts.audits = [
            .init(order: 1, state: "PENDING", by: "admin:1", at: 105, isFirst: true),
            .init(order: 2, state: "PENDING", by: "admin:1", at: 145, isFirst: true),
            .init(order: 1, state: "ACCEPTED", by: "driver:7", driver: 7, at: 305),
            .init(order: 2, state: "CANCELLED", by: "admin:1", at: 505),
        ]
        facts.events = [
            .init(driver: 7, seq: 1, kind: "orderAssigned", order: 1, isDelivered: true),
            .init(driver: 7, seq: 2, kind: "orderAssigned", order: 2, isDelivered: true),
            .init(driver: 7, seq: 3, kind: "orderCancelled", order: 2, isDelivered: true),
        ]
        facts.positions = [.init(driver: 7, recordedAt: 10): 1]
        return (record, facts)
    }

    private static func operation(
        _ wish: Operation.Wish, _ outcome: Operation.Outcome, _ time: ClosedRange<Int64>
    ) -> Operation {
        Operation(wish: wish, outcome: outcome, time: time, answer: "")
    }

    @Test func aSoundRunHasNoFindings() {
        let (record, facts) = Self.soundRun()
        #expect(HistoryChecker(record: record, facts: facts).findings() == [])
    }

    @Test(arguments: Plant.all)
    func everyPlantedFaultIsFound(_ plant: Plant) {
        var (record, facts) = Self.soundRun()
        plant.make(&record, &facts)
        let findings = HistoryChecker(record: record, facts: facts).findings()
        #expect(findings.count { $0.contains(plant.finding) } == 1, "\(findings)")
    }

    struct Plant: Sendable, CustomTestStringConvertible {
        let finding: String
        let make: @Sendable (inout History.Record, inout StoredFacts) -> Void
        var testDescription: String { finding }

        static let all: [Plant] = [
            Plant(finding: "acknowledged and lost: place(external: \"a\")") { _, facts in
                facts.orders[0].external = "another"
            },
            Plant(finding: "refused and stored: place(external: \"b\")") { _, facts in
                facts.orders.append(.init(id: 3, external: "b", state: "PENDING"))
                facts.audits.append(.init(order: 3, state: "PENDING", by: "admin:1", at: 125, isFirst: true))
            },
            // The phone repeated its step until it was granted; the first refusal was a lie all the same.
            Plant(finding: "refused and stored: step") { _, facts in facts.audits[2].at = 205 },
            Plant(finding: "stored when nobody asked: step") { _, facts in facts.audits[2].at = 250 },
            Plant(finding: "stored 2 times: place(external: \"a\")") { _, facts in
                facts.orders.append(.init(id: 3, external: "a", state: "PENDING"))
            },
            Plant(finding: "acknowledged and lost: step") { _, facts in facts.audits.remove(at: 2) },
            Plant(finding: "acknowledged and lost: cancel") { _, facts in facts.audits.remove(at: 3) },
            Plant(finding: "told and never committed") { record, _ in
                record.arrivals.append(
                    Arrival(driver: 7, connection: 2, kind: "order_assigned", order: 9, seq: 4))
            },
            Plant(finding: "told something else than was committed") { record, _ in record.arrivals[0].order = 9 },
            Plant(finding: "committed and never told") { record, _ in record.arrivals.removeLast() },
            Plant(finding: "not marked as delivered") { _, facts in facts.events[2].isDelivered = false },
            Plant(finding: "numbers fall") { record, _ in
                record.arrivals.append(
                    Arrival(driver: 7, connection: 2, kind: "order_cancelled", order: 2, seq: 3))
            },
            Plant(finding: "an old word after a new one") { record, _ in
                record.arrivals.append(
                    Arrival(driver: 7, connection: 3, kind: "order_assigned", order: 2, seq: 2))
            },
            Plant(finding: "offered again although confirmed") { record, _ in
                record.arrivals.append(
                    Arrival(driver: 7, connection: 3, kind: "order_cancelled", order: 2, seq: 3, at: 9000))
                record.kills = []
                record.positions = []
            },
            Plant(finding: "position stored 2 times") { _, facts in
                facts.positions[.init(driver: 7, recordedAt: 10)] = 2
            },
            Plant(finding: "position read and lost") { _, facts in facts.positions = [:] },
            Plant(finding: "position read and lost") { record, _ in record.kills[0].at = 6600 },
            Plant(finding: "position read and lost") { record, _ in record.positions[1].sentAt = 5001 },
            Plant(finding: "position read and lost") { record, _ in
                record.troubles = [2000...4400, 6600...9000]
                record.kills[0].at = 10_000
            },
        ]
    }

    /// A server that dies before it has written down what a phone confirmed offers it again.
    @Test func aKillMayCostAConfirmation() {
        var (record, facts) = Self.soundRun()
        record.arrivals.append(
            Arrival(driver: 7, connection: 3, kind: "order_cancelled", order: 2, seq: 3, at: 9000))
        #expect(HistoryChecker(record: record, facts: facts).findings() == [])
        facts.audits[2].at += 3_600_000
        record.clockSteps = [3_600_000]
        #expect(HistoryChecker(record: record, facts: facts).findings() == [], "the server's clock was set meanwhile")
    }

    /// What waits for PostgreSQL when the server dies is lost with it, and a crash of PostgreSQL takes back a little.
    @Test func aKillMayCostWhatWaitedForTheDatabase() {
        var (record, facts) = Self.soundRun()
        record.kills = [Kill(at: 9500, isOfDatabase: false)]
        record.troubles = [5000...6000, 7500...8500]
        #expect(HistoryChecker(record: record, facts: facts).findings() == [])
        record.kills = [Kill(at: 7100, isOfDatabase: true)]
        record.troubles = []
        #expect(HistoryChecker(record: record, facts: facts).findings() == [])
    }
}
