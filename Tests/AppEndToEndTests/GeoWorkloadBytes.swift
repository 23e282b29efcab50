import Geo
import TestSupport

/// Writes a small `geo-workload/1` file and knows its answers by looking at everybody. Written for these tests from the
/// description of the format; the committed file is what `bytes` gives.
struct GeoWorkloadBytes {
    private struct Driver {
        let id: Int64
        var place: GeoPoint
        var flags: UInt8
    }

    private(set) var bytes: [UInt8] = []
    /// Checksums of all answers to queries and to polygons, as 16 hexadecimal digits.
    private(set) var queries = ""
    private(set) var polygons = ""
    private var drivers: [Driver] = []
    private var random = SeededGenerator(seed: 20_261_126)
    private var nearest = FNV()
    private var inside = FNV()

    init() {
        write("GEOWORK1".utf8.map { $0 })
        for number in [1, 96, 60, 2, 1, 0] as [UInt32] { write(number) }
        write(UInt64(20_261_126))
        for edge in [-20.0, 20, -180, 180] { write(edge) }
        for number in [12, 3] as [UInt32] { write(number) }
        write("end-to-end".utf8.map { $0 } + [UInt8](repeating: 0, count: 6))
        for number in 0..<60 {
            drivers.append(Driver(id: Int64(number) * 7919 + 5, place: place(), flags: UInt8(draw(256))))
        }
        // A crowd in one place, of which the ids decide.
        for number in 20..<30 { drivers[number].place = drivers[20].place }
        for driver in drivers {
            write(UInt64(driver.id))
            write(driver.place)
            write([driver.flags] + [UInt8](repeating: 0, count: 7))
        }
        for tick in 0..<2 { write(tick: UInt32(tick)) }
        var sum = FNV()
        for byte in bytes { sum.add(byte) }
        write(sum.value)
        (queries, polygons) = (nearest.hex, inside.hex)
    }

    // Not the standard library's ways of drawing, which may change: the committed file must not.
    private mutating func draw(_ count: UInt64) -> Int { Int(random.next() % count) }

    private mutating func degrees(from low: Double, to high: Double) -> Double {
        low + (high - low) * Double(random.next() >> 11) / 9_007_199_254_740_992
    }

    private mutating func place() -> GeoPoint {
        let east = degrees(from: -3, to: 3)
        // On both sides of the antimeridian.
        return point(degrees(from: -3, to: 3), east < 0 ? 180 + east : -180 + east)
    }

    private func point(_ latitude: Double, _ longitude: Double) -> GeoPoint {
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            preconditionFailure("off the globe")
        }
        return point
    }

    private mutating func write(tick: UInt32) {
        write(0x4b43_4954 as UInt32)
        for number in [20, 12, 2, 4, 16] as [UInt32] { write(number) }
        write(UInt64(0))
        for _ in 0..<20 {
            let index = draw(60)
            drivers[index].place = place()
            drivers[index].flags = UInt8(draw(256))
            write(drivers[index].place)
            write(UInt32(index))
            write([drivers[index].flags, 0, 0, 0])
        }
        let excluded = (0..<2).map { _ in draw(60) }
        for number in 0..<12 {
            let centre = number == 3 ? drivers[20].place : place()
            let radius = number % 4 == 3 ? 150_000 : Double.infinity
            // 128 is a flag like any other.
            let need = [0, 1, 3, 128][number % 4] as UInt8
            write(centre)
            write(radius)
            for half in [0, 0] as [UInt16] { write(half) }
            write(UInt16(number + 1))
            write(number % 3 == 0 ? 2 : 0 as UInt16)
            write([need] + [UInt8](repeating: 0, count: 7))
            let found = drivers.enumerated().filter { index, driver in
                driver.flags & need == need && !(number % 3 == 0 && excluded.contains(index))
                    && driver.place.distance(to: centre).value <= radius
            }.map { (metres: $0.element.place.distance(to: centre), id: $0.element.id) }
                .sorted { ($0.metres.value, $0.id) < ($1.metres.value, $1.id) }
            nearest.addAnswer(tick, UInt32(number), found.prefix(number + 1).map(\.id))
        }
        for index in excluded { write(UInt32(index)) }
        writePolygons(tick)
    }

    /// Boxes over the antimeridian: who is inside needs no more than comparing.
    private mutating func writePolygons(_ tick: UInt32) {
        var boxes: [(south: Double, north: Double, west: Double, east: Double)] = []
        for number in 0..<4 {
            write(UInt32(number * 4))
            write(4 as UInt32)
            write([UInt8(number == 0 ? 0x80 : 0)] + [UInt8](repeating: 0, count: 7))
            let (south, west) = (degrees(from: -3, to: 0), degrees(from: 177, to: 180))
            boxes.append((south, south + 2, west, west + 2.5))
        }
        for (number, box) in boxes.enumerated() {
            for corner in [(box.south, box.west), (box.south, box.east), (box.north, box.east), (box.north, box.west)] {
                write(corner.0)
                write(corner.1)
            }
            let ids = drivers.filter { driver in
                let longitude = driver.place.longitude < 0 ? driver.place.longitude + 360 : driver.place.longitude
                return driver.place.latitude > box.south && driver.place.latitude < box.north && longitude > box.west
                    && longitude < box.east && (number > 0 || driver.flags & 0x80 != 0)
            }.map(\.id).sorted()
            inside.addAnswer(tick, UInt32(number), ids)
        }
    }

    private mutating func write(_ more: [UInt8]) { bytes += more }
    private mutating func write(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }
    private mutating func write(_ number: Double) { write(number.bitPattern) }
    private mutating func write(_ point: GeoPoint) {
        write(point.latitude)
        write(point.longitude)
    }

    /// The same bytes with a number of 32 bits changed, and with a checksum that is right again.
    static func damaged(_ bytes: [UInt8], at offset: Int, to number: UInt32) -> [UInt8] {
        var copy = Array(bytes.dropLast(8))
        withUnsafeBytes(of: number.littleEndian) { copy.replaceSubrange(offset..<(offset + 4), with: $0) }
        var sum = FNV()
        for byte in copy { sum.add(byte) }
        withUnsafeBytes(of: sum.value.littleEndian) { copy += $0 }
        return copy
    }
}

/// FNV-1a, 64 bits.
private struct FNV {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    var hex: String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    mutating func add(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }

    mutating func addAnswer(_ tick: UInt32, _ number: UInt32, _ ids: [Int64]) {
        for word in [tick, number, UInt32(ids.count)] {
            withUnsafeBytes(of: word.littleEndian) { for byte in $0 { add(byte) } }
        }
        for id in ids { withUnsafeBytes(of: id.littleEndian) { for byte in $0 { add(byte) } } }
    }
}
