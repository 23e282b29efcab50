import Geo
import Testing

@Suite struct LiveIndexTests {
    /// Places that are equally far on paper may come in either order, by rounding; copies of one place may not.
    private func expectSame(
        _ found: [Neighbour], _ limit: Int, within radius: Metres, _ filter: SearchFilter, _ model: BruteForceIndex,
        from point: GeoPoint, _ note: String
    ) {
        let matching = model.matching(filter)
        let sorted = matching.map { $0.value.place.distance(to: point) }.sorted()
        let slack = Metres(1e-5)
        let surely = sorted.prefix { $0 < radius - slack }.count
        let atMost = sorted.prefix { $0 <= radius + slack }.count
        #expect(found.count >= min(limit, surely) && found.count <= min(limit, atMost), "\(note)")
        #expect(Set(found.map(\.id)).count == found.count, "\(note)")
        for (index, neighbour) in found.enumerated() {
            #expect(matching[neighbour.id]?.place == neighbour.place, "\(note)")
            // Haversine itself is uncertain at the far side of the globe.
            let tolerance = sorted[index] > .kilometres(19_000) ? 1 : slack.value
            #expect(abs(neighbour.distance.value - sorted[index].value) < tolerance, "\(note) at \(index)")
            guard index > 0, found[index - 1].place == neighbour.place else { continue }
            #expect(found[index - 1].id < neighbour.id, "\(note): a tie out of order")
        }
        guard let last = found.last else { return }
        let ids = Set(found.map(\.id))
        let missed = matching.filter { $0.value.place == last.place && $0.key < last.id && !ids.contains($0.key) }
        #expect(missed.isEmpty, "\(note): a smaller id of the last tie is missing")
    }

