import DriverClient
import Histogram
import Synchronization

/// What a load run has measured. One mutex; every call is short.
package final class LoadFigures: Sendable {
    private struct State {
        var connect = LoadFigures.histogram()
        var pong = LoadFigures.histogram()
        var push = LoadFigures.histogram()
        var pushesDue: [Int64: UInt64] = [:]
        var connected = 0
        var positions = 0
        var errorsFromServer = 0
        var openPings = 0
        var failedConnects: [String: Int] = [:]
        var closes: [String: Int] = [:]
        var failedOrders: [String: Int] = [:]
    }

    private let stopwatch = Stopwatch()
    private let state = Mutex(State())

    private static let longest: UInt64 = 60_000_000

    /// Microseconds from 1 to one minute, three digits.
    private static func histogram() -> Histogram<UInt64> {
        Histogram(highestTrackableValue: longest, numberOfSignificantValueDigits: .three)
    }

    /// What took longer than can be told counts as the longest: left out, the worst would look like nothing.
    private static func record(_ took: UInt64, in histogram: inout Histogram<UInt64>) {
        _ = histogram.record(Swift.min(Swift.max(1, took), longest))
    }

    /// Microseconds since the run began.
    var now: UInt64 { UInt64(stopwatch.seconds * 1e6) }

    /// How many connections have been opened and not yet lost.
    var connected: Int { state.withLock { $0.connected } }

    func opened(since start: UInt64) {
        let took = now - start
        state.withLock { state in
            state.connected += 1
            Self.record(took, in: &state.connect)
        }
    }

    func failedToOpen(_ error: any Error) {
        state.withLock { $0.failedConnects["\(error)", default: 0] += 1 }
    }

    func closed(_ close: SocketClose, expected: Bool) {
        state.withLock { state in
            state.connected -= 1
            if !expected { state.closes["\(close)", default: 0] += 1 }
        }
    }

    func sentPosition() { state.withLock { $0.positions += 1 } }

    func serverError() { state.withLock { $0.errorsFromServer += 1 } }

    func ponged(since start: UInt64) {
        let took = now - start
        state.withLock { Self.record(took, in: &$0.pong) }
    }

    /// So many pings were still without an answer at the end.
    func unanswered(pings: Int) { state.withLock { $0.openPings += pings } }

    /// An order is about to be assigned: its event is due from now.
    func due(order: Int64) {
        let start = now
        state.withLock { $0.pushesDue[order] = start }
    }

    func arrived(order: Int64) {
        let end = now
        state.withLock { state in
            guard let start = state.pushesDue.removeValue(forKey: order) else { return }
            Self.record(end - start, in: &state.push)
        }
    }

    func failedOrder(_ error: any Error) {
        state.withLock { $0.failedOrders["\(error)", default: 0] += 1 }
    }

    /// One latency's percentiles in milliseconds.
    package struct Percentiles: Sendable {
        package let count: UInt64
        let p50: Double
        let p90: Double
        package let p99: Double
        let p999: Double
        let max: Double

        init(_ histogram: Histogram<UInt64>) {
            func milliseconds(_ microseconds: UInt64) -> Double { Double(microseconds / 10) / 100 }
            count = histogram.totalCount
            p50 = milliseconds(histogram.valueAtPercentile(50))
            p90 = milliseconds(histogram.valueAtPercentile(90))
            p99 = milliseconds(histogram.valueAtPercentile(99))
            p999 = milliseconds(histogram.valueAtPercentile(99.9))
            max = milliseconds(histogram.max)
        }

        func line(_ name: String) -> String {
            guard count > 0 else { return "  \(name): none measured" }
            return "  \(name): n \(count)  p50 \(p50)  p90 \(p90)  p99 \(p99)  p99.9 \(p999)  max \(max) ms"
        }
    }

    /// Everything at one moment.
    package struct Summary: Sendable {
        package let connect: Percentiles
        package let pong: Percentiles
        package let push: Percentiles
        package let positions: Int
        let errorsFromServer: Int
        package let lostPushes: Int
        /// Pings that were never answered.
        package let lostPongs: Int
        let troubles: [(what: String, count: Int)]

        /// Connections not opened or lost, orders not taken, pushes and pongs that never came, errors that the server
        /// told.
        package var failures: Int {
            troubles.reduce(0) { $0 + $1.count } + lostPushes + lostPongs + errorsFromServer
        }

        /// The block at the end of a run. Rates are over the time at full load.
        func lines(over seconds: Double) -> [String] {
            let rate = Double(Int(Double(positions) / Swift.max(seconds, 0.001) * 10)) / 10
            var lines = [
                connect.line("connect"), pong.line("pong   "), push.line("push   "),
                "  positions sent: \(positions), \(rate) per second",
                "  failures: \(failures)  (pushes that never came \(lostPushes), pongs \(lostPongs), "
                    + "errors told \(errorsFromServer))",
            ]
            lines += troubles.map { "    \($0.count) × \($0.what)" }
            return lines
        }
    }

    var summary: Summary {
        state.withLock { state in
            let troubles = [
                state.failedConnects.map { ("connect failed: \($0.key)", $0.value) },
                state.closes.map { ("connection lost: \($0.key)", $0.value) },
                state.failedOrders.map { ("order failed: \($0.key)", $0.value) },
            ]
            return Summary(
                connect: Percentiles(state.connect), pong: Percentiles(state.pong), push: Percentiles(state.push),
                positions: state.positions, errorsFromServer: state.errorsFromServer,
                lostPushes: state.pushesDue.count, lostPongs: state.openPings,
                troubles: troubles.joined().sorted { $0.0 < $1.0 }.map { (what: $0.0, count: $0.1) })
        }
    }
}
