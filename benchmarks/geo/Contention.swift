import Foundation
import Geo
import Glibc
import Synchronization

/// Four writers and two readers on one `FleetIndex` of one area: how long does anybody wait?
///
/// `wait` is the time on the wall that a call waited for others: to hand in its moves, or to get at the index; `whole`
/// is all of the call, and whatever the scheduler gave to others meanwhile. Three loads, one line of JSON for each:
/// *paced* is 40,000 moves a second in batches of 100 with 2,000 searches a second, four times what 100,000 drivers who
/// report every 10 s send; *saturated* is everybody without a pause; *jumps* is the same, but each move goes anywhere in
/// the city instead of up to 100 m. `taken_away` counts calls during which the scheduler stopped the thread.
@main
struct Contention {
    static let drivers: Int64 = 100_000
    static let batch = 100
    static let seconds = 5.0

    private struct Load {
        let name: String
        var isPaced = false
        var jumps = false
    }

    static func main() {
        if CommandLine.arguments.contains("hotpath") { HotPath.run() }
        run(Load(name: "paced", isPaced: true))
        run(Load(name: "saturated"))
        run(Load(name: "jumps", jumps: true))
    }

    private static func run(_ load: Load) {
        guard let box = GeoBox(south: 12.8, west: 77.4, north: 13.16, east: 77.77) else { return }
        let fleet = FleetIndex(areas: [box], expiry: nil, meter: Waited.meter)
        var seeder = Generator(state: 1)
        var places: [GeoPoint] = []
        for first in stride(from: 0, to: drivers, by: batch) {
            let moves = (first..<(first + Int64(batch))).map { id in
                PointMove(id: id, place: seeder.place(), flags: [], time: 0)
            }
            places += moves.map(\.place)
            fleet.update(moves)
        }
        let start = places
        let writes = Latencies()
        let reads = Latencies()
        let end = clock() + seconds
        let written = Written()
        // Threads, not tasks: the pool of tasks has as many threads as the machine has cores, and these here block.
        for number in 0..<4 {
            Thread.detachNewThread {
                let own = number * start.count / 4..<(number + 1) * start.count / 4
                var writer = Writer(first: Int64(own.lowerBound), places: Array(start[own]))
                written.add(writer.write(to: fleet, until: end, load, into: writes))
            }
        }
        for reader in 0..<UInt64(2) {
            Thread.detachNewThread {
                read(reader, fleet, until: end, isPaced: load.isPaced, into: reads)
                written.add([:])
            }
        }
        while written.finished < 6 { usleep(10_000) }
        let lost = written.times.reduce(0) { $0 + (fleet.member($1.key)?.lastSeen == $1.value ? 0 : 1) }
        let problems = fleet.brokenInvariants().count + (fleet.count == Int(drivers) ? 0 : 1)
        let line =
            "{\"load\":\"\(load.name)\",\"writes\":\(summary(writes)),\"reads\":\(summary(reads)),"
            + "\"lost_moves\":\(lost),\"broken_invariants\":\(problems)}\n"
        line.withCString { _ = Glibc.write(STDOUT_FILENO, $0, strlen($0)) }
    }

    /// Each writer has drivers of its own, so that the last time of each is known.
    private struct Writer {
        let first: Int64
        var places: [GeoPoint]

        mutating func write(
            to fleet: FleetIndex, until end: Double, _ load: Load, into result: Latencies
        ) -> [Int64: Int64] {
            var random = Generator(state: UInt64(first) + 10)
            var calls: [Call] = []
            var times = [Int64](repeating: 0, count: places.count)
            var (next, time) = (clock(), Int64(1))
            while clock() < end {
                let start = Int(random.next() % UInt64(places.count - batch))
                var moves: [PointMove] = []
                moves.reserveCapacity(batch)
                for index in start..<start + batch {
                    places[index] = load.jumps ? random.place() : random.step(from: places[index])
                    times[index] = time
                    moves.append(PointMove(id: first + Int64(index), place: places[index], flags: [], time: time))
                }
                calls.append(Call.of { fleet.update(moves) })
                time += 1
                next += 0.01
                if load.isPaced { pause(until: next) }
            }
            result.list.withLock { $0 += calls }
            return Dictionary(uniqueKeysWithValues: zip(first..., times).filter { $0.1 > 0 })
        }
    }

