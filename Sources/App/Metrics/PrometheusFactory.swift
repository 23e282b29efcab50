package import CoreMetrics
import Synchronization

/// Collects swift-metrics into memory and writes them in the Prometheus text format 0.0.4.
///
/// Owner of its state: one `Mutex` for the table of series; each series counts with its own.
package final class PrometheusFactory: MetricsFactory, Sendable {
    private struct Table {
        var counters: [SeriesName: CounterSeries] = [:]
        var gauges: [SeriesName: GaugeSeries] = [:]
        var histograms: [SeriesName: HistogramSeries] = [:]
    }

    private let table = Mutex(Table())

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let name = SeriesName(label, dimensions)
        return table.withLock { table in
            if let series = table.counters[name] { return series }
            let series = CounterSeries()
            table.counters[name] = series
            return series
        }
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        let name = SeriesName(label, dimensions)
        return table.withLock { table in
            if let series = table.counters[name] { return series }
            let series = CounterSeries()
            table.counters[name] = series
            return series
        }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        aggregate ? histogram(label, dimensions, scale: 1) : gauge(label, dimensions)
    }

    /// Timers are recorded in nanoseconds and shown in seconds, Prometheus's base unit.
    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, scale: 1e-9)
    }

    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        let name = SeriesName(label, dimensions)
        return table.withLock { table in
            if let series = table.gauges[name] { return series }
            let series = GaugeSeries()
            table.gauges[name] = series
            return series
        }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], scale: Double) -> HistogramSeries {
        let name = SeriesName(label, dimensions)
        return table.withLock { table in
            if let series = table.histograms[name] { return series }
            let series = HistogramSeries(scale: scale)
            table.histograms[name] = series
            return series
        }
    }

    /// Every series as Prometheus text, families by name.
    package func exposition() -> String {
        let table = table.withLock { $0 }
        var text = ""
        text += Self.family(table.counters, kind: "counter") { name, series in "\(name) \(Self.number(series.value))\n"
        }
        text += Self.family(table.gauges, kind: "gauge") { name, series in "\(name) \(Self.number(series.value))\n" }
        text += Self.family(table.histograms, kind: "histogram") { name, series in series.lines(for: name) }
        return text
    }

    private static func family<Series>(
        _ all: [SeriesName: Series], kind: String, lines: (SeriesName, Series) -> String
    ) -> String {
        var text = ""
        var last = ""
        for (name, series) in all.sorted(by: { $0.key < $1.key }) {
            if name.metric != last {
                last = name.metric
                text += "# HELP \(last) \(MetricHelp.text(for: last))\n# TYPE \(last) \(kind)\n"
            }
            text += lines(name, series)
        }
        return text
    }

    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
    }
}

/// A metric's name with its labels, in Prometheus's alphabet.
struct SeriesName: Hashable, Comparable, CustomStringConvertible {
    let metric: String
    private let labels: [String]

    init(_ label: String, _ dimensions: [(String, String)]) {
        metric = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") ? $0 : "_" })
        labels = dimensions.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }))=\"\(escaped)\""
        }.sorted()
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.metric, left.description) < (right.metric, right.description)
    }

    var description: String { labels.isEmpty ? metric : "\(metric){\(labels.joined(separator: ","))}" }

    func with(suffix: String, label: String? = nil) -> String {
        let all = labels + (label.map { [$0] } ?? [])
        return all.isEmpty ? metric + suffix : "\(metric)\(suffix){\(all.joined(separator: ","))}"
    }
}

final class CounterSeries: CounterHandler, FloatingPointCounterHandler, Sendable {
    private let sum = Mutex(0.0)

    var value: Double { sum.withLock { $0 } }

    func increment(by amount: Int64) { sum.withLock { $0 += Double(amount) } }
    func increment(by amount: Double) { sum.withLock { $0 += amount } }
    func reset() { sum.withLock { $0 = 0 } }
}

final class GaugeSeries: MeterHandler, RecorderHandler, Sendable {
    private let last = Mutex(0.0)

    var value: Double { last.withLock { $0 } }

    func set(_ value: Int64) { last.withLock { $0 = Double(value) } }
    func set(_ value: Double) { last.withLock { $0 = value } }
    func increment(by amount: Double) { last.withLock { $0 += amount } }
    func decrement(by amount: Double) { last.withLock { $0 -= amount } }
    func record(_ value: Int64) { last.withLock { $0 = Double(value) } }
    func record(_ value: Double) { last.withLock { $0 = value } }
}

final class HistogramSeries: RecorderHandler, TimerHandler, Sendable {
    private struct Counts {
        var buckets = [Int64](repeating: 0, count: HistogramSeries.bounds.count + 1)
        var count: Int64 = 0
        var sum = 0.0
    }

    /// Seconds for timers, plain values for recorders: from half a millisecond to a thousand.
    static let bounds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1000,
    ]

    private let counts = Mutex(Counts())
    private let scale: Double

    init(scale: Double) {
        self.scale = scale
    }

    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }

    func record(_ value: Double) {
        let scaled = value * scale
        let bucket = Self.bounds.firstIndex { scaled <= $0 } ?? Self.bounds.count
        counts.withLock { counts in
            counts.buckets[bucket] += 1
            counts.count += 1
            counts.sum += scaled
        }
    }

    func lines(for name: SeriesName) -> String {
        let counts = counts.withLock { $0 }
        var text = ""
        var cumulative: Int64 = 0
        for (index, bound) in Self.bounds.enumerated() {
            cumulative += counts.buckets[index]
            let label = "le=\"\(PrometheusFactory.number(bound))\""
            text += "\(name.with(suffix: "_bucket", label: label)) \(cumulative)\n"
        }
        text += "\(name.with(suffix: "_bucket", label: "le=\"+Inf\"")) \(counts.count)\n"
        text += "\(name.with(suffix: "_sum")) \(PrometheusFactory.number(counts.sum))\n"
        text += "\(name.with(suffix: "_count")) \(counts.count)\n"
        return text
    }
}
