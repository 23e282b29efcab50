/// Latencies, kept whole: their percentiles are exact.
struct Samples {
    private var microseconds: [UInt32] = []

    mutating func record(nanoseconds: UInt64) {
        microseconds.append(UInt32(clamping: nanoseconds / 1000))
    }

    var count: Int { microseconds.count }

    /// Percentiles in milliseconds, as JSON fields.
    ///
    /// - Complexity: O(n log n).
    func json() -> String {
        let sorted = microseconds.sorted()
        func at(_ share: Double) -> Double {
            sorted.isEmpty ? 0 : Double(sorted[Int(Double(sorted.count - 1) * share)]) / 1000
        }
        let shares = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999), ("max", 1)]
        return "{\"n\":\(count)" + shares.map { ",\"\($0.0)\":\(at($0.1))" }.joined() + "}"
    }
}

/// One line of JSON, written field by field.
struct Line {
    private var fields: [String] = []

    mutating func add(_ name: String, _ value: Int) { fields.append("\"\(name)\":\(value)") }
    mutating func add(_ name: String, _ value: Double) {
        fields.append("\"\(name)\":\((value * 1000).rounded() / 1000)")
    }
    mutating func add(_ name: String, json: String) { fields.append("\"\(name)\":\(json)") }
    mutating func add(_ name: String, counts: [Int: Int]) {
        let pairs = counts.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        fields.append("\"\(name)\":{\(pairs.joined(separator: ","))}")
    }

    var text: String { "{" + fields.joined(separator: ",") + "}" }
}
