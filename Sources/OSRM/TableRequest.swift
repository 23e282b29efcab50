package import Geo

/// A question to OSRM's `table` service: the times from some coordinates to others, in one request.
package struct TableRequest: Hashable, Sendable {
    package var origins: [GeoPoint]
    package var destinations: [GeoPoint]

    /// A server takes 100 coordinates in all unless it was started with more.
    package static let mostCoordinates = 100

    package init(origins: [GeoPoint], destinations: [GeoPoint]) {
        self.origins = origins
        self.destinations = destinations
    }

    /// Path and query below the server's address. Longitude first. `radiuses` always: without them OSRM moves a place
    /// without roads to the nearest road it knows, be it on another continent.
    package func path(profile: String, radius: Metres) -> String {
        let coordinates = (origins + destinations).map { "\(Self.spell($0.longitude)),\(Self.spell($0.latitude))" }
        let reach = String(radius.whole)
        let sources = origins.indices.map(String.init)
        let targets = destinations.indices.map { String($0 + origins.count) }
        return "/table/v1/\(profile)/\(coordinates.joined(separator: ";"))"
            + "?sources=\(sources.joined(separator: ";"))&destinations=\(targets.joined(separator: ";"))"
            + "&radiuses=\(coordinates.map { _ in reach }.joined(separator: ";"))"
            + "&annotations=duration,distance&skip_waypoints=true&generate_hints=false"
    }

    /// Six digits after the point (11 cm), never an exponent.
    static func spell(_ degrees: Double) -> String {
        let millionths = Int64((degrees * 1_000_000).rounded())
        let digits = String(millionths.magnitude)
        let padded = String(repeating: "0", count: max(0, 7 - digits.count)) + digits
        return (millionths < 0 ? "-" : "") + padded.dropLast(6) + "." + padded.suffix(6)
    }
}

/// A part of a matrix that fits into one request.
package struct TableTile: Hashable, Sendable {
    package let origins: Range<Int>
    package let destinations: Range<Int>

    /// Cuts a matrix into tiles of at most `most` coordinates, as square as its sides allow.
    package static func covering(
        origins: Int, destinations: Int, most: Int = TableRequest.mostCoordinates
    ) -> [TableTile] {
        guard origins > 0, destinations > 0 else { return [] }
        let half = max(1, most / 2)
        let rows = destinations < half ? min(origins, most - destinations) : min(origins, half)
        let columns = max(1, min(destinations, most - rows))
        var tiles: [TableTile] = []
        for row in stride(from: 0, to: origins, by: rows) {
            for column in stride(from: 0, to: destinations, by: columns) {
                tiles.append(
                    TableTile(
                        origins: row..<min(row + rows, origins),
                        destinations: column..<min(column + columns, destinations)))
            }
        }
        return tiles
    }
}

extension TableTile {
    /// Those of `tiles` in which anything is missing; of too many the ones with the shortest missing ways, in the order
    /// in which they were given when there are not too many.
    package static func nearest(
        _ limit: Int, missing: [[Bool]], in estimates: TravelMatrix, of tiles: [TableTile]
    ) -> [TableTile] {
        var ranked: [(shortest: Int64, position: Int)] = []
        for (position, tile) in tiles.enumerated() {
            var shortest: Int64?
            for row in tile.origins {
                for column in tile.destinations where missing[row][column] {
                    shortest = min(shortest ?? .max, estimates[row, column].milliseconds)
                }
            }
            if let shortest { ranked.append((shortest, position)) }
        }
        if ranked.count > limit {
            ranked.sort { ($0.shortest, $0.position) < ($1.shortest, $1.position) }
            ranked.removeLast(ranked.count - limit)
        }
        return ranked.map { tiles[$0.position] }
    }
}

/// An order of places in which neighbours in the list are mostly neighbours on the ground: that of a curve through
/// squares within squares (Morton 1966).
enum NeighbourOrder {
    /// Positions in the order of the curve; equal places in the order they were given.
    static func of(_ points: [GeoPoint]) -> [Int] {
        let codes = points.map(code)
        return points.indices.sorted { (codes[$0], $0) < (codes[$1], $1) }
    }

    /// Where each position has gone.
    static func inverse(of order: [Int]) -> [Int] {
        var places = [Int](repeating: 0, count: order.count)
        for (place, position) in order.enumerated() { places[position] = place }
        return places
    }

    private static func code(_ point: GeoPoint) -> UInt64 {
        // 16 bits a side: 600 m, finer than a tile.
        let x = UInt64((point.longitude + 180) / 360 * 65_535)
        let y = UInt64((point.latitude + 90) / 180 * 65_535)
        var code: UInt64 = 0
        for bit in 0..<UInt64(16) { code |= (x >> bit & 1) << (2 * bit) | (y >> bit & 1) << (2 * bit + 1) }
        return code
    }
}
