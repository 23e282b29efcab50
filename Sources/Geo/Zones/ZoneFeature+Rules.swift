extension ZoneFeature {
    /// Characters of a zone's name.
    package static let longestName = 200

    /// How much longer ways take in the zone than elsewhere, from the property `travel_factor`; nil where it says
    /// nothing.
    package var travelFactor: Double? {
        guard case .number(let factor)? = properties.last(where: { $0.name == "travel_factor" })?.value else {
            return nil
        }
        return factor
    }

    /// What a house wants of its zones beyond sound shapes: each has a name of its own, and a `travel_factor`, where
    /// there is one, is a number that can be meant.
    ///
    /// - Throws: the first problem, with the number of the feature.
    package static func check(_ features: [ZoneFeature]) throws(ZoneProblem) {
        var names: Set<String> = []
        for (number, feature) in features.enumerated() {
            guard let name = feature.name, !name.allSatisfy(\.isWhitespace), name.count <= longestName,
                !name.unicodeScalars.contains("\0")
            else {
                throw ZoneProblem(
                    .name, feature: number, "properties.name is required, with at most \(longestName) characters")
            }
            guard names.insert(name).inserted else {
                throw ZoneProblem(.name, feature: number, "the name \(name) is used by another zone")
            }
            guard let said = feature.properties.last(where: { $0.name == "travel_factor" }), said.value != .null else {
                continue
            }
            let range = TravelTimeEstimator.SlowZone.plausible
            guard let factor = feature.travelFactor, range.contains(factor) else {
                throw ZoneProblem(
                    .property, feature: number,
                    "properties.travel_factor must be a number from \(range.lowerBound) to \(range.upperBound)")
            }
        }
    }
}

extension ZoneShape {
    /// Latitudes beyond the polar circles, where nobody delivers food to the door.
    private static let inhabited = 66.0

    /// The same corners with latitude and longitude exchanged; nil where that would leave the globe.
    package var swapped: ZoneShape? {
        var polygons: [[Ring]] = []
        for rings in self.polygons {
            var turned: [Ring] = []
            for ring in rings {
                guard ring.allSatisfy({ abs($0.longitude) <= 90 }) else { return nil }
                turned.append(ring.map { GeoPolygon.Vertex(latitude: $0.longitude, longitude: $0.latitude) })
            }
            polygons.append(turned)
        }
        return ZoneShape(polygons: polygons)
    }

    /// Whether the shape as given holds nothing that is known, while it would with its degrees exchanged: its author
    /// has written the latitude first.
    ///
    /// - Parameters:
    ///   - places: restaurants, drivers, whatever is surely where the house works.
    ///   - zones: those in force.
    /// - Complexity: O((places + corners of zones) × corners), most of it comparing boxes.
    package func isLikelySwapped(among places: [GeoPoint], _ zones: [ZoneBorder]) -> Bool {
        guard let swapped, !meets(places, zones) else { return false }
        return swapped.meets(places, zones)
    }

    /// Whether the shape lies beyond a polar circle and would not with its degrees exchanged: all that can be told
    /// without knowing where the house works.
    package var mayBeSwapped: Bool {
        guard let swapped else { return false }
        func isPolar(_ shape: ZoneShape) -> Bool {
            shape.polygons.allSatisfy { $0.allSatisfy { $0.allSatisfy { abs($0.latitude) > ZoneShape.inhabited } } }
        }
        return isPolar(self) && !isPolar(swapped)
    }

    private func meets(_ places: [GeoPoint], _ zones: [ZoneBorder]) -> Bool {
        guard let areas else { return false }
        func holds(_ latitude: Double, _ longitude: Double) -> Bool {
            areas.contains { $0.contains(latitude: latitude, longitude: longitude) }
        }
        if places.contains(where: { holds($0.latitude, $0.longitude) }) { return true }
        let corners = polygons.joined().joined()
        return zones.contains { zone in
            zone.shape.polygons.joined().joined().contains { holds($0.latitude, $0.longitude) }
                || corners.contains { corner in
                    zone.areas.contains { $0.contains(latitude: corner.latitude, longitude: corner.longitude) }
                }
        }
    }
}
