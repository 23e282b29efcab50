import DispatchCore
import Fulfilment
import Geo
import Testing

/// Positions that are handed in together mean what they mean one by one.
@Suite struct FleetRunTests {
    static let drivers: [Int64] = [1, 2, 3, 4]
    static let unknown: Int64 = 9

    /// Positions of some drivers in runs: plausible ones, jumps, old ones, inaccurate ones, clocks far off.
    static func fixes(_ count: Int, _ random: inout RandomSource) -> [Fix] {
        var fixes: [Fix] = []
        var now: Int64 = 1_700_000_000_000
        while fixes.count < count {
            let driver = (drivers + [unknown])[random.below(5)]
            if random.below(3) == 0 { now += Int64(random.below(20_000)) }
            for _ in 0...random.below(6) {
                let far = random.below(8) == 0 ? 0.5 : 0
                guard
                    let point = GeoPoint(
                        latitude: 12 + Double(driver) / 10 + random.unit() / 1000 + far,
                        longitude: 77 + random.unit() / 1000)
                else { continue }
                var fix = Fix(driverID: DriverID(driver), point: point, receivedAt: Timestamp(milliseconds: now))
                fix.accuracy = [nil, 5, 400][random.below(8) % 3]
                let late = [0, 0, 1, 2, -60_000, 900_000][random.below(6)]
                fix.recordedAt =
                    random.below(4) == 0 ? nil : Timestamp(milliseconds: now + Int64(fixes.count) + Int64(late))
                fixes.append(fix)
            }
        }
        return fixes
    }

    static func fleet() -> Fleet {
        let fleet = Fleet()
        for number in drivers {
            var account = DriverAccount(
                id: DriverID(number), name: "\(number)", phone: "\(number)", email: nil,
                createdAt: Timestamp(milliseconds: 0))
            account.availability = number == 4 ? .offline : .online
            account.standing = .approved
            fleet.update(account)
        }
        return fleet
    }

    @Test(arguments: [UInt64(1), 2, 3, 4, 5])
    func aBatchMeansTheSameAsItsFixesOneByOne(seed: UInt64) throws {
        var random = RandomSource(seed: seed)
        let (together, alone) = (Self.fleet(), Self.fleet())
        var held = 0
        for _ in 0..<20 {
            let fixes = Self.fixes(1 + random.below(300), &random)
            let judged = together.accept(fixes)
            var doubted: [Int] = []
            var last: [DriverID: DriverSighting] = [:]
            for (place, fix) in fixes.enumerated() {
                let one = alone.accept([fix])
                if !one.heldBack.isEmpty { doubted.append(place) }
                last[fix.driverID] = one.sightings.first
            }
            held += doubted.count
            #expect(judged.heldBack == doubted)
            for sighting in judged.sightings.reversed() {
                if let wanted = last.removeValue(forKey: sighting.fix.driverID) { #expect(sighting == wanted) }
            }
            #expect(last.isEmpty)
            let now = try #require(fixes.last).receivedAt
            for number in Self.drivers {
                let (one, other) = (together.member(DriverID(number)), alone.member(DriverID(number)))
                #expect(one?.lastFix == other?.lastFix)
                #expect(one?.lastSeen == other?.lastSeen)
            }
            let point = try #require(GeoPoint(latitude: 12.3, longitude: 77))
            for onlyAvailable in [true, false] {
                let found = [together, alone].map { fleet in
                    fleet.nearest(
                        9, to: point, within: .unlimited, matching: DriverFilter(onlyAvailable: onlyAvailable), at: now
                    )
                    .map { "\($0.member.account.id) \($0.distance.value)" }
                }
                #expect(found[0] == found[1])
            }
        }
        #expect(held > 100)
    }

    @Test func presenceOfABatchIsThatOfItsFixesWithoutTheDoubted() throws {
        var random = RandomSource(seed: 7)
        let atlas = Atlas()
        atlas.replace(
            hasZones: true, depth: { point, _ in Metres((point.longitude - 77.0005) * 100_000) },
            { $0.longitude >= 77.0005 ? [ZoneID(1)] : [] })
        let (together, alone) = (PresenceWatch(atlas: atlas), PresenceWatch(atlas: atlas))
        for _ in 0..<30 {
            let fixes = Self.fixes(40, &random)
            let doubted = fixes.indices.filter { _ in random.below(4) == 0 }
            together.seen(fixes, without: doubted)
            for (place, fix) in fixes.enumerated() where !doubted.contains(place) { alone.seen([fix]) }
            for number in Self.drivers + [Self.unknown] {
                #expect(together.stays(of: DriverID(number)) == alone.stays(of: DriverID(number)))
            }
        }
        #expect(!together.stays(of: DriverID(1)).isEmpty || !together.stays(of: DriverID(2)).isEmpty)
    }
}
