internal import Synchronization

/// The live index of a whole fleet: one `LiveIndex` per service area, each behind its own lock, and one more for points
/// outside of every area, so that nobody is ever lost.
///
/// A point is in the index of the first area that holds its place. Locks are held for a few moves or one query, never
/// across an `await`. Whoever needs more than one lock takes them in the order of the areas, so queries see each point
/// exactly once, also while it crosses from one area into another.
///
/// Changes are made by one thread at a time, in the order in which they were handed in. A move is in the index when
/// `update` returns, unless another thread was at work: then that one carries it out after those before it, and
/// `update` does not wait. Every other change waits until it is done, with everything that was handed in before it.
/// When all calls have returned, nothing is left.
///
/// Safe to use from any thread.
package final class FleetIndex: Sendable {
    private let districts: [District]
    private let queue = Mutex(MoveQueue())
    private let meter: WaitMeter?
    /// The last second for which the quiet were looked for.
    private let expired = Atomic<Int64>(.min)

    /// - Parameters:
    ///   - areas: boxes of the service areas; where they overlap, the first counts. May be empty.
    ///   - meter: told how long threads wait for each other; nobody by default.
    package init(areas: [GeoBox], expiry: ExpiryPolicy?, meter: WaitMeter? = nil) {
        self.meter = meter
        districts = (areas + [.world]).map { District(box: $0, expiry: expiry, meter: meter) }
    }

    /// How many points there are, counted area by area.
    package var count: Int { districts.reduce(0) { sum, district in sum + district.asked { $0.count } } }

    /// How many points are outside of every area.
    package var outsideCount: Int { districts.last?.asked { $0.count } ?? 0 }

    // MARK: Changes

    /// Puts a point at a place, whether it was there before or not, and takes this as a sign of life.
    package func update(_ id: Int64, to place: GeoPoint, flags: PointFlags, at time: Int64) {
        update([PointMove(id: id, place: place, flags: flags, time: time)])
    }

    /// Puts many points at their places, in order.
    package func update(_ moves: [PointMove]) {
        let start = meter?.now()
        let entry = queue.withLock { $0.enter(moves) }
        if entry == .tooMuch { waitForTurn() }
        if let meter, let start { meter.note(meter.now() - start) }
        switch entry {
        case .left: return
        case .alone: carryOut(moves)
        case .turn, .tooMuch: break
        }
        finishTurn(after: entry == .alone ? moves.count : 0)
    }

    /// Replaces the flags of a point; false for an unknown one. Not a sign of life.
    @discardableResult
    package func setFlags(_ id: Int64, to flags: PointFlags) -> Bool {
        inTurn { firstDistrict { $0.setFlags(id, to: flags) ? true : nil } ?? false }
    }

    /// A sign of life without a place; false for an unknown point.
    @discardableResult
    package func touch(_ id: Int64, at time: Int64) -> Bool {
        inTurn { firstDistrict { $0.touch(id, at: time) ? true : nil } ?? false }
    }

    /// Removes a point; false for an unknown one.
    @discardableResult
    package func remove(_ id: Int64) -> Bool {
        inTurn { firstDistrict { $0.remove(id) ? true : nil } ?? false }
    }

    /// Lets the quiet become stale and go; see `LiveIndex.expire`. Call it about once a second; more often
    /// within a second costs and does nothing.
    package func expire(now: Int64) -> ExpiryReport {
        var report = ExpiryReport()
        let second = ExpiryWheel.second(of: now)
        guard expired.max(second, ordering: .relaxed).oldValue < second else { return report }
        inTurn {
            for district in districts {
                let part = district.changed { $0.expire(now: now) }
                report.stale += part.stale
                report.expired += part.expired
            }
        }
        report.stale.sort()
        report.expired.sort()
        return report
    }

    // MARK: Questions

    /// A point as the index knows it; nil for an unknown id.
    package func member(_ id: Int64) -> IndexMember? {
        firstDistrict { $0.member(id) }
    }

    /// The `limit` nearest points within `radius` that pass the filter, nearest first, equal distances by id.
    package func nearest(
        _ limit: Int, to point: GeoPoint, within radius: Metres, matching filter: SearchFilter = SearchFilter()
    ) -> [Neighbour] {
        guard limit > 0, radius.value >= 0 else { return [] }
        var best: [Neighbour] = []
        gather(limit, to: point, within: radius, matching: filter, from: 0, into: &best)
        return best
    }

    /// All points within `radius` that pass the filter, nearest first, equal distances by id.
    package func within(
        _ radius: Metres, of point: GeoPoint, matching filter: SearchFilter = SearchFilter()
    ) -> [Neighbour] {
        nearest(.max, to: point, within: radius, matching: filter)
    }

    /// The ids of all points in an area that have the required flags, ascending.
    package func members(inside area: GeoPolygon, requiring flags: PointFlags = []) -> [Int64] {
        var ids: [Int64] = []
        collect(inside: area, requiring: flags, from: 0, into: &ids)
        ids.sort()
        return ids
    }

    /// What is wrong with any of the indexes, for tests.
    package func brokenInvariants() -> [String] {
        districts.flatMap { $0.asked { $0.brokenInvariants() } }
    }

    // MARK: Turns

    /// So many moves are made under one lock: some 5 to 30 µs.
    private static let together = 32

    private func waitForTurn() {
        var patience = Patience()
        while !queue.withLock({ $0.takeOver() }) { patience.pause() }
    }

    /// Carries out what others have left, until nothing is left or somebody takes over.
    private func finishTurn(after own: Int) {
        var carried = own
        while let moves = queue.withLock({ $0.next(after: carried) }) {
            carryOut(moves)
            carried += moves.count
        }
    }

    /// Calls `body` when everything that was handed in before is done and nobody else changes anything.
    private func inTurn<Answer>(_ body: () -> Answer) -> Answer {
        queue.withLock { $0.announce() }
        waitForTurn()
        for _ in 0..<queue.withLock({ $0.batchCount }) {
            if let moves = queue.withLock({ $0.pop() }) { carryOut(moves) }
        }
        defer { finishTurn(after: 0) }
        return body()
    }

    private func carryOut(_ moves: [PointMove]) {
        var start = moves.startIndex
        while start < moves.endIndex {
            let home = district(of: moves[start].place)
            let most = min(start + Self.together, moves.endIndex)
            var end = start + 1
            while end < most, district(of: moves[end].place) == home { end += 1 }
            let run = moves[start..<end]
            let unknown = districts[home].changed { $0.updateKnown(run) }
            for move in unknown { settle(move, in: home) }
            start = end
        }
    }

    // MARK: Locks

    private func district(of place: GeoPoint) -> Int {
        districts.firstIndex { $0.box.contains(place) } ?? districts.count - 1
    }

    /// A point that is new to its area: takes it out of whatever other area it was in, with all locks held, so that no
    /// query sees it in two areas or in none.
    private func settle(_ move: PointMove, in home: Int) {
        withAll(from: 0) { index, number in
            if number == home {
                index.update(move.id, to: move.place, flags: move.flags, at: move.time)
            } else {
                index.remove(move.id)
            }
        }
    }

    /// The first answer of an area. A point may cross over while the areas are asked one after the other, so nobody
    /// says "unknown" before all have been asked at once.
    private func firstDistrict<Answer: Sendable>(_ ask: (inout LiveIndex) -> Answer?) -> Answer? {
        for district in districts {
            if let answer = district.asked({ ask(&$0) }) { return answer }
        }
        guard districts.count > 1 else { return nil }
        var answer: Answer?
        withAll(from: 0) { index, _ in
            if answer == nil { answer = ask(&index) }
        }
        return answer
    }

    /// Calls `body` for each area, in order, each within the lock of those before it.
    private func withAll(from first: Int, _ body: (inout LiveIndex, Int) -> Void) {
        guard first < districts.count else { return }
        districts[first].asked { index in
            body(&index, first)
            withAll(from: first + 1, body)
        }
    }

    private func gather(
        _ limit: Int, to point: GeoPoint, within radius: Metres, matching filter: SearchFilter, from first: Int,
        into best: inout [Neighbour]
    ) {
        guard first < districts.count else { return }
        let district = districts[first]
        let isLast = first == districts.count - 1
        if !isLast, district.box.isBeyond(radius, of: point) {
            gather(limit, to: point, within: radius, matching: filter, from: first + 1, into: &best)
            return
        }
        district.asked { index in
            let found = index.nearest(limit, to: point, within: radius, matching: filter)
            best = FleetIndex.merge(best, found, limit: limit)
            gather(limit, to: point, within: radius, matching: filter, from: first + 1, into: &best)
        }
    }

    private func collect(
        inside area: GeoPolygon, requiring flags: PointFlags, from first: Int, into ids: inout [Int64]
    ) {
        guard first < districts.count else { return }
        districts[first].asked { index in
            index.collect(inside: area, requiring: flags, into: &ids)
            collect(inside: area, requiring: flags, from: first + 1, into: &ids)
        }
    }

    private static func merge(_ left: [Neighbour], _ right: [Neighbour], limit: Int) -> [Neighbour] {
        if left.isEmpty { return right }
        if right.isEmpty { return left }
        let all = (left + right).sorted { ($0.chordSquared, $0.id) < ($1.chordSquared, $1.id) }
        return limit < all.count ? Array(all[..<limit]) : all
    }
}

extension GeoBox {
    /// Whether surely nothing in the box is within `radius` of a place; may say false where it is so.
    func isBeyond(_ radius: Metres, of point: GeoPoint) -> Bool {
        let reach = DegreeReach(of: radius, around: point)
        if reach.north < south || reach.south > north { return true }
        let spans: [(west: Double, east: Double)] = west <= east ? [(west, east)] : [(west, 180), (-180, east)]
        for box in reach.boxes {
            for span in spans where span.west <= box.east && span.east >= box.west { return false }
        }
        return true
    }
}
