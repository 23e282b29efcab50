import Foundation
import Geo
import Glibc
import Synchronization

/// Four writers and two readers on one `FleetIndex` of one area: how long does anybody wait?
///
/// Two figures for each call: `whole` is its time on the wall, work and all; `wait` is that less the processor time of
/// the thread, which is what it stood at the lock, over the calls during which the scheduler did not take the processor
/// away from it (`taken_away` tells how many those are: on a machine with other work they say nothing about the lock).
/// Two loads: *paced* is 40,000 moves a second in batches of 100 with 2,000 searches a second, four times what 100,000 drivers
/// who report every 10 s send; *saturated* is everybody without a pause. One line of JSON for each.
@main
struct Contention {
    static let drivers: Int64 = 100_000
    static let batch = 100
    static let seconds = 5.0

    static func main() {
        for (name, isPaced) in [("paced", true), ("saturated", false)] {
            run(name, isPaced: isPaced)
        }
    }

    private static func run(_ name: String, isPaced: Bool) {
        guard let box = GeoBox(south: 12.8, west: 77.4, north: 13.16, east: 77.77) else { return }
        let fleet = FleetIndex(areas: [box], expiry: nil)
        var seeder = Generator(state: 1)
        for first in stride(from: 0, to: drivers, by: batch) {
            fleet.update(seeder.moves(ids: first..<(first + Int64(batch)), at: 0))
        }
        let writes = Latencies()
        let reads = Latencies()
        let end = clock() + seconds
        let written = Written()
        // Threads, not tasks: the pool of tasks has as many threads as the machine has cores, and these here block.
        for writer in 0..<Int64(4) {
            Thread.detachNewThread {
                written.add(write(writer, fleet, until: end, isPaced: isPaced, into: writes))
            }
        }
        for reader in 0..<UInt64(2) {
            Thread.detachNewThread {
                read(reader, fleet, until: end, isPaced: isPaced, into: reads)
                written.add([:])
            }
        }
        while written.finished < 6 { usleep(10_000) }
        let lost = written.times.reduce(0) { $0 + (fleet.member($1.key)?.lastSeen == $1.value ? 0 : 1) }
        let problems = fleet.brokenInvariants().count + (fleet.count == Int(drivers) ? 0 : 1)
        let line =
            "{\"load\":\"\(name)\",\"writes\":\(summary(writes)),\"reads\":\(summary(reads)),"
            + "\"lost_moves\":\(lost),\"broken_invariants\":\(problems)}\n"
        line.withCString { _ = Glibc.write(STDOUT_FILENO, $0, strlen($0)) }
    }

    /// Each writer has drivers of its own, so that the last time of each is known.
    private static func write(
        _ writer: Int64, _ fleet: FleetIndex, until end: Double, isPaced: Bool, into result: Latencies
    ) -> [Int64: Int64] {
        var random = Generator(state: UInt64(writer) + 10)
        var (calls, last): ([Call], [Int64: Int64]) = ([], [:])
        var (next, time) = (clock(), Int64(1))
        while clock() < end {
            let first = (writer * drivers / 4) + Int64(random.next() % UInt64(drivers / 4 - Int64(batch)))
            let moves = random.moves(ids: first..<(first + Int64(batch)), at: time)
            calls.append(Call.of { fleet.update(moves) })
            for move in moves { last[move.id] = time }
            time += 1
            next += 0.01
            if isPaced { pause(until: next) }
        }
        result.list.withLock { $0 += calls }
        return last
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
                    _ = fleet.nearest(10, to: place, within: .kilometres(10), matching: SearchFilter(required: .fresh))
                })
            next += 0.001
            if isPaced { pause(until: next) }
        }
        result.list.withLock { $0 += calls }
    }

    private static func summary(_ latencies: Latencies) -> String {
        let calls = latencies.list.withLock { $0 }
        let undisturbed = calls.filter { !$0.wasTakenAway }
        return "{\"calls\":\(calls.count),\"taken_away\":\(calls.count - undisturbed.count),"
            + "\"whole\":\(percentiles(calls.map(\.whole))),\"wait\":\(percentiles(undisturbed.map(\.wait)))}"
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
        let (switches, wall, own) = (involuntarySwitches(), seconds(CLOCK_MONOTONIC), seconds(CLOCK_THREAD_CPUTIME_ID))
        body()
        let (ownEnd, wallEnd) = (seconds(CLOCK_THREAD_CPUTIME_ID), seconds(CLOCK_MONOTONIC))
        let whole = wallEnd - wall
        return Call(
            whole: whole, wait: max(0, whole - (ownEnd - own)), wasTakenAway: involuntarySwitches() != switches)
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

/// SplitMix64, and places in a city, half of them in one square kilometre.
private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func place() -> GeoPoint {
        let isCrowded = next() % 2 == 0
        let spread = isCrowded ? 0.01 : 0.36
        let (south, west) = isCrowded ? (12.97, 77.59) : (12.8, 77.4)
        let latitude = south + Double.random(in: 0..<spread, using: &self)
        let longitude = west + Double.random(in: 0..<spread, using: &self)
        guard let point = GeoPoint(latitude: latitude, longitude: longitude) else {
            preconditionFailure("the city is on the globe")
        }
        return point
    }

    mutating func moves(ids: Range<Int64>, at time: Int64) -> [PointMove] {
        ids.map { PointMove(id: $0, place: place(), flags: [], time: time) }
    }
}