    private static func read(
        _ reader: UInt64, _ fleet: FleetIndex, until end: Double, isPaced: Bool, into result: Latencies
    ) {
        var random = Generator(state: reader + 100)
        var calls: [Call] = []
        var next = clock()
        while clock() < end {
            let place = random.place()
            calls.append(
                Call.of {
                    _ = fleet.nearest(10, to: place, within: .kilometres(10), matching: SearchFilter())
                })
            next += 0.001
            if isPaced { pause(until: next) }
        }
        result.list.withLock { $0 += calls }
    }

    private static func summary(_ latencies: Latencies) -> String {
        let calls = latencies.list.withLock { $0 }
        return "{\"calls\":\(calls.count),\"taken_away\":\(calls.count { $0.wasTakenAway }),"
            + "\"whole\":\(percentiles(calls.map(\.whole))),\"wait\":\(percentiles(calls.map(\.wait)))}"
    }

    private static func percentiles(_ seconds: [Double]) -> String {
        let sorted = seconds.sorted()
        guard !sorted.isEmpty else { return "null" }
        func microseconds(_ share: Double) -> Double {
            (sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))] * 1e7).rounded() / 10
        }
        return "{\"p50_us\":\(microseconds(0.5)),\"p99_us\":\(microseconds(0.99)),"
            + "\"p999_us\":\(microseconds(0.999)),\"max_us\":\(microseconds(1))}"
    }

    private static func clock() -> Double { Call.seconds(CLOCK_MONOTONIC) }

    private static func pause(until time: Double) {
        let left = time - clock()
        if left > 0 { usleep(UInt32(left * 1_000_000)) }
    }
}

/// What one call took, in seconds.
private struct Call {
    let whole: Double
    let wait: Double
    /// The scheduler gave the processor to somebody else although the thread could have gone on.
    let wasTakenAway: Bool

    static func of(_ body: () -> Void) -> Call {
        let (switches, wall) = (involuntarySwitches(), seconds(CLOCK_MONOTONIC))
        let waited = Waited.during(body)
        let whole = seconds(CLOCK_MONOTONIC) - wall
        return Call(whole: whole, wait: waited, wasTakenAway: involuntarySwitches() != switches)
    }

    static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    private static func involuntarySwitches() -> Int {
        var usage = rusage()
        // RUSAGE_THREAD, which Swift's module of the C library leaves out.
        getrusage(1, &usage)
        return usage.ru_nivcsw
    }
}

/// How long the calling thread has waited, added up per thread.
private enum Waited {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    static let meter = WaitMeter(
        now: { Int64(Call.seconds(CLOCK_MONOTONIC) * 1e9) },
        note: { waited in pthread_getspecific(key)?.assumingMemoryBound(to: Int64.self).pointee += waited })

    /// In seconds.
    static func during(_ body: () -> Void) -> Double {
        var waited: Int64 = 0
        withUnsafeMutablePointer(to: &waited) {
            pthread_setspecific(key, $0)
            body()
            pthread_setspecific(key, nil)
        }
        return Double(waited) * 1e-9
    }
}

/// What the calls of several threads took.
private final class Latencies: Sendable {
    let list = Mutex<[Call]>([])
}

/// The time of the last move of each driver, and how many threads have told theirs.
private final class Written: Sendable {
    private let state = Mutex<(finished: Int, times: [Int64: Int64])>((0, [:]))

    var finished: Int { state.withLock { $0.finished } }
    var times: [Int64: Int64] { state.withLock { $0.times } }

    func add(_ times: [Int64: Int64]) {
        state.withLock {
            $0.times.merge(times) { $1 }
            $0.finished += 1
        }
    }
}
