internal import Synchronization

/// The live index of a whole fleet: one `LiveIndex` per service area, each behind its own lock, and one more for points
/// outside of every area, so that nobody is ever lost.
///
/// A point is in the index of the first area that holds its place. Locks are held for a batch of moves or one query,
/// never across an `await`. Whoever needs more than one lock takes them in the order of the areas, so queries see each
/// point exactly once, also while it crosses from one area into another.
///
/// Safe to use from any thread. Moves of one point that race each other end in one of the two places.
package final class FleetIndex: Sendable {
    /// An area with its index. A class, because a lock has a fixed address.
    private final class District: Sendable {
        let box: GeoBox
        let index: Mutex<LiveIndex>

        init(box: GeoBox, expiry: ExpiryPolicy?) {
            self.box = box
            index = Mutex(LiveIndex(area: box, expiry: expiry))
        }
    }

    private let districts: [District]

    /// - Parameter areas: boxes of the service areas; where they overlap, the first counts. May be empty.
    package init(areas: [GeoBox], expiry: ExpiryPolicy?) {
        districts = (areas + [.world]).map { District(box: $0, expiry: expiry) }
    }

    /// How many points there are, counted area by area.
    package var count: Int { districts.reduce(0) { sum, district in sum + district.index.withLock { $0.count } } }

    /// How many points are outside of every area.
    package var outsideCount: Int { districts.last?.index.withLock { $0.count } ?? 0 }

    // MARK: Changes

    /// Puts a point at a place, whether it was there before or not, and takes this as a sign of life.
    package func update(_ id: Int64, to place: GeoPoint, flags: PointFlags, at time: Int64) {
        update([PointMove(id: id, place: place, flags: flags, time: time)])
    }

    /// Puts many points at their places, in order. Takes a lock once for each run of moves in the same area.
    package func update(_ moves: [PointMove]) {
        var start = moves.startIndex
        while start < moves.endIndex {
            let home = district(of: moves[start].place)
            var end = start + 1
            while end < moves.endIndex, district(of: moves[end].place) == home { end += 1 }
            let run = moves[start..<end]
            let unknown = districts[home].index.withLock { $0.updateKnown(run) }
            for move in unknown { settle(move, in: home) }
            start = end
        }
    }

    /// Replaces the flags of a point; false for an unknown one. Not a sign of life.
    @discardableResult
    package func setFlags(_ id: Int64, to flags: PointFlags) -> Bool {
        firstDistrict { $0.setFlags(id, to: flags) ? true : nil } ?? false
    }

    /// A sign of life without a place; false for an unknown point.
    @discardableResult
    package func touch(_ id: Int64, at time: Int64) -> Bool {
        firstDistrict { $0.touch(id, at: time) ? true : nil } ?? false
    }

    /// Removes a point; false for an unknown one.
    @discardableResult
    package func remove(_ id: Int64) -> Bool {
        firstDistrict { $0.remove(id) ? true : nil } ?? false
    }

    /// Lets the quiet become stale and go; see `LiveIndex.expire`. Call it about once a second.
    package func expire(now: Int64) -> ExpiryReport {
        var report = ExpiryReport()
        for district in districts {
            let part = district.index.withLock { $0.expire(now: now) }
            report.stale += part.stale
            report.expired += part.expired
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
        districts.flatMap { $0.index.withLock { $0.brokenInvariants() } }
    }

    // MARK: Locks

    private func district(of place: GeoPoint) -> Int {
        districts.firstIndex { $0.box.contains(place) } ?? districts.count - 1
    }

    /// A point that is new to its area: takes it out of whatever other area it was in, with all locks held, so that two
    /// moves at once cannot leave it in two areas or in none.
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
            if let answer = district.index.withLock({ ask(&$0) }) { return answer }
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
        districts[first].index.withLock { index in
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
        district.index.withLock { index in
            let found = index.nearest(limit, to: point, within: radius, matching: filter)
            best = FleetIndex.merge(best, found, limit: limit)
            gather(limit, to: point, within: radius, matching: filter, from: first + 1, into: &best)
        }
    }

    private func collect(
        inside area: GeoPolygon, requiring flags: PointFlags, from first: Int, into ids: inout [Int64]
    ) {
        guard first < districts.count else { return }
        districts[first].index.withLock { index in
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
