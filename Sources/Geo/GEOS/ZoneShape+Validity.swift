internal import CGEOS

extension ZoneShape {
    /// A shape that GEOS calls valid, and why it had to be repaired if it had.
    package struct Checked: Hashable, Sendable {
        package let shape: ZoneShape
        /// GEOS's reason, with the place, such as `Self-intersection[0.5 0.5]`; nil for a shape that was valid as
        /// drawn.
        package let repairedBecause: String?
    }

    /// Checks the shape, and repairs it where asked: crossings become corners, overlapping polygons are joined, spikes
    /// go. Repair never leaves less than an area, and never guesses what a hole outside of its ring was meant for.
    ///
    /// - Throws: `invalidShape` with GEOS's reason when the shape is invalid and is not to be repaired, when a hole
    ///   lies outside of its ring, or when nothing with an area is left.
    package func checked(repair: Bool) throws(ZoneProblem) -> Checked {
        do throws(GEOSError) {
            var context = try GEOSContext()
            let geometry = try context.area(of: self)
            switch GEOSisValid_r(context.handle, geometry) {
            case 1: return Checked(shape: self, repairedBecause: nil)
            case 0: break
            default: throw context.failure(.operationFailed, doing: "check a zone")
            }
            let reason = context.validityReason(geometry)
            guard repair else { throw GEOSError(code: .invalidGeometry, message: reason) }
            try context.refuseHolesOutside(of: self)
            let repaired = try context.repaired(geometry)
            let polygons = try context.polygons(of: repaired)
            guard !polygons.isEmpty else {
                throw GEOSError(code: .invalidGeometry, message: "\(reason); nothing with an area is left of it")
            }
            return Checked(shape: ZoneShape(polygons: polygons), repairedBecause: reason)
        } catch {
            throw ZoneProblem(error.code == .unavailable ? .unavailable : .invalidShape, error.message)
        }
    }
}

extension GEOSContext {
    /// The union of the outer rings less the union of the holes. GEOS's older way, by the lines alone, would cut out
    /// whatever two polygons have in common.
    mutating func repaired(_ geometry: OpaquePointer) throws(GEOSError) -> OpaquePointer {
        guard let how = GEOSMakeValidParams_create_r(handle) else {
            throw failure(.unavailable, doing: "repair a zone")
        }
        defer { GEOSMakeValidParams_destroy_r(handle, how) }
        guard GEOSMakeValidParams_setMethod_r(handle, how, GEOS_MAKE_VALID_STRUCTURE) == 1,
            GEOSMakeValidParams_setKeepCollapsed_r(handle, how, 0) == 1
        else { throw failure(.operationFailed, doing: "repair a zone") }
        return try keep(GEOSMakeValidWithParams_r(handle, geometry, how), doing: "repair a zone")
    }

    /// Repairing would let such a hole vanish without a word.
    mutating func refuseHolesOutside(of shape: ZoneShape) throws(GEOSError) {
        for rings in shape.polygons where rings.count > 1 {
            let shell = try repaired(try area(of: ZoneShape(polygons: [[rings[0]]])))
            for hole in rings.dropFirst() {
                let inner = try repaired(try area(of: ZoneShape(polygons: [[hole]])))
                // Interiors that have nothing in common.
                switch GEOSRelatePattern_r(handle, inner, shell, "F********") {
                case 0: continue
                case 1:
                    let at = hole.first.map { "[\($0.longitude) \($0.latitude)]" } ?? ""
                    throw GEOSError(code: .invalidGeometry, message: "Hole lies outside shell\(at)")
                default: throw failure(.operationFailed, doing: "compare two rings")
                }
            }
        }
    }

    /// A multipolygon in degrees, x being the longitude. For topology only: never for distances.
    mutating func area(of shape: ZoneShape) throws(GEOSError) -> OpaquePointer {
        var members: [OpaquePointer?] = []
        for rings in shape.polygons {
            guard let polygon = polygon(rings) else {
                for member in members { if let member { release(member) } }
                throw failure(.invalidGeometry, doing: "make a polygon")
            }
            members.append(polygon)
        }
        guard !members.isEmpty else { throw GEOSError(code: .invalidGeometry, message: "a zone without polygons") }
        // The collection takes its members over.
        let collection = GEOSGeom_createCollection_r(
            handle, Int32(GEOS_MULTIPOLYGON.rawValue), &members, UInt32(members.count))
        return try keep(collection, doing: "make a zone")
    }

    private func polygon(_ rings: [ZoneShape.Ring]) -> OpaquePointer? {
        var made: [OpaquePointer?] = []
        for ring in rings {
            let closed = ring + ring.prefix(1)
            guard let linear = self.ring(closed.flatMap { [$0.longitude, $0.latitude] }) else {
                for other in made { if let other { release(other) } }
                return nil
            }
            made.append(linear)
        }
        guard let shell = made.first else { return nil }
        // The polygon takes its rings over.
        var holes = Array(made.dropFirst())
        return GEOSGeom_createPolygon_r(handle, shell, &holes, UInt32(holes.count))
    }

    func validityReason(_ geometry: OpaquePointer) -> String {
        guard let text = GEOSisValidReason_r(handle, geometry) else { return "the shape is invalid" }
        defer { GEOSFree_r(handle, text) }
        return String(cString: text)
    }

    /// The polygons of a geometry, outer ring first; points and lines that repairing has left over are dropped.
    func polygons(of geometry: OpaquePointer) throws(GEOSError) -> [[ZoneShape.Ring]] {
        switch GEOSGeomTypeId_r(handle, geometry) {
        case Int32(GEOS_POLYGON.rawValue):
            if GEOSisEmpty_r(handle, geometry) == 1 { return [] }
            var rings = [try corners(of: GEOSGetExteriorRing_r(handle, geometry))]
            for number in 0..<max(0, GEOSGetNumInteriorRings_r(handle, geometry)) {
                rings.append(try corners(of: GEOSGetInteriorRingN_r(handle, geometry, number)))
            }
            return [rings]
        case Int32(GEOS_MULTIPOLYGON.rawValue), Int32(GEOS_GEOMETRYCOLLECTION.rawValue):
            var all: [[ZoneShape.Ring]] = []
            for number in 0..<max(0, GEOSGetNumGeometries_r(handle, geometry)) {
                guard let member = GEOSGetGeometryN_r(handle, geometry, number) else { continue }
                all += try polygons(of: member)
            }
            return all
        default: return []
        }
    }

    private func corners(of ring: OpaquePointer?) throws(GEOSError) -> ZoneShape.Ring {
        var count: UInt32 = 0
        guard let ring, let sequence = GEOSGeom_getCoordSeq_r(handle, ring),
            GEOSCoordSeq_getSize_r(handle, sequence, &count) == 1
        else { throw failure(.operationFailed, doing: "read a ring") }
        var buffer = [Double](repeating: 0, count: Int(count) * 2)
        guard GEOSCoordSeq_copyToBuffer_r(handle, sequence, &buffer, 0, 0) == 1 else {
            throw failure(.operationFailed, doing: "read a ring")
        }
        let vertices = stride(from: 0, to: buffer.count, by: 2).map {
            GeoPolygon.Vertex(latitude: buffer[$0 + 1], longitude: buffer[$0])
        }
        return Array(vertices.dropLast())
    }
}
