import Geo
import Testing

/// The model of `LiveIndex`: everybody in a dictionary, every query a scan with haversine.
struct BruteForceIndex {
    struct Member {
        var place: GeoPoint
        var flags: PointFlags
        var lastSeen: Int64
        var isStale = false
    }

    var members: [Int64: Member] = [:]
    /// With one, `fresh` among the flags of a member is the index's own.
    var policy: ExpiryPolicy?

    mutating func update(_ id: Int64, to place: GeoPoint, flags: PointFlags, at time: Int64) {
        let last = max(time, members[id]?.lastSeen ?? .min)
        members[id] = Member(place: place, flags: flags.union(policy == nil ? [] : .fresh), lastSeen: last)
    }

    mutating func setFlags(_ id: Int64, to flags: PointFlags) {
        guard let member = members[id] else { return }
        members[id]?.flags = flags.union(policy == nil || member.isStale ? [] : .fresh)
    }

    mutating func touch(_ id: Int64, at time: Int64) {
        guard let member = members[id] else { return }
        members[id]?.lastSeen = max(time, member.lastSeen)
        members[id]?.isStale = false
        if policy != nil { members[id]?.flags.insert(.fresh) }
    }

    /// Holds what an index says about the quiet against everybody: nobody too early, and nobody later than the second
    /// after.
    mutating func accept(_ report: ExpiryReport, now: Int64) throws {
        guard let policy else {
            #expect(report == ExpiryReport())
            return
        }
        for id in report.expired {
            let member = try #require(members[id])
            members[id] = nil
            #expect(now - member.lastSeen >= policy.expiredAfter)
        }
        for id in report.stale {
            let member = try #require(members[id])
            #expect(!member.isStale && now - member.lastSeen >= policy.staleAfter)
            members[id]?.isStale = true
            members[id]?.flags.remove(.fresh)
        }
        for (id, member) in members {
            let silence = now - member.lastSeen
            #expect(silence < policy.expiredAfter + 1000, "\(id) should have gone")
            #expect(member.isStale || silence < policy.staleAfter + 1000, "\(id) should be stale")
        }
    }

    func matching(_ filter: SearchFilter) -> [Int64: Member] {
        members.filter { id, member in
            member.flags.isSuperset(of: filter.required) && !filter.excluded.contains(id)
                && filter.area?.contains(member.place) != false
        }
    }

    /// Who is inside an area, by another way than the index's: on which side of each edge a place lies is told by the
    /// sign of a cross product, and who is too near to an edge to tell is named apart.
    func inside(_ area: GeoPolygon, requiring flags: PointFlags) -> (inside: Set<Int64>, unclear: Set<Int64>) {
        var (inside, unclear) = (Set<Int64>(), Set<Int64>())
        for (id, member) in matching(SearchFilter(required: flags)) {
            for turn in [-360.0, 0, 360] {
                let (x, y) = (member.place.longitude + turn, member.place.latitude)
                var isInside = false
                for ring in area.rings {
                    for (one, other) in zip(ring, ring.dropFirst() + ring.prefix(1)) {
                        let (dx, dy) = (other.longitude - one.longitude, other.latitude - one.latitude)
                        let cross = dx * (y - one.latitude) - dy * (x - one.longitude)
                        let isNear =
                            abs(cross) <= 1e-9 * max(abs(dx), abs(dy), 1e-9)
                            && x >= min(one.longitude, other.longitude) - 1e-9
                            && x <= max(one.longitude, other.longitude) + 1e-9
                            && y >= min(one.latitude, other.latitude) - 1e-9
                            && y <= max(one.latitude, other.latitude) + 1e-9
                        if isNear { unclear.insert(id) }
                        // Upward edges to the right of the place, downward ones likewise: each changes sides.
                        if one.latitude <= y, other.latitude > y, cross > 0 { isInside.toggle() }
                        if one.latitude > y, other.latitude <= y, cross < 0 { isInside.toggle() }
                    }
                }
                if isInside { inside.insert(id) }
            }
        }
        return (inside, unclear)
    }
}

extension SeededGenerator {
    /// A place of the given kind of city, so that crowds, ties and the awkward parts of the globe all come up.
    mutating func place(in scene: Scene) -> GeoPoint {
        var (latitude, longitude) = scene.centre
        if Int.random(in: 0..<4, using: &self) == 0 {
            latitude += Double(Int.random(in: -2...2, using: &self)) * scene.spread / 4
            longitude += Double(Int.random(in: -2...2, using: &self)) * scene.spread / 4
        } else {
            latitude += .random(in: -scene.spread...scene.spread, using: &self)
            longitude += .random(in: -scene.spread...scene.spread, using: &self)
        }
        if longitude >= 180 { longitude -= 360 }
        if longitude < -180 { longitude += 360 }
        guard let point = GeoPoint(latitude: min(90, max(-90, latitude)), longitude: longitude) else {
            preconditionFailure("a scene off the globe")
        }
        return point
    }

    /// An area somewhere in a scene, now and then with a hole or two; over the antimeridian its longitudes go on beyond
    /// 180.
    mutating func area(in scene: Scene) -> GeoPolygon? {
        let rings = (0..<Int.random(in: 1...3, using: &self)).map { _ in
            (0..<Int.random(in: 3..<9, using: &self)).map { _ in
                let corner = place(in: scene)
                let isTurned = scene == .antimeridian && corner.longitude < 0
                return GeoPolygon.Vertex(
                    latitude: corner.latitude, longitude: corner.longitude + (isTurned ? 360 : 0))
            }
        }
        return GeoPolygon(rings: rings)
    }

    mutating func flags() -> PointFlags {
        PointFlags(rawValue: UInt8.random(in: 0..<8, using: &self))
    }
}

enum Scene: CaseIterable, Sendable {
    case city
    case antimeridian
    case northPole
    case southPole
    case crowd
    case globe

    var centre: (Double, Double) {
        switch self {
        case .city, .crowd: (12.97, 77.59)
        case .antimeridian: (-16.8, 180)
        case .northPole: (89.99, 0)
        case .southPole: (-89.99, 30)
        case .globe: (0, 0)
        }
    }

    var spread: Double {
        switch self {
        case .city, .antimeridian: 0.2
        case .northPole, .southPole: 0.05
        case .crowd: 0.00002
        case .globe: 179
        }
    }

    /// A box that was foreseen for it; points outside are taken all the same.
    var area: GeoBox? {
        switch self {
        case .city, .crowd: GeoBox(south: 12.9, west: 77.5, north: 13.0, east: 77.7)
        case .antimeridian: GeoBox(south: -17, west: 179.9, north: -16.5, east: -179.9)
        case .northPole: GeoBox(south: 89.9, west: -180, north: 90, east: 180)
        case .southPole, .globe: GeoBox.world
        }
    }
}
