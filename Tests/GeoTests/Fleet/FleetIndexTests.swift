import Geo
import Synchronization
import Testing

@Suite struct FleetIndexTests {
    private func twoCities(expiry: ExpiryPolicy? = nil) throws -> FleetIndex {
        FleetIndex(
            areas: [
                try #require(GeoBox(south: 12.8, west: 77.4, north: 13.1, east: 77.6)),
                try #require(GeoBox(south: 12.8, west: 77.5, north: 13.1, east: 77.8)),
            ], expiry: expiry)
    }

    @Test func aPointThatCrossesIntoAnotherAreaIsThereOnce() throws {
        let fleet = try twoCities()
        fleet.update(1, to: try place(12.9, 77.45), flags: [], at: 0)
        fleet.update(1, to: try place(12.9, 77.75), flags: [], at: 1)
        #expect(fleet.count == 1)
        fleet.update(1, to: try place(20, 20), flags: [], at: 2)
        #expect(fleet.count == 1)
        #expect(fleet.outsideCount == 1)
        #expect(fleet.member(1)?.lastSeen == 2)
        #expect(fleet.remove(1))
        #expect(!fleet.remove(1))
        #expect(fleet.brokenInvariants().isEmpty)
    }

    @Test func pointsOutsideOfEveryAreaAreFound() throws {
        let fleet = try twoCities()
        fleet.update(1, to: try place(12.79, 77.5), flags: [], at: 0)
        fleet.update(2, to: try place(12.81, 77.5), flags: [], at: 0)
        #expect(fleet.nearest(5, to: try place(12.8, 77.5), within: .kilometres(10)).map(\.id).sorted() == [1, 2])
    }

    @Test(arguments: [1, 2, 3])
    func answersAgreeWithASingleIndex(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fleet = try twoCities()
        var single = LiveIndex(area: .world)
        for round in 0..<40 {
            let moves = (0..<50).map { time in
                PointMove(
                    id: .random(in: 0..<300, using: &random), place: random.place(in: .city), flags: random.flags(),
                    time: Int64(time))
            }
            fleet.update(moves)
            single.update(moves)
            let gone = Int64.random(in: 0..<300, using: &random)
            let wasThere = single.remove(gone)
            #expect(fleet.remove(gone) == wasThere)
            let point = random.place(in: .city)
            let radius = round % 2 == 0 ? Metres.kilometres(4) : .unlimited
            let filter = SearchFilter(required: random.flags(), excluding: [1, 2, 3])
            let expected = single.nearest(20, to: point, within: radius, matching: filter)
            #expect(fleet.nearest(20, to: point, within: radius, matching: filter) == expected)
        }
        #expect(fleet.count == single.count)
        #expect(fleet.brokenInvariants().isEmpty)
    }

    @Test func expiryIsTheSameInEveryArea() throws {
        let fleet = try twoCities(
            expiry: ExpiryPolicy(staleAfterMilliseconds: 60_000, expiredAfterMilliseconds: 120_000))
        for (id, longitude) in [(1, 77.45), (2, 77.7), (3, 10)] as [(Int64, Double)] {
            fleet.update(id, to: try place(12.9, longitude), flags: [], at: 0)
        }
        #expect(fleet.expire(now: 61_000) == ExpiryReport(stale: [1, 2, 3]))
        #expect(fleet.touch(2, at: 61_500))
        #expect(fleet.expire(now: 121_000) == ExpiryReport(expired: [1, 3]))
        #expect(fleet.count == 1)
    }

    @Test func fourWritersAndTwoReadersLoseNoMove() async throws {
        let fleet = try twoCities()
        let perWriter: Int64 = 200
        await withTaskGroup(of: Void.self) { group in
            for writer in 0..<Int64(4) {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(writer))
                    for time in 0..<Int64(60) {
                        fleet.update(
                            (0..<perWriter).map { member in
                                PointMove(
                                    id: writer * perWriter + member, place: random.place(in: .city), flags: [],
                                    time: time)
                            })
                    }
                }
            }
            for reader in 0..<UInt64(2) {
                group.addTask {
                    var random = SeededGenerator(seed: 100 + reader)
                    for _ in 0..<300 {
                        let found = fleet.nearest(800, to: random.place(in: .city), within: .unlimited)
                        #expect(Set(found.map(\.id)).count == found.count)
                    }
                }
            }
        }
        #expect(fleet.count == 800)
        for id in 0..<Int64(800) { #expect(fleet.member(id)?.lastSeen == 59) }
        #expect(fleet.brokenInvariants().isEmpty)
    }
}
