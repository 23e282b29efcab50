import DispatchCore
import Fulfilment
import Testing

@Suite struct RuleBookTests {
    private func record(_ version: Int64, zone: Int64? = nil, _ values: [String: Int64]) -> PolicyRecord {
        PolicyRecord(
            version: version, zone: zone.map { ZoneID($0) }, values: PolicyValues(kept: values), note: nil,
            createdAt: Timestamp(milliseconds: 0), createdBy: AdminID(1))
    }

    @Test func withoutPoliciesTheSettingsDecide() {
        var settings = DispatchPolicy()
        settings.maxBatch = 2
        #expect(RuleBook().policy(over: settings) == settings)
        #expect(RuleBook().zonePolicies(over: settings).isEmpty)
    }

    @Test func theNewestVersionOfEachZoneIsInForce() {
        let book = RuleBook(policies: [
            record(4, ["lateness": 3000]), record(2, ["lateness": 2000, "driving": 500]),
            record(5, zone: 3, ["lateness": 9000]), record(3, zone: 3, ["unserved_s": 60]),
        ])
        let general = book.policy(over: DispatchPolicy())
        #expect(general.version == 5, "the newest of all zones says what was in force")
        #expect(general.weights.lateness == Weight(perMille: 3000))
        #expect(general.weights.driving == DispatchPolicy().weights.driving, "a new version says all there is")
        let zones = book.zonePolicies(over: DispatchPolicy())
        #expect(zones.map(\.zone) == [ZoneID(3)])
        #expect(zones[0].policy.version == 5)
        #expect(zones[0].policy.weights.lateness == Weight(perMille: 9000))
        #expect(zones[0].policy.weights.unserved == DispatchPolicy().weights.unserved)
    }

    @Test func aZoneTakesWhatItDoesNotSayFromTheGeneralPolicy() {
        let book = RuleBook(policies: [record(2, ["max_wait_s": 300]), record(3, zone: 3, ["delay": 2000])])
        let zone = book.zonePolicies(over: DispatchPolicy())[0].policy
        #expect(zone.maxWait == Seconds(300) && zone.weights.delay == Weight(perMille: 2000))
    }

    @Test func anEmptyPolicyGivesEverythingBack() {
        let book = RuleBook(policies: [record(2, zone: 3, ["delay": 2000]), record(3, zone: 3, [:])])
        #expect(book.zonePolicies(over: DispatchPolicy()).isEmpty)
        #expect(book.policy(over: DispatchPolicy()).version == 3)
    }

    @Test(arguments: PolicyKnob.all.map(\.name))
    func everyKnobTakesItsRangeAndNothingElse(name: String) throws {
        let knob = try #require(PolicyKnob.named(name))
        for value in [knob.range.lowerBound, knob.range.upperBound] {
            var values = PolicyValues()
            #expect(values.set(name, to: value, inZone: false) == nil)
            // What may be written is what the engine computes with.
            let policy = values.applied(to: DispatchPolicy())
            #expect(policy.bounded == policy)
        }
        for value in [knob.range.lowerBound - 1, knob.range.upperBound + 1] {
            var values = PolicyValues()
            #expect(values.set(name, to: value, inZone: false)?.hasPrefix("must be ") == true)
            #expect(values.isEmpty)
        }
        var values = PolicyValues()
        #expect((values.set(name, to: knob.range.upperBound, inZone: true) == nil) == knob.isZonal)
    }

    @Test func everyKnobChangesThePolicy() {
        for knob in PolicyKnob.all {
            let changed = [knob.range.lowerBound, knob.range.upperBound].contains { value in
                PolicyValues(kept: [knob.name: value]).applied(to: DispatchPolicy()) != DispatchPolicy()
            }
            #expect(changed, "\(knob.name)")
        }
    }

    @Test func whatWasKeptAndIsNoKnobAnyMoreSaysNothing() {
        let values = PolicyValues(kept: ["lateness": 2000, "gone": 1, "max_batch": 99])
        #expect(values.values == ["lateness": 2000])
    }

    @Test func rulesAreByDriverAndRestaurant() {
        let book = RuleBook(rules: [
            DriverRule(driver: DriverID(7), restaurant: RestaurantID(5), kind: .forbid),
            DriverRule(driver: DriverID(8), restaurant: RestaurantID(5), kind: .prefer),
            DriverRule(driver: DriverID(7), restaurant: RestaurantID(4), kind: .allow),
        ])
        #expect(
            book.rules(of: DriverID(7)) == [
                .init(restaurant: RestaurantID(4), kind: .allow), .init(restaurant: RestaurantID(5), kind: .forbid),
            ])
        #expect(book.rules(of: DriverID(9)).isEmpty)
    }
}
