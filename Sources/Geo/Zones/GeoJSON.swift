/// A zone as a GeoJSON feature (RFC 7946).
package struct ZoneFeature: Hashable, Sendable {
    package var id: Int64?
    package var name: String?
    package var shape: ZoneShape
    /// What else the feature's properties say, kept for the export.
    package var properties: [JSONText.Member]

    package init(id: Int64?, name: String?, shape: ZoneShape, properties: [JSONText.Member] = []) {
        self.id = id
        self.name = name
        self.shape = shape
        self.properties = properties
    }
}

/// Zones from and to GeoJSON: a `FeatureCollection`, one `Feature`, or a bare `Polygon` or `MultiPolygon`. The one
/// reader of zones: what the command line accepts, the server accepts.
package enum GeoJSON {
    /// Corners in one file; a city's zones have thousands.
    package static let mostCorners = 500_000
    /// Zones in one file.
    package static let mostZones = 1000

    /// Reads zones. The shapes are syntactically sound, on the globe, and not yet checked for validity.
    package static func zones(from text: [UInt8]) throws(ZoneProblem) -> [ZoneFeature] {
        let value: JSONText
        do throws(JSONText.Failure) {
            value = try JSONText(parsing: text)
        } catch {
            throw ZoneProblem(.notJSON, "\(error)")
        }
        guard case .string(let type)? = value["type"] else { throw ZoneProblem(.notGeoJSON, "there is no \"type\"") }
        var reader = GeoJSONReader()
        switch type {
        case "FeatureCollection":
            guard case .array(let features)? = value["features"] else {
                throw ZoneProblem(.notGeoJSON, "a FeatureCollection needs an array of \"features\"")
            }
            guard !features.isEmpty else { throw ZoneProblem(.noZones, "the collection has no features") }
            guard features.count <= mostZones else {
                throw ZoneProblem(.tooMany, "there are more than \(mostZones) features")
            }
            var zones: [ZoneFeature] = []
            for (number, feature) in features.enumerated() {
                do throws(ZoneProblem) {
                    zones.append(try reader.feature(feature))
                } catch {
                    throw error.inFeature(number)
                }
            }
            return zones
        case "Feature": return [try reader.feature(value)]
        default: return [ZoneFeature(id: nil, name: nil, shape: try reader.geometry(value))]
        }
    }

    /// Writes zones as a `FeatureCollection`; rings are closed and turn the way RFC 7946 asks for.
    package static func text(of zones: [ZoneFeature]) -> String {
        let features = zones.map { zone in
            var members = [JSONText.Member("type", .string("Feature"))]
            if let id = zone.id { members.append(.init("id", .number(Double(id)))) }
            var properties = zone.properties.filter { $0.name != "name" }
            if let name = zone.name { properties.insert(.init("name", .string(name)), at: 0) }
            members.append(.init("properties", .object(properties)))
            members.append(.init("geometry", geometry(of: zone.shape)))
            return JSONText.object(members)
        }
        return JSONText.object([
            .init("type", .string("FeatureCollection")), .init("features", .array(features)),
        ]).text
    }

    /// Writes the geometry alone: a `Polygon`, or a `MultiPolygon` of several.
    package static func text(ofGeometry shape: ZoneShape) -> String { geometry(of: shape).text }

    private static func geometry(of shape: ZoneShape) -> JSONText {
        let polygons = shape.polygons.map { rings in
            JSONText.array(rings.enumerated().map { ring(of: $1, isOuter: $0 == 0) })
        }
        if polygons.count == 1 {
            return .object([.init("type", .string("Polygon")), .init("coordinates", polygons[0])])
        }
        return .object([.init("type", .string("MultiPolygon")), .init("coordinates", .array(polygons))])
    }

    private static func ring(of ring: ZoneShape.Ring, isOuter: Bool) -> JSONText {
        var (doubledArea, previous) = (0.0, ring.last)
        for vertex in ring {
            if let previous {
                doubledArea += previous.longitude * vertex.latitude - vertex.longitude * previous.latitude
            }
            previous = vertex
        }
        let turned = (doubledArea > 0) == isOuter ? ring : ring.reversed()
        return .array((turned + turned.prefix(1)).map { .array([.number($0.longitude), .number($0.latitude)]) })
    }
}

private struct GeoJSONReader {
    private var corners = 0

    mutating func feature(_ value: JSONText) throws(ZoneProblem) -> ZoneFeature {
        guard value["type"] == .string("Feature") else { throw ZoneProblem(.notGeoJSON, "not a Feature") }
        guard let geometry = value["geometry"], geometry != .null else {
            throw ZoneProblem(.emptyGeometry, "there is no geometry")
        }
        var properties: [JSONText.Member] = []
        if case .object(let members)? = value["properties"] { properties = members }
        var name: String?
        if case .string(let text)? = value["properties"]?["name"] ?? value["name"] { name = text }
        return ZoneFeature(
            id: id(value["id"] ?? value["properties"]?["id"]), name: name, shape: try self.geometry(geometry),
            properties: properties.filter { $0.name != "name" })
    }

