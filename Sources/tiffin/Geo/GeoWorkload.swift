import Geo
import Glibc

/// A `geo-workload/1` file in memory: drivers, then ticks of moves, queries and polygons. Little-endian throughout.
struct GeoWorkload {
    struct Query {
        let place: GeoPoint
        let radius: Metres
        let limit: Int
        let filter: SearchFilter
    }

    struct Area {
        let polygon: GeoPolygon
        let flags: PointFlags
    }

    struct Tick {
        var moves: [PointMove] = []
        var queries: [Query] = []
        var areas: [Area] = []
    }

    let name: String
    let sampleStep: Int
    let area: GeoBox
    let largestLimit: Int
    let drivers: [PointMove]
    let ticks: [Tick]
    let checksum: UInt64

    /// What is wrong with a file.
    struct Damage: Error, CustomStringConvertible {
        let description: String
    }

    init(path: String) throws {
        try self.init(bytes: GeoWorkload.read(path))
    }

    init(bytes: [UInt8]) throws {
        guard bytes.count >= 104, Array(bytes[0..<8]) == Array("GEOWORK1".utf8) else {
            throw Damage(description: "not a geo-workload/1 file")
        }
        var reader = Reader(bytes: bytes, end: bytes.count - 8)
        var sum = Checksum()
        for byte in bytes[0..<(bytes.count - 8)] { sum.add(byte) }
        checksum = reader.load(at: bytes.count - 8, as: UInt64.self)
        guard sum.value == checksum else { throw Damage(description: "the file's checksum is wrong") }
        guard reader.load(at: 8, as: UInt32.self) == 1 else { throw Damage(description: "unknown version") }
        let count = Int(reader.load(at: 16, as: UInt32.self))
        let tickCount = Int(reader.load(at: 20, as: UInt32.self))
        sampleStep = max(1, Int(reader.load(at: 24, as: UInt32.self)))
        let (south, north) = (reader.load(at: 40, as: Double.self), reader.load(at: 48, as: Double.self))
        let (west, east) = (reader.load(at: 56, as: Double.self), reader.load(at: 64, as: Double.self))
        guard let box = GeoBox(south: south, west: west, north: north, east: east) else {
            throw Damage(description: "the area is not on the globe")
        }
        area = box
        largestLimit = Int(reader.load(at: 72, as: UInt32.self))
        name = String(decoding: bytes[80..<96].prefix { $0 != 0 }, as: UTF8.self)
        reader.position = Int(reader.load(at: 12, as: UInt32.self))
        // Whoever damages a file can also make its checksum right: no count is believed beyond what the file can hold.
        guard reader.position >= 96, count <= max(0, reader.end - reader.position) / 32 else {
            throw Damage(description: "fewer drivers than the file promises")
        }
        guard largestLimit <= Int(UInt16.max) else { throw Damage(description: "an absurd largest k") }
        var drivers: [PointMove] = []
        drivers.reserveCapacity(count)
        for _ in 0..<count { drivers.append(try reader.driver()) }
        self.drivers = drivers
        var ticks: [Tick] = []
        for _ in 0..<tickCount { ticks.append(try reader.tick(drivers: drivers)) }
        self.ticks = ticks
        guard reader.position == reader.end else { throw Damage(description: "bytes left over") }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw Damage(description: "\(path): cannot be opened") }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { break }
            bytes.append(contentsOf: buffer[0..<count])
        }
        guard ferror(file) == 0 else { throw Damage(description: "\(path): cannot be read") }
        return bytes
    }
}

/// FNV-1a, 64 bits.
struct Checksum {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
    }

    mutating func add<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { for byte in $0 { add(byte) } }
    }

    mutating func addAnswer(tick: Int, number: Int, ids: some Collection<Int64>) {
        add(UInt32(tick))
        add(UInt32(number))
        add(UInt32(ids.count))
        for id in ids { add(id) }
    }
}

private struct Reader {
    let bytes: [UInt8]
    let end: Int
    var position = 0

