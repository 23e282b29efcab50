import Geo
import Testing

@Suite struct ExpiryTests {
    private let policy = ExpiryPolicy(staleAfterMilliseconds: 60_000, expiredAfterMilliseconds: 600_000)

    private func indexWithOne(at time: Int64) throws -> LiveIndex {
        var index = LiveIndex(expiry: policy)
        index.update(1, to: try place(1, 1), flags: [], at: time)
        return index
    }

    @Test func aPointBecomesStaleAndThenGoes() throws {
        var index = try indexWithOne(at: 1_000_000)
        expectEqual(index.expire(now: 1_059_999), ExpiryReport())
        expectEqual(index.member(1)?.flags, .fresh)
        expectEqual(index.expire(now: 1_061_000), ExpiryReport(stale: [1], expired: []))
        let fresh = try index.nearest(1, to: place(1, 1), within: Metres(1), matching: SearchFilter(required: .fresh))
        #expect(fresh.isEmpty)
        try expectEqual(index.nearest(1, to: place(1, 1), within: Metres(1)).count, 1)
        expectEqual(index.expire(now: 1_599_000), ExpiryReport())
        expectEqual(index.expire(now: 1_601_000), ExpiryReport(stale: [], expired: [1]))
        expectEqual(index.count, 0)
        expectEqual(index.brokenInvariants().isEmpty, true)
    }

    @Test func aSignOfLifeMakesAStalePointFreshAndItCanBecomeStaleAgain() throws {
        var index = try indexWithOne(at: 0)
        expectEqual(index.expire(now: 61_000).stale, [1])
        index.touch(1, at: 62_000)
        expectEqual(index.member(1)?.flags, .fresh)
        expectEqual(index.expire(now: 121_000), ExpiryReport())
        expectEqual(index.expire(now: 123_000).stale, [1])
        expectEqual(index.brokenInvariants().isEmpty, true)
    }

    @Test func setFlagsDoesNotMakeAStalePointFresh() throws {
        var index = try indexWithOne(at: 0)
        _ = index.expire(now: 61_000)
        index.setFlags(1, to: PointFlags(rawValue: 0xff))
        expectEqual(index.member(1)?.flags, PointFlags(rawValue: 0x7f))
        expectEqual(index.brokenInvariants().isEmpty, true)
    }

    @Test func timeThatGoesBackwardsChangesNothing() throws {
        var index = try indexWithOne(at: 0)
        _ = index.expire(now: 30_000)
        expectEqual(index.expire(now: 10_000), ExpiryReport())
        expectEqual(index.expire(now: Int64.min), ExpiryReport())
        expectEqual(index.count, 1)
    }

    @Test(arguments: [Int64.min, -1, 0, 1_700_000_000_000, Int64.max])
    func absurdTimesDoNotTrap(_ time: Int64) throws {
        var index = try indexWithOne(at: time)
        _ = index.expire(now: 1_700_000_000_000)
        _ = index.expire(now: Int64.max)
        expectEqual(index.brokenInvariants().isEmpty, true)
    }

    @Test(arguments: [1, 2, 3])
    func theWheelAgreesWithLookingAtEverybody(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let policy = ExpiryPolicy(staleAfterMilliseconds: 5000, expiredAfterMilliseconds: 2_000_000)
        var index = LiveIndex(expiry: policy)
        var model = BruteForceIndex()
        var now: Int64 = 0
        for _ in 0..<600 {
            for _ in 0..<5 {
                let id = Int64.random(in: 0..<60, using: &random)
                let place = random.place(in: .city)
                let seen = now - .random(in: 0..<3000, using: &random)
                index.update(id, to: place, flags: [], at: seen)
                let last = max(seen, model.members[id]?.lastSeen ?? .min)
                model.members[id] = .init(place: place, flags: .fresh, lastSeen: last)
            }
            // Whole seconds, so that the wheel's grain does not show.
            now += [1000, 2000, 7000, 40_000, 900_000].randomElement(using: &random) ?? 1000
            let report = index.expire(now: now)
            let gone = model.members.filter { now - $0.value.lastSeen >= policy.expiredAfter }.keys.sorted()
            for id in gone { model.members[id] = nil }
            #expect(report.expired == gone)
            let quiet = model.members.filter { now - $0.value.lastSeen >= policy.staleAfter + 1000 }.keys
            for id in quiet { expectEqual(index.member(id)?.isStale, true) }
            for (id, member) in model.members where now - member.lastSeen < policy.staleAfter {
                expectEqual(index.member(id)?.isStale, false)
            }
            let problems = index.brokenInvariants()
            try #require(problems.isEmpty)
        }
    }
}