    /// A whole number, or a string that is one; other ids are left to the properties.
    private func id(_ value: JSONText?) -> Int64? {
        switch value {
        case .number(let number)?: Int64(exactly: number)
        case .string(let text)?: Int64(text)
        default: nil
        }
    }

    mutating func geometry(_ value: JSONText) throws(ZoneProblem) -> ZoneShape {
        guard case .string(let type)? = value["type"] else {
            throw ZoneProblem(.notGeoJSON, "a geometry has no \"type\"")
        }
        switch type {
        case "Polygon":
            return ZoneShape(polygons: [try polygon(value["coordinates"])])
        case "MultiPolygon":
            let members = try array(value["coordinates"], "a MultiPolygon has no coordinates")
            guard !members.isEmpty else { throw ZoneProblem(.emptyGeometry, "the MultiPolygon is empty") }
            var polygons: [[ZoneShape.Ring]] = []
            for member in members { polygons.append(try polygon(member)) }
            return ZoneShape(polygons: polygons)
        case "GeometryCollection":
            let members = try array(value["geometries"], "a GeometryCollection has no geometries")
            guard !members.isEmpty else { throw ZoneProblem(.emptyGeometry, "the GeometryCollection is empty") }
            var polygons: [[ZoneShape.Ring]] = []
            for member in members { polygons += try geometry(member).polygons }
            return ZoneShape(polygons: polygons)
        default:
            throw ZoneProblem(.unsupportedGeometry, "a zone is a Polygon or a MultiPolygon, not a \(type.prefix(40))")
        }
    }

    private func array(_ value: JSONText?, _ reason: String) throws(ZoneProblem) -> [JSONText] {
        guard case .array(let members)? = value else { throw ZoneProblem(.notGeoJSON, reason) }
        return members
    }

    private mutating func polygon(_ value: JSONText?) throws(ZoneProblem) -> [ZoneShape.Ring] {
        let members = try array(value, "a Polygon has no coordinates")
        guard !members.isEmpty else { throw ZoneProblem(.emptyGeometry, "the Polygon has no rings") }
        var rings: [ZoneShape.Ring] = []
        for (number, member) in members.enumerated() {
            var ring: ZoneShape.Ring = []
            for position in try array(member, "ring \(number) is not an array") { ring.append(try vertex(position)) }
            let different = Set(ring).count
            guard different >= 3 else {
                throw ZoneProblem(.coordinates, "ring \(number) has only \(different) different corners")
            }
            guard ring.first == ring.last else {
                throw ZoneProblem(.coordinates, "ring \(number) is not closed: its last corner must be its first")
            }
            ring.removeLast()
            try refuseLongWayAround(ring, number)
            rings.append(ring)
        }
        return rings
    }

    /// A border over the antimeridian that is written as 179, -179 would go around the other side of the globe.
    private func refuseLongWayAround(_ ring: ZoneShape.Ring, _ number: Int) throws(ZoneProblem) {
        guard var previous = ring.last else { return }
        for vertex in ring {
            if abs(vertex.longitude - previous.longitude) > 180 {
                throw ZoneProblem(
                    .coordinates,
                    """
                    ring \(number) goes from longitude \(previous.longitude) to \(vertex.longitude) the long way around \
                    the globe; across the antimeridian write longitudes beyond 180, such as 181 for -179
                    """)
            }
            previous = vertex
        }
    }

    private mutating func vertex(_ value: JSONText) throws(ZoneProblem) -> GeoPolygon.Vertex {
        guard case .array(let parts) = value, parts.count >= 2, case .number(let longitude) = parts[0],
            case .number(let latitude) = parts[1]
        else { throw ZoneProblem(.coordinates, "a position is not [longitude, latitude]") }
        corners += 1
        guard corners <= GeoJSON.mostCorners else { throw ZoneProblem(.coordinates, "too many corners") }
        guard abs(latitude) <= 90, abs(longitude) <= 540 else {
            if abs(longitude) <= 90, abs(latitude) <= 180 {
                throw ZoneProblem(
                    .swappedCoordinates, "[\(longitude), \(latitude)] is not on the globe; GeoJSON has longitude first")
            }
            throw ZoneProblem(.coordinates, "[\(longitude), \(latitude)] is not on the globe")
        }
        return GeoPolygon.Vertex(latitude: latitude, longitude: longitude)
    }
}
