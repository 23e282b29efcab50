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