    @Test(arguments: Scene.allCases, [1, 2, 3])
    func randomOperationsAgreeWithBruteForce(scene: Scene, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        // A step takes a second, so some are quiet until they are stale, or go.
        let policy =
            seed == 1 ? nil : ExpiryPolicy(staleAfterMilliseconds: 100_000, expiredAfterMilliseconds: 400_000)
        var index = LiveIndex(area: try #require(scene.area), expiry: policy)
        var model = BruteForceIndex(policy: policy)
        for step in 0..<1500 {
            try operate(on: &index, &model, &random, scene, time: Int64(step) * 1000)
            let problems = index.brokenInvariants()
            try #require(problems.isEmpty, "step \(step): \(problems)")
            expectEqual(index.count, model.members.count)
            if step % 10 == 0 { ask(&index, model, &random, scene, note: "\(scene) seed \(seed) step \(step)") }
        }
    }

    private func operate(
        on index: inout LiveIndex, _ model: inout BruteForceIndex, _ random: inout SeededGenerator, _ scene: Scene,
        time: Int64
    ) throws {
        let id = Int64.random(in: 0..<400, using: &random) * 1_000_003
        switch Int.random(in: 0..<16, using: &random) {
        case 0:
            expectEqual(index.remove(id), (model.members.removeValue(forKey: id) != nil))
        case 1:
            let flags = random.flags()
            expectEqual(index.setFlags(id, to: flags), (model.members[id] != nil))
            model.setFlags(id, to: flags)
        case 2, 3:
            // Now and then a sign of life that was long on its way.
            let seen = time - (Bool.random(using: &random) ? 0 : 50_000)
            expectEqual(index.touch(id, at: seen), (model.members[id] != nil))
            model.touch(id, at: seen)
        case 4, 5:
            try model.accept(index.expire(now: time), now: time)
        default:
            let (place, flags) = (random.place(in: scene), random.flags())
            let isNew = index.update(id, to: place, flags: flags, at: time)
            #expect(isNew == (model.members[id] == nil))
            model.update(id, to: place, flags: flags, at: time)
        }
        let member = model.members[id]
        expectEqual(index.member(id)?.lastSeen, member?.lastSeen)
        expectEqual(index.member(id)?.isStale, member?.isStale)
        expectEqual(index.member(id)?.flags, member?.flags)
    }

    private func ask(
        _ index: inout LiveIndex, _ model: BruteForceIndex, _ random: inout SeededGenerator, _ scene: Scene,
        note: String
    ) {
        let point = random.place(in: scene)
        let radius =
            [Metres.unlimited, Metres(0), Metres(2), Metres(3000), .kilometres(9000)]
            .randomElement(using: &random) ?? .unlimited
        let limit = [1, 2, 10, 50, 65, 100, 1000].randomElement(using: &random) ?? 1
        let excluded = model.members.keys.sorted().shuffled(using: &random).prefix(
            Int.random(in: 0..<5, using: &random))
        var required = random.flags()
        if model.policy != nil, Bool.random(using: &random) { required.insert(.fresh) }
        let filter = SearchFilter(required: required, excluding: Array(excluded) + [77])
        let found = index.nearest(limit, to: point, within: radius, matching: filter)
        expectSame(found, limit, within: radius, filter, model, from: point, note)
        guard let area = random.area(in: scene) else { return }
        let members = index.members(inside: area, requiring: filter.required)
        // Who lies on an edge to the last digit may count either way.
        let (inside, unclear) = model.inside(area, requiring: filter.required)
        #expect(Set(members).subtracting(unclear) == inside.subtracting(unclear), "\(note)")
        #expect(members == members.sorted())
        if unclear.isEmpty {
            let filter = SearchFilter(required: filter.required, excluding: filter.excluded, inside: area)
            let found = index.nearest(limit, to: point, within: radius, matching: filter)
            expectSame(found, limit, within: radius, filter, model, from: point, note + " inside")
        }
    }

    @Test func tenThousandQueriesOverTheGlobeAgreeWithBruteForce() throws {
        var random = SeededGenerator(seed: 99)
        for scene in Scene.allCases {
            var index = LiveIndex(area: try #require(scene.area))
            var model = BruteForceIndex()
            for id in 0..<Int64(150) {
                let place = random.place(in: scene)
                let flags = random.flags()
                index.update(id, to: place, flags: flags, at: 0)
                model.members[id] = .init(place: place, flags: flags, lastSeen: 0)
            }
            for query in 0..<1700 {
                let point = query % 3 == 0 ? random.place(in: .globe) : random.place(in: scene)
                let radius = [Metres.unlimited, Metres(5), Metres(4000), .kilometres(12_000)][query % 4]
                let excluded = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                    Int64.random(in: 0..<150, using: &random)
                }
                let filter = SearchFilter(required: random.flags(), excluding: excluded)
                let limit = query % 10 == 0 ? 80 : 7
                let found = index.nearest(limit, to: point, within: radius, matching: filter)
                expectSame(found, limit, within: radius, filter, model, from: point, "\(scene) \(query)")
            }
        }
    }

    @Test func withoutExpiryAllEightFlagsAreTheOwners() throws {
        var index = LiveIndex(area: .world)
        let high = PointFlags(rawValue: 0x80)
        for id in 0..<Int64(40) {
            index.update(id, to: try place(1, 1), flags: id % 3 == 0 ? high : [], at: 0)
        }
        index.setFlags(1, to: high)
        index.touch(2, at: 5)
        let found = try index.nearest(50, to: place(1, 1), within: .unlimited, matching: SearchFilter(required: high))
        expectEqual(found.map(\.id), (0..<40).filter { $0 % 3 == 0 || $0 == 1 })
        expectEqual(index.member(2)?.flags, [])
        expectEqual(index.brokenInvariants().isEmpty, true)
    }

    @Test func aLongitudeThatRoundsToAWholeTurnIsAtTheAntimeridian() throws {
        var index = LiveIndex(area: .world)
        let edge = 180.0.nextDown
        index.update(1, to: try place(0, edge), flags: [], at: 0)
        index.update(2, to: try place(0, 179.999), flags: [], at: 0)
        index.update(3, to: try place(0, -179.9999), flags: [], at: 0)
        expectEqual(index.brokenInvariants().isEmpty, true)
        try expectEqual(index.nearest(1, to: place(0, 179.99995), within: Metres(50)).map(\.id), [1])
        try expectEqual(index.nearest(3, to: place(0, edge), within: .unlimited).map(\.id), [1, 3, 2])
        try expectEqual(index.nearest(3, to: place(0, -180), within: .unlimited).map(\.id), [1, 3, 2])
    }

    @Test func theFlagsOfACrowdAreKnownWhileItComesAndGoes() throws {
        var random = SeededGenerator(seed: 8)
        var index = LiveIndex(area: .world)
        let point = try place(12.97, 77.59)
        for id in 0..<Int64(300) { index.update(id, to: point, flags: random.flags(), at: 0) }
        for id in (0..<Int64(300)).shuffled(using: &random) {
            index.setFlags(id, to: random.flags())
            if id % 2 == 0 { index.remove(id) }
            if id % 30 == 0 {
                let problems = index.brokenInvariants()
                try #require(problems.isEmpty, "\(problems)")
            }
        }
        for id in 0..<Int64(300) { index.remove(id) }
        expectEqual(index.brokenInvariants().isEmpty, true)
    }

    @Test func aBatchOfMovesDoesWhatSingleMovesDo() throws {
        var random = SeededGenerator(seed: 4)
        var one = LiveIndex()
        var many = LiveIndex()
        for _ in 0..<50 {
            let moves = (0..<100).map { time in
                PointMove(
                    id: .random(in: 0..<300, using: &random), place: random.place(in: .city), flags: random.flags(),
                    time: Int64(time))
            }
            for move in moves { one.update(move.id, to: move.place, flags: move.flags, at: move.time) }
            many.update(moves)
        }
        expectEqual(many.brokenInvariants().isEmpty, true)
        expectEqual(one.count, many.count)
        for id in 0..<Int64(300) { expectEqual(one.member(id), many.member(id)) }
    }

    @Test func everybodyInOneCellIsFoundInOrderOfIds() throws {
        var index = LiveIndex(area: .world)
        let point = try place(12.97, 77.59)
        for id in (0..<Int64(800)).reversed() { index.update(id * 7, to: point, flags: [], at: 0) }
        expectEqual(index.brokenInvariants().isEmpty, true)
        expectEqual(index.nearest(50, to: point, within: Metres(0)).map(\.id), (0..<50).map { $0 * 7 })
        for id in 0..<Int64(800) { index.remove(id * 7) }
        expectEqual(index.brokenInvariants().isEmpty, true)
        expectEqual(index.count, 0)
    }

    @Test func aCrowdOfStacksAgreesWithBruteForce() throws {
        var random = SeededGenerator(seed: 12)
        var index = LiveIndex(area: .world)
        var model = BruteForceIndex()
        let stacks = (0..<7).map { _ in random.place(in: .crowd) }
        for id in (0..<Int64(900)).shuffled(using: &random) {
            let (stack, flags) = (stacks.randomElement(using: &random) ?? stacks[0], random.flags())
            index.update(id, to: stack, flags: flags, at: 0)
            model.update(id, to: stack, flags: flags, at: 0)
        }
        for query in 0..<60 {
            let point = query % 2 == 0 ? stacks[query % 7] : random.place(in: .crowd)
            let filter = SearchFilter(required: random.flags(), excluding: (0..<Int64(query % 4) * 40).map { $0 })
            let limit = [1, 10, 64, 65, 300][query % 5]
            let found = index.nearest(limit, to: point, within: .unlimited, matching: filter)
            expectSame(found, limit, within: .unlimited, filter, model, from: point, "crowd \(query)")
        }
    }

    @Test func bothNamesOfTheAntimeridianAreOnePlace() throws {
        var index = LiveIndex(area: .world)
        index.update(2, to: try place(10, 180), flags: [], at: 0)
        index.update(1, to: try place(10, -180), flags: [], at: 0)
        try expectEqual(index.nearest(2, to: place(10, 180), within: Metres(0)).map(\.id), [1, 2])
        let area = try #require(
            GeoPolygon(rings: [
                [(9, 179), (11, 179), (11, 181), (9, 181)].map { .init(latitude: $0.0, longitude: $0.1) }
            ]))
        expectEqual(index.members(inside: area), [1, 2])
    }

    @Test func theRimOfTheRadiusIsWithin() throws {
        var index = LiveIndex(area: .world)
        let (centre, rim) = try (place(0, 0), place(0, 1))
        index.update(1, to: rim, flags: [], at: 0)
        let radius = centre.distance(to: rim).value
        expectEqual(index.nearest(1, to: centre, within: Metres(radius * (1 + 1e-12))).count, 1)
        expectEqual(index.nearest(1, to: centre, within: Metres(radius * (1 - 1e-9))).isEmpty, true)
        expectEqual(index.nearest(1, to: centre, within: Metres(-1)).isEmpty, true)
        expectEqual(index.nearest(0, to: centre, within: .unlimited).isEmpty, true)
    }

    @Test func anEmptyIndexFindsNobody() throws {
        var index = LiveIndex(area: .world)
        try expectEqual(index.nearest(5, to: place(0, 0), within: .unlimited).isEmpty, true)
        expectEqual(index.remove(1), false)
        expectEqual(index.member(1), nil)
    }
}
