import Geo

/// The model of `LiveIndex`: everybody in a dictionary, every query a scan with haversine.
struct BruteForceIndex {
    struct Member {
        var place: GeoPoint
        var flags: PointFlags
        var lastSeen: Int64
        var isStale = false
    }

    var members: [Int64: Member] = [:]

    func matching(_ filter: SearchFilter) -> [Int64: Member] {
        members.filter { id, member in
            member.flags.isSuperset(of: filter.required) && !filter.excluded.contains(id)
                && filter.area?.contains(member.place) != false
        }
    }

    func members(inside area: GeoPolygon, requiring flags: PointFlags) -> [Int64] {
        matching(SearchFilter(required: flags, inside: area)).keys.sorted()
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
