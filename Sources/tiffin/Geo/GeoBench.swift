import Geo
import Glibc

/// Runs a `geo-workload/1` file against the index that dispatch uses and tells the result as one `geo-result/1` line.
///
/// Time is the CPU time of this thread; memory is live heap. Reading the file, sorting and checksums are outside the
/// clock; looking up an id, converting degrees and everything else that the index does are inside.
struct GeoBench {
    private let workload: GeoWorkload
    private var update: [Double] = []
    private var nearest: [Double] = []
    private var within: [Double] = []
    private var all = Checksum()
    private var sample = Checksum()
    private var areas = Checksum()
    private var digests: [UInt64] = []
    private var queryNumber = 0
    private var neighbours: [[Neighbour]]
    private var inside: [Int64] = []

    /// Reads the file at `path`, runs it and returns the line. Writes a digest per query where `digests` says.
    static func run(path: String, digests: String?) throws -> String {
        var bench = GeoBench(try GeoWorkload(path: path))
        let line = bench.measure()
        if let digests { try bench.writeDigests(to: digests) }
        return line
    }

    private init(_ workload: GeoWorkload) {
        self.workload = workload
        let most = workload.ticks.map(\.queries.count).max() ?? 0
        neighbours = (0..<most).map { _ in
            var answer: [Neighbour] = []
            answer.reserveCapacity(min(workload.largestLimit, workload.drivers.count))
            return answer
        }
        inside.reserveCapacity(workload.drivers.count)
        digests.reserveCapacity(workload.ticks.reduce(0) { $0 + $1.queries.count })
        for keyPath in [\GeoBench.update, \GeoBench.nearest, \GeoBench.within] {
            self[keyPath: keyPath].reserveCapacity(workload.ticks.count)
        }
    }

    private mutating func measure() -> String {
        let heapBefore = LiveHeap.bytes()
        let start = GeoBench.threadSeconds()
        var index = LiveIndex(area: workload.area)
        index.update(workload.drivers)
        let rebuild = GeoBench.threadSeconds() - start
        for number in workload.ticks.indices { run(number, on: &index) }
        var bytes: Double?
        if let heapBefore, let heapAfter = LiveHeap.bytes() {
            bytes = Double(heapAfter - heapBefore) / Double(max(1, workload.drivers.count))
        }
        return line(rebuild: rebuild, bytes: bytes)
    }

    private mutating func run(_ number: Int, on index: inout LiveIndex) {
        let tick = workload.ticks[number]
        var start = GeoBench.threadSeconds()
        index.update(tick.moves)
        if !tick.moves.isEmpty { update.append((GeoBench.threadSeconds() - start) / Double(tick.moves.count)) }
        start = GeoBench.threadSeconds()
        for at in tick.queries.indices { ask(tick.queries[at], at, of: &index) }
        if !tick.queries.isEmpty { nearest.append((GeoBench.threadSeconds() - start) / Double(tick.queries.count)) }
        for at in tick.queries.indices {
            let ids = neighbours[at].lazy.map(\.id)
            var digest = Checksum()
            digest.addAnswer(tick: number, number: at, ids: ids)
            digests.append(digest.value)
            all.addAnswer(tick: number, number: at, ids: ids)
            if queryNumber % workload.sampleStep == 0 { sample.addAnswer(tick: number, number: at, ids: ids) }
            queryNumber += 1
        }
        runAreas(of: tick, number, on: &index)
    }

    private mutating func ask(_ query: GeoWorkload.Query, _ at: Int, of index: inout LiveIndex) {
        index.nearest(
            query.limit, to: query.place, within: query.radius, matching: query.filter, into: &neighbours[at])
    }

    private mutating func runAreas(of tick: GeoWorkload.Tick, _ number: Int, on index: inout LiveIndex) {
        guard !tick.areas.isEmpty else { return }
        var spent = 0.0
        for at in tick.areas.indices {
            inside.removeAll(keepingCapacity: true)
            let start = GeoBench.threadSeconds()
            index.collect(inside: tick.areas[at].polygon, requiring: tick.areas[at].flags, into: &inside)
            spent += GeoBench.threadSeconds() - start
            inside.sort()
            areas.addAnswer(tick: number, number: at, ids: inside)
        }
        within.append(spent / Double(tick.areas.count))
    }

    private func line(rebuild: Double, bytes: Double?) -> String {
        let hasAreas = !within.isEmpty
        let fields = [
            "\"format\":\"geo-result/1\"", "\"engine\":\"tiffin\"", "\"workload\":\"\(workload.name)\"",
            "\"file\":\(GeoBench.hex(workload.checksum))", "\"n\":\(workload.drivers.count)", "\"threads\":1",
            "\"clock\":\"thread-cpu\"", "\"update_ns\":\(GeoBench.median(update, scale: 1e9))",
            "\"knn_us\":\(GeoBench.median(nearest, scale: 1e6))",
            "\"polygon_us\":\(GeoBench.median(within, scale: 1e6))", "\"rebuild_ms\":\(rebuild * 1000)",
            "\"bytes_per_driver\":\(bytes.map { "\($0)" } ?? "null")", "\"checksum\":\(GeoBench.hex(all.value))",
            "\"sample_checksum\":\(GeoBench.hex(sample.value))",
            "\"polygon_checksum\":\(hasAreas ? GeoBench.hex(areas.value) : "null")", "\"note\":\"\"",
        ]
        return "{" + fields.joined(separator: ",") + "}"
    }

    private func writeDigests(to path: String) throws {
        guard let file = fopen(path, "wb") else { throw GeoWorkload.Damage(description: "\(path): cannot be written") }
        let written = fwrite(digests, 8, digests.count, file)
        guard fclose(file) == 0, written == digests.count else {
            throw GeoWorkload.Damage(description: "\(path): not all was written")
        }
    }

    /// Writes a line to standard output, all of it.
    static func write(line: String) throws {
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 else { throw GeoWorkload.Damage(description: "standard output is closed") }
            bytes = bytes.dropFirst(written)
        }
    }

    /// The median as a JSON number; `null` without values.
    private static func median(_ values: [Double], scale: Double) -> String {
        guard !values.isEmpty else { return "null" }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        let median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        return "\(median * scale)"
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return "\"" + String(repeating: "0", count: 16 - digits.count) + digits + "\""
    }

    private static func threadSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
