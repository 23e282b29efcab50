internal import CGEOS

/// One context of the GEOS library with everything that was made in it.
///
/// A context belongs to one owner and is used by one thread at a time; the type cannot be copied, so the owner decides.
/// Geometries, prepared geometries and trees live as long as the context, except those which are released before.
struct GEOSContext: ~Copyable {
    /// Where the error handler leaves the last message.
    private let lastMessage: UnsafeMutablePointer<String>
    let handle: GEOSContextHandle_t
    private var geometries: [OpaquePointer] = []
    private var prepared: [OpaquePointer] = []
    private var trees: [OpaquePointer] = []

    init() throws(GEOSError) {
        guard let handle = GEOS_init_r() else {
            throw GEOSError(code: .unavailable, message: "GEOS gave no context")
        }
        self.handle = handle
        lastMessage = .allocate(capacity: 1)
        lastMessage.initialize(to: "")
        _ = GEOSContext_setErrorMessageHandler_r(
            handle,
            { message, place in
                guard let message, let place else { return }
                place.assumingMemoryBound(to: String.self).pointee = String(cString: message)
            }, lastMessage)
    }

    deinit {
        for tree in trees { GEOSSTRtree_destroy_r(handle, tree) }
        for geometry in prepared { GEOSPreparedGeom_destroy_r(handle, geometry) }
        for geometry in geometries { GEOSGeom_destroy_r(handle, geometry) }
        GEOS_finish_r(handle)
        lastMessage.deinitialize(count: 1)
        lastMessage.deallocate()
    }

    /// The error that GEOS has just reported.
    func failure(_ code: GEOSError.Code, doing action: String) -> GEOSError {
        let message = lastMessage.pointee
        lastMessage.pointee = ""
        return GEOSError(code: code, message: message.isEmpty ? "GEOS failed to \(action)" : message)
    }

    /// Keeps a geometry until the context ends.
    mutating func keep(_ geometry: OpaquePointer?, doing action: String) throws(GEOSError) -> OpaquePointer {
        guard let geometry else { throw failure(.invalidGeometry, doing: action) }
        geometries.append(geometry)
        return geometry
    }

    /// Gives a geometry's memory back before the context ends.
    func release(_ geometry: OpaquePointer) {
        GEOSGeom_destroy_r(handle, geometry)
    }

    mutating func prepare(_ geometry: OpaquePointer) throws(GEOSError) -> OpaquePointer {
        guard let ready = GEOSPrepare_r(handle, geometry) else {
            throw failure(.operationFailed, doing: "prepare a geometry")
        }
        prepared.append(ready)
        return ready
    }

    /// A tree over the boxes of geometries; each is found again by its place in the array. The tree is built before
    /// this returns, because GEOS would otherwise build it during the first query.
    mutating func tree(over members: [OpaquePointer]) throws(GEOSError) -> OpaquePointer {
        guard let tree = GEOSSTRtree_create_r(handle, 10) else {
            throw failure(.operationFailed, doing: "create a tree")
        }
        trees.append(tree)
        for (index, member) in members.enumerated() {
            GEOSSTRtree_insert_r(handle, tree, member, UnsafeMutableRawPointer(bitPattern: index + 1))
        }
        if !members.isEmpty { _ = try query(tree, west: 0, south: 0, east: 0, north: 0) }
        return tree
    }

    /// The members of a tree whose boxes touch the given box, ascending.
    func query(
        _ tree: OpaquePointer, west: Double, south: Double, east: Double, north: Double
    ) throws(GEOSError) -> [Int] {
        guard let box = line([west, south, east, north]) else {
            throw failure(.invalidGeometry, doing: "make a box")
        }
        defer { release(box) }
        var found: [Int] = []
        withUnsafeMutablePointer(to: &found) { place in
            GEOSSTRtree_query_r(
                handle, tree, box,
                { item, place in
                    guard let item, let place else { return }
                    place.assumingMemoryBound(to: [Int].self).pointee.append(Int(bitPattern: item) - 1)
                }, place)
        }
        return found.sorted()
    }

    /// A point; nil when GEOS refuses. The caller keeps or releases it.
    func point(x: Double, y: Double) -> OpaquePointer? {
        GEOSGeom_createPointFromXY_r(handle, x, y)
    }

    /// A line from x, y, x, y…; nil when GEOS refuses. The caller keeps or releases it.
    func line(_ coordinates: [Double]) -> OpaquePointer? {
        guard let sequence = sequence(coordinates) else { return nil }
        return GEOSGeom_createLineString_r(handle, sequence)
    }

    /// A closed ring from x, y, x, y…; nil when GEOS refuses. The caller keeps or releases it.
    func ring(_ coordinates: [Double]) -> OpaquePointer? {
        guard let sequence = sequence(coordinates) else { return nil }
        return GEOSGeom_createLinearRing_r(handle, sequence)
    }

    private func sequence(_ coordinates: [Double]) -> OpaquePointer? {
        coordinates.withUnsafeBufferPointer { buffer in
            GEOSCoordSeq_copyFromBuffer_r(handle, buffer.baseAddress, UInt32(buffer.count / 2), 0, 0)
        }
    }
}
