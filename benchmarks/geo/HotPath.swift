import Geo
import Glibc

/// What the hot path asks of the memory and of the reference counts: a million moves and 100,000 searches on a warm index
/// of 100,000 drivers, counted by `counts.c` when it is preloaded (see `hotpath.sh`).
enum HotPath {
    private typealias ReadCounts = @convention(c) (UnsafeMutablePointer<Int64>) -> Void

    private static let drivers: Int64 = 100_000
    private static let batch = 1000

    static func run() {
        guard let box = GeoBox(south: 12.8, west: 77.4, north: 13.16, east: 77.77),
            let symbol = dlsym(nil, "geo_read_counts")
        else {
            write("start it by hotpath.sh, which counts\n", to: STDERR_FILENO)
            exit(2)
        }
        let readCounts = unsafeBitCast(symbol, to: ReadCounts.self)
        var random = Generator(state: 1)
        var index = LiveIndex(area: box)
        var places = (0..<drivers).map { _ in random.place() }
        for id in 0..<drivers { index.update(id, to: places[Int(id)], flags: random.flags(), at: 0) }
        var moves: [[PointMove]] = []
        for time in 0..<Int64(1_000_000 / batch) {
            moves.append(
                (0..<batch).map { _ in
                    let id = Int64(random.next() % UInt64(drivers))
                    places[Int(id)] = random.step(from: places[Int(id)])
                    return PointMove(id: id, place: places[Int(id)], flags: random.flags(), time: time)
                })
        }
        let queries = (0..<1000).map { _ in random.place() }
        let filter = SearchFilter(required: PointFlags(rawValue: 3), excluding: [1, 2, 3])
        var found: [Neighbour] = []
        // Once around, so that whatever grows has grown.
        move(moves, on: &index)
        ask(queries, filter, times: 1, of: &index, into: &found)
        var (before, between, after) = (Counts(), Counts(), Counts())
        before.read(readCounts)
        move(moves, on: &index)
        between.read(readCounts)
        ask(queries, filter, times: 100, of: &index, into: &found)
        after.read(readCounts)
        let (moving, asking) = (between - before, after - between)
        // The index lives until here, so that its end is not counted.
        let head = "{\"drivers\":\(index.count),"
        write(head + "\"million_moves\":\(moving.json),\"hundred_thousand_searches\":\(asking.json)}\n")
        exit(moving.isNothing(for: moves.count) && asking.isNothing(for: 0) ? 0 : 1)
    }

    private static func move(_ moves: [[PointMove]], on index: inout LiveIndex) {
        for batch in moves { index.update(batch) }
    }

    private static func ask(
        _ queries: [GeoPoint], _ filter: SearchFilter, times: Int, of index: inout LiveIndex,
        into found: inout [Neighbour]
    ) {
        for _ in 0..<times {
            for query in queries {
                index.nearest(10, to: query, within: .kilometres(10), matching: filter, into: &found)
            }
        }
    }

    private static func write(_ line: String, to file: Int32 = STDOUT_FILENO) {
        line.withCString { _ = Glibc.write(file, $0, strlen($0)) }
    }

    /// Mallocs, frees, retains and releases so far.
    private struct Counts {
        private var values: [Int64] = [0, 0, 0, 0]

        mutating func read(_ readCounts: ReadCounts) {
            values.withUnsafeMutableBufferPointer { buffer in
                if let base = buffer.baseAddress { readCounts(base) }
            }
        }

        static func - (one: Counts, other: Counts) -> Counts {
            var result = Counts()
            for place in one.values.indices { result.values[place] = one.values[place] - other.values[place] }
            return result
        }

        /// No more than one retain and release for each batch that was handed over, and no memory.
        func isNothing(for batches: Int) -> Bool {
            values[0] == 0 && values[1] == 0 && values[2] <= batches && values[3] <= batches
        }

        var json: String {
            "{\"mallocs\":\(values[0]),\"frees\":\(values[1]),\"retains\":\(values[2]),\"releases\":\(values[3])}"
        }
    }
}