    func load<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    /// The start of a record of `size` bytes, after which the next record begins.
    mutating func record(_ size: Int) throws -> Int {
        guard position >= 0, size <= end - position else {
            throw GeoWorkload.Damage(description: "the file is cut short")
        }
        defer { position += size }
        return position
    }

    func point(at offset: Int) throws -> GeoPoint {
        let latitude = load(at: offset, as: Double.self)
        guard let point = GeoPoint(latitude: latitude, longitude: load(at: offset + 8, as: Double.self)) else {
            throw GeoWorkload.Damage(description: "a place is not on the globe")
        }
        return point
    }

    mutating func driver() throws -> PointMove {
        let at = try record(32)
        return PointMove(
            id: load(at: at, as: Int64.self), place: try point(at: at + 8),
            flags: PointFlags(rawValue: load(at: at + 24, as: UInt8.self)), time: 0)
    }

    mutating func tick(drivers: [PointMove]) throws -> GeoWorkload.Tick {
        let head = try record(32)
        guard load(at: head, as: UInt32.self) == 0x4b43_4954 else {
            throw GeoWorkload.Damage(description: "a tick is expected")
        }
        let counts = (1...5).map { Int(load(at: head + $0 * 4, as: UInt32.self)) }
        let (moves, queries, excludes) = (counts[0], counts[1], counts[2])
        let moveStart = try record(moves * 24)
        let queryStart = try record(queries * 40)
        let excludeStart = try record((excludes + excludes % 2) * 4)
        let polygonStart = try record(counts[3] * 16)
        let vertexStart = try record(counts[4] * 16)
        var tick = GeoWorkload.Tick()
        for index in 0..<moves {
            let at = moveStart + index * 24
            tick.moves.append(
                PointMove(
                    id: try id(at: at + 16, drivers), place: try point(at: at),
                    flags: PointFlags(rawValue: load(at: at + 20, as: UInt8.self)), time: 0))
        }
        for index in 0..<queries {
            tick.queries.append(try query(at: queryStart + index * 40, excludes: excludeStart, excludes, drivers))
        }
        for index in 0..<counts[3] {
            tick.areas.append(try area(at: polygonStart + index * 16, vertices: vertexStart, counts[4]))
        }
        return tick
    }

    private func id(at offset: Int, _ drivers: [PointMove]) throws -> Int64 {
        let index = Int(load(at: offset, as: UInt32.self))
        guard index < drivers.count else { throw GeoWorkload.Damage(description: "an unknown driver") }
        return drivers[index].id
    }

    private func query(
        at offset: Int, excludes: Int, _ excludeCount: Int, _ drivers: [PointMove]
    ) throws -> GeoWorkload.Query {
        let first = Int(load(at: offset + 24, as: UInt32.self))
        let count = Int(load(at: offset + 30, as: UInt16.self))
        guard first + count <= excludeCount else { throw GeoWorkload.Damage(description: "an unknown exclusion") }
        let excluded = try (first..<(first + count)).map { try id(at: excludes + $0 * 4, drivers) }
        let flags = PointFlags(rawValue: load(at: offset + 32, as: UInt8.self))
        return GeoWorkload.Query(
            place: try point(at: offset), radius: Metres(load(at: offset + 16, as: Double.self)),
            limit: Int(load(at: offset + 28, as: UInt16.self)),
            filter: SearchFilter(required: flags, excluding: excluded))
    }

    private func area(at offset: Int, vertices: Int, _ vertexCount: Int) throws -> GeoWorkload.Area {
        let first = Int(load(at: offset, as: UInt32.self))
        let count = Int(load(at: offset + 4, as: UInt32.self))
        guard first + count <= vertexCount else { throw GeoWorkload.Damage(description: "an unknown vertex") }
        let ring = (first..<(first + count)).map { index in
            GeoPolygon.Vertex(
                latitude: load(at: vertices + index * 16, as: Double.self),
                longitude: load(at: vertices + index * 16 + 8, as: Double.self))
        }
        guard let polygon = GeoPolygon(rings: [ring]) else { throw GeoWorkload.Damage(description: "a bad polygon") }
        return GeoWorkload.Area(polygon: polygon, flags: PointFlags(rawValue: load(at: offset + 8, as: UInt8.self)))
    }
}
